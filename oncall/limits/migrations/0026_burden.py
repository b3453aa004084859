"""What each part of a burden weighs, in hours-equivalent, and over how long burdens are compared."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("burden_plain", 0.05, "h/h", "Own choice: twenty hours of waiting by day weigh as much as an hour of work"),
    ("burden_weekend", 0.1, "h/h", "Own choice: waiting on a weekend weighs twice as much as on a working day"),
    ("burden_holiday", 0.15, "h/h", "Own choice: waiting on a public holiday weighs three times as much as by day"),
    ("burden_night", 0.2, "h/h", "Own choice: waiting after midnight, which nobody should (R19), weighs four times as much"),
    ("burden_out_of_hours", 1.5, "h/h", "RTN-046 6.6.1 (R34): an hour worked out of hours is worth an hour and a half"),
    ("burden_in_hours", 0.5, "h/h", "Own choice: work that interrupts other work, in paid time, weighs half"),
    ("burden_asleep", 1, "h/page", "Own choice: a page between 00:00 and 07:00 costs an hour of sleep beside the work"),
    ("burden_over_days", 90, "d", "Own choice: burdens are compared over the last 90 days"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0025_forgotten")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
