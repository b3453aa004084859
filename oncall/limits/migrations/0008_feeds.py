"""How often calendars of absences are read, and how long one may fail before somebody is told."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("absence_feed_poll_s", 1800, "s", "Own choice: calendars of absences are read every 30 min"),
    ("absence_feed_failing_s", 86400, "s", "Own choice: a calendar not read for a day is told to its owner and the pilot"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0007_handover")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
