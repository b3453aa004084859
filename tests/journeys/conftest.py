"""A system for each file of journeys, and the real Alertmanager."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from deploy.supervisor import Program, answers, free_port
from tests import system as systems
from tests.system import System

BINARY = shutil.which("prometheus-alertmanager")
SPEED = 4  # a telephone that nobody picks up rings for 6 seconds


@pytest.fixture(scope="module")
def system():
    with systems.system(speed=SPEED) as running:
        yield running


class Alertmanager:
    """The real one, as its package installs it, which tells our hook of what it is told."""

    def __init__(self, system: System) -> None:
        port, place = free_port(), system.place / "alertmanager"
        place.mkdir()
        configuration = place / "alertmanager.yml"
        configuration.write_text(
            f"""
route:
  receiver: oncall
  group_by: [service]
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 2s
receivers:
  - name: oncall
    webhook_configs:
      - url: {json.dumps(system.url + system.cast["hooks"]["alertmanager"])}
        send_resolved: true
"""
        )
        self.url = f"http://127.0.0.1:{port}"
        assert BINARY is not None  # the fixture has skipped the test
        system.supervisor.start(
            Program(
                name="alertmanager",
                command=[
                    BINARY, f"--config.file={configuration}", f"--storage.path={place}",
                    f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
                ],
                directory=Path(place),
                healthy=answers(f"{self.url}/-/ready"),
            )
        )  # fmt: skip
        system.supervisor.wait_healthy(["alertmanager"])

    def fires(self, *rows: dict[str, str]) -> None:
        """Tell it what Prometheus would: these are firing. `summary` is the annotation, all else labels."""
        self._post([self._row(row) for row in rows])

    def is_over(self, *rows: dict[str, str]) -> None:
        ended = datetime.now(UTC).isoformat()  # noqa: TID251 -- Alertmanager lives in its own time
        self._post([self._row(row) | {"endsAt": ended} for row in rows])

    @staticmethod
    def _row(row: dict[str, str]) -> dict[str, object]:
        labels = {name: value for name, value in row.items() if name != "summary"}
        return {"labels": labels, "annotations": {"summary": row["summary"]}}

    def _post(self, rows: list[dict[str, object]]) -> None:
        answer = requests.post(f"{self.url}/api/v2/alerts", json=rows, timeout=30)
        assert answer.ok, answer.text


@pytest.fixture(scope="module")
def alertmanager(system):
    if BINARY is None:
        pytest.skip("prometheus-alertmanager is not installed; on Debian: apt install prometheus-alertmanager")
    return Alertmanager(system)
