import fcntl
import re
import socket

import pytest

from deploy import demo
from deploy.supervisor import free_port


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_the_web_port_is_the_one_asked_for():
    port = free_port()
    assert demo.choose_web_port({"PORT": str(port)}) == port


def test_a_taken_port_is_named_and_another_is_offered(taken):
    with pytest.raises(demo.CannotRun) as refusal:
        demo.choose_web_port({"PORT": str(taken)})
    offered = re.fullmatch(
        rf"Port {taken} is taken by another program\. Choose another, for example:\n\n    PORT=(\d+) make demo\n",
        str(refusal.value),
    )
    assert offered is not None
    assert demo.choose_web_port({"PORT": offered[1]}) == int(offered[1])


def test_a_taken_port_ends_the_demo_with_that_message(taken, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "PLACE", tmp_path / ".demo")
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    monkeypatch.setenv("PORT", str(taken))
    assert demo.main([]) == 2
    assert f"Port {taken} is taken by another program." in capsys.readouterr().err


@pytest.mark.parametrize("words", ["web", "0", "65536", "-1"])
def test_what_is_no_port_is_refused(words):
    with pytest.raises(demo.CannotRun, match=f"PORT is '{words}'; it must be a port number, for example PORT=8010."):
        demo.choose_web_port({"PORT": words})


def test_an_inner_port_is_last_times_where_it_is_still_free(taken):
    port = free_port()
    assert demo.choose_inner_port("POSTGRES_PORT", wish=port, environment={}) == port
    assert demo.choose_inner_port("POSTGRES_PORT", wish=taken, environment={}) != taken


def test_a_second_demo_of_one_clone_says_where_the_first_is(tmp_path):
    with (tmp_path / "lock").open("w") as lock:
        lock.write("http://127.0.0.1:8000/ (process 7)")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(demo.CannotRun, match=r"already runs: http://127\.0\.0\.1:8000/ \(process 7\)\."):
            demo.hold_the_place(tmp_path)


def test_secrets_are_made_once_and_kept_from_others(tmp_path):
    first = demo.secrets_of(tmp_path)
    assert demo.secrets_of(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_worker_and_beat_are_started_without_celerys_command_line():
    """It loads a terminal's editor: 10 MB of each."""
    names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET", "PUBLIC_BASE_URL")
    programs = demo.programs(dict.fromkeys(names, "x"), port=1, simulator_port=2)

    modules = {one.name: one.command[2] for one in programs if one.name in ("worker", "beat")}

    assert modules == {"worker": "oncall.celery", "beat": "oncall.timetable"}


def test_the_demo_never_rings_real_telephones(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PLACE", tmp_path)
    monkeypatch.setenv("TWILIO_API_BASE", "https://api.twilio.com")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "a real one")
    environment = demo.environment_of(port=8000, simulator_port=8001, addresses={})
    assert environment["TWILIO_API_BASE"] == "http://127.0.0.1:8001"
    assert environment["TWILIO_AUTH_TOKEN"] != "a real one"
