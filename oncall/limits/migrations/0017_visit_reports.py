"""What is taken of reports about visits, and what shows that we listened."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("visit_ahead_s", 63072000, "s", "Own choice: two years, for nights that are rehearsed; no rule hears of them before"),
    ("visit_reporting_limit_s", 60, "s", "domain.md 5.3: OTT1; what a delivery counts by where it does not say"),
    ("visit_listening_s", 120, "s", "Own choice: heartbeats from the end of readout for so long show that we listened"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0016_visits_and_budgets")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
