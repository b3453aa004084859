"""The whole system as real processes, for journeys and faults: web, worker, beat, pulse, telephones, as the demo runs
them, on free ports, each with a database of its own.

Nothing here asks about speed: `until` waits far longer than anything should take, so that a slow machine is no failure.
"""

import atexit
import contextlib
import dataclasses
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests
from psycopg.rows import dict_row

from deploy import demo
from deploy.services import Valkey
from deploy.supervisor import Program, Supervisor, free_port
from tests import databases

PATIENCE_S = 90.0
EVERYTHING = ("simulator", "web", "worker", "beat", "pulse")
T = TypeVar("T")
Row = dict[str, Any]
Cast = dict[str, dict[str, str]]


def until(condition: Callable[[], T], what: str, *, within: float = PATIENCE_S) -> T:
    """Return the first true answer of `condition`; fail saying `what` did not come, after `within` seconds."""
    end = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < end, f"in {within:g} s it never came: {what}"
        time.sleep(0.05)
    return answer


def fill(database_url: str, *cast_by: str) -> Cast:
    """Let a cast into a migrated database; return their secrets and numbers.

    `cast_by`: the module that makes them and its arguments; none: tests/journeys/cast.py.
    """
    done = subprocess.run(
        [sys.executable, "-m", *(cast_by or ["tests.journeys.cast"])],
        cwd=demo.ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "oncall.settings",
            "ONCALL_ENV": "test",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cast: Cast = json.loads(done.stdout.splitlines()[-1])
    return cast


@functools.cache
def template(*cast_by: str) -> tuple[str, Cast]:
    """Make, once in this process, a filled database to copy; return its name and the cast (`fill`)."""
    name = f"system_{uuid.uuid4().hex[:12]}"
    atexit.register(databases.drop, name)
    return name, fill(databases.copy(databases.migrated(), name), *cast_by)


def fill_empty(database_url: str, *cast_by: str) -> Cast:
    """Make the tables in an empty database of another server, and `fill` it."""
    if databases.NAME in os.environ:  # else no run has any: who lets the cast in migrates
        databases.carry(database_url)
    return fill(database_url, *cast_by)


@contextlib.contextmanager
def system(
    *,
    start: Sequence[str] = EVERYTHING,
    own_broker: bool = False,
    speed: float = 20,
    environment: Mapping[str, str] | None = None,
    cast_by: Sequence[str] = (),
    **limits: float,
) -> Iterator["System"]:
    """Run a system on a copy of the filled database, with the programs named in `start`.

    `own_broker`: a Valkey of its own, to be stopped and killed; else a numbered database of the test run's.
    `speed` divides the telephone company's waiting. `environment` is for the portal's programs, over their usual one.
    `cast_by` is who plays (`fill`). `limits` are rows of that name, in force from the beginning.
    """
    source, cast = template(*cast_by)
    name = f"{source}_{uuid.uuid4().hex[:8]}"
    url = databases.copy(source, name)
    try:
        with running(url, cast, own_broker=own_broker, speed=speed, environment=environment) as made:
            made.limits(**limits)
            made.start(*start)
            yield made
    finally:
        databases.drop(name)


@contextlib.contextmanager
def running(
    database_url: str, cast: Cast, *, own_broker: bool, speed: float, environment: Mapping[str, str] | None = None
) -> Iterator["System"]:
    """Make a system on a filled database, with nothing started but the broker; stop all of it at the end."""
    with tempfile.TemporaryDirectory(prefix="oncall-system-") as directory:
        place = Path(directory)
        with Supervisor(logs=place / "logs", say=lambda line: None) as supervisor:
            supervisor.tend_in_background()
            valkey = Valkey(home=place / "valkey", port=free_port()) if own_broker else None
            if valkey is not None:
                supervisor.start(valkey.prepare())
                supervisor.wait_healthy()
            made = System(
                place=place,
                supervisor=supervisor,
                database_url=database_url,
                valkey=valkey,
                redis_url=valkey.url if valkey else _numbered_broker(),
                cast=cast,
                speed=speed,
                environment=environment or {},
            )
            try:
                yield made
            except BaseException:
                print(made.last_words())
                raise
            finally:
                made.connection.close()
                for name in made.started:  # nothing of it is wanted any more, so nobody waits for a farewell
                    supervisor.kill(name)


def _numbered_broker() -> str:
    """One database of the run's broker for each of pytest-xdist's workers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{1 + int(worker) % 15}"))


class System:
    """One running system: its programs, its database, its telephones."""

    def __init__(
        self,
        *,
        place: Path,
        supervisor: Supervisor,
        database_url: str,
        redis_url: str,
        valkey: Valkey | None,
        cast: Cast,
        speed: float,
        environment: Mapping[str, str],
    ) -> None:
        self.place, self.supervisor, self.valkey, self.cast = place, supervisor, valkey, cast
        self.port, self.simulator_port = free_port(), free_port()
        self.url, self.phones_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.simulator_port}"
        self.database_url = database_url
        self.started: set[str] = set()
        with mock.patch.object(demo, "PLACE", place):  # the demo's own programs, in another place
            own = demo.environment_of(
                port=self.port,
                simulator_port=self.simulator_port,
                addresses={"DATABASE_URL": database_url, "REDIS_URL": redis_url},
            )
            own |= {"PUBLIC_BASE_URL": self.url, "ALLOWED_HOSTS": "127.0.0.1", **environment}
            phones = [{"name": name, "number": number} for name, number in cast["numbers"].items()]
            (place / "phones.json").write_text(json.dumps(phones))
            programs = demo.programs(own, port=self.port, simulator_port=self.simulator_port)
        self.environment = own
        self.programs = {program.name: program for program in programs}
        quick = [*self.programs["simulator"].command, "--speed", str(speed)]  # the last word counts
        self.programs["simulator"] = dataclasses.replace(self.programs["simulator"], command=quick)
        self._connect()

    def _connect(self) -> None:
        self.connection = psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row)

    # --- Programs -----------------------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Start programs and wait until they are healthy."""
        for name in names:
            self.supervisor.start(self._program(name))
            self.started.add(name)
        self.supervisor.wait_healthy(names)

    def _program(self, name: str) -> Program:
        if name == "valkey":
            assert self.valkey is not None, "this system has no broker of its own"
            return self.valkey.prepare()
        return self.programs[name]

    def also(self, name: str, *, like: str, **environment: str) -> None:
        """Know one more program: another of the same kind as `like`, with this added to its environment."""
        program = self.programs[like]
        command = [*program.command, "-n", f"{name}@%h"] if "oncall.celery" in program.command else program.command
        env = {**program.env, "ONCALL_PROCESS": name, **environment}
        self.programs[name] = dataclasses.replace(program, name=name, command=command, env=env)

    def use(self, **environment: str) -> None:
        """Let every program that is started from now on have this in its environment."""
        for name, program in self.programs.items():
            self.programs[name] = dataclasses.replace(program, env={**program.env, **environment})

    def stop(self, *names: str) -> None:
        self.supervisor.stop(*names)
        self.started -= set(names)

    def kill_for_good(self, *names: str) -> None:
        """SIGKILL the whole families of programs, and do not start them again."""
        for name in names:
            self.supervisor.kill(name)
        self.stop(*names)

    def beats(self, name: str) -> int:
        """Return how many cycles the loop of this name has finished."""
        rows = self.rows("SELECT cycles FROM troubles_heartbeat WHERE name = %s", name)
        return int(rows[0]["cycles"]) if rows else 0

    def wait_for_cycles(self, name: str, count: int) -> None:
        """Return when the loop of this name has finished so many cycles more: it works, or works again."""
        enough = self.beats(name) + count
        until(lambda: self.beats(name) >= enough, f"{count} cycles of {name}")

    def last_words(self) -> str:
        """Return the end of every log, for whoever has to find out what went wrong."""
        said = []
        for log in sorted((self.place / "logs").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            lines = [line for line in lines if " 200 " not in line and " 204 " not in line]
            said.append("\n".join([f"--- {log.name}", *lines[-25:]]))
        return "\n".join(said)

    # --- Database and time --------------------------------------------------------------------------------------------

    def rows(self, query: str, *values: object) -> list[Row]:
        if self.connection.closed:
            self._connect()
        found: list[Row] = self.connection.execute(query.encode(), values).fetchall()
        return found

    def limits(self, **values: float) -> None:
        """Put numbers of the process in force in place of the usual ones."""
        for name, value in values.items():
            changed = self.connection.execute("UPDATE limits_limit SET value = %s WHERE name = %s", [value, name])
            assert changed.rowcount == 1, f"no limit is named {name}"

    def attempts(self, person: str) -> list[Row]:
        """Return the attempts to reach somebody, in order."""
        return self.rows(
            "SELECT a.* FROM paging_attempt a JOIN paging_page p ON p.id = a.page_id "
            "JOIN people_person w ON w.id = p.person_id WHERE w.username = %s ORDER BY a.started_at, a.n",
            person,
        )

    def now(self) -> datetime:
        """Return what the system's clock says."""
        instant: datetime = self.rows("SELECT clock_timestamp() AS now")[0]["now"]
        return instant + timedelta(seconds=self._offset)

    @property
    def _clock_file(self) -> Path:
        return Path(self.environment["ONCALL_CLOCK_FILE"])

    @property
    def _offset(self) -> float:
        return float(self._clock_file.read_text()) if self._clock_file.exists() else 0.0

    def travel(self, span: timedelta) -> None:
        """Let `span` pass, once nothing is under way with the provider: a journey through time does not delay it."""
        until(
            lambda: not self.rows("SELECT 1 FROM paging_attempt WHERE state IN ('intent', 'unknown')"),
            "an answer of the telephone company to every request",
        )
        new = self._clock_file.with_suffix(".new")
        new.write_text(str(self._offset + span.total_seconds()))
        new.replace(self._clock_file)  # at once: a half written file would be another time

    def travel_to(self, instant: datetime) -> None:
        self.travel(instant - self.now())

    # --- The outside --------------------------------------------------------------------------------------------------

    def hook(self, source: str, payload: object) -> requests.Response:
        """Send a signal as `source` does."""
        return requests.post(self.url + self.cast["hooks"][source], json=payload, timeout=30)

    def raise_for(self, person: str, title: str) -> str:
        """Raise an alarm that calls only `person`, through their own source; return its id."""
        answer = self.hook(person, {"title": title, "severity": 2})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["alarms"][0])

    def get(self, path: str, *, by: str = "admin", **query: str) -> Any:
        """Ask the API as somebody."""
        return self._checked(
            requests.get(f"{self.url}/api/v1{path}", params=query, headers=self._headers(by), timeout=30)
        )

    def post(self, path: str, payload: object = None, *, by: str) -> Any:
        return self._checked(
            requests.post(f"{self.url}/api/v1{path}", json=payload or {}, headers=self._headers(by), timeout=30)
        )

    def _headers(self, by: str) -> dict[str, str]:
        return {"Authorization": f"Token {self.cast['tokens'][by]}"}

    @staticmethod
    def _checked(answer: requests.Response) -> Any:
        assert answer.ok, f"{answer.status_code} {answer.text[:2000]}"
        return answer.json()

    # --- Telephones ---------------------------------------------------------------------------------------------------

    def number(self, person: str) -> str:
        return self.cast["numbers"][person]

    def texts(self, person: str) -> list[str]:
        """Return the texts that the telephone company took for somebody, oldest first."""
        found = self._phones("GET", f"/api/messages/?to={self.number(person).replace('+', '%2B')}")["results"]
        return [one["body"] for one in reversed(found)]

    def wait_for_text(self, person: str, words: str) -> str:
        """Return the first text to somebody that has these words, when it is there."""
        return until(lambda: [text for text in self.texts(person) if words in text], f"a text about “{words}”")[0]

    def calls(self, person: str) -> list[Row]:
        """Return the calls to somebody, oldest first."""
        found = self._phones("GET", f"/api/calls/?to={self.number(person).replace('+', '%2B')}")["results"]
        return list(reversed(found))

    def text_from(self, person: str, body: str) -> Row:
        """Let somebody text our number."""
        return self._phones("POST", "/api/messages/", {"from": self.number(person), "body": body})

    def press(self, call: Row, digits: str) -> str:
        """Answer a call and press keys; return all that was said."""
        return str(self._phones("POST", f"/api/calls/{call['sid']}/answer/", {"digits": digits})["said"])

    def set_phone(self, person: str, mode: str) -> None:
        self._phones("PUT", f"/api/phones/{self.number(person)}/", {"mode": mode})

    def faults(self, **plans: Row) -> None:
        """Let the telephone company misbehave (oncall/simulator/README.md), or, without plans, behave again."""
        self._phones("PUT", "/api/faults/", plans)

    def _phones(self, method: str, path: str, payload: object = None) -> Row:
        answer: Row = self._checked(requests.request(method, self.phones_url + path, json=payload, timeout=30))
        return answer
