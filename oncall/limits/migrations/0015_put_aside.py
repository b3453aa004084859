"""For how long a trouble that a human resolved does not call anybody again."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("trouble_put_aside_s", 14400, "s", "Own choice: a trouble that somebody resolved calls nobody for 4 h"),
    ("grave_trouble_put_aside_s", 900, "s", "Own choice: one that endangers pages calls again after 15 min"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0014_providers")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
