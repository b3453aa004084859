"""The search over 60,000 lines of 10,000 incidents, 2,000 reviews and 100,000 alarms. `python -m bench.searching` makes
them, and their words by the functions that the triggers use; asks in its own process; and prints the cookie of somebody
who has signed in, and what it found.

Words are drawn as people use them, few of them often; `registry` and `lagging` stand in a third of the lines.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlencode

from bench import load
from bench.figures import spread
from bench.run import Run
from deploy import demo

INCIDENTS, LINES, REVIEW_OF, ALARMS = 10_000, 6, 5, 100_000  # lines of each; a review of every fifth
ASKED = 30
QUESTIONS = {
    "one_rare": "bakalmox",
    "two_common": "registry lagging",
    "beginning": "regis lagg",
    "phrase": '"registry lagging"',
    "kept_out": "registry -lagging",
    "number": "incident 4711",
    "key": "disk.4711",
    "nothing": "zzyzx lagging",
}
# 6,000 words of three or four syllables.
VOCABULARY = """
    SET LOCAL statement_timeout = 0;
    SET LOCAL session_replication_role = replica;
    CREATE FUNCTION pg_temp.word(n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT ('{ba,ce,di,fo,gu,ka,le,mi,no,pu,ra,se}'::text[])[1 + n % 12]
            || ('{ran,len,tin,dor,mus,kal,per,sil,von,gut}'::text[])[1 + n / 12 % 10]
            || ('{da,mo,ri,ke,su,to,ba,ne,li,vu}'::text[])[1 + n / 120 % 10]
            || ('{"",x,nd,rk,st}'::text[])[1 + n / 1200 % 5]
    $$;
    CREATE FUNCTION pg_temp.say(many int, nth bigint) RETURNS text LANGUAGE sql VOLATILE AS $$
        SELECT string_agg(pg_temp.word(floor(power(random(), 3) * 6000)::int), ' ')
               || CASE WHEN nth % 3 = 0 THEN ' registry' ELSE '' END
               || CASE WHEN nth / 2 % 3 = 0 THEN ' lagging' ELSE '' END
          FROM generate_series(1, many)
    $$;
    SELECT setseed(0.5);
"""
# One after the other: while they are made, no trigger is called.
WORDS = """
    INSERT INTO command_incidentwords (incident_id, words) SELECT i.id, command_words(i) FROM command_incident i
        ON CONFLICT DO NOTHING;
    INSERT INTO reviews_reviewwords (review_id, words) SELECT r.id, reviews_words(r) FROM reviews_review r
        ON CONFLICT DO NOTHING;
    INSERT INTO alarms_alarmwords (alarm_id, words) SELECT a.id, alarms_words(a) FROM alarms_alarm a ORDER BY a.fired_at
        ON CONFLICT DO NOTHING;
"""
RESTRICTED = "n % 50 = 0"


def searching(run: Run) -> None:
    """Each question in one process, beside a row by its key; then as pages, over one connection."""
    made = subprocess.run(
        [sys.executable, "-m", "bench.searching"],
        cwd=demo.ROOT, env=run.environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        raise load.Refused(f"bench.searching failed:\n{made.stderr[-2000:]}")
    found = json.loads(made.stdout)
    headers, sender = {"Cookie": found.pop("cookie")}, load.Sender(run.port)
    path = f"/search/?{urlencode({'q': QUESTIONS['two_common']})}"
    for _ in range(5):
        sender.browse(path, "warm", headers=headers)
    before = run.cpu()
    asked = [sender.browse(path, "search", headers=headers) for _ in range(ASKED)]
    sender.close()
    pages = spread(one.ended - one.began for one in asked)
    many = {"alarms": ALARMS, "lines": INCIDENTS * LINES, "reviews": INCIDENTS // REVIEW_OF}
    run.note("search", **many, **found, pages=pages, cpu_ms=run.cpu_since(before, alarms=ASKED))


def fill() -> str:
    """Make everything, and return the cookie of somebody signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection, transaction

    from incidents.alarms.models import PEOPLE, Alarm
    from incidents.command.models import Entry, Incident
    from incidents.reviews.models import Review
    from oncall import rows

    over = "now() - interval '1 hour' * (10001 - n)"
    incident = {
        "id": "gen_random_uuid()", "number": "n", "title": "'Bench ' || pg_temp.say(5, n)",
        "summary": "pg_temp.say(25, 4)", "severity": "1 + n % 5", "state": "'closed'", "declared_at": over,
        "resolved_at": over, "closed_at": over, "restricted": RESTRICTED, "product": "'Product ' || n % 50",
    }  # fmt: skip
    entry = {
        "id": "gen_random_uuid()", "incident_id": "i.id", "nth": "nth", "kind": "'note'", "at": "i.declared_at",
        "written_at": "i.declared_at", "text": f"pg_temp.say(14, i.number * {LINES} + nth)",
    }  # fmt: skip
    review = {
        "id": "gen_random_uuid()", "incident_id": "i.id", "severity": "i.severity", "drafted_at": "i.closed_at",
        "content": "jsonb_build_object('causes', pg_temp.say(120, i.number / 5), 'lessons', pg_temp.say(120, 4))",
        "figures": "'{}'::jsonb", "figures_at": "i.closed_at",
    }  # fmt: skip
    alarm = {
        "id": "gen_random_uuid()", "source_id": f"'{PEOPLE}'::uuid", "source": "'source ' || n % 20",
        "key": "'disk.' || n", "title": "'Bench ' || pg_temp.say(5, n)", "description": "pg_temp.say(25, 4)",
        "severity": "1 + n % 5", "product": "'Product ' || n % 50", "plan": "'{}'::jsonb", "state": "'resolved'",
        "fired_at": f"now() - interval '5 minutes' * ({ALARMS} - n)", "last_signal_at": "now()", "resolved_at": "now()",
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (
            VOCABULARY,
            _plain(f"{rows.selecting(Incident, incident)} FROM generate_series(1, {INCIDENTS}) AS n"),
            _plain(f"{rows.selecting(Entry, entry)} FROM command_incident i, generate_series(1, {LINES}) AS nth"),
            _plain(f"{rows.selecting(Review, review)} FROM command_incident i WHERE i.number % {REVIEW_OF} = 0"),
            _plain(f"{rows.selecting(Alarm, alarm)} FROM generate_series(1, {ALARMS}) AS n"),
            WORDS,
        ):
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    session, person = SessionStore(), _somebody()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return f"sessionid={session.session_key}"


def _plain(sql: str) -> str:
    return sql.replace("%%", "%")


def _somebody() -> Any:
    from oncall.people.models import Person

    return Person.objects.filter(username__startswith="bench-").order_by("username")[0]


def ask() -> dict[str, Any]:
    """Return how long a row by its key takes, and each question: everything of a page but its HTML."""
    from incidents.alarms.models import Alarm
    from incidents.display import search_kinds
    from incidents.display.search_words import question

    person, keys = _somebody(), list(Alarm.objects.order_by("id").values_list("pk", flat=True)[: 5 * ASKED])
    asked, counts = {}, {}
    row = _took([partial(Alarm.objects.get, pk=key) for key in keys])
    for name, typed in QUESTIONS.items():
        once = partial(search_kinds.search, question(typed), person=person)
        counts[name] = {group.kind.name: group.count for group in once() if group.count}
        asked[name] = _took([once] * ASKED)
    return {"row": row, "asked": asked, "found": counts}


def _took(calls: list[Callable[[], Any]]) -> dict[str, Any]:
    took = []
    for call in calls:
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return asdict(spread(took))


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
    django.setup()
    began = time.monotonic()
    cookie = fill()
    filled = round(time.monotonic() - began, 1)
    print(json.dumps({"cookie": cookie, "filled_s": filled, **ask()}))
