"""What the rules over visits and alerts share; each rule's own numbers are a row of its own."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROWS = [
    ("latency_every_s", 5, "s", "Own choice: how often the rules are asked"),
    ("latency_overdue_s", 120, "s", "domain.md 5.3: the alarm limit; 60 s is the reporting limit"),
    ("latency_good_visits", 5, "visits", "Alarm table, rule 6: so many in time in a row end an alarm"),
    ("latency_catch_up_s", 900, "s", "Prompt Processing's worker limit: alerts sent later are a catch-up, not a flow"),
    ("latency_parted_s", 3600, "s", "Own choice: after an hour without an image, what was before is another story"),
    ("latency_feed_s", 604800, "s", "Own choice: without a nextVisit for 7 days a missing one says nothing"),
    ("latency_away_s", 120, "s", "Own choice: so long without asking is having been away"),
    ("latency_settle_s", 60, "s", "Own choice: after that, senders have so long to hand in what they kept"),
    ("latency_back_s", 900, "s", "Own choice: signs of life for so long end a lost link without visits in time"),
    ("latency_data_old_s", 120, "s", "Summit display states: data older than this is UNKNOWN"),
    ("latency_state_old_s", 30, "s", "Own choice: the rules' answer is UNKNOWN when it is older than this"),
    ("latency_repeat_s", 60, "s", "Own choice: while it lasts, a rule says so again to its alarm"),
    ("latency_put_aside_s", 900, "s", "Own choice: resolved by hand while it still lasts, it calls again after 15 min"),
    ("latency_median_nights", 30, "nights", "Own choice: of so many nights the median says how many alerts are usual"),
]


def add(apps, schema_editor):
    limit = apps.get_model("limits", "Limit")
    limit.objects.bulk_create(
        limit(name=name, value=value, unit=unit, source=source, effective_from=BEGINNING)
        for name, value, unit, source in ROWS
    )


class Migration(migrations.Migration):
    dependencies = [("limits", "0019_other_ways")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
