"""How soon the pager itself is missed: audits, modules, the canary, the watcher outside, clocks, drills."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("module_stale_after_s", 60, "s", "Engine, sender and auditor each finish a cycle in 60 s (docs/paging.md W1, I13)"),
    ("loop_stale_after_s", 300, "s", "Celery or the pulse without a cycle for 5 min: a trouble (docs/paging.md I13)"),
    ("audit_stale_after_s", 90, "s", "Own choice: two audits of 30 s missed, and nobody says that all is well"),
    ("audit_kept_s", 604800, "s", "Own choice: results of audits are kept for a week"),
    ("lease_reclaimed_within_s", 30, "s", "A lease that ran out is taken up within 30 s (docs/paging.md I4)"),
    ("attempt_resolved_within_s", 90, "s", "An intent or a lost answer is resolved within 90 s (docs/paging.md I5)"),
    ("page_longest_s", 7200, "s", "Own choice: rules span an hour at most, so a page that calls for 2 h is stuck"),
    ("canary_every_s", 120, "s", "Own choice: a page to nobody every 2 min, so that two in a row may be late"),
    ("canary_stale_after_s", 300, "s", "The canary went the whole way in the last 5 min (docs/paging.md W2)"),
    ("canary_kept_s", 3600, "s", "Own choice: canary pages are kept for an hour"),
    ("heartbeat_every_s", 60, "s", "The watcher outside hears from us every minute (docs/paging.md W2)"),
    ("heartbeat_failures", 3, "tries", "Own choice: 3 heartbeats in a row that nobody took are a trouble"),
    ("clock_difference_s", 5, "s", "Clocks may differ by 5 s, and no more (docs/faults.md F21)"),
    ("clock_told_for_s", 600, "s", "Own choice: a clock that jumped is told for 10 min after it did"),
    ("drill_slow_after_s", 180, "s", "A drill passes when text and call arrive within 3 min (docs/paging.md W4)"),
    ("drill_misses", 2, "drills", "Two drills in a row that did not pass are a trouble (docs/paging.md W4)"),
    ("drill_overdue_after_s", 691200, "s", "Own choice: a weekly drill is missed a day after it was due"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0010_throttles")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
