"""EDGE: Twilio's REST calls for messages and calls, as much of them as a pager uses."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from . import clock, numbering, shapes
from .calls import Calls, CannotChange, Order
from .company import Company
from .faults import NO_FAULT, Kind, Plan
from .nouns import Call, Message, Request
from .texts import DEFAULT_VALIDITY_S, LONGEST_BODY, Texts
from .texts import Order as TextOrder
from .twiml import Fetch

HANG_S = 60.0
LARGEST_PAGE, USUAL_PAGE = 1000, 50
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


Item = TypeVar("Item", Message, Call)


class Refused(Exception):
    """Twilio would refuse this request, with this status and code and about these words."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def blueprint(company: Company, texts: Texts, calls: Calls) -> Blueprint:  # noqa: C901 -- a table of routes
    rest = Blueprint("rest", __name__, url_prefix=f"/{shapes.VERSION}/Accounts/<account>")
    store, own = company.store, company.account.sid

    @rest.before_request
    def authenticate() -> None:
        given = request.authorization
        if (
            given is None
            or given.type != "basic"
            or not company.account.admits(given.get("username") or "", given.get("password") or "")
        ):
            raise Refused(401, 20003, "Authenticate")
        if (request.view_args or {}).pop("account") != own:
            raise Refused(404, 20404, f"The requested resource {request.path} was not found")

    @rest.errorhandler(Refused)
    def refuse(error: Refused) -> Response:
        return _refusal(error)

    @rest.post("/Messages.json")
    def create_message() -> Response:
        form = _form()
        order = _message_order(form, company)

        def accept(plan: Plan) -> Response:
            return _json(shapes.message(texts.create(order, plan=plan), own), 201)

        return _met(company, "messages", accept)

    @rest.get("/Messages.json")
    def list_messages() -> Response:
        def answer(plan: Plan) -> Response:
            del plan
            clauses, values = _equal({"To": "recipient", "From": "sender"})
            more_clauses, more_values = _between("DateSent", "coalesce(sent_at, created_at)")
            where, parameters = _and(clauses + more_clauses, values + more_values, company, "messages")
            size, number = _paging()
            found = store.messages(where, parameters, limit=size + 1, offset=number * size)
            return _page("messages", [shapes.message(item, own) for item in found], size, number)

        return _met(company, "lookups", answer)

    @rest.get("/Messages/<sid>.json")
    def fetch_message(sid: str) -> Response:
        return _met(company, "lookups", lambda _: _json(shapes.message(_found(store.message(sid)), own)))

    @rest.post("/Calls.json")
    def create_call() -> Response:
        form = _form()
        order = _call_order(form)
        path = request.url

        def accept(plan: Plan) -> Response:
            asked = Request(
                method="POST",
                url=path,
                parameters=shapes.parameters(list(form.items(multi=True))),
                status=201,
                duration_ms=0,
                content_type="application/json",
                answer="",
                at=clock.now(),
            )
            return _json(shapes.call(calls.create(order, plan=plan, request=asked), own), 201)

        return _met(company, "calls", accept)

    @rest.get("/Calls.json")
    def list_calls() -> Response:
        def answer(plan: Plan) -> Response:
            del plan
            clauses, values = _equal({"To": "callee", "From": "caller", "Status": "status"})
            more_clauses, more_values = _between("StartTime", "coalesce(started_at, created_at)")
            where, parameters = _and(clauses + more_clauses, values + more_values, company, "calls")
            size, number = _paging()
            found = store.calls(where, parameters, limit=size + 1, offset=number * size)
            return _page("calls", [shapes.call(item, own) for item in found], size, number)

        return _met(company, "lookups", answer)

    @rest.get("/Calls/<sid>.json")
    def fetch_call(sid: str) -> Response:
        return _met(company, "lookups", lambda _: _json(shapes.call(_found(store.call(sid)), own)))

    @rest.post("/Calls/<sid>.json")
    def update_call(sid: str) -> Response:
        _found(store.call(sid))
        form = _form()
        try:
            match form.get("Status"):
                case "canceled":
                    calls.cancel(sid)
                case "completed":
                    calls.complete(sid)
                case None if form.get("Url") or form.get("Twiml"):
                    url = form.get("Url", "")
                    calls.divert(sid, Fetch(_url(url, 21205), _method(form, "Method")) if url else form["Twiml"])
                case _:
                    raise Refused(400, 21218, "Give a Status of canceled or completed, or a Url, or Twiml.")
        except CannotChange as error:
            raise Refused(400, 21220, str(error)) from error
        return _json(shapes.call(_found(store.call(sid)), own))

    @rest.get("/Calls/<sid>/Events.json")
    def list_events(sid: str) -> Response:
        def answer(plan: Plan) -> Response:
            del plan
            _found(store.call(sid))
            size, number = _paging()
            found = store.requests(sid)[number * size : number * size + size + 1]
            return _page("events", [shapes.event(item) for item in found], size, number)

        return _met(company, "lookups", answer)

    @rest.route("/", defaults={"rest": ""})
    @rest.route("/<path:rest>", methods=["GET", "POST", "PUT", "DELETE"])
    def nothing(rest: str) -> Response:
        del rest
        raise Refused(404, 20404, f"The requested resource {request.path} was not found")

    return rest


# --- Orders -----------------------------------------------------------------------------------------------------------


def _form() -> MultiDict[str, str]:
    return request.form


def _message_order(form: MultiDict[str, str], company: Company) -> TextOrder:
    """Return the order of a text.

    :raises Refused: as Twilio would refuse it.
    """
    to = form.get("To", "").strip()
    if not to:
        raise Refused(400, 21604, "A 'To' phone number is required.")
    recipient = _number(to, 21211, "To")
    sender, service = form.get("From", "").strip(), form.get("MessagingServiceSid", "").strip()
    if not sender and not service:
        raise Refused(400, 21603, "A 'From' phone number or a 'MessagingServiceSid' is required.")
    body = form.get("Body", "")
    if not body and not form.getlist("MediaUrl") and not form.get("ContentSid"):
        raise Refused(400, 21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        raise Refused(400, 21617, f"The concatenated message body exceeds the {LONGEST_BODY} character limit.")
    if sender and not numbering.SHORT_CODE.fullmatch(sender):
        sender = _number(sender, 21212, "From")
    if company.store.is_blocked(service or sender, recipient):
        raise Refused(400, 21610, "Attempt to send to unsubscribed recipient.")
    code = company.store.phone(recipient).code
    if code is not None and 21000 <= code < 22000:
        raise Refused(400, code, f"The 'To' number {recipient} takes no texts (the simulator was told so).")
    validity = form.get("ValidityPeriod", str(DEFAULT_VALIDITY_S))
    if not validity.isdecimal() or not 1 <= int(validity) <= DEFAULT_VALIDITY_S:
        raise Refused(400, 21624, "ValidityPeriod must be whole seconds between 1 and 36000.")
    return TextOrder(
        recipient=recipient,
        body=body,
        sender=sender,
        service_sid=service,
        callback_url=_url(form.get("StatusCallback", ""), 21609),
        validity_s=int(validity),
    )


def _call_order(form: MultiDict[str, str]) -> Order:
    """Return the order of a call.

    :raises Refused: as Twilio would refuse it.
    """
    to, caller = form.get("To", "").strip(), form.get("From", "").strip()
    if not to:
        raise Refused(400, 21201, "No 'To' number is specified.")
    if not caller:
        raise Refused(400, 21213, "A 'From' phone number is required.")
    url, speech = form.get("Url", "").strip(), form.get("Twiml", "").strip()
    if not url and not speech:
        raise Refused(400, 21205, "Url parameter is required.")
    events = " ".join(form.getlist("StatusCallbackEvent")).split() or ["completed"]
    if unknown := set(events) - EVENTS:
        raise Refused(400, 21626, f"StatusCallbackEvent {', '.join(sorted(unknown))} is unknown.")
    return Order(
        caller=_number(caller, 21212, "From"),
        callee=_number(to, 21211, "To"),
        url="" if speech else _url(url, 21205),  # Twilio ignores Url beside Twiml
        method=_method(form, "Method"),
        twiml=speech,
        fallback_url=_url(form.get("FallbackUrl", ""), 21205),
        fallback_method=_method(form, "FallbackMethod"),
        callback_url=_url(form.get("StatusCallback", ""), 21609),
        callback_method=_method(form, "StatusCallbackMethod"),
        callback_events=" ".join(events),
        timeout_s=_seconds(form, "Timeout", 60, 600),
        time_limit_s=_seconds(form, "TimeLimit", 14400, 86400),
        send_digits=form.get("SendDigits", ""),
    )


def _number(text: str, code: int, field: str) -> str:
    try:
        return numbering.e164(text)
    except numbering.BadNumber as error:
        raise Refused(400, code, f"The '{field}' number {text} is not a valid phone number.") from error


def _url(text: str, code: int) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise Refused(400, code, f"Url is not valid: {text}")
    return text


def _method(form: MultiDict[str, str], field: str) -> str:
    method = form.get(field, "POST").upper()
    if method not in {"GET", "POST"}:
        raise Refused(400, 20001, f"{field} must be GET or POST.")
    return method


def _seconds(form: MultiDict[str, str], field: str, default: int, most: int) -> int:
    text = form.get(field, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Refused(400, 20001, f"{field} must be whole seconds between 1 and {most}.")
    return int(text)


# --- Lists ------------------------------------------------------------------------------------------------------------


def _equal(columns: dict[str, str]) -> tuple[list[str], list[object]]:
    given = [(column, request.args[name]) for name, column in columns.items() if request.args.get(name)]
    return [f"{column} = ?" for column, _ in given], [value for _, value in given]


def _between(name: str, column: str) -> tuple[list[str], list[object]]:
    """Read `Name=` (that day, UTC), `Name>=` and `Name<=`, whose keys arrive as `Name>` and `Name<`."""
    clauses, values = [], list[object]()
    for sign, operator in (("", None), (">", ">="), ("<", "<=")):
        text = request.args.get(name + sign)
        if not text:
            continue
        at = shapes.instant(text)
        if at is None:
            raise Refused(400, 20001, f"{name}{sign}={text} is no date. Write YYYY-MM-DD or an RFC 3339 instant.")
        if operator is None:
            clauses.append(f"{column} >= ? AND {column} < ?")
            values += [at.timestamp(), (at + timedelta(days=1)).timestamp()]
        else:
            clauses.append(f"{column} {operator} ?")
            values.append(at.timestamp())
    return clauses, values


def _and(clauses: list[str], values: list[object], company: Company, kind: Kind) -> tuple[str, list[object]]:
    lag_s = company.faults.list_lag_s(kind)
    if lag_s:
        clauses, values = [*clauses, "created_at <= ?"], [*values, clock.now().timestamp() - lag_s]
    return " AND ".join(clauses) or "TRUE", values


def _paging() -> tuple[int, int]:
    size, number = request.args.get("PageSize", str(USUAL_PAGE)), request.args.get("Page", "0")
    if not size.isdecimal() or not number.isdecimal():
        raise Refused(400, 20001, "PageSize and Page must be whole numbers.")
    return min(max(int(size), 1), LARGEST_PAGE), int(number)


def _page(name: str, items: list[dict[str, object]], size: int, number: int) -> Response:
    """Answer with a page; one item too many tells that another follows."""
    query = {key: value for key, value in request.args.items() if key not in {"PageSize", "Page", "PageToken"}}
    shape = shapes.page(
        name, items[:size], path=request.path, query=query, number=number, size=size, more=len(items) > size
    )
    return _json(shape)


def _found(item: Item | None) -> Item:
    if item is None:
        raise Refused(404, 20404, f"The requested resource {request.path} was not found")
    return item


# --- Answers ----------------------------------------------------------------------------------------------------------


def _met(company: Company, kind: Kind, answer: Callable[[Plan], Response]) -> Response:
    """Answer, unless the fault plan in force wants something else to happen."""
    plan = company.faults.draw(kind)
    if plan == NO_FAULT or plan.mode == "none":
        return answer(plan)
    if plan.mode in {"status", "hang"}:
        response = None
    else:
        response = answer(plan)
    if plan.mode == "slow":
        time.sleep(plan.delay_s)
    if plan.mode in {"hang", "accept_then_hang"}:
        company.faults.hang(HANG_S)
    if plan.mode in {"hang", "accept_then_hang", "accept_then_drop"}:
        return _dropped()
    if response is None or plan.mode == "accept_then_status":
        response = _refusal(Refused(plan.status, plan.code, "The simulator was told to answer so."))
        if plan.retry_after_s is not None:
            response.headers["Retry-After"] = str(plan.retry_after_s)
    return _dripping(response, plan.delay_s) if plan.mode == "drip" else response


def _dripping(response: Response, pause_s: float) -> Response:
    """Send the answer byte by byte: a client that only minds the time between bytes waits very long for the last."""
    whole = response.get_data()

    def bytes_one_by_one() -> Iterator[bytes]:
        for at in range(len(whole)):
            time.sleep(pause_s)
            yield whole[at : at + 1]

    slow = Response(bytes_one_by_one(), response.status_code, content_type=response.content_type)
    slow.headers["Content-Length"] = str(len(whole))
    return slow


def _dropped() -> Response:
    """Cut the connection without an answer, as a network does. What is returned reaches nobody."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=503)


def _refusal(error: Refused) -> Response:
    response = _json(shapes.error(error.status, error.code, error.text), error.status)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return response


def _json(shape: dict[str, object], status: int = 200) -> Response:
    return Response(json.dumps(shape), status, content_type="application/json")
