"""Numbers of messages sent out, reviews, runs of playbooks and readiness (docs/domain.md 3.1, 3.2)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("update_first_s", 300, "s", "The first message goes out within 5 min (docs/domain.md 3.1)"),
    ("update_every_s", 1200, "s", "Then at most 20 min pass between two (docs/domain.md 3.1)"),
    ("update_long_after_s", 7200, "s", "For 2 h; then each message names when the next one comes (docs/domain.md 3.1)"),
    (
        "update_remind_s",
        300,
        "s",
        "Own choice: an overdue message reminds the liaison at once, the commander 5 min later",
    ),
    ("update_next_most_s", 86400, "s", "Own choice: the next message comes within a day, whatever the last one names"),
    ("mailing_tries", 6, "tries", "Own choice: a mail that is not taken is tried for about half an hour"),
    (
        "mailing_retry_s",
        60,
        "s",
        "Own choice: until the second try; each pause is twice the one before, 15 min at most",
    ),
    (
        "mailing_lease_s",
        180,
        "s",
        "Own choice: so long a mail server may take; then nobody knows whether it took the mail",
    ),
    ("status_cache_s", 15, "s", "Own choice: so long others may keep a copy of the public status page"),
    ("status_days", 30, "days", "The public status page shows the incidents of the last 30 days"),
    ("review_due_sev1_days", 3, "days", "The review of a SEV-1 is due after 3 days (docs/domain.md 3.1)"),
    ("review_due_sev2_days", 5, "working days", "That of a SEV-2 after 5 business days (docs/domain.md 3.1)"),
    ("review_remind_s", 86400, "s", "Own choice: a review that is overdue reminds its owner each day"),
    ("run_stale_s", 15724800, "s", "A playbook not run for six months (182 days) says so"),
    ("run_left_s", 14400, "s", "Own choice: a run that nobody touched for 4 h is left, and asks what was missing"),
    ("run_reopen_s", 900, "s", "Own choice: an end of a run without success is taken back for 15 min"),
    ("readiness_morning_min", 600, "min", "Checks before observing are due 10:00 Pacific: minutes after midnight"),
    ("readiness_before_sunset_s", 3600, "s", "They are run again 60 min before sunset"),
    ("readiness_board_nights", 30, "nights", "Own choice: how many nights the board of checks shows"),
    ("readiness_rerun_s", 7200, "s", "Own choice: results count for the second run from 2 h before sunset"),
    ("readiness_urgent_s", 3600, "s", "Red checks are SEV-2 from 60 min before sunset (docs/domain.md 3.2)"),
    ("readiness_close_min", 1020, "min", "Work closes at 17:00 Pacific: minutes after midnight (docs/domain.md 3.2)"),
    ("readiness_repeat_s", 900, "s", "Own choice: the same result sent again within 15 min is the same result"),
    ("readiness_waiver_days", 14, "days", "Own choice: a red check is waived for two weeks at most"),
    ("command_offer_remind_s", 180, "s", "Own choice: who is offered command is reminded after 3 min"),
    ("command_offer_lapse_s", 600, "s", "Own choice: after 10 min without an answer an offer of command lapses"),
    (
        "incident_return_s",
        86400,
        "s",
        "Own choice: an alarm of the same key within a day of an incident's end is its own come back",
    ),
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
