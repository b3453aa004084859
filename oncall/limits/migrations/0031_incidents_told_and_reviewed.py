"""Numbers of messages sent out, reviews, runs of playbooks and readiness (docs/domain.md 3.1, 3.2)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("update_first_s", 300, "s", "The first message goes out within 5 min (docs/domain.md 3.1)"),
    ("update_every_s", 1200, "s", "Then at most 20 min pass between two (docs/domain.md 3.1)"),
    ("update_long_after_s", 7200, "s", "For 2 h; then each message names when the next one comes (docs/domain.md 3.1)"),
    ("update_remind_s", 300, "s", "Own choice: an overdue message reminds the liaison at once, the commander 5 min later"),
    ("review_due_sev1_days", 3, "days", "The review of a SEV-1 is due after 3 days (docs/domain.md 3.1)"),
    ("review_due_sev2_days", 5, "working days", "That of a SEV-2 after 5 business days (docs/domain.md 3.1)"),
    ("review_remind_s", 86400, "s", "Own choice: a review that is overdue reminds its owner each day"),
    ("run_stale_s", 15724800, "s", "A playbook not run for six months (182 days) says so"),
    ("run_left_s", 14400, "s", "Own choice: a run that nobody touched for 4 h is left, and asks what was missing"),
    ("readiness_morning_min", 600, "min", "Checks before observing are due 10:00 Pacific: minutes after midnight"),
    ("readiness_before_sunset_s", 3600, "s", "They are run again 60 min before sunset"),
    ("readiness_board_nights", 30, "nights", "Own choice: how many nights the board of checks shows"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0030_rest_settles")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
