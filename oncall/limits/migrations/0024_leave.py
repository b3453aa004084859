"""How call-outs earn, when they make a rest, and when credit is asked about (domain.md 5.6-5.8)."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
OWN_KIND = "Own choice: 0 means that credit_multiplier holds for this kind of hours too"
ROWS = [
    ("credit_multiplier_night", 0, "h/h", OWN_KIND),
    ("credit_multiplier_evening", 0, "h/h", OWN_KIND),
    ("credit_multiplier_weekend", 0, "h/h", OWN_KIND),
    ("credit_multiplier_holiday", 0, "h/h", OWN_KIND),
    ("credit_multiplier_day_off", 0, "h/h", OWN_KIND),
    ("credit_minimum_s", 0, "s", "RTN-046 6.6.1 (R34) names no minimum: out-of-hours time that counts per call-out at least"),
    ("credit_rounding_s", 1, "s", "Whole seconds (docs/domain.md 5.7); credit of a call-out is rounded up to a multiple of it"),
    ("credit_in_own_shift", 1, "yes/no", "Pages in one's own tier-1 shift earn (docs/domain.md 5.7); 0: they do not"),
    ("out_of_hours_by_team", 0, "yes/no", "Out of hours by the person's own calendar (docs/domain.md 5.6); 1: by their team's"),
    ("rest_over_s", 0, "s", "RTN-046 6.6.1 (R33) names no minimum: a call-out with more than this out of hours makes a rest"),
    ("credit_expires_after_days", 0, "d", "Own choice: 0 means that credit never expires"),
    ("leave_confirm_remind_s", 259200, "s", "Own choice: a person is reminded of an unconfirmed call-out after 3 days"),
    ("leave_approve_remind_s", 604800, "s", "Own choice: managers are reminded of confirmed call-outs after a week"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0023_held_under")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
