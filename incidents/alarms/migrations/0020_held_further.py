from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alarms", "0019_summit_stopped")]
    operations = [
        migrations.AddIndex(
            model_name="held",
            index=models.Index(
                condition=models.Q(("parent__isnull", False), ("state", "held")),
                fields=["parent", "-first_at"],
                name="held_under",
            ),
        ),
        migrations.AddIndex(
            model_name="held",
            index=models.Index(
                condition=models.Q(("silence__isnull", False), ("state", "held")),
                fields=["silence", "until"],
                name="held_silenced",
            ),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(condition=models.Q(("kind", "reopened")), fields=["-at"], name="log_of_reopened"),
        ),
    ]
