"""Whoever cannot be there asks until the span ends, not only until it begins (domain.md 5.8)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("changes", "0004_counted_reads")]
    operations = [
        migrations.AddField(
            model_name="swap",
            name="asker_absent",
            field=models.BooleanField(
                default=False, help_text="The asker cannot be there, so it may be taken until it ends."
            ),
        ),
    ]
