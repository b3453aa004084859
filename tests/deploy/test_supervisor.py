import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from deploy.supervisor import NotHealthy, Program, Supervisor, free_port, is_free, listens

SERVER = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
PARENT = (
    "import subprocess, sys, time;"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)"
)
PATIENCE = 15  # seconds before a test gives up waiting; says nothing about speed


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def gone(pid):
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(tmp_path, said):
    with Supervisor(logs=tmp_path / "logs", say=said.append) as supervisor:
        yield supervisor


def test_a_killed_program_is_started_again(supervisor, said):
    port = free_port()
    supervisor.start(Program("web", [*SERVER, str(port)], healthy=lambda: listens(port)))
    supervisor.wait_healthy()
    first = supervisor.pid("web")
    supervisor.tend_in_background()
    supervisor.kill("web", signal.SIGKILL)
    until(lambda: supervisor.pid("web") != first and listens(port))
    assert said[0].startswith("web was killed by SIGKILL; starting it again in 0.5 s.")


def test_a_killed_program_stays_down_where_that_is_the_policy(tmp_path):
    with Supervisor(logs=tmp_path, restart=False) as supervisor:
        supervisor.start(Program("sleeper", ["sleep", "60"]))
        supervisor.kill("sleeper", signal.SIGKILL)
        until(lambda: not supervisor.is_running("sleeper"))
        supervisor.tend()
        assert not supervisor.is_running("sleeper")


def test_a_program_is_up_when_its_log_says_so_since_its_latest_start(supervisor, tmp_path):
    (supervisor.logs / "worker.log").write_text("ready, said an earlier run\n")
    go = tmp_path / "go"
    script = f"while [ ! -e {go} ]; do sleep 0.02; done; echo ready; sleep 60"
    supervisor.start(Program("worker", ["sh", "-c", script], says="ready", healthy_within=0.2))
    with pytest.raises(NotHealthy, match=r"worker was not up within 0\.2 s"):
        supervisor.wait_healthy()
    go.touch()
    until(lambda: "ready\n" in (supervisor.logs / "worker.log").read_text())
    supervisor.wait_healthy()


def test_stopping_ends_the_children_of_the_children_too(supervisor):
    supervisor.start(Program("parent", [sys.executable, "-c", PARENT]))
    parent = psutil.Process(supervisor.pid("parent"))
    until(parent.children)
    child = parent.children()[0].pid
    supervisor.stop_all()
    until(lambda: gone(child))
    assert gone(parent.pid)


def test_a_program_that_ignores_the_signal_is_killed(supervisor, said, tmp_path):
    ready = tmp_path / "ready"
    stubborn = (
        "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "pathlib.Path(sys.argv[1]).touch(); time.sleep(60)"
    )
    supervisor.start(
        Program("stubborn", [sys.executable, "-c", stubborn, str(ready)], healthy=ready.exists, stop_within=0.2)
    )
    supervisor.wait_healthy()
    pid = supervisor.pid("stubborn")
    supervisor.stop("stubborn")
    assert gone(pid)
    assert said == ["stubborn did not stop within 0.2 s; killed."]


def test_a_program_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path):
    with Supervisor(logs=tmp_path, restart=False) as supervisor:
        supervisor.start(Program("broken", [sys.executable, "-c", "raise SystemExit('no such table')"]))
        until(lambda: not supervisor.is_running("broken"))
        with pytest.raises(NotHealthy, match=r"broken ended with code 1 before it was up\.(?s:.)*no such table"):
            supervisor.wait_healthy()


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path):
    script = (
        "import sys, time, pathlib; from deploy.supervisor import Program, Supervisor\n"
        f"s = Supervisor(logs=pathlib.Path({str(tmp_path)!r})); s.start(Program('sleeper', ['sleep', '60']))\n"
        "print(s.pid('sleeper'), flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as supervising:
        assert supervising.stdout is not None
        pid = int(supervising.stdout.readline())
        until(lambda: psutil.Process(pid).name() == "sleep")
        supervising.kill()
    until(lambda: gone(pid))


def test_what_a_killed_supervisor_left_is_stopped_and_nothing_else(tmp_path):
    record = tmp_path / "processes.json"
    ours, strangers = (subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(2))
    try:
        created = psutil.Process(ours.pid).create_time()
        record.write_text(
            f'{{"web": {{"pid": {ours.pid}, "created": {created}, "stop_signal": 15}},'
            f' "worker": {{"pid": {strangers.pid}, "created": {created - 60}, "stop_signal": 15}}}}'
        )
        assert Supervisor(logs=tmp_path, record=record).stop_leftovers() == ["web"]
        assert gone(ours.pid)
        assert strangers.poll() is None
    finally:
        for process in (ours, strangers):
            process.kill()
            process.wait()


def test_a_port_that_somebody_listens_on_is_not_free(supervisor):
    port = free_port()
    assert is_free(port)
    supervisor.start(Program("web", [*SERVER, str(port)], healthy=lambda: listens(port)))
    supervisor.wait_healthy()
    assert not is_free(port)


def test_the_programs_environment_is_ours_and_its_own(supervisor, tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", "kept")
    supervisor.start(Program("env", ["sh", "-c", f"echo $OURS $OWN > {tmp_path}/seen; sleep 60"], env={"OWN": "added"}))
    until(lambda: (tmp_path / "seen").exists() and (tmp_path / "seen").read_text())
    assert (tmp_path / "seen").read_text() == "kept added\n"
    assert os.environ.get("OWN") is None


def test_a_free_port_is_none_that_a_client_could_be_given():
    given = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest = int(given.read_text().split()[0]) if given.exists() else 32768
    ports = [free_port() for _ in range(50)]
    assert all(1024 <= port < lowest for port in ports)
    assert len(set(ports)) > 40  # two who ask at once rarely get the same
