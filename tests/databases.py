"""One migrated database for the whole run: who needs a database copies it, for migrations cost more than most tests.

pytest-xdist's workers and the systems of journeys and faults share it. It lives on the run's server (tests/services.py)
under a name that the process which began the run has put into the environment.
"""

import atexit
import contextlib
import functools
import os
import subprocess
import sys
import uuid
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from deploy import demo, services

NAME = "ONCALL_TEST_TEMPLATE"


def announce() -> None:
    """Name the run's database, to be dropped when this process ends. Does nothing where a name was inherited."""
    if NAME not in os.environ:
        os.environ[NAME] = f"migrated_{uuid.uuid4().hex[:12]}"
        atexit.register(drop, os.environ[NAME])


@functools.cache
def migrated() -> str:
    """Return the name of a database with every table and nobody in it; who asks first makes it, others wait for it.

    :raises subprocess.CalledProcessError: if the migrations fail; what they said stands above.
    """
    name = os.environ[NAME]
    with _server() as server:
        server.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [name])
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            unfinished = f"{name}_unfinished"  # one whose migrations failed is never taken for a whole one
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(unfinished)))
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
            _migrate(at(unfinished))
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
            )
    return name


def copy(source: str, name: str) -> str:
    """Make a database of this name with what is in `source`, to which nobody is connected; return its address."""
    with _server() as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source)))
    return at(name)


def carry(url: str) -> None:
    """Put the tables into an empty database of another server."""
    passing = f"carried_{uuid.uuid4().hex[:12]}"  # while somebody is connected to a database it cannot be copied
    binaries = services.PACKAGE / "pginstall" / "bin"
    try:
        source = copy(migrated(), passing)
        dump = subprocess.run(
            [binaries / "pg_dump", "--no-owner", source], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
        )
        subprocess.run(
            [binaries / "psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", url],
            input=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    finally:
        drop(passing)


def drop(name: str) -> None:
    """Forget a database, whoever still uses it."""
    with contextlib.suppress(psycopg.Error), _server() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def at(name: str) -> str:
    """Return the address of a database of the run's server."""
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def _server() -> psycopg.Connection:
    return psycopg.connect(at("postgres"), autocommit=True, connect_timeout=10)


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=demo.ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "oncall.settings", "ONCALL_ENV": "test"},
        stdin=subprocess.DEVNULL,
        check=True,
    )
