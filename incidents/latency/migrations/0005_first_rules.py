"""The rules as the alarm table of docs/latency.md has them; a rule that was in force is never edited."""

from datetime import UTC, datetime

from django.db import migrations

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
ROUTER = "Router: no alerts"
P1 = "P1 Long-Haul Network outage"
P2_P4 = "P2 Pods not scaling, P4 Alert stream stalled"
P6 = "P6 nextVisit not arriving"
P8 = "P8 Sattle / quality breaker"
ROWS = [
    {
        "kind": "alerts.none",
        "why": "Alarm table: 3 visits past 120 s, 5 min since the last alert; SEV-1 at 15 min (R17)",
        "visits": 3, "window_s": 300, "severity": 2, "worse_severity": 1, "worse_after_s": 900, "playbook": ROUTER,
    },
    {
        "kind": "alerts.withheld",
        "why": "Alarm table: sattle.down is SEV-2, since they are withheld by design; counted as alerts.none is",
        "visits": 3, "window_s": 300, "severity": 2, "playbook": P8,
    },
    {
        "kind": "alerts.late",
        "why": "Alarm table: under 98 % within 60 s over 30 min. Own choice: of 3 visits at least",
        "visits": 3, "window_s": 1800, "share": "0.98", "severity": 2, "playbook": P2_P4, "stage": "sent",
    },
    {
        "kind": "alerts.flood",
        "why": "Alarm table: a visit over 40,000, or 3 times the median. Own choice: of 30 min; a night from 20 visits on",
        "visits": 20, "window_s": 1800, "alerts": 40000, "factor": 3, "severity": 3, "playbook": P8,
        "stage": "ap_pipe",
    },
    {
        "kind": "nextvisit.none",
        "why": "Alarm table: 3 visits without. Own choice: one within 3 min before the end of readout is theirs",
        "visits": 3, "window_s": 180, "severity": 2, "playbook": P6, "stage": "none",
    },
    {
        "kind": "heartbeat.lost",
        "why": "Alarm table: nothing for 3 min during observing; P1: SEV-1 after 15 min (R23)",
        "visits": 1, "window_s": 180, "severity": 2, "worse_severity": 1, "worse_after_s": 900, "playbook": P1,
        "stage": "link",
    },
]

TRIGGER = """
CREATE TRIGGER append_only BEFORE DELETE ON latency_rule
    FOR EACH ROW EXECUTE FUNCTION alarms_refuse_change();
-- An update that changes nothing is let by: rows that are loaded once more are written as they are.
CREATE TRIGGER append_only_update BEFORE UPDATE ON latency_rule
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION alarms_refuse_change();
"""
DROP = "DROP TRIGGER append_only ON latency_rule; DROP TRIGGER append_only_update ON latency_rule;"


def add(apps, schema_editor):
    rule = apps.get_model("latency", "Rule")
    rule.objects.bulk_create(rule(effective_from=BEGINNING, mode="paging", **row) for row in ROWS)
    apps.get_model("latency", "RuleWatch").objects.create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("latency", "0004_rules"), ("alarms", "0008_append_only")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop), migrations.RunSQL(TRIGGER, DROP)]
