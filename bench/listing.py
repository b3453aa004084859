"""The list of alarms when there are a hundred thousand: `python -m bench.listing 100000` makes them, all resolved but a
few hundred, and prints the cookie of somebody who has signed in.
"""

import os
import subprocess
import sys

from bench import load
from bench.figures import spread
from bench.run import Run
from deploy import demo

ASKED = 1000
VIEWS = {"open": "/alarms/", "all": "/alarms/?state=all"}
RESOLVED = "n > 300"


def listing(run: Run) -> None:
    """Whole pages of fifty rows, one connection, a thousand times each."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.listing", str(run.listed)],
        cwd=demo.ROOT, env=run.environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        raise load.Refused(f"bench.listing failed:\n{made.stderr[-2000:]}")
    headers, found, sender = {"Cookie": made.stdout.strip()}, {}, load.Sender(run.port)
    for name, path in VIEWS.items():
        before = run.cpu()
        asked = [sender.browse(path, name, headers=headers) for _ in range(ASKED)]
        found[name] = {
            "answers": spread(one.ended - one.began for one in asked),
            "cpu_ms": run.cpu_since(before, alarms=ASKED),
        }
    sender.close()
    run.note("listing", alarms=run.listed, **found)


def fill(alarms: int) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection

    from incidents.alarms.models import PEOPLE, Alarm
    from oncall import rows
    from oncall.people.models import Person

    given = {
        "id": "gen_random_uuid()", "source_id": f"'{PEOPLE}'::uuid", "source": "'source ' || n % 20",
        "key": "'listed-' || n", "title": "'Alarm number ' || n || ' of many'", "severity": "1 + n % 5",
        "product": "'Product ' || n % 50", "plan": "'{}'::jsonb", "fired_at": "fired", "last_signal_at": "fired",
        "state": f"CASE WHEN {RESOLVED} THEN 'resolved' ELSE 'firing' END",
        "resolved_at": f"CASE WHEN {RESOLVED} THEN fired + interval '10 minutes' END",
        "next_due": f"CASE WHEN {RESOLVED} THEN NULL ELSE now() + interval '1 day' END",
    }  # fmt: skip
    made = "SELECT *, now() - interval '1 second' * (100 + 300 * n) AS fired FROM generate_series(1, %s) AS n"
    with connection.cursor() as cursor:
        cursor.execute(f"{rows.selecting(Alarm, given)} FROM ({made}) AS made".replace(" % ", " %% "), [alarms])
        cursor.execute("ANALYZE alarms_alarm")
    person = Person.objects.filter(username__startswith="bench-").order_by("username")[0]
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return f"sessionid={session.session_key}"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
    django.setup()
    print(fill(int(sys.argv[1])))
