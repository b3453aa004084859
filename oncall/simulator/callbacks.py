"""Requests of the telephone company to its customer: signed, retried as asked, in order for each message and call."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

import requests

from .faults import Plan
from .signing import signature
from .timers import Timers

log = logging.getLogger(__name__)

LONGEST_ANSWER = 64 * 1024  # bytes read of an answer


@dataclass(frozen=True)
class Outcome:
    """What came of a request. `status` 0: no answer, and `problem` says why. `code`: Twilio's number for a problem."""

    status: int
    body: str
    content_type: str
    duration_ms: int
    problem: str = ""
    code: str = ""


@dataclass(frozen=True)
class Overrides:
    """How patient we are, from the URL's fragment (`#rc=3&rp=all&ct=2000`). Source: Twilio's connection overrides."""

    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})  # of ct, rt, 4xx, 5xx, all
    connect_s: float = 5.0
    read_s: float = 15.0

    @classmethod
    def of(cls, url: str) -> "Overrides":
        """A value that is no number, or out of its range, is ignored."""
        asked = dict(parse_qsl(urldefrag(url).fragment))

        def number(name: str, default: int, least: int, most: int) -> int:
            text = asked.get(name, "")
            return int(text) if text.isdecimal() and least <= int(text) <= most else default

        return cls(
            retries=number("rc", 1, 0, 5),
            policy=frozenset(asked.get("rp", "ct").split(",")),
            connect_s=number("ct", 5000, 100, 10000) / 1000,
            read_s=number("rt", 15000, 100, 15000) / 1000,
        )

    def retry(self, kind: str) -> bool:
        return kind in self.policy or "all" in self.policy


@dataclass
class _Lane:
    """The callbacks of one message or call. One at a time; `held` wait for the last one when order is reversed."""

    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    held: list[Callable[[], None]] = field(default_factory=list)
    running: bool = False


class Callbacks:
    def __init__(self, token: str, timers: Timers) -> None:
        self._token = token
        self._timers = timers
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._local = threading.local()

    def ask(self, method: str, url: str, fields: Mapping[str, str]) -> Outcome:
        """Make one signed request and wait for its answer; retries are those of `Overrides`."""
        overrides = Overrides.of(url)
        address = urldefrag(url).url
        sent: Mapping[str, str] = fields
        if method == "GET":
            address += ("&" if urlsplit(address).query else "?") + urlencode(fields)
            sent = {}
        headers = {
            "X-Twilio-Signature": signature(token=self._token, url=address, fields=sent),
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        began = time.monotonic()
        for attempt in range(overrides.retries + 1):
            outcome, kind = self._once(method, address, sent, headers, overrides)
            if not kind or attempt == overrides.retries or not overrides.retry(kind):
                break
        else:
            raise AssertionError("unreachable: the last attempt breaks")
        return Outcome(
            outcome.status,
            outcome.body,
            outcome.content_type,
            round((time.monotonic() - began) * 1000),
            outcome.problem,
            outcome.code,
        )

    def _once(
        self, method: str, address: str, sent: Mapping[str, str], headers: dict[str, str], overrides: Overrides
    ) -> tuple[Outcome, str]:
        """Return the outcome and the kind of failure (ct, rt, 4xx, 5xx), empty for none."""
        try:
            with self._session().request(
                method,
                address,
                data=dict(sent) if method == "POST" else None,
                headers=headers,
                timeout=(overrides.connect_s, overrides.read_s),
                stream=True,
            ) as response:
                raw = response.raw.read(LONGEST_ANSWER + 1, decode_content=True)
                body = raw.decode("utf-8", errors="replace")
                kind = f"{response.status_code // 100}xx" if response.status_code >= 400 else ""
                problem = f"{method} {address} answered {response.status_code}." if kind else ""
                type_ = response.headers.get("Content-Type", "")
                return Outcome(response.status_code, body, type_, 0, problem, "11200" if kind else ""), kind
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            return Outcome(0, "", "", 0, f"{method} {address} could not be reached: {_reason(error)}", "11205"), "ct"
        except requests.ReadTimeout:
            return Outcome(0, "", "", 0, f"{method} {address} gave no answer in time.", "11200"), "rt"
        except requests.ConnectionError as error:
            return Outcome(0, "", "", 0, f"{method} {address} could not be reached: {_reason(error)}", "11205"), "ct"
        except (requests.RequestException, OSError, ValueError) as error:
            return Outcome(0, "", "", 0, f"{method} {address} failed: {_reason(error)}", "11200"), "rt"

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # no proxy, no .netrc: the customer is here
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            self._local.session = session
        return session

    def send(self, lane: str, plan: Plan, job: Callable[[], None], *, last: bool) -> None:
        """Run `job`, which makes one callback, behind those of the same `lane` that wait already.

        `plan` may drop it, repeat it, let it come late, or hold it back until the `last` of its lane and then send
        that one first.
        """
        if plan.drop_callbacks:
            return
        if plan.callback_delay_s:
            later = replace(plan, callback_delay_s=0.0)
            self._timers.after(plan.callback_delay_s, lambda: self.send(lane, later, job, last=last))
            return
        with self._lock:
            state = self._lanes.setdefault(lane, _Lane())
            copies = [job] * (plan.duplicate_callbacks + 1)
            if plan.reverse_callbacks:
                state.held[:0] = copies
                if last:
                    state.waiting.extend(state.held)
                    state.held.clear()
            else:
                state.waiting.extend(copies)
            if state.running or not state.waiting:
                return
            state.running = True
        if plan.callbacks_first:
            self._drain(lane)
        else:
            self._timers.soon(lambda: self._drain(lane))

    def _drain(self, lane: str) -> None:
        while True:
            with self._lock:
                state = self._lanes[lane]
                if not state.waiting:
                    state.running = False
                    if not state.held:
                        del self._lanes[lane]
                    return
                job = state.waiting.popleft()
            try:
                job()
            except Exception:  # the next callback of this lane must still go out
                log.exception("A callback failed.")


def _reason(error: Exception) -> str:
    """Return the innermost cause, without the addresses of objects that requests puts into its texts."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    return str(cause) or type(cause).__name__
