"""What makes a verdict, how large the budgets are, how fast they may burn, and when work is due."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    # verdicts
    ("visit_alerts_at_most", 40000, "alerts", "LPM-17, domain.md 5.2: visits with more are exempt"),
    ("visit_in_time_share", 0.98, "of 1", "LSR-REQ-0025 (OTR1), row R13: of a visit's alerts within the limit"),
    ("visit_failed_after_s", 86400, "s", "domain.md 5.3: nothing sent 24 h after the end of readout"),
    ("visit_cadence_s", 37, "s", "Rubin: median from one visit to the next (exposure, readout, slew)"),
    # budgets
    ("budget_late_share", 0.02, "of 1", "LSR-REQ-0025: visits not in time, delayed and failed together"),
    ("budget_delayed_share", 0.01, "of 1", "OSS-REQ-0112: visits delayed (sciVisitAlertDelay)"),
    ("budget_failed_share", 0.001, "of 1", "OSS-REQ-0112: visits failed (sciVisitAlertFailure)"),
    ("planned_visits_per_year", 300000, "visits", "DMTN-102: 300 nights of 1,000 visits; domain.md 5.4"),
    ("budget_starts_on", 20260224, "day_obs", "Rubin: first public night of alerts"),
    # outages
    ("outage_ends_after_visits", 5, "visits", "Own choice: as many visits in time in a row as end its alarm"),
    ("outage_gap_s", 3600, "s", "Own choice: an hour without an eligible visit parts two outages"),
    # burn
    ("burn_overdue_s", 120, "s", "OTT1 and domain.md 5.3: the alarm limit, after which nothing sent burns"),
    ("burn_fast_long_s", 3600, "s", "Own choice: what burns fast is seen over an hour"),
    ("burn_fast_short_s", 300, "s", "Own choice: and still burns in the last 5 minutes"),
    ("burn_fast_share", 0.01, "of 1", "Own choice: 1 % of the year in an hour, the share of three nights"),
    ("burn_fast_rate", 10, "times", "Own choice: still one visit in five not in time"),
    ("burn_fast_severity", 2, "severity", "Own choice: it pages, as an alarm for late alerts does"),
    ("burn_slow_long_s", 259200, "s", "Own choice: what burns slowly is seen over 3 days"),
    ("burn_slow_short_s", 86400, "s", "Own choice: and still burns in the last day"),
    ("burn_slow_share", 0.02, "of 1", "Own choice: 2 % of the year in 3 days, twice the pace the year bears"),
    ("burn_slow_rate", 1, "times", "Own choice: still faster than the year bears"),
    # work items
    ("work_due_days", 1, "days", "Own choice: work is due at the end of the next working day"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0015_put_aside")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
