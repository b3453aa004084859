"""The simulator as a real process on a free port, its customer as a real HTTP server, and the real Twilio client."""

import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "AC" + "a" * 32
TOKEN = "token-of-the-account"
KEY, SECRET = "SK" + "b" * 32, "secret-of-the-key"
NUMBER = "+15005550006"
SPEED = 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Answer = TypeVar("Answer")


def until(question: Callable[[], Answer], patience_s: float = 10.0) -> Answer:
    """Return the first true answer to `question`."""
    deadline = time.monotonic() + patience_s
    while not (answer := question()):
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.01)
    return answer


@dataclass(frozen=True)
class Heard:
    """A request that the customer got."""

    method: str
    path: str
    url: str
    fields: dict[str, str]
    headers: dict[str, str]


@dataclass
class Customer:
    """Records what it is asked, answers by path. A path without an answer is answered with an empty 200."""

    base: str
    heard: list[Heard] = field(default_factory=list)
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)

    def says(self, path: str, body: str, status: int = 200) -> str:
        """Answer `path` so from now on; return its address."""
        self.answers[path] = (status, body)
        return self.base + path

    def at(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    def states(self, path: str, name: str, count: int) -> list[str]:
        """Wait for `count` requests at `path`; return what their field `name` said, as they came."""
        until(lambda: len(self.at(path)) >= count)
        return [one.fields[name] for one in self.at(path)]


class Reception:
    """The customer's HTTP server: one for all tests, each of which has addresses of its own below it."""

    def __init__(self) -> None:
        reception = self
        self.customers: dict[str, Customer] = {}
        self.current = Customer("")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                prefix, _, rest = urlsplit(self.path).path[1:].partition("/")
                known = reception.current if prefix == "inbound" else reception.customers[prefix]
                known.heard.append(
                    Heard(
                        self.command,
                        "/" + rest,
                        reception.base + self.path,
                        dict(parse_qsl(raw, keep_blank_values=True)),
                        dict(self.headers.items()),
                    )
                )
                status, body = known.answers.get("/" + rest, (200, ""))
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = answer  # noqa: N815 -- names of the standard library

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def enter(self) -> Customer:
        prefix = f"c{len(self.customers)}"
        self.current = self.customers[prefix] = Customer(f"{self.base}/{prefix}")
        return self.current


@pytest.fixture(scope="session")
def reception() -> Iterator[Reception]:
    reception = Reception()
    yield reception
    reception.server.shutdown()
    reception.server.server_close()


@pytest.fixture
def customer(reception: Reception) -> Customer:
    return reception.enter()


@dataclass
class Simulator:
    """A running simulator, and what a script does with it."""

    base: str
    options: list[str]
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "oncall.simulator", *self.options], cwd=ROOT)
        until(self.is_up, 20)

    def is_up(self) -> bool:
        try:
            return requests.get(self.base + "/healthz", timeout=1).text == "ok\n"
        except requests.ConnectionError:
            return False

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(10)

    def api(self, method: str, path: str, body: object = None) -> Any:
        response = requests.request(method, f"{self.base}/api/{path}", json=body, timeout=40)
        return response.json()

    def phone(self, number: str, mode: str) -> None:
        assert self.api("PUT", f"phones/{number}/", {"mode": mode})["mode"] == mode

    def faults(self, **plans: object) -> None:
        assert "messages" in self.api("PUT", "faults/", plans)

    def client(self, *, timeout: float = 10, username: str = KEY, password: str = SECRET) -> Client:
        client = Client(username, password, ACCOUNT, http_client=TwilioHttpClient(timeout=timeout))
        client.api.base_url = self.base
        return client

    def rest(self, path: str) -> str:
        return f"{self.base}/2010-04-01/Accounts/{ACCOUNT}/{path}"

    def until(self, question: Callable[[], Answer]) -> Answer:
        return until(question)

    def ringing(self, number: str) -> str:
        """Wait until that phone rings; return the call's SID."""
        wanted = f"calls/?to={quote(number)}"
        return str(
            until(lambda: next((c["sid"] for c in self.api("GET", wanted)["results"] if c["state"] == "ringing"), ""))
        )


def new_simulator(folder: Path, inbound: str) -> Simulator:
    port = free_port()
    names = folder / "names.json"
    names.write_text('[{"name": "Ada", "number": "+14155550199"}]')
    return Simulator(
        f"http://127.0.0.1:{port}",
        [
            *("--port", str(port), "--store", str(folder / "store.sqlite3"), "--account", ACCOUNT, "--token", TOKEN),
            *("--key", KEY, "--secret", SECRET, "--number", NUMBER, "--names", str(names), "--speed", str(SPEED)),
            *("--inbound-sms-url", inbound + "/sms", "--inbound-voice-url", inbound + "/voice"),
        ],
    )


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, reception: Reception) -> Iterator[Simulator]:
    simulator = new_simulator(tmp_path_factory.mktemp("simulator"), reception.base + "/inbound")
    simulator.start()
    yield simulator
    assert simulator.stop() == 0


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The one simulator, behaving well."""
    running.faults()
    return running


@pytest.fixture
def own_simulator(tmp_path: Path, reception: Reception) -> Iterator[Simulator]:
    """A simulator for a test that stops it."""
    simulator = new_simulator(tmp_path, reception.base + "/inbound")
    simulator.start()
    yield simulator
    simulator.stop()


@pytest.fixture
def twilio(simulator: Simulator) -> Client:
    """The real client, with the API key."""
    return simulator.client()


_numbers = itertools.count(14155550200)


@pytest.fixture
def number() -> str:
    """A telephone number no other test uses."""
    return f"+{next(_numbers)}"
