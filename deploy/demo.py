"""The whole portal on one machine: `make demo` runs this, Ctrl-C stops it, `make demo-reset` forgets its data.

Everything it keeps is under .demo/ (and, as root in a directory that others cannot reach, PostgreSQL's data under
/var/lib/oncall-demo). Ports: PORT for the web, SIMULATOR_PORT, POSTGRES_PORT and VALKEY_PORT where somebody cares.
With DATABASE_URL or REDIS_URL set, those servers are used instead.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import IO

from deploy.keys import vapid_pair
from deploy.services import CannotStart, Postgres, Valkey
from deploy.supervisor import NotHealthy, Program, Supervisor, answers, free_port, is_free

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".demo"
STARTED = time.monotonic()
USAGE_ERROR = 2


class CannotRun(Exception):
    """The demo cannot start. The message says why and what to do."""


def say(line: str) -> None:
    print(f"[{time.monotonic() - STARTED:5.1f} s] {line}", flush=True)


def choose_web_port(environment: Mapping[str, str]) -> int:
    """Return the port named by PORT, or 8000.

    :raises CannotRun: if it is no port or is taken; the message offers another.
    """
    return _named_port("PORT", environment.get("PORT") or "8000")


def choose_inner_port(name: str, *, wish: int | None, environment: Mapping[str, str]) -> int:
    """Return the port that the variable `name` gives, else `wish` (last time's) if free, else any free one."""
    if environment.get(name):
        return _named_port(name, environment[name])
    return wish if wish and is_free(wish) else free_port()


def _named_port(name: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise CannotRun(f"{name} is {value!r}; it must be a port number, for example {name}=8010.")
    port = int(value)
    try:
        if is_free(port):
            return port
        trouble = f"Port {port} is taken by another program."
    except PermissionError:
        trouble = f"This account may not listen on port {port}."
    others = (other for other in range(max(port, 1024) + 10, 65536, 10) if is_free(other))
    raise CannotRun(f"{trouble} Choose another, for example:\n\n    {name}={next(others, free_port())} make demo\n")


def hold_the_place(place: Path) -> IO[str]:
    """Make the directory and hold it until this process ends, however it ends.

    :raises CannotRun: if another demo of this clone holds it.
    """
    place.mkdir(exist_ok=True)
    place.chmod(0o711)  # the database's account passes through; what is secret is 0600
    lock = (place / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise CannotRun(
            f"The demo of this clone already runs: {lock.read().strip() or 'it is just starting'}.\n"
            "Use that one, or stop it with Ctrl-C where it was started."
        ) from None
    lock.truncate(0)
    return lock


def begin_logs(place: Path) -> None:
    """Set the last run's logs aside, in place of those of the run before it."""
    shutil.rmtree(place / "logs.before", ignore_errors=True)
    if (place / "logs").exists():
        (place / "logs").rename(place / "logs.before")


def remembered(path: Path) -> dict[str, str]:
    """Return what an earlier run wrote there; nothing if it wrote nothing that can be read."""
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def remember(path: Path, values: Mapping[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(values, indent=2) + "\n")


def secrets_of(place: Path) -> dict[str, str]:
    """Return the demo's own secrets, made once: Django's key and an account with the simulated telephone company."""
    path = place / "secrets.json"
    made = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_API_KEY": "SK" + secrets.token_hex(16),
        "TWILIO_API_SECRET": secrets.token_urlsafe(24),
        "SLACK_BOT_TOKEN": "xoxb-" + secrets.token_hex(16),
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
    }
    known = remembered(path)
    pair = {} if "VAPID_PRIVATE_KEY" in known else vapid_pair()  # of two that belong together, never one
    values = made | pair | known
    remember(path, values)
    return values


def start_services(supervisor: Supervisor, ports: dict[str, int]) -> dict[str, str]:
    """Start what the environment does not name; return DATABASE_URL and REDIS_URL."""
    addresses = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    started = []
    if "DATABASE_URL" not in addresses:
        postgres = Postgres(home=PLACE / "postgres", port=ports["POSTGRES_PORT"])
        supervisor.start(postgres.prepare())
        addresses["DATABASE_URL"] = postgres.url
        started.append(f"PostgreSQL on port {postgres.port}")
    if "REDIS_URL" not in addresses:
        valkey = Valkey(home=PLACE / "valkey", port=ports["VALKEY_PORT"])
        supervisor.start(valkey.prepare())
        addresses["REDIS_URL"] = valkey.url
        started.append(f"Valkey on port {valkey.port}")
    supervisor.wait_healthy()
    say(f"{' and '.join(started)} up." if started else "Using the database and the broker that the environment names.")
    return addresses


def manage(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run one of Django's commands to its end. :raises CannotRun: with the end of its output, if it fails."""
    log = PLACE / "logs" / f"{arguments[0]}.log"
    with log.open("w") as output:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        end = "\n  ".join(log.read_text(errors="replace").splitlines()[-15:])
        raise CannotRun(f"manage.py {' '.join(arguments)} failed. Its log: {log}, which ends:\n  {end}")


def programs(environment: Mapping[str, str], *, port: int, simulator_port: int) -> list[Program]:
    """Return what the portal consists of, as a deployment would run it, and the telephone company."""
    python = sys.executable
    simulator = [
        python, "-m", "oncall.simulator", "--port", str(simulator_port), "--store", str(PLACE / "simulator.sqlite3"),
        "--account", environment["TWILIO_ACCOUNT_SID"], f"--token={environment['TWILIO_AUTH_TOKEN']}",
        "--key", environment["TWILIO_API_KEY"], f"--secret={environment['TWILIO_API_SECRET']}",
        "--inbound-sms-url", f"{environment['PUBLIC_BASE_URL']}/hooks/twilio/sms/inbound",
        "--inbound-voice-url", f"{environment['PUBLIC_BASE_URL']}/hooks/twilio/voice/inbound/",
        "--names", str(PLACE / "phones.json"), "--speed", "1",
    ]  # fmt: skip
    web = [
        python, "-m", "gunicorn", "oncall.wsgi:application", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread",
        "--workers", "2", "--threads", "8", "--preload", "--graceful-timeout", "5", "--no-control-socket",
    ]  # fmt: skip
    commands = {
        "simulator": simulator,
        "web": web,
        "worker": [python, "-m", "oncall.celery", "-c", "2", "-Q", "pages,feeds"],
        "beat": [python, "-m", "oncall.timetable", "-s", str(PLACE / "beat-schedule")],
        "pulse": [python, "manage.py", "pulse"],
    }
    healthy = {
        "simulator": answers(f"http://127.0.0.1:{simulator_port}/healthz"),
        "web": answers(f"http://127.0.0.1:{port}/readyz"),
    }
    says = {"worker": " ready.", "beat": " is starting.", "pulse": "the pulse beats"}
    return [
        Program(
            name=name,
            command=command,
            env={**environment, "ONCALL_PROCESS": name},
            directory=ROOT,
            healthy=healthy.get(name),
            says=says.get(name, ""),
        )
        for name, command in commands.items()
    ]


def nights(environment: Mapping[str, str]) -> Program:
    """Return the program that plays tonight, and once the past year; nobody waits for it."""
    return Program(
        name="nights",
        command=[sys.executable, "manage.py", "play_nights"],
        env={**environment, "ONCALL_PROCESS": "nights"},
        directory=ROOT,
    )


def environment_of(*, port: int, simulator_port: int, addresses: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of every process; what the caller's environment sets wins where a choice is theirs."""
    own = secrets_of(PLACE) | {
        **addresses,
        "ONCALL_ENV": "demo",
        "PORT": str(port),
        "TWILIO_API_BASE": f"http://127.0.0.1:{simulator_port}",
        "TWILIO_FROM": "+12025550100",
        "ONCALL_CLOCK_FILE": str(PLACE / "clock"),
        "ONCALL_DEMO_DIR": str(PLACE),
        "SIMULATOR_URL": f"http://127.0.0.1:{simulator_port}",
        "SLACK_API_BASE": f"http://127.0.0.1:{simulator_port}/slack/api/",
        "SLACK_SIGNING_SECRET_NEXT": "",
        "SLACK_CHANNEL": "",
        "SLACK_INCIDENTS": "off",
        "PUSH_HOSTS": f"127.0.0.1:{simulator_port}",
        "WEBHOOK_HOSTS": f"127.0.0.1:{simulator_port}",
        "TWILIO_MESSAGING_SERVICE_SID": "",  # never the caller's: the demo rings simulated telephones only
        "TWILIO_AUTH_TOKEN_NEXT": "",
        "TWILIO_API_BASE_OTHER": "",
        "TWILIO_FALLBACK_URL": "",
        "TWILIO_SECOND_ACCOUNT_SID": "",
        "HEARTBEAT_URL": "",  # nor may it tell the caller's watcher that all is well
        "ONCALL_SITE": "",
        "DJANGO_SETTINGS_MODULE": "oncall.settings",
        "DEBUG": "0",
        "PYTHONUNBUFFERED": "1",
    }
    choices = {
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DEFAULT_FROM_EMAIL": "oncall@localhost",
        "EMAIL_FILE_PATH": str(PLACE / "mail"),
    }
    return {**choices, **os.environ, **own}


def welcome(environment: Mapping[str, str]) -> str:
    """Return what a visitor needs: the address, the logins, what to try."""
    base, simulator = environment["PUBLIC_BASE_URL"], environment["SIMULATOR_URL"]
    access = json.loads((PLACE / "access.json").read_text())
    logins = [(row["username"], row["password"], row["name"], row["role"]) for row in access["logins"]]
    widths = [max(len(row[column]) for row in logins) for column in range(4)]
    table = ["    " + "   ".join(map(str.ljust, row, widths)).rstrip() for row in logins]
    source = access.get("sources", {}).get("json", f"{base}/hooks/<token>/")
    return "\n".join(
        [
            "",
            f"  The portal      {base}/",
            f"  The telephones  {simulator}/   Slack: {simulator}/slack/",
            "",
            "  Logins (username, password, who, role):",
            *table,
            "",
            '  Try: sign in and press "Raise an alarm"; or send one as a machine would:',
            "",
            '    curl -H \'Content-Type: application/json\' -d \'{"title": "Alerts late", "severity": 2}\' \\',
            f"        {source}",
            "",
            "  Then watch the telephones: answer the call and press 4 to acknowledge, or let it ring",
            "  and see who is called next.",
            "",
            f"  Addresses, logins and a token for scripts: {PLACE / 'access.json'}   Mail: {PLACE / 'mail'}",
            f"  Logs: {PLACE / 'logs'}   Ctrl-C stops everything and keeps the data; make demo-reset forgets it.",
            "",
        ]
    )


def run() -> None:
    """Start everything, say so, and keep it running until told to stop."""
    held = hold_the_place(PLACE)
    begin_logs(PLACE)
    supervisor = Supervisor(logs=PLACE / "logs", record=PLACE / "processes.json", say=say)
    try:
        left = supervisor.stop_leftovers()
        if left:
            say(f"Stopped what an earlier demo left running: {', '.join(left)}.")
        port = choose_web_port(os.environ)
        last = remembered(PLACE / "ports.json")
        ports = {
            name: choose_inner_port(name, wish=int(last.get(name, wish)), environment=os.environ)
            for name, wish in (("SIMULATOR_PORT", port + 1), ("POSTGRES_PORT", 0), ("VALKEY_PORT", 0))
        }
        remember(PLACE / "ports.json", {name: str(number) for name, number in ports.items()})
        held.write(f"http://127.0.0.1:{port}/ (process {os.getpid()})")
        held.flush()
        addresses = start_services(supervisor, ports)
        environment = environment_of(port=port, simulator_port=ports["SIMULATOR_PORT"], addresses=addresses)
        environment |= {"SLACK_CHANNEL": "C0ALARMS", "SLACK_INCIDENTS": "press"}
        manage("migrate", "--no-input", environment=environment)
        say("Database migrated.")
        manage("load_demo", environment=environment)
        say("Demo loaded.")
        for program in programs(environment, port=port, simulator_port=ports["SIMULATOR_PORT"]):
            supervisor.start(program)
        supervisor.wait_healthy()
        say("Web, worker, beat, pulse and telephones are up and healthy.")
        print(welcome(environment), flush=True)
        supervisor.start(nights(environment))
        while True:
            supervisor.tend()
            time.sleep(0.2)
    except KeyboardInterrupt:
        print(flush=True)
        say("Stopping.")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it is stopping already
        supervisor.stop_all()
        held.truncate(0)
        held.close()
    say("Everything is stopped. `make demo` starts it again with its data.")


def reset() -> None:
    """Delete what the demo kept."""
    if not PLACE.exists():
        say("There is nothing to forget.")
        return
    held = hold_the_place(PLACE)
    Supervisor(logs=PLACE / "logs", record=PLACE / "processes.json", say=say).stop_leftovers()
    Postgres(home=PLACE / "postgres", port=0).forget()
    shutil.rmtree(PLACE)
    held.close()
    say("The demo's data is forgotten.")
    if os.environ.get("DATABASE_URL"):
        say("The database that DATABASE_URL names was left as it is.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        reset() if arguments == ["reset"] else run()
    except (CannotRun, CannotStart) as error:
        print(f"\n{error}", file=sys.stderr)
        return USAGE_ERROR
    except NotHealthy as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.umask(0o077)  # logs, mail and logins are for this account alone
    sys.exit(main(sys.argv[1:]))
