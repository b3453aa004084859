"""When a missing heartbeat calls again, and how often a PIN may be wrong."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("heartbeat_again_s", 14400, "s", "Own choice: missing still, its alarm resolved by hand, it calls again after 4 h"),
    ("wrong_pins_in_a_call", 3, "tries", "Own choice: then it hangs up and raises a trouble"),
    ("wrong_pins_an_hour", 6, "tries", "Own choice: from one telephone; a PIN of six digits then lasts for years"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0018_holding")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
