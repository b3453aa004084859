"""After how long without a key an alarm said by telephone is raised."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    (
        "summit_hung_up_s",
        60,
        "s",
        "Own choice: proved by its PIN and not stopped, an alarm by telephone is raised then",
    ),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0021_silences")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
