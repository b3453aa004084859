"""Texts: `queued -> sending -> sent -> delivered`, or `undelivered`; and what people text back."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from . import clock, numbering, twiml
from .callbacks import Outcome
from .company import Company, plan_of
from .faults import NO_FAULT, Plan
from .nouns import Message
from .store import new_sid

TO_SENDING_S, TO_SENT_S, TO_DELIVERED_S = 0.05, 0.05, 0.15
TO_DELIVERED_SLOWLY_S = 45.0
EXPIRED_IN_OUR_QUEUE = 30036  # waited with us, not with the carrier: never sent
UNREACHABLE = 30003  # the carrier's word for a phone that is off
UNDELIVERED: dict[str, int] = {"undelivered": 30005, "landline": 30006}  # by carrier, and with which code
LONGEST_BODY = 1600  # letters
DEFAULT_VALIDITY_S = 36000

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
STOPPED = "You will receive no more messages from this number. Reply START to receive them again."
STARTED = "You will receive messages from this number again. Reply HELP for help, STOP to end them."
HELPED = "Reply STOP to receive no more messages from this number."


@dataclass(frozen=True)
class Order:
    """What a customer asks for when it orders a text. One of `sender` and `service_sid` says from where."""

    recipient: str
    body: str
    sender: str = ""
    service_sid: str = ""
    callback_url: str = ""
    validity_s: int = DEFAULT_VALIDITY_S


@dataclass(frozen=True)
class Received:
    """A text a person sent, and what the customer answered to it; `outcome` None: the customer gave no URL."""

    message: Message
    outcome: Outcome | None


class Texts:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._store = company.store

    # --- Outwards -----------------------------------------------------------------------------------------------------

    def create(self, order: Order, *, plan: Plan = NO_FAULT, direction: str = "outbound-api") -> Message:
        """Accept a text and set it on its way. With a plan that calls back first, it has arrived on return."""
        at = clock.now()
        message = self._store.add_message(
            Message(
                sid=new_sid("SM"),
                direction=direction,
                sender=order.sender or self._company.account.number,
                service_sid=order.service_sid,
                recipient=order.recipient,
                body=order.body,
                status="accepted" if order.service_sid else "queued",
                created_at=at,
                updated_at=at,
                callback_url=order.callback_url,
                validity_s=order.validity_s,
                plan="" if plan == NO_FAULT else json.dumps(plan.as_json()),
            )
        )
        if plan.callbacks_first:
            for status in ("sending", "sent"):
                self._advance(message.sid, status)
            self._deliver(message.sid)
        else:
            self._later(TO_SENDING_S, message.sid, plan.queue_s)
        return message

    def resume(self) -> None:
        """Take up again what was on its way when the company was stopped."""
        for message in reversed(self._store.messages("status IN ('accepted', 'queued', 'sending', 'sent')")):
            self._step(message.sid)

    def switched_on(self, number: str) -> None:
        """Hand over what waited for the phone of `number`, oldest first."""
        waiting = self._store.messages("recipient = ? AND status = 'sent' AND direction <> 'inbound'", [number])
        for message in reversed(waiting):
            self._later(TO_DELIVERED_S, message.sid)

    def _later(self, seconds: float, sid: str, real_s: float = 0.0) -> None:
        self._company.timers.after(self._company.scaled(seconds) + real_s, lambda: self._step(sid))

    def _step(self, sid: str) -> None:
        """Do what is next for the message, whatever was last."""
        message = self._store.message(sid)
        if message is None:
            return
        match message.status:
            case "accepted" | "queued":
                if clock.now() >= self._expires_at(message):
                    self._end(sid, "failed", EXPIRED_IN_OUR_QUEUE)
                else:
                    self._advance(sid, "sending")
                    self._later(TO_SENT_S, sid)
            case "sending":
                self._advance(sid, "sent")
                slow = self._store.phone(message.recipient).carrier == "slow"
                self._later(TO_DELIVERED_SLOWLY_S if slow else TO_DELIVERED_S, sid)
            case "sent":
                self._deliver(sid)

    def _deliver(self, sid: str) -> None:
        """Hand the text to the phone. One that is off is waited for until the text is no longer valid.

        Twilio's own queue honours ValidityPeriod (30036, failed). Once a text is `sent` the carrier holds it, and
        what is heard of a phone that stays off is `undelivered`, 30003. Real carriers hold texts for as long as they
        please; ours takes the text's validity, which is how callers mean it.
        """
        message = self._store.message(sid)
        if message is None or message.status != "sent":
            return
        plan, phone = plan_of(message), self._store.phone(message.recipient)
        if plan.error_code is not None:
            self._end(sid, "undelivered", plan.error_code)
        elif phone.carrier in UNDELIVERED:
            self._end(sid, "undelivered", phone.code or UNDELIVERED[phone.carrier])
        elif phone.carrier == "no receipts":
            return  # it arrives, and nobody ever hears of it
        elif phone.mode != "off":
            self._end(sid, "delivered")
        elif (left := (self._expires_at(message) - clock.now()).total_seconds()) > 0:
            self._company.timers.after(left, lambda: self._step(sid))
        else:
            self._end(sid, "undelivered", UNREACHABLE)

    def _expires_at(self, message: Message) -> datetime:
        return message.created_at + timedelta(seconds=self._company.scaled(message.validity_s))

    def _advance(self, sid: str, status: str) -> None:
        before = {"sending": ("accepted", "queued"), "sent": ("sending",)}[status]
        at = clock.now()
        changes: dict[str, object] = {"status": status, "updated_at": at}
        if status == "sent":
            changes["sent_at"] = at
        message = self._store.change_message(sid, before, **changes)
        if message is not None and status == "sent":
            self._report(message)

    def _end(self, sid: str, status: str, error_code: int | None = None) -> None:
        changes = {"status": status, "error_code": error_code, "updated_at": clock.now()}
        message = self._store.change_message(sid, ("accepted", "queued", "sent"), **changes)
        if message is not None:  # else another thread ended it first
            self._report(message)

    def _report(self, message: Message) -> None:
        if not message.callback_url:
            return
        fields = {
            "AccountSid": self._company.account.sid,
            "ApiVersion": "2010-04-01",
            "From": message.sender,
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.recipient,
        }
        if message.service_sid:
            fields["MessagingServiceSid"] = message.service_sid
        if message.error_code is not None:
            fields["ErrorCode"] = str(message.error_code)

        def call_back() -> None:
            self._company.callbacks.ask("POST", message.callback_url, fields)

        plan = plan_of(message)
        if self._store.phone(message.recipient).carrier == "disorder":
            plan = replace(plan, reverse_callbacks=True)
        self._company.callbacks.send(message.sid, plan, call_back, last=message.status != "sent")

    # --- Inwards ------------------------------------------------------------------------------------------------------

    def receive(self, *, sender: str, recipient: str, body: str) -> Received:
        """A person texts us: honour STOP, START and HELP, tell the customer, send what the customer answers.

        A reserved word counts only when it is the whole text. Source: paging.md 2.6.
        """
        at = clock.now()
        service_sid = self._service_behind(person=sender, number=recipient)
        message = self._store.add_message(
            Message(new_sid("SM"), "inbound", sender, recipient, body, "received", at, at, service_sid, seen=True)
        )
        opt_out = self._heed(person=sender, source=service_sid or recipient, number=recipient, body=body)
        url = self._company.account.inbound_sms_url
        if not url:
            return Received(self._noted(message, "Nobody reads this number: the simulator was given no address."), None)
        fields = {
            "AccountSid": self._company.account.sid,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": sender,
            "MessageSid": message.sid,
            "NumMedia": "0",
            "NumSegments": str(numbering.segments(body)),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": recipient,
        }
        if service_sid:
            fields["MessagingServiceSid"] = service_sid
            if opt_out:
                fields["OptOutType"] = opt_out  # told only to messaging services
        outcome = self._company.callbacks.ask("POST", url, fields)
        problem = outcome.problem
        if not problem:
            try:
                replies = twiml.read_replies(outcome.body)
            except twiml.BadDocument as error:
                problem, replies = str(error), ()
            for reply in replies:
                self._reply(person=sender, number=recipient, service_sid=service_sid, body=reply)
        return Received(self._noted(message, problem) if problem else message, outcome)

    def _heed(self, *, person: str, source: str, number: str, body: str) -> str:
        word = body.strip().upper()
        if word in STOP_WORDS:
            self._reply(person=person, number=number, service_sid="", body=STOPPED)  # before the door closes
            self._store.block(source, person)
            return "STOP"
        if word in START_WORDS:
            if not self._store.is_blocked(source, person):
                return ""  # YES from somebody who never left is an ordinary text
            self._store.unblock(source, person)
            self._reply(person=person, number=number, service_sid="", body=STARTED)
            return "START"
        if word in HELP_WORDS:
            self._reply(person=person, number=number, service_sid="", body=HELPED)
            return "HELP"
        return ""

    def _reply(self, *, person: str, number: str, service_sid: str, body: str) -> None:
        if not self._store.is_blocked(service_sid or number, person):
            self.create(Order(person, body, number, service_sid), direction="outbound-reply")

    def _service_behind(self, *, person: str, number: str) -> str:
        """The messaging service through which `number` last wrote to `person`; empty for none."""
        last = self._store.messages(
            "recipient = ? AND sender = ? AND direction = 'outbound-api'", [person, number], limit=1
        )
        return last[0].service_sid if last else ""

    def _noted(self, message: Message, note: str) -> Message:
        return self._store.change_message(message.sid, ("received",), note=note) or replace(message, note=note)
