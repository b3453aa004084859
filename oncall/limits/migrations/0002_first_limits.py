"""The numbers the process starts with. Later rows win from their own instant on; these hold since the beginning."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("page_share_window_s", 60, "s", "Alarms of one person within 60 s share a page (docs/domain.md 5.9)"),
    ("page_wait_after_last_s", 300, "s", "Own choice: how long a page waits for an answer after its last attempt"),
    ("page_late_after_s", 60, "s", "A page or a step is late a minute after its due time (docs/paging.md P3)"),
    ("default_rule_call_s", 60, "s", "Who has no rules: text at once, call after this (docs/paging.md 3.2)"),
    ("default_rule_call_again_s", 180, "s", "Who has no rules: call again after this (docs/paging.md 3.2)"),
    ("attempt_lease_s", 30, "s", "How long one process may work on an attempt alone (docs/paging.md 2.8)"),
    ("attempt_tries", 3, "tries", "Sends of one rung before the next way (docs/paging.md 2.8)"),
    ("settle_sms_s", 10, "s", "A text may take so long to show in the provider's list (docs/paging.md 2.8)"),
    ("settle_call_s", 5, "s", "A call may take so long to show in the provider's list (docs/paging.md 2.8)"),
    ("lookup_patience_s", 20, "s", "Send anyway when the provider cannot be asked for so long (docs/paging.md 2.8)"),
    ("poll_after_s", 60, "s", "Ask the provider when no callback came for so long (docs/paging.md 2.3)"),
    ("poll_give_up_s", 600, "s", "Every attempt ends, at the latest after this (docs/paging.md P5)"),
    ("sms_validity_s", 300, "s", "A text is not delivered later than this: never a page hours late (docs/paging.md 2.1)"),
    ("ring_timeout_s", 25, "s", "A call rings so long: shorter than most voicemails (docs/paging.md 2.1)"),
    ("call_time_limit_s", 180, "s", "A stuck call ends after this (docs/paging.md 2.1)"),
    ("redial_busy_s", 30, "s", "A busy number rings once more after this (docs/paging.md 2.4)"),
    ("code_valid_s", 86400, "s", "The code of a text is good for a day (docs/paging.md 2.6)"),
    ("wrong_codes", 5, "tries", "Wrong texts in a row from one number before we stop answering it (docs/paging.md 2.6)"),
    ("alarm_reopen_s", 900, "s", "A key resolved less than 15 min ago reopens its alarm (docs/domain.md 5.9)"),
    ("acknowledgement_lapse_s", 3600, "s", "Own choice: an acknowledgement without news for an hour lapses (docs/domain.md 5.9)"),
    ("policy_end_repeat_s", 900, "s", "After the end of a policy, every 15 min until somebody answers (docs/paging.md 3.1)"),
    ("retry_unreached_s", 60, "s", "Own choice: where nobody at all could be reached, try again so soon"),
    ("reassign_wait_s", 300, "s", "Handed over and 5 min unanswered: the policy goes on (docs/domain.md 3)"),
    ("credit_multiplier", 1.5, "h/h", "RTN-046 6.6.1 (R34): 1 h out of hours is 1.5 h leave"),
    ("call_out_act_within_s", 3600, "s", "The page is the start if its person acted within the hour (docs/domain.md 5.7)"),
    ("call_out_forgotten_cap_s", 1800, "s", "A forgotten stand-down ends 30 min after the last act (docs/domain.md 5.7)"),
    ("call_out_forgotten_after_s", 28800, "s", "Own choice: no act for 8 h means the stand-down was forgotten (docs/domain.md 5.7)"),
    ("tick_stale_after_s", 15, "s", "Own choice: /readyz fails when no tick finished for so long (docs/paging.md P8)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
