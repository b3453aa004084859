"""What the auditor asks each half minute about alarms that ended lately stays quick, however many ended long ago."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alarms", "0008_append_only")]
    operations = [
        migrations.AddIndex(
            model_name="alarm",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", False)), fields=["-resolved_at"], name="alarm_resolved"
            ),
        ),
    ]
