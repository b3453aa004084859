"""How often one number is sent something, how fast a sender may send, and what may be spent in a day and a month."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("throttle_pause_s", 60, "s", "One text and one call a minute to a number, of one class (docs/paging.md 2.10)"),
    ("throttle_low_sms_15min", 5, "texts", "To one number, low urgency, in 15 min; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_low_sms_hour", 11, "texts", "To one number, low urgency, in an hour; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_low_sms_3h", 21, "texts", "To one number, low urgency, in 3 h; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_low_voice_15min", 3, "calls", "To one number, low urgency, in 15 min; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_low_voice_hour", 7, "calls", "To one number, low urgency, in an hour; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_low_voice_3h", 15, "calls", "To one number, low urgency, in 3 h; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_notice_15min", 5, "texts", "Notices to one number in 15 min; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_notice_hour", 11, "texts", "Notices to one number in an hour; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_notice_3h", 21, "texts", "Notices to one number in 3 h; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_status_3min", 1, "texts", "News of incidents to one number in 3 min; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_status_20min", 3, "texts", "News of incidents to one number in 20 min; 0: no bound (docs/paging.md 2.10)"),
    ("throttle_status_2h", 8, "texts", "News of incidents to one number in 2 h; 0: no bound (docs/paging.md 2.10)"),
    ("sender_sms_per_s", 0, "texts/s", "Own choice: 0, no bound of ours; a long code takes 1, a toll-free number 3 (docs/paging.md 2.10)"),
    ("sender_calls_per_s", 0, "calls/s", "Own choice: 0, no bound of ours; a new account takes 1 (docs/paging.md 2.10)"),
    ("sms_segment_price", 0.05, "USD", "Own choice: dear enough for most countries; set what the contract says (docs/paging.md 2.11)"),
    ("call_minute_price", 0.05, "USD", "Own choice: dear enough for most countries; set what the contract says (docs/paging.md 2.11)"),
    ("spend_cap_day", 100, "USD", "Own choice: then low urgency and notices go by other ways; 0: no cap (docs/paging.md 2.11)"),
    ("spend_cap_month", 1000, "USD", "Own choice: then low urgency and notices go by other ways; 0: no cap (docs/paging.md 2.11)"),
    ("spend_warn_share", 0.8, "share", "Told at four fifths of a cap, and again at the cap (docs/paging.md 2.11)"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0009_channels")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
