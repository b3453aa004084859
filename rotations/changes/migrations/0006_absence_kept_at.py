"""An absence that follows from something else says where that is: it is changed there alone (row R34)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("changes", "0005_asker_absent")]
    operations = [
        migrations.AddField(
            model_name="absence",
            name="kept_at",
            field=models.CharField(
                blank=True,
                default="",
                help_text="The address of what it follows from, where alone it is changed.",
                max_length=200,
            ),
            preserve_default=False,
        ),
    ]
