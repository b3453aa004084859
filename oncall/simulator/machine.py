"""EDGE: the small machine interface by which scripts act as the people with the phones, and make things go wrong."""

import json
from dataclasses import asdict, replace
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from . import numbering
from .calls import KEYS, Calls, CannotAnswer
from .clock import rfc3339
from .company import Company
from .faults import BadPlan
from .nouns import CARRIERS, PHONE_MODES, Call, Message, Phone
from .texts import Texts

USUAL, MOST = 100, 1000

Item = TypeVar("Item", Message, Call)


class Wrong(Exception):
    """The request cannot be done. `errors` names fields, what is wrong and what would be right."""

    def __init__(self, errors: dict[str, list[str]], status: int = 400) -> None:
        super().__init__(str(errors))
        self.errors, self.status = errors, status


def blueprint(company: Company, texts: Texts, calls: Calls) -> Blueprint:  # noqa: C901 -- a table of routes
    machine = Blueprint("machine", __name__, url_prefix="/api")
    store = company.store

    @machine.errorhandler(Wrong)
    def wrong(error: Wrong) -> Response:
        return _json(error.errors, error.status)

    @machine.get("/messages/")
    def list_messages() -> Response:
        where, values = _filters({"to": "recipient", "from": "sender"})
        found = store.messages(where, values, limit=_limit() + 1)
        return _listed([message_shape(item) for item in found], found)

    @machine.post("/messages/")
    def text() -> Response:
        asked = _object()
        sender = _number(asked, "from")
        recipient = _number(asked, "to") if asked.get("to") else company.account.number
        body = _text(asked, "body")
        received = texts.receive(sender=sender, recipient=recipient, body=body)
        problem = received.outcome.problem if received.outcome else ""
        return _json(message_shape(received.message) | {"problem": problem or received.message.note}, 201)

    @machine.get("/calls/")
    def list_calls() -> Response:
        where, values = _filters({"to": "callee", "from": "caller"})
        found = store.calls(where, values, limit=_limit() + 1)
        return _listed([call_shape(item, store.said(item.sid)) for item in found], found)

    @machine.post("/calls/")
    def dial() -> Response:
        asked = _object()
        number = _number(asked, "to") if asked.get("to") else company.account.number
        call = calls.dial(person=_number(asked, "from"), number=number)
        return _json(_call(company, call.sid), 201)

    @machine.get("/calls/<sid>/")
    def fetch_call(sid: str) -> Response:
        return _json(_call(company, sid))

    @machine.post("/calls/<sid>/answer/")
    def answer(sid: str) -> Response:
        asked = _object()
        digits = str(asked.get("digits", ""))
        if not set(digits) <= KEYS:
            raise Wrong({"digits": [f"{digits!r} has keys no phone has. Keys are 0 to 9, * and #."]})
        _call(company, sid)
        try:
            calls.answer(sid, digits)
        except CannotAnswer as error:
            raise Wrong({"detail": [str(error)]}, 409) from error
        return _json(_call(company, sid))

    @machine.post("/calls/<sid>/hangup/")
    def hang_up(sid: str) -> Response:
        _call(company, sid)
        calls.hang_up(sid)
        return _json(_call(company, sid))

    @machine.get("/phones/")
    def list_phones() -> Response:
        return _json({"next": None, "previous": None, "results": [phone_shape(phone) for phone in store.phones()]})

    @machine.get("/phones/<number>/")
    def fetch_phone(number: str) -> Response:
        return _json(phone_shape(store.phone(_loosely(number, "number"))))

    @machine.put("/phones/<number>/")
    def set_phone(number: str) -> Response:
        before = store.phone(_loosely(number, "number"))
        phone = store.keep_phone(_phone(before, _object()))
        if before.mode == "off" != phone.mode:
            texts.switched_on(phone.number)
        return _json(phone_shape(phone))

    @machine.get("/faults/")
    def faults() -> Response:
        return _json(company.faults.as_json())

    @machine.put("/faults/")
    def set_faults() -> Response:
        try:
            company.faults.replace(_object())
        except BadPlan as error:
            raise Wrong(error.errors) from error
        return _json(company.faults.as_json())

    return machine


# --- Shapes -----------------------------------------------------------------------------------------------------------


def message_shape(item: Message) -> dict[str, object]:
    return {
        "sid": item.sid,
        "to": item.recipient,
        "from": item.sender,
        "body": item.body,
        "state": item.status,
        "at": rfc3339(item.created_at),
        "direction": item.direction,
        "error_code": item.error_code,
    }


def call_shape(item: Call, said: str) -> dict[str, object]:
    return {
        "sid": item.sid,
        "to": item.callee,
        "from": item.caller,
        "said": said,
        "state": item.status,
        "at": rfc3339(item.created_at),
        "direction": item.direction,
    }


def phone_shape(item: Phone) -> dict[str, object]:
    return asdict(item)


def _phone(phone: Phone, asked: dict[str, Any]) -> Phone:
    """Return the phone as it is asked to be; what is left out stays as it is."""
    errors: dict[str, list[str]] = {}
    for name, known in (("mode", PHONE_MODES), ("carrier", CARRIERS)):
        if name in asked and asked[name] not in known:
            errors[name] = [f"{asked[name]!r} is not a {name}. There are {', '.join(known)}."]
    code, keys = asked.get("code", phone.code), asked.get("keys", phone.keys)
    if code is not None and not (isinstance(code, int) and 10000 <= code <= 99999):
        errors["code"] = [f"{code!r} is not a code. Give five digits such as 30005 or 21614, or null."]
    if not isinstance(keys, str) or not set(keys) <= KEYS:
        errors["keys"] = [f"{keys!r} has keys no phone has. Keys are 0 to 9, * and #."]
    if unknown := set(asked) - {"number", "name", "mode", "carrier", "code", "keys"}:
        errors[min(unknown)] = ["Unknown. Give mode, carrier, code or keys."]
    if errors:
        raise Wrong(errors)
    return replace(
        phone, mode=asked.get("mode", phone.mode), carrier=asked.get("carrier", phone.carrier), code=code, keys=keys
    )


def _call(company: Company, sid: str) -> dict[str, object]:
    call = company.store.call(sid)
    if call is None:
        raise Wrong({"detail": ["There is no such call. GET /api/calls/ lists them."]}, 404)
    return call_shape(call, company.store.said(sid))


def _listed(shapes: list[dict[str, object]], found: list[Item]) -> Response:
    """Answer with a page, newest first; one item too many tells that another follows."""
    limit, following = _limit(), None
    if len(found) > limit:
        arguments = {**request.args.to_dict(), "cursor": str(found[limit - 1].id)}
        following = f"{request.base_url}?{urlencode(arguments)}"
    return _json({"next": following, "previous": None, "results": shapes[:limit]})


# --- Questions --------------------------------------------------------------------------------------------------------


def _filters(columns: dict[str, str]) -> tuple[str, list[object]]:
    clauses, values = ["TRUE"], list[object]()
    for name, column in columns.items():
        if text := request.args.get(name, ""):
            clauses.append(f"{column} = ?")
            values.append(_loosely(text, name))
    if cursor := request.args.get("cursor", ""):
        clauses.append("id < ?")
        values.append(_whole(cursor, "cursor"))
    return " AND ".join(clauses), values


def _limit() -> int:
    return min(max(_whole(request.args.get("limit", str(USUAL)), "limit"), 1), MOST)


def _whole(text: str, field: str) -> int:
    if not text.isdecimal():
        raise Wrong({field: [f"{text!r} is not a whole number."]})
    return int(text)


def _object() -> dict[str, Any]:
    """Read the body as JSON whatever type it claims: `curl -d` claims a form. No body is an empty object."""
    try:
        asked = json.loads(request.get_data() or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Wrong({"detail": ["The body must be a JSON object."]})
    return asked


def _text(asked: dict[str, Any], field: str) -> str:
    value = asked.get(field)
    if not isinstance(value, str) or not value:
        raise Wrong({field: ["Required: a text."]})
    return value


def _number(asked: dict[str, Any], field: str) -> str:
    try:
        return numbering.e164(_text(asked, field))
    except numbering.BadNumber as error:
        raise Wrong({field: [str(error)]}) from error


def _loosely(text: str, field: str) -> str:
    try:
        return numbering.loosely(text)
    except numbering.BadNumber as error:
        raise Wrong({field: [str(error)]}) from error


def _json(shape: object, status: int = 200) -> Response:
    return Response(json.dumps(shape), status, content_type="application/json")
