"""What a rest began with, the cover that is asked for it, and when it is looked at (domain.md 5.8)."""

from datetime import UTC, datetime

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leave", "0006_taken_away"), ("changes", "0005_asker_absent")]
    operations = [
        migrations.AddField(
            model_name="rest",
            name="began_at",
            field=models.DateTimeField(
                default=datetime(2020, 1, 1, tzinfo=UTC),  # there are none yet
                help_text="The start that the first of its call-outs gave it.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="rest",
            name="next_due",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="rest",
            name="offers",
            field=models.ManyToManyField(blank=True, related_name="rests", to="changes.swap"),
        ),
        migrations.AddIndex(
            model_name="rest", index=models.Index(fields=["person", "-ends_at"], name="rests_of_a_person")
        ),
        migrations.AddIndex(
            model_name="rest",
            index=models.Index(
                condition=models.Q(("next_due__isnull", False)), fields=["next_due"], name="rests_to_keep"
            ),
        ),
    ]
