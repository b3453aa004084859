"""When an incident is declared by rule, and when somebody is called for its command (docs/domain.md 3.1)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("incident_declare_sev1_after_s", 0, "s", "Own choice: 0, never by rule, until there are commanders to call; 300: a SEV-1 alarm acknowledged and not over after 5 min"),
    ("incident_declare_sev2_after_s", 0, "s", "Own choice: 0, never by rule; 900: more people if a SEV-2 alarm is not over in 15 min (docs/domain.md 3.1)"),
    ("commander_grace_s", 60, "s", "Own choice: a minute for whoever declared a major incident to take command, before anybody is called"),
    ("commander_repeat_s", 600, "s", "Again every 10 min while a major incident has no commander (docs/domain.md 3.1)"),
    ("commander_due_s", 10800, "s", "Command is due to pass after 3 h (docs/domain.md 3.1)"),
    ("commander_remind_s", 3600, "s", "Command passes about hourly: whoever is due to hand over is reminded every hour (docs/domain.md 3.1)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0027_ground_rules")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
