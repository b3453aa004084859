"""The numbers the process starts with. Later rows win from their own instant on; these hold since the beginning."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("page_share_window_s", 60, "s", "domain.md 5.9: alarms for one person within 60 s share a page"),
    ("page_wait_after_last_s", 300, "s", "own choice: how long a page waits for an answer after its last attempt"),
    ("page_late_after_s", 60, "s", "paging.md P3: a page or step is late a minute after its due time"),
    ("default_rule_call_s", 60, "s", "who has no rules: text at once, call after this"),
    ("default_rule_call_again_s", 180, "s", "who has no rules: call again after this"),
    ("attempt_lease_s", 30, "s", "paging.md 2.8"),
    ("attempt_tries", 3, "tries", "paging.md 2.8: sends of one rung before the next channel"),
    ("settle_sms_s", 10, "s", "paging.md 2.8: how long a lookup at the provider may lag"),
    ("settle_call_s", 5, "s", "paging.md 2.8"),
    ("lookup_patience_s", 20, "s", "paging.md 2.8: send anyway when the lookup fails this long"),
    ("poll_after_s", 60, "s", "paging.md 2.3: ask when no callback came"),
    ("poll_give_up_s", 600, "s", "paging.md P5: every attempt ends"),
    ("sms_validity_s", 300, "s", "paging.md 2.1: never deliver a page hours late"),
    ("ring_timeout_s", 25, "s", "paging.md 2.1"),
    ("call_time_limit_s", 180, "s", "paging.md 2.1"),
    ("redial_busy_s", 30, "s", "paging.md 2.4"),
    ("code_valid_s", 86400, "s", "paging.md 2.6: an SMS code is good for a day"),
    ("wrong_codes", 5, "tries", "paging.md 2.6: wrong codes in a row from one number before we stop answering it"),
    ("alarm_reopen_s", 900, "s", "domain.md 5.9: a key resolved less than 15 min ago reopens"),
    ("acknowledgement_lapse_s", 3600, "s", "own choice: an acknowledgement without news for an hour lapses"),
    ("policy_end_repeat_s", 900, "s", "paging.md 3.1: after the end, every 15 min until somebody answers"),
    ("reassign_wait_s", 300, "s", "domain.md 3: 5 min unanswered, then on"),
    ("credit_multiplier", 1.5, "h/h", "RTN-046 6.6.1 (R34): 1 h out of hours is 1.5 h leave"),
    ("call_out_act_within_s", 3600, "s", "domain.md 5.7: the page counts if its person acted within the hour"),
    ("call_out_forgotten_cap_s", 1800, "s", "domain.md 5.7: a forgotten stand-down ends 30 min after the last act"),
    ("call_out_forgotten_after_s", 28800, "s", "own choice: no act for 8 h means the stand-down was forgotten"),
    ("tick_stale_after_s", 15, "s", "own choice: /readyz fails when no tick finished for so long"),
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
