"""For how long one alarm may stand for another."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("held_under_alarm_s", 3600, "s", "Own choice: what is grouped and still fires calls by itself after an hour"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0022_hung_up")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
