"""How much a silence may hide: how often the pilot alone, how long again and again, and how much of everything."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    (
        "silence_alone_again_s",
        86400,
        "s",
        "Own choice: the pilot alone hides the same SEV-1 once in 24 h (domain.md 5.12)",
    ),
    ("silence_free_s", 3600, "s", "Own choice: a silence that repeats leaves an hour free before it begins again"),
    ("silence_sev1_days", 7, "days", "Own choice: a silence that repeats may hide SEV-1 for a week at most"),
    ("silence_looked_back_s", 604800, "s", "Own choice: what a silence would hold is told from the last 7 days"),
    (
        "silence_wide_percent",
        50,
        "%",
        "Own choice: one that fits more of all alarms is the pilot's, or an administrator's",
    ),
    ("silence_wide_alarms", 10, "alarms", "Own choice: of fewer different alarms a share says nothing"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0020_latency_rules")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
