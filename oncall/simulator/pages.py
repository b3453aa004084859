"""EDGE: the pages on which a visitor holds each person's phone. Plain forms; a script of ours makes them quicker."""

from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import guard, numbering
from .calls import KEYS, Calls, CannotAnswer
from .company import Company
from .nouns import CARRIERS, PHONE_MODES, Call, Message, Phone, Utterance
from .texts import Texts

THREAD, HISTORY = 60, 12  # texts and calls shown


@dataclass(frozen=True)
class Entry:
    """One line of the list of phones."""

    phone: Phone
    last: Message | None
    unread: int
    rings: bool
    talks: bool


@dataclass(frozen=True)
class Spoken:
    call: Call
    lines: list[Utterance]


def blueprint(company: Company, texts: Texts, calls: Calls) -> Blueprint:  # noqa: C901 -- a table of routes
    pages = Blueprint("pages", __name__)
    store = company.store

    @pages.before_request
    def only_our_own_forms() -> None:
        origin = request.host_url.rstrip("/")
        if request.method == "POST" and not guard.is_own_page(dict(request.headers), origin=origin):
            abort(403, "This form was sent from elsewhere. Use the simulator's own page, or its /api/.")

    @pages.get("/")
    def phones() -> str:
        return render_template(_template("phones"), entries=_entries(company), account=company.account)

    @pages.get("/phones/<number>/")
    def phone(number: str) -> str:
        number = _number(number)
        if request.headers.get("X-Glance") != "1":
            store.see(number)
        thread = store.messages("recipient = ? OR sender = ?", [number, number], limit=THREAD)
        recent = store.calls("callee = ? OR caller = ?", [number, number], limit=HISTORY)
        return render_template(
            _template("phone"),
            entries=_entries(company),
            phone=store.phone(number),
            modes=PHONE_MODES,
            carriers=CARRIERS,
            thread=thread[::-1],
            reply_to=next((text.sender for text in thread if text.direction != "inbound"), company.account.number),
            live=[_spoken(company, call) for call in recent if call.status in {"ringing", "in-progress"}],
            history=[_spoken(company, call) for call in recent if call.is_over],
            account=company.account,
        )

    @pages.post("/phones/<number>/mode/")
    def mode(number: str) -> AnyResponse:
        before, asked = store.phone(_number(number)), request.form
        phone = before
        for known in PHONE_MODES:
            phone = replace(phone, mode=known) if asked.get("mode") == known else phone
        for carrier in CARRIERS:
            phone = replace(phone, carrier=carrier, code=None) if asked.get("carrier") == carrier else phone
        store.keep_phone(phone)
        if before.mode == "off" != phone.mode:
            texts.switched_on(phone.number)
        return _back(number)

    @pages.post("/phones/<number>/texts/")
    def text(number: str) -> AnyResponse:
        body = request.form.get("body", "").strip()
        if body:
            try:
                to = numbering.e164(request.form.get("to", ""))
                received = texts.receive(sender=_number(number), recipient=to, body=body)
            except numbering.BadNumber as error:
                flash(str(error))
            else:
                if received.message.note:
                    flash(f"Sent, but: {received.message.note}")
        return _back(number)

    @pages.post("/phones/<number>/calls/")
    def dial(number: str) -> AnyResponse:
        calls.dial(person=_number(number), number=company.account.number)
        return _back(number)

    @pages.post("/phones/<number>/calls/<sid>/<act>/")
    def act(number: str, sid: str, act: str) -> AnyResponse:
        call = store.call(sid)
        if call is None or call.person != _number(number):
            abort(404)
        keys = request.form.get("keys", "")
        try:
            match act:
                case "answer":
                    calls.answer(sid)
                case "keys" if keys and set(keys) <= KEYS:
                    calls.answer(sid, keys)
                case "ignore":
                    calls.silence(sid)
                case "hangup":
                    calls.hang_up(sid)
                case _:
                    abort(404)
        except CannotAnswer as error:
            flash(str(error))
        return _back(number)

    return pages


def _entries(company: Company) -> list[Entry]:
    store = company.store
    unseen = store.unseen()
    going_on = store.calls("status IN ('ringing', 'in-progress')")
    ringing = {call.person for call in going_on if call.status == "ringing" and not call.silenced}
    talking = {call.person for call in going_on if call.status == "in-progress"}
    found = []
    for phone in store.phones():
        last = store.messages("recipient = ? OR sender = ?", [phone.number, phone.number], limit=1)
        found.append(
            Entry(
                phone,
                last[0] if last else None,
                unseen.get(phone.number, 0),
                phone.number in ringing,
                phone.number in talking,
            )
        )
    return found


def _spoken(company: Company, call: Call) -> Spoken:
    return Spoken(call, company.store.utterances(call.sid))


def _number(text: str) -> str:
    try:
        return numbering.loosely(text)
    except numbering.BadNumber:
        abort(404)


def _template(name: str) -> str:
    """The whole page, or, for our script, only the part of it that changes."""
    return f"{name}_live.html" if request.headers.get("X-Fragment") == "1" else f"{name}.html"


def _back(number: str) -> AnyResponse:
    return redirect(url_for("pages.phone", number=number), 303)
