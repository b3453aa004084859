"""How bad an alarm was known to be by its incident, so that one that gets worse is heard of once."""

from django.db import migrations, models

AS_THEY_ARE = """
    UPDATE command_incidentalarm AS link SET severity = alarm.severity
      FROM alarms_alarm AS alarm WHERE alarm.id = link.alarm_id
"""


class Migration(migrations.Migration):
    dependencies = [("command", "0006_words_as_one")]

    operations = [
        migrations.AddField(
            model_name="incidentalarm",
            name="severity",
            field=models.PositiveSmallIntegerField(
                default=1, help_text="The worst that the alarm was known to be here."
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(AS_THEY_ARE, migrations.RunSQL.noop),
    ]
