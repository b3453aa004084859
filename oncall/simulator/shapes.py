"""PURE: messages, calls, events and lists as Twilio's REST answers write them (version 2010-04-01)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from . import numbering
from .clock import rfc2822
from .nouns import Call, Message, Request

VERSION = "2010-04-01"
DOCS = "https://www.twilio.com/docs/errors/"
MESSAGE_OF = {
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30036: "Validity period expired",
}


def message(item: Message, account: str) -> dict[str, object]:
    uri = f"/{VERSION}/Accounts/{account}/Messages/{item.sid}"
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": item.body,
        "date_created": rfc2822(item.created_at),
        "date_sent": rfc2822(item.sent_at),
        "date_updated": rfc2822(item.updated_at),
        "direction": item.direction,
        "error_code": item.error_code,
        "error_message": None if item.error_code is None else MESSAGE_OF.get(item.error_code, "Message not delivered"),
        "from": None if item.status == "accepted" else item.sender,  # a service has not chosen its sender yet
        "messaging_service_sid": item.service_sid or None,
        "num_media": "0",
        "num_segments": str(numbering.segments(item.body)),
        "price": None,
        "price_unit": "USD",
        "sid": item.sid,
        "status": item.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": item.recipient,
        "uri": f"{uri}.json",
    }


def call(item: Call, account: str) -> dict[str, object]:
    uri = f"/{VERSION}/Accounts/{account}/Calls/{item.sid}"
    return {
        "account_sid": account,
        "answered_by": None,
        "api_version": VERSION,
        "caller_name": None,
        "date_created": rfc2822(item.created_at),
        "date_updated": rfc2822(item.updated_at),
        "direction": item.direction,
        "duration": None if item.duration_s is None else str(item.duration_s),
        "end_time": rfc2822(item.ended_at),
        "forwarded_from": None,
        "from": item.caller,
        "from_formatted": numbering.formatted(item.caller),
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": item.sid,
        "start_time": rfc2822(item.started_at or item.ended_at),
        "status": "queued" if item.status == "initiated" else item.status,  # a callback's word, not a resource's
        "subresource_uris": {"events": f"{uri}/Events.json"},
        "to": item.callee,
        "to_formatted": numbering.formatted(item.callee),
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def event(item: Request) -> dict[str, object]:
    return {
        "request": {"method": item.method, "url": item.url, "parameters": item.parameters},
        "response": {
            "response_code": item.status,
            "request_duration": item.duration_ms,
            "content_type": item.content_type,
            "response_body": item.answer,
            "date_created": rfc2822(item.at),
        },
    }


def page(
    name: str, items: Sequence[object], *, path: str, query: Mapping[str, str], number: int, size: int, more: bool
) -> dict[str, object]:
    """Return one page of a list. `query` holds the filters; `number` counts pages from 0."""

    def uri(page: int) -> str:
        return f"{path}?{urlencode({**query, 'PageSize': size, 'Page': page})}"

    return {
        name: list(items),
        "end": number * size + max(0, len(items) - 1),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "start": number * size,
        "uri": uri(number),
    }


def error(status: int, code: int, text: str) -> dict[str, object]:
    return {"code": code, "message": text, "more_info": f"{DOCS}{code}", "status": status}


def parameters(form: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return form fields as the events of a call name them: `StatusCallback` as `status_callback`, repeats joined."""
    named: dict[str, str] = {}
    for name, value in form:
        key = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        named[key] = f"{named[key]},{value}" if key in named else value
    return named


def instant(text: str) -> datetime | None:
    """Return a filter's `2027-03-20` or RFC 3339 instant, UTC where it names no offset; None when it is neither."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else datetime.fromisoformat(text + ("T00:00:00Z" if len(text) == 10 else "Z"))
