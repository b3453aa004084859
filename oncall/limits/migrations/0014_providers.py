"""How providers are judged, and how a page goes on where a way of it has failed."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("breaker_failures", 5, "failures", "So many within the window and a provider is left alone (docs/paging.md 2.10)"),
    (
        "breaker_among",
        6,
        "answers",
        "Own choice: of so many answers; one lucky one hides no outage (docs/paging.md 2.10)",
    ),
    ("breaker_window_s", 30, "s", "Failures older than this do not count (docs/paging.md 2.10)"),
    ("breaker_probe_s", 15, "s", "A provider that is left alone is tried again this often (docs/paging.md 2.10)"),
    (
        "provider_patience_s",
        15,
        "s",
        "All that a page waits for a provider that asks for patience (docs/paging.md 2.2)",
    ),
    (
        "provider_trouble_quiet_s",
        86400,
        "s",
        "Own choice: a code that did not come again for a day is no trouble any more",
    ),
    ("overflow_hold_s", 60, "s", "Own choice: a full queue is left to high urgency for a minute (docs/paging.md 2.9)"),
    ("loop_guard_s", 60, "s", "No reply to a number for so long after the provider's loop guard (docs/paging.md 2.9)"),
    ("suspect_within_s", 86400, "s", "Unknown twice in a day and a number is suspect (docs/paging.md 2.9)"),
    ("filtered_within_s", 3600, "s", "Blocked texts are counted over an hour (docs/paging.md 2.9)"),
    ("filtered_many", 2, "texts", "So many blocked in that time are a trouble (docs/paging.md 2.9)"),
    ("text_again_s", 60, "s", "A telephone that was off is texted once more after a minute (docs/paging.md 2.9)"),
    ("redial_no_answer_s", 120, "s", "Own choice: the last call again after 2 min (docs/paging.md 2.4)"),
    (
        "redial_no_answer_times",
        2,
        "calls",
        "Own choice: the last call so often again; the policy begins anew by itself",
    ),
    ("poll_again_s", 120, "s", "The age at which a silent attempt is asked about a second time (docs/paging.md 2.3)"),
    ("poll_last_s", 300, "s", "The age at which it is asked about for the last time (docs/paging.md 2.3)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0013_own_rules")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
