"""The least that any portal of this kind has to do, as a Django project in one file.

`POST /bare/` writes one row. `POST /count/` also counts it in a row that all share. `POST /outbox/` writes a row and an
outbox row and notifies; `python -m bench.floor` is the worker that claims outbox rows and makes the HTTP call, and that
notes when it came to a row that fell due. `gunicorn bench.floor:application` serves it.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import requests
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

TABLES = """
    CREATE TABLE IF NOT EXISTS floor_row (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), body text);
    CREATE TABLE IF NOT EXISTS floor_outbox (
        id bigserial PRIMARY KEY, row_id bigint NOT NULL REFERENCES floor_row, taken_at timestamptz, sent_at timestamptz
    );
    CREATE INDEX IF NOT EXISTS floor_due ON floor_outbox (id) WHERE taken_at IS NULL;
    CREATE TABLE IF NOT EXISTS floor_count (id int PRIMARY KEY, count int NOT NULL);
    INSERT INTO floor_count VALUES (1, 0) ON CONFLICT DO NOTHING;
    CREATE TABLE IF NOT EXISTS floor_step (id bigserial PRIMARY KEY, due_at timestamptz NOT NULL, at timestamptz);
    CREATE INDEX IF NOT EXISTS floor_step_due ON floor_step (due_at) WHERE at IS NULL;
"""
STEP = """
    UPDATE floor_step SET at = clock_timestamp() WHERE id IN (
        SELECT id FROM floor_step WHERE at IS NULL AND due_at <= clock_timestamp()
        ORDER BY due_at LIMIT 50 FOR UPDATE SKIP LOCKED
    )
"""
CLAIM = """
    UPDATE floor_outbox o SET taken_at = now() FROM floor_row r
    WHERE o.row_id = r.id AND o.id = (
        SELECT id FROM floor_outbox WHERE taken_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING o.id, r.body
"""
CHANNEL = "floor_due"
LONGEST_SLEEP_S = 0.1


def configure(database: dict[str, Any]) -> None:
    settings.configure(
        SECRET_KEY="the floor keeps no secrets",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": database},
        USE_TZ=True,
    )


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({})


def bare(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO floor_row (body) VALUES (%s)", [request.body.decode()])
    return JsonResponse({"accepted": 1}, status=202)


def count(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO floor_row (body) VALUES (%s)", [request.body.decode()])
        cursor.execute("UPDATE floor_count SET count = count + 1 WHERE id = 1")
    return JsonResponse({"accepted": 1}, status=202)


def outbox(request: HttpRequest) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO floor_row (body) VALUES (%s) RETURNING id", [request.body.decode()])
        cursor.execute("INSERT INTO floor_outbox (row_id) VALUES (%s)", cursor.fetchone())
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return JsonResponse({"accepted": 1}, status=202)


urlpatterns = [path("healthz", healthz), path("bare/", bare), path("count/", count), path("outbox/", outbox)]


def work(*, database_url: str, provider: str) -> None:
    """Claim, commit, call, record, for ever; sleep until a NOTIFY or for 100 ms."""
    session = requests.Session()
    with psycopg.connect(database_url, autocommit=True) as rows, psycopg.connect(database_url, autocommit=True) as ears:
        ears.execute(f"LISTEN {CHANNEL}")
        print("the floor's worker waits", flush=True)
        while True:
            for id, body in _claimed(rows):
                session.post(f"{provider}/floor", data={"To": "+12025550199", "Body": body}, timeout=5)
                rows.execute("UPDATE floor_outbox SET sent_at = now() WHERE id = %s", [id])
            rows.execute(STEP)
            for _ in ears.notifies(timeout=LONGEST_SLEEP_S, stop_after=1):
                pass


def _claimed(rows: "psycopg.Connection[tuple[Any, ...]]") -> Iterator[tuple[int, str]]:
    while found := rows.execute(CLAIM).fetchone():
        yield found[0], found[1]


if __name__ == "__main__":
    with psycopg.connect(os.environ["DATABASE_URL"]) as first:
        first.execute(TABLES)
    work(database_url=os.environ["DATABASE_URL"], provider=sys.argv[1])
else:
    parts = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])
    configure(
        {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts["dbname"],
            "USER": parts["user"],
            "PASSWORD": parts["password"],
            "HOST": parts["host"],
            "PORT": parts["port"],
            "CONN_MAX_AGE": None,
        }
    )
    application = get_wsgi_application()
