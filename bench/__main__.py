"""`make bench`: start the whole portal on a database of its own, measure it beside its floor, stop it, print a table.

    make bench                        about ten minutes
    make bench ARGS="--long"          1,000 signals at 1.6 a second: a p99 to rely on, a quarter of an hour
    make bench ARGS="--only hook --signals 50"

Everything is on the loopback address, in processes that end with this one. README.md says how to read the table.
"""

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from bench import report
from bench.load import Refused
from bench.phases import PHASES
from bench.run import Run
from deploy import demo
from deploy.services import CannotStart, Postgres, Valkey
from deploy.supervisor import NotHealthy, Supervisor, free_port

PLACE = demo.ROOT / ".bench"


def choices(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the portal beside its floor.")
    parser.add_argument("--signals", type=int, default=200, help="signals at 1.6 a second (default %(default)s)")
    parser.add_argument("--long", action="store_true", help="the same as --signals 1000")
    parser.add_argument("--events", type=int, default=10_000, help="of each storm over few keys (default %(default)s)")
    parser.add_argument("--alarms", type=int, default=10_000, help="open, that fall due (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=1, help="of the tempest; the goal is 5 (default %(default)s)")
    parser.add_argument("--listed", type=int, default=100_000, help="alarms in the list (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="of each throughput run (default %(default)s)")
    parser.add_argument("--only", nargs="+", choices=list(PHASES), default=list(PHASES), help="measure only these")
    chosen = parser.parse_args(arguments)
    if chosen.long:
        chosen.signals = 1000
    return chosen


def run(chosen: argparse.Namespace, supervisor: Supervisor, place: Path) -> None:
    """Start the services, let each phase measure, and print what they found."""
    demo.PLACE = place  # whose programs and secrets we use; the demo's own data is never touched
    postgres = Postgres(home=place / "postgres", port=free_port(), durable=True)
    valkey = Valkey(home=place / "valkey", port=free_port())
    for service in (postgres, valkey):
        supervisor.start(service.prepare())
    supervisor.wait_healthy()
    measured = Run(
        supervisor=supervisor,
        place=place,
        addresses={"DATABASE_URL": postgres.url, "REDIS_URL": valkey.url},
        signals=chosen.signals,
        seconds=chosen.seconds,
        events=chosen.events,
        alarms=chosen.alarms,
        minutes=chosen.minutes,
        listed=chosen.listed,
    )
    for name, phase in PHASES.items():
        if name in chosen.only or name == "start":  # nothing can be measured of what has not started
            demo.say(report.PROGRESS[name])
            phase(measured)
    supervisor.stop_all()
    report.write(measured.results, to=place / "result.json")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    chosen = choices(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    held = demo.hold_the_place(PLACE)
    (PLACE / ".gitignore").write_text("*\n")
    forget(PLACE)
    supervisor = Supervisor(logs=PLACE / "logs", restart=False, record=PLACE / "processes.json", say=demo.say)
    try:
        run(chosen, supervisor, PLACE)
    except (CannotStart, NotHealthy, demo.CannotRun, Refused, TimeoutError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        demo.say("Stopping.")
        return 130
    finally:
        supervisor.stop_all()
        Postgres(home=PLACE / "postgres", port=0).forget()
        held.close()
    return 0


def forget(place: Path) -> None:
    """Begin with an empty database: what a killed run left is stopped and deleted."""
    Supervisor(logs=place / "logs", record=place / "processes.json", say=demo.say).stop_leftovers()
    Postgres(home=place / "postgres", port=0).forget()
    shutil.rmtree(place / "logs", ignore_errors=True)


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
