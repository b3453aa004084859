"""The real Prometheus, with a rule that really fails, and the real Alertmanager: alarm, repeat, resolve, and a group
that changes while it fires.
"""

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.supervisor import Program, answers, free_port
from tests.system import until

BINARY = shutil.which("prometheus")
RULES = """
groups:
  - name: transfer
    interval: 1s
    rules:
      - alert: TransferStuck
        expr: transfer_stuck > 0
        labels:
          severity: critical
          service: transfer
        annotations:
          summary: "Transfer of {{ $labels.node }} is stuck"
          description: "{{ $value }} images wait."
"""


class Exporter:
    """Two nodes that say how many images are stuck, as an exporter does."""

    def __init__(self) -> None:
        self.stuck = {"usdf1": 0, "usdf2": 0}
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lines = [f'transfer_stuck{{node="{node}"}} {count}\n' for node, count in exporter.stuck.items()]
                body = "".join(["# TYPE transfer_stuck gauge\n", *lines]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def nodes(system, alertmanager):
    """What the nodes say, with a Prometheus that asks them every second and tells Alertmanager."""
    if BINARY is None:
        pytest.skip("prometheus is not installed; on Debian: apt install prometheus")
    exporter = Exporter()
    port, place = free_port(), system.place / "prometheus"
    place.mkdir()
    (place / "rules.yml").write_text(RULES)
    (place / "prometheus.yml").write_text(
        f"""
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [{json.dumps(str(place / "rules.yml"))}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: [{json.dumps(urlsplit(alertmanager.url).netloc)}]}}]
scrape_configs:
  - job_name: transfer
    static_configs: [{{targets: ["127.0.0.1:{exporter.server.server_port}"]}}]
"""
    )
    url = f"http://127.0.0.1:{port}"
    system.supervisor.start(
        Program(
            name="prometheus",
            command=[
                BINARY, f"--config.file={place / 'prometheus.yml'}", f"--storage.tsdb.path={place / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=1s",
            ],
            directory=Path(place),
            healthy=answers(f"{url}/-/ready"),
        )
    )  # fmt: skip
    system.supervisor.wait_healthy(["prometheus"])
    yield exporter.stuck
    exporter.server.shutdown()
    exporter.server.server_close()


def alarms(system):
    return {alarm["title"]: alarm for alarm in system.get("/alarms/")["results"]}


def states(system):
    return {title: alarm["state"] for title, alarm in alarms(system).items()}


ONE, TWO = "Transfer of usdf1 is stuck", "Transfer of usdf2 is stuck"


def test_a_rule_that_fails_is_an_alarm_that_repeats_grows_shrinks_and_resolves(system, nodes):
    nodes["usdf1"] = 3
    until(lambda: states(system) == {ONE: "firing"}, "the alarm of a rule that fails")
    first = alarms(system)[ONE]
    assert (first["severity"], first["source"], first["labels"]["node"]) == (1, "Prometheus", "usdf1")
    assert first["description"] == "3 images wait."
    system.wait_for_text("ada", ONE)

    until(lambda: alarms(system)[ONE]["count"] > first["count"], "Alertmanager repeating itself")
    assert alarms(system)[ONE]["id"] == first["id"]

    nodes["usdf2"] = 5  # joins the group
    until(lambda: states(system) == {ONE: "firing", TWO: "firing"}, "the second of the group")
    assert alarms(system)[ONE]["id"] == first["id"]

    nodes["usdf1"] = 0  # one of two is over, and the group fires on
    until(lambda: states(system) == {ONE: "resolved", TWO: "firing"}, "the end of one of two")

    nodes["usdf2"] = 0
    until(lambda: states(system) == {ONE: "resolved", TWO: "resolved"}, "the end of both")
    assert not system.rows("SELECT 1 FROM signals_rejection")  # everything they sent was read
