"""PostgreSQL and Valkey for the tests, started once per run where DATABASE_URL and REDIS_URL name none.

The addresses are put into the environment, which pytest-xdist's workers and every process that a test starts inherit:
one server each, whoever uses it. Data is in a temporary directory and is gone afterwards.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from deploy.services import Postgres, Valkey
from deploy.supervisor import Supervisor, free_port


def ensure() -> None:
    """Start what the environment does not name. Does nothing in a process that inherited the addresses."""
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if not missing:
        return
    place = Path(tempfile.mkdtemp(prefix="oncall-tests-"))
    supervisor = Supervisor(logs=place / "logs", restart=False, say=lambda line: None)

    def end() -> None:
        supervisor.stop_all()
        shutil.rmtree(place, ignore_errors=True)

    atexit.register(end)
    place.chmod(0o711)  # as root PostgreSQL runs as another account, which must pass through
    postgres = Postgres(home=place / "postgres", port=free_port(), durable=False)
    valkey = Valkey(home=place / "valkey", port=free_port())
    for name, service in (("DATABASE_URL", postgres), ("REDIS_URL", valkey)):
        if name in missing:
            supervisor.start(service.prepare())
            os.environ[name] = service.url
    supervisor.wait_healthy()
