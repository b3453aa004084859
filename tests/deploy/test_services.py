import os
import signal
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from deploy.services import Postgres, Valkey
from deploy.supervisor import Supervisor, free_port


@pytest.fixture
def postgres(tmp_path):
    postgres = Postgres(home=tmp_path / "postgres", port=free_port(), durable=False)
    yield postgres
    postgres.forget()


def test_a_database_keeps_its_rows_from_one_start_to_the_next(postgres, tmp_path):
    rows = []
    for number in (1, 2):
        with Supervisor(logs=tmp_path / "logs", restart=False) as supervisor:
            supervisor.start(postgres.prepare())
            supervisor.wait_healthy()
            with psycopg.connect(postgres.url) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS start (number int)")
                connection.execute("INSERT INTO start VALUES (%s)", [number])
                rows = connection.execute("SELECT number FROM start ORDER BY number").fetchall()
    assert rows == [(1,), (2,)]


def test_a_database_starts_on_data_whose_server_was_killed(postgres, tmp_path):
    with Supervisor(logs=tmp_path / "logs", restart=False) as supervisor:
        supervisor.start(postgres.prepare())
        supervisor.wait_healthy()
        supervisor.kill("postgres", signal.SIGKILL)
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")  # the number is another's now
    with Supervisor(logs=tmp_path / "logs", restart=True, say=lambda line: None) as supervisor:
        supervisor.start(postgres.prepare())
        supervisor.wait_healthy()
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SHOW TimeZone").fetchone() == ("UTC",)


def test_a_database_starts_whatever_the_umask(postgres, tmp_path, monkeypatch):
    reachable = Path(tempfile.mkdtemp())
    reachable.chmod(0o711)
    monkeypatch.setattr("deploy.services.ELSEWHERE", reachable / "elsewhere")
    usual = os.umask(0o077)
    try:
        with Supervisor(logs=tmp_path / "logs", restart=False) as supervisor:
            supervisor.start(postgres.prepare())
            supervisor.wait_healthy()
            with psycopg.connect(postgres.url) as connection:
                assert connection.execute("SHOW data_directory").fetchone() == (str(postgres.data),)
    finally:
        os.umask(usual)
        postgres.forget()
        reachable.rmdir()


def test_a_broker_asks_for_its_password(tmp_path):
    valkey = Valkey(home=tmp_path / "valkey", port=free_port())
    with Supervisor(logs=tmp_path / "logs", restart=False) as supervisor:
        supervisor.start(valkey.prepare())
        supervisor.wait_healthy()
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=valkey.port).ping()
