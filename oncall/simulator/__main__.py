"""Start the telephone company: `python -m oncall.simulator --port 8001 --store PATH --account AC… --token …`."""

import argparse
import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped, unused-ignore]

from . import app, numbering
from .company import Account, Company

HANDS = 64  # requests served at once; those that hang on purpose each hold one
SWITCH_S = 0.0005  # Python's turn-taking between threads: its usual 5 ms would be seen in the answering times


class Server(BaseApplication):  # type: ignore[misc, unused-ignore]
    """gunicorn with one process of many threads. The company is built inside that process: it starts threads."""

    def __init__(self, address: str, opened: Callable[[], Company]) -> None:
        self._address = address
        self._opened = opened
        self._company: Company | None = None
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": self._address,
            "worker_class": "gthread",
            "workers": 1,  # the lines of calls are in its memory
            "threads": HANDS,
            "keepalive": 75,
            "timeout": 0,
            "graceful_timeout": 1,
            "loglevel": "warning",
            "proc_name": "telephone-simulator",
            "control_socket_disable": True,  # several simulators may run as one user
            "worker_exit": self._close,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _close(self, _server: object, _worker: object) -> None:
        if self._company is not None:
            self._company.close()

    def load(self) -> object:
        sys.setswitchinterval(SWITCH_S)
        self._company = self._opened()
        return app.create(self._company)


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="simulator: %(levelname)s %(message)s")
    if problem := _taken(options.port):
        print(problem, file=sys.stderr)
        return 2
    names = _names(options.names) if options.names else {}

    def opened() -> Company:
        account = Account(
            sid=options.account,
            token=options.token,
            key=options.key,
            secret=options.secret,
            number=options.number,
            inbound_sms_url=options.inbound_sms_url,
            inbound_voice_url=options.inbound_voice_url,
        )
        company = Company.open(account, options.store, speed=options.speed, seed=options.seed)
        for number, name in names.items():
            company.store.name_phone(number, name)
        return company

    os.environ.pop("GUNICORN_CMD_ARGS", None)  # meant for the portal's web server, not for us
    Server(f"127.0.0.1:{options.port}", opened).run()
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="oncall.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8001, help="on 127.0.0.1")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file; made where there is none")
    parser.add_argument("--account", required=True, help="the customer's account SID, AC and 32 letters")
    parser.add_argument("--token", required=True, help="its auth token; signs every callback")
    parser.add_argument("--key", default="", help="API key SID, accepted beside account and token")
    parser.add_argument("--secret", default="", help="secret of the API key")
    parser.add_argument("--number", type=numbering.e164, default="+15005550006", help="the number rented to it")
    parser.add_argument("--inbound-sms-url", default="", help="where texts to the number are sent")
    parser.add_argument("--inbound-voice-url", default="", help="whose document answers calls to the number")
    parser.add_argument("--names", type=Path, help='JSON: [{"name": "Ada", "number": "+1…"}]')
    parser.add_argument("--speed", type=_speed, default=1.0, help="divides every waiting of people and networks")
    parser.add_argument("--seed", type=int, default=1, help="of faults that meet a share of the requests")
    return parser


def _speed(text: str) -> float:
    speed = float(text)
    if not 0.01 <= speed <= 10000:
        raise argparse.ArgumentTypeError(f"{text} is out of range; 1 is real time, 10 is ten times as fast.")
    return speed


def _names(path: Path) -> dict[str, str]:
    """Return names by number."""
    return {numbering.e164(entry["number"]): str(entry["name"]) for entry in json.loads(path.read_text())}


def _taken(port: int) -> str:
    """Return why `port` cannot be had, in words for whoever chose it; empty when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return f"The telephone simulator cannot use port {port} ({error.strerror}). Choose another with --port."
    return ""


if __name__ == "__main__":
    sys.exit(main())
