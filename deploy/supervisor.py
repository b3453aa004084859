"""Keep a handful of programs running: start, wait until healthy, start again when one dies, stop them all.

Each program leads a session of its own, so that a Ctrl-C meant for us does not reach it and its whole family can be
signalled at once. Used by `make demo` and by tests that kill things. Times are in seconds.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil

TETHER = Path(__file__).with_name("tether.py")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # before a program that died is started again
SETTLED = 30.0  # a program that ran this long starts again after the first pause
POLL = 0.05
FIRST_PORT, LAST_PORT = 15_000, 32_000  # below those that systems give to clients


class NotHealthy(Exception):
    """A program did not come up. The message names it, says why and where its log is."""


@dataclass(frozen=True)
class Program:
    """What to run, how to know that it is up, and how to stop it."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # added to ours
    directory: Path | None = None
    healthy: Callable[[], bool] | None = None  # None: running is enough
    says: str = ""  # and it is not up before its log has these words
    healthy_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 10.0  # then SIGKILL
    account: str = ""  # run as this account; empty: as ourselves
    foundation: bool = False  # others lean on it: stopped after them


@dataclass
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started: float
    log_begins: int  # where in its log this start begins, in bytes
    pause: float = FIRST_PAUSE
    due: float | None = None  # when to start it again; None: it runs, or is not wanted any more
    wanted: bool = True


class Supervisor:
    """Start programs and answer for them. Stop with `stop_all`, or use it in a `with` statement.

    Starts from a thread that ends would end the programs too (see tether.py): start them from the main thread or let
    `tend_in_background` do it.
    """

    def __init__(
        self, *, logs: Path, restart: bool = True, record: Path | None = None, say: Callable[[str], None] = print
    ) -> None:
        """`logs` receives NAME.log; `record` remembers what runs, for `stop_leftovers` after a SIGKILL."""
        self.logs = logs
        self.restart = restart
        self.record = record
        self.say = say
        self._running: dict[str, _Running] = {}
        self._lock = threading.RLock()
        self._stop_tending = threading.Event()
        self._tender: threading.Thread | None = None
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def start(self, program: Program) -> None:
        """Start `program` and return at once. :raises ValueError: if one of that name is already ours."""
        with self._lock:
            if program.name in self._running and self._running[program.name].wanted:
                raise ValueError(f"{program.name} is already started. Stop it first.")
            log_begins = self._log_size(program.name)
            self._running[program.name] = _Running(program, self._spawn(program), time.monotonic(), log_begins)
            self._write_record()

    def wait_healthy(self, names: Iterable[str] | None = None) -> None:
        """Return once all (or `names`) are up, starting again what dies meanwhile if that is the policy.

        :raises NotHealthy: if one is not up within its own time.
        """
        waiting = list(names if names is not None else self._running)
        since = time.monotonic()
        while waiting:
            self.tend()
            for name in list(waiting):
                running = self._running[name]
                if running.process.poll() is not None and not self.restart:
                    raise NotHealthy(f"{name} {self._ending(running)} before it was up. {self._last_words(name)}")
                if self._is_healthy(running):
                    waiting.remove(name)
                elif time.monotonic() - since > running.program.healthy_within:
                    raise NotHealthy(
                        f"{name} was not up within {running.program.healthy_within:g} s. {self._last_words(name)}"
                    )
            if waiting:
                time.sleep(POLL)

    def tend(self) -> None:
        """Notice what died and start it again when its pause is over. Call it often, or `tend_in_background`."""
        with self._lock:
            for running in list(self._running.values()):
                if running.due is None and running.wanted and running.process.poll() is not None:
                    self._mourn(running)
                if running.due is not None and self.restart and time.monotonic() >= running.due:
                    running.due = None
                    running.log_begins = self._log_size(running.program.name)
                    running.process, running.started = self._spawn(running.program), time.monotonic()
                    self._write_record()

    def tend_in_background(self) -> None:
        """Tend from a thread until `stop_all`."""

        def loop() -> None:
            while not self._stop_tending.wait(POLL):
                self.tend()

        self._tender = threading.Thread(target=loop, name="supervisor", daemon=True)
        self._tender.start()

    def pid(self, name: str) -> int:
        """Return the process id of `name`, which leads a process group of the same number."""
        return self._running[name].process.pid

    def is_running(self, name: str) -> bool:
        return self._running[name].process.poll() is None

    def kill(self, name: str, signal_number: int = signal.SIGKILL, *, family: bool = True) -> None:
        """Send a signal to `name` and, unless told otherwise, to all of its process group. The policy then applies.

        SIGSTOP and SIGCONT make a program hang and come back.
        """
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if family else os.kill)(self.pid(name), signal_number)

    def stop(self, *names: str) -> None:
        """Stop the named programs, all at once, and do not start them again."""
        with self._lock:
            stopping = [self._running[name] for name in names if name in self._running]
            for running in stopping:
                running.wanted, running.due = False, None
                if running.process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(running.process.pid, signal.SIGCONT)  # a stopped program hears nothing else
                        os.kill(running.process.pid, running.program.stop_signal)
            for running in stopping:
                try:
                    running.process.wait(running.program.stop_within)
                except subprocess.TimeoutExpired:
                    self.say(f"{running.program.name} did not stop within {running.program.stop_within:g} s; killed.")
                _end_family(running.process.pid)
                running.process.wait()
                del self._running[running.program.name]
            self._write_record()

    def stop_all(self) -> None:
        """Stop everything that this supervisor started and nothing else; foundations last."""
        self._stop_tending.set()
        if self._tender is not None:
            self._tender.join()
            self._tender = None
        with self._lock:
            self.stop(*[name for name, running in self._running.items() if not running.program.foundation])
            for name in reversed(list(self._running)):
                self.stop(name)
        self._stop_tending.clear()

    def stop_leftovers(self) -> list[str]:
        """Stop what a killed supervisor with the same record left behind; return the names.

        A process is ours if its id and its start time are those that were written down.
        """
        if self.record is None or not self.record.exists():
            return []
        stopped = []
        for name, entry in json.loads(self.record.read_text() or "{}").items():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(entry["pid"])
                same = abs(process.create_time() - entry["created"]) < 0.01  # else the number is somebody else's now
                if not same or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                process.send_signal(entry["stop_signal"])
                stopped.append(name)
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(10)
                _end_family(entry["pid"])
        self.record.unlink(missing_ok=True)
        return stopped

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        tether = [
            sys.executable,
            "-I",
            "-S",
            str(TETHER),
            str(os.getpid()),
            str(int(program.stop_signal)),
            program.account,
        ]
        with (self.logs / f"{program.name}.log").open("ab") as log:
            return subprocess.Popen(
                [*tether, *program.command],
                env={**os.environ, **program.env},
                cwd=program.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_healthy(self, running: _Running) -> bool:
        if running.process.poll() is not None:
            return False
        if running.program.says:
            with (self.logs / f"{running.program.name}.log").open("rb") as log:
                log.seek(running.log_begins)
                if running.program.says.encode() not in log.read():
                    return False
        return running.program.healthy is None or running.program.healthy()

    def _log_size(self, name: str) -> int:
        log = self.logs / f"{name}.log"
        return log.stat().st_size if log.exists() else 0

    def _mourn(self, running: _Running) -> None:
        _end_family(running.process.pid)  # what a dead parent left would hold its port
        name = running.program.name
        if not self.restart:
            running.wanted = False
            return
        if time.monotonic() - running.started > SETTLED:
            running.pause = FIRST_PAUSE
        self.say(f"{name} {self._ending(running)}; starting it again in {running.pause:g} s. {self._where(name)}")
        running.due = time.monotonic() + running.pause
        running.pause = min(running.pause * 2, LONGEST_PAUSE)

    def _ending(self, running: _Running) -> str:
        code = running.process.poll()
        return (
            f"was killed by {signal.Signals(-code).name}"
            if code is not None and code < 0
            else f"ended with code {code}"
        )

    def _where(self, name: str) -> str:
        return f"Its log: {self.logs / name}.log"

    def _last_words(self, name: str) -> str:
        lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()[-15:]
        return "\n  ".join([f"{self._where(name)}, which ends:", *lines])

    def _write_record(self) -> None:
        if self.record is None:
            return
        entries = {}
        for name, running in self._running.items():
            with contextlib.suppress(psutil.NoSuchProcess):
                created = psutil.Process(running.process.pid).create_time()
                entries[name] = {
                    "pid": running.process.pid,
                    "created": created,
                    "stop_signal": int(running.program.stop_signal),
                }
        self.record.write_text(json.dumps(entries))


def _end_family(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def answers(url: str, *, within: float = 2.0) -> Callable[[], bool]:
    """Return a check: does `url` answer 200?"""

    def check() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=within) as response:  # noqa: S310
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    return check


def listens(port: int) -> bool:
    """Say whether something accepts connections on this port of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port of the loopback address now.

    :raises PermissionError: if this account may not listen there (ports below 1024).
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port of the loopback address that nobody uses at this moment, and that no client will be given.

    Systems give clients ports from 32768 or 49152 up. A server on such a port may lose it while it is away: to any
    client, or to one that asks for that very port again and again until it is given it and is connected to itself.
    """
    while True:
        port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT + 1)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
