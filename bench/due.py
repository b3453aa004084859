"""Ten thousand open alarms whose next steps fall due one after the other: `python -m bench.due '{"rate": 167, ...}'`.

They are as if their first step had fired long ago: open, with a policy whose second step calls one person. A trigger
notes for every step when it was due and when it was written, by the database's clock: what the engine says of itself is
not looked at. Prints the seconds until the last of them is due.
"""

import json
import os
import sys
from datetime import timedelta
from typing import Any

WATCH = """
    CREATE TABLE IF NOT EXISTS bench_step (alarm_id uuid, due_at timestamptz, at timestamptz);
    CREATE OR REPLACE FUNCTION bench_note_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO bench_step VALUES (OLD.id, OLD.next_due, clock_timestamp());
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER bench_note_step AFTER UPDATE ON alarms_alarm FOR EACH ROW
        WHEN (OLD.key LIKE 'due-%' AND OLD.stepped_at IS DISTINCT FROM NEW.stepped_at)
        EXECUTE FUNCTION bench_note_step();
"""
ARM = """
    UPDATE alarms_alarm SET next_due = clock_timestamp() + interval '1 second' * (2 + substr(key, 5)::int / %s::float)
    WHERE key LIKE 'due-%%'
"""
UNDONE = """
    SELECT count(*) FROM alarms_alarm a
    WHERE a.key LIKE 'due-%' AND NOT EXISTS (SELECT 1 FROM bench_step s WHERE s.alarm_id = a.id)
"""
STEPS = "SELECT alarm_id::text, extract(epoch FROM at - due_at)::float FROM bench_step"


def fall_due(*, alarms: int, rate: float, group: str) -> float:
    from django.db import connection

    from incidents.alarms.models import PEOPLE, Alarm
    from incidents.escalation.models import EscalationPolicy
    from incidents.escalation.queries import snapshot
    from oncall import clock

    now = clock.now()
    plans = []
    for policy in EscalationPolicy.objects.filter(name__startswith=f"bench-{group}-"):
        found = snapshot(policy.pk)
        assert found is not None
        plans.append(found[1] | {"steps": found[1]["steps"] * 2})  # the second calls the same person
    rows = (
        Alarm(
            source_id=PEOPLE, source="bench", key=f"due-{number}", title=f"due-{number} is still late", severity=2,
            fired_at=now - timedelta(hours=1), last_signal_at=now - timedelta(hours=1), plan=plans[number % len(plans)],
            stepped_at=now - timedelta(minutes=5), step=1, next_due=now + timedelta(days=1),
        )
        for number in range(alarms)
    )  # fmt: skip
    Alarm.objects.bulk_create(rows, batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
        cursor.execute("ANALYZE alarms_alarm")
        cursor.execute(ARM, [rate])
    return 2 + alarms / rate


def main(argument: str) -> Any:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
    django.setup()
    return fall_due(**json.loads(argument))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
