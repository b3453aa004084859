"""When a source is a storm, when it flaps, and how long alarms of one stage go together."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("group_stage_s", 300, "s", "domain.md 4, alarm evaluation 5: alarms of one stage within 5 min call once"),
    ("storm_alarms_per_min", 500, "alarms", "Own choice: more new alarms of one source in a minute are a storm"),
    ("storm_over_s", 300, "s", "Own choice: without a new key for 5 min a storm takes no more under it"),
    ("flapping_window_s", 900, "s", "Own choice: as long as a resolved alarm may reopen (domain.md 5.9)"),
    ("flapping_reopened", 2, "times", "Own choice: reopened as often as this within the window, a source flaps"),
    ("flapping_calm_s", 300, "s", "Own choice: its resolve is then believed after 5 min without a firing"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0017_visit_reports")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
