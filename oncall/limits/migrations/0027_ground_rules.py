"""When members are reminded of ground rules that they have not accepted (R36)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("ground_rules_remind_after_s", 86400, "s", "Own choice: who has not accepted is reminded after a day, not at once"),
    ("ground_rules_remind_again_s", 604800, "s", "Own choice: weekly; whoever disagrees is not to be worn down"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0026_burden")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
