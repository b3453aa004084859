"""Calls: `queued -> initiated -> ringing -> in-progress -> completed`, or busy, no-answer, failed, canceled.

One thread carries one call, from the customer's request to its end.
"""

import json
import logging
import math
import threading
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urldefrag

from . import clock, twiml
from .company import Company, plan_of
from .faults import NO_FAULT, Plan
from .lines import Diverted, HungUp, Line
from .nouns import Call, Request, Utterance
from .store import new_sid

log = logging.getLogger(__name__)

TO_INITIATED_S, TO_RINGING_S = 0.05, 0.1
TO_VOICEMAIL_S, TO_AUTOMATIC_S = 20.0, 2.0  # of ringing
LONGEST_SETTLING_S = 30.0  # real: so long `answer` waits for the customer's documents
EVENT_OF = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}  # every end is "completed"
SIP_OF = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487", "failed": "503"}
KEYS = frozenset("0123456789*#ABCDw")


class CannotAnswer(Exception):
    """The call cannot be answered any more. The message is fit to show."""


class CannotChange(Exception):
    """The call is not in a state that allows what the customer asks. The message is fit to show."""


@dataclass(frozen=True)
class Order:
    """What a customer asks for when it orders a call. Defaults are Twilio's."""

    caller: str
    callee: str
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: str = "completed"
    timeout_s: int = 60
    time_limit_s: int = 14400
    send_digits: str = ""


class Calls:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._store = company.store
        self._lock = threading.Lock()
        self._lines: dict[str, Line] = {}

    # --- The customer -------------------------------------------------------------------------------------------------

    def create(self, order: Order, *, plan: Plan = NO_FAULT, request: Request | None = None) -> Call:
        """Accept a call and begin to dial. `request` is the order itself, the first of the call's events."""
        at = clock.now()
        call = self._store.add_call(
            Call(
                sid=new_sid("CA"),
                direction="outbound-api",
                status="queued",
                created_at=at,
                updated_at=at,
                plan="" if plan == NO_FAULT else json.dumps(plan.as_json()),
                **vars(order),
            )
        )
        if request is not None:
            self._store.add_request(call.sid, request)
        if plan.callbacks_first:
            self._move(call.sid, "initiated")
        self._begin(call.sid)
        return call

    def cancel(self, sid: str) -> None:
        """Stop a call that nobody has answered.

        :raises CannotChange: if it was answered, or is over.
        """
        call = self._store.call(sid)
        line = self._lines.get(sid)
        if call is None or line is None or call.status == "in-progress":
            raise CannotChange("Call is not queued or ringing. Only such a call can be canceled; complete it instead.")
        line.order("cancel")
        line.ended(timeout=2)

    def complete(self, sid: str) -> None:
        """Hang up, at the customer's end. One that nobody answered yet is canceled.

        :raises CannotChange: if it is over.
        """
        line = self._lines.get(sid)
        if line is None:
            raise CannotChange("Call is not in progress. It has ended already.")
        line.order("cancel")
        line.ended(timeout=2)

    def divert(self, sid: str, source: twiml.Fetch | str) -> None:
        """Go on with another document.

        :raises CannotChange: unless the call is in progress.
        """
        call = self._store.call(sid)
        line = self._lines.get(sid)
        if call is None or line is None or call.status != "in-progress":
            raise CannotChange("Call is not in-progress. Cannot redirect.")
        line.divert(source)

    # --- The person ---------------------------------------------------------------------------------------------------

    def dial(self, *, person: str, number: str) -> Call:
        """A person calls the customer's number; it is picked up at once by the document at the inbound voice URL."""
        at = clock.now()
        url = self._company.account.inbound_voice_url
        speech = "" if url else "<Response><Say>Nobody answers this number.</Say></Response>"
        call = Call(new_sid("CA"), "inbound", person, number, "ringing", at, at, url=url, twiml=speech)
        self._store.add_call(call)
        self._begin(call.sid).settled(LONGEST_SETTLING_S)
        return call

    def answer(self, sid: str, keys: str = "") -> Call:
        """Pick up, press `keys` in order, and wait until the dialogue wants more or is over.

        On a call that was picked up before, only press. A phone in any mode can be picked up while it rings.

        :raises CannotAnswer: if the call is over, or never rang.
        """
        line = self._lines.get(sid)
        if line is None or not line.rings(timeout=5):
            raise CannotAnswer("This call does not ring any more. Answer the newest one, or order another.")
        line.press(keys)
        line.order("answer")
        if keys:
            self._say(sid, "keys", keys)
        line.settled(LONGEST_SETTLING_S)
        call = self._store.call(sid)
        assert call is not None
        return call

    def hang_up(self, sid: str) -> None:
        """The person hangs up, or turns the call away while it rings (the caller hears busy)."""
        line = self._lines.get(sid)
        call = self._store.call(sid)
        if line is not None and call is not None:
            line.order("hang up" if call.status == "in-progress" else "decline")
            line.ended(timeout=2)

    def silence(self, sid: str) -> None:
        """The person lets it ring."""
        self._store.change_call(sid, silenced=True)

    # --- The life of a call -------------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Take up again what rang when the company was stopped. Calls in progress were cut off: they are over."""
        for call in self._store.calls("status IN ('queued', 'initiated', 'ringing', 'in-progress')"):
            if call.status == "in-progress" or call.direction == "inbound":
                self._say(call.sid, "note", "The line was cut: the simulator was stopped.")
                self._move(call.sid, "completed")
            else:
                self._begin(call.sid)

    def close(self) -> None:
        """Nothing: threads of calls die with the process, and `resume` finds their calls in the store."""

    def _begin(self, sid: str) -> Line:
        line = Line()
        with self._lock:
            self._lines[sid] = line
        threading.Thread(target=self._carry, args=(sid, line), name=f"call {sid[-6:]}", daemon=True).start()
        return line

    def _carry(self, sid: str, line: Line) -> None:
        try:
            end = self._connect(sid, line)
            if end is None:
                self._talk(sid, line)
                end = "completed"
            self._move(sid, end)
        except Exception:  # a call must end, whatever happened to it
            log.exception("A call broke down.")
            self._move(sid, "failed")
        finally:
            with self._lock:
                self._lines.pop(sid, None)
            line.end()

    def _connect(self, sid: str, line: Line) -> str | None:
        """Dial and ring. Return how it ended, or None when somebody picked up."""
        call = self._store.call(sid)
        assert call is not None
        plan = plan_of(call)
        if call.direction == "inbound":
            line.ring()
            return None
        if call.status in {"queued", "initiated"}:
            if line.wait_for_order(self._company.scaled(TO_INITIATED_S) + plan.queue_s, "cancel"):
                return "canceled"
            if call.status == "queued" and not plan.callbacks_first:
                self._move(sid, "initiated")
            if line.wait_for_order(self._company.scaled(TO_RINGING_S), "cancel"):
                return "canceled"
            if plan.error_code is not None:
                return "failed"
            mode = self._store.phone(call.callee).mode
            if mode in {"off", "busy"}:
                return "busy" if mode == "busy" else "no-answer"
            self._move(sid, "ringing")
        line.ring()
        patience = self._picked_up_after(call)
        order = line.wait_for_order(self._company.scaled(min(patience, call.timeout_s)), "answer", "decline", "cancel")
        if order is None and patience < call.timeout_s:
            self._pick_up(sid, line)
            return None
        return {None: "no-answer", "decline": "busy", "cancel": "canceled", "answer": None}[order]

    def _picked_up_after(self, call: Call) -> float:
        """Return the seconds after which a machine picks up; for ever where there is none."""
        mode = self._store.phone(call.callee).mode
        return {"voicemail": TO_VOICEMAIL_S, "automatic": TO_AUTOMATIC_S}.get(mode, math.inf)

    def _pick_up(self, sid: str, line: Line) -> None:
        """A machine picks up: voicemail says nothing and presses nothing, an automatic phone presses its keys."""
        call = self._store.call(sid)
        assert call is not None
        phone = self._store.phone(call.callee)
        if phone.mode == "voicemail":
            self._say(sid, "note", "Voicemail picked up. It records, and presses nothing.")
        else:
            self._say(sid, "note", "The phone picked up by itself.")
            self._say(sid, "keys", phone.keys)
            line.press(phone.keys)

    def _talk(self, sid: str, line: Line) -> None:
        call = self._move(sid, "in-progress")
        ends = time.monotonic() + self._company.scaled(call.time_limit_s)
        fallback = twiml.Fetch(call.fallback_url, call.fallback_method) if call.fallback_url else None
        source: twiml.Fetch | str = call.twiml or twiml.Fetch(call.url, call.method)
        while True:
            try:
                with closing(twiml.conversation(source, fallback=fallback)) as conversation:
                    self._obey(sid, line, conversation, ends)
            except Diverted as diverted:
                source = diverted.source
            except HungUp:
                return
            else:
                return

    def _obey(
        self, sid: str, line: Line, conversation: Generator[twiml.Effect, twiml.Answer, str], ends: float
    ) -> None:
        scaled = self._company.scaled
        answer: twiml.Answer = None
        while True:
            line.pause(0)
            try:
                effect = conversation.send(answer)
            except StopIteration:
                return
            answer = None
            match effect:
                case twiml.Speak(text):
                    self._say(sid, "say", text)
                case twiml.Note(text):
                    self._say(sid, "note", text)
                case twiml.Wait(seconds):
                    line.pause(min(scaled(seconds), ends - time.monotonic()))
                case twiml.Collect(gather, patience_s):
                    answer = line.collect(
                        gather, first_s=scaled(patience_s), between_s=scaled(gather.timeout_s), ends=ends
                    )
                case twiml.Fetch():
                    answer = self._fetch(sid, effect)
            if time.monotonic() >= ends:
                self._say(sid, "note", "The call reached its time limit.")
                return

    def _fetch(self, sid: str, fetch: twiml.Fetch) -> twiml.Fetched:
        call = self._store.call(sid)
        assert call is not None
        outcome = self._request(sid, fetch.method, fetch.url, self._fields(call) | fetch.fields)
        return twiml.Fetched(outcome.body, outcome.problem, outcome.code)

    # --- Small parts --------------------------------------------------------------------------------------------------

    def _request(self, sid: str, method: str, url: str, fields: dict[str, str]) -> "twiml.Fetched":
        at = clock.now()
        outcome = self._company.callbacks.ask(method, url, fields)
        self._store.add_request(
            sid,
            Request(
                method=method,
                url=urldefrag(url).url,
                parameters=fields,
                status=outcome.status,
                duration_ms=outcome.duration_ms,
                content_type=outcome.content_type,
                answer=outcome.body or outcome.problem,
                at=at,
            ),
        )
        return twiml.Fetched(outcome.body, outcome.problem, outcome.code)

    def _say(self, sid: str, kind: str, text: str) -> None:
        self._store.add_utterance(sid, Utterance(kind, text, clock.now()))

    def _move(self, sid: str, status: str) -> Call:
        """Bring the call to `status` and tell the customer, if that is something it asked to be told."""
        call = self._store.call(sid)
        assert call is not None
        if call.is_over:
            return call
        at = clock.now()
        changes: dict[str, object] = {"status": status, "updated_at": at, "sequence": call.sequence + 1}
        event = EVENT_OF.get(status, "completed")
        if status == "in-progress":
            changes["started_at"] = at
        if event == "completed":
            talked_s = (at - call.started_at).total_seconds() * self._company.speed if call.started_at else 0.0
            changes |= {"ended_at": at, "duration_s": round(talked_s)}
        number = call.sequence
        call = self._store.change_call(sid, **changes)
        if call.callback_url and event in call.callback_events.split():
            fields = self._fields(call) | {
                "CallbackSource": "call-progress-events",
                "SequenceNumber": str(number),
                "Timestamp": clock.rfc2822(at) or "",
            }
            if event == "completed":
                plan = plan_of(call)
                fields["SipResponseCode"] = SIP_OF[status]
                fields["CallDuration"] = str(call.duration_s)
                fields["Duration"] = str(-(-(call.duration_s or 0) // 60))
                if status == "failed" and plan.error_code is not None:
                    fields["ErrorCode"] = str(plan.error_code)

            def call_back() -> None:
                self._request(sid, call.callback_method, call.callback_url, fields)

            self._company.callbacks.send(sid, plan_of(call), call_back, last=event == "completed")
        return call

    def _fields(self, call: Call) -> dict[str, str]:
        return {
            "AccountSid": self._company.account.sid,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.callee,
            "Caller": call.caller,
            "Direction": call.direction,
            "From": call.caller,
            "To": call.callee,
        }
