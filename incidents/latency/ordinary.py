"""The ordinary report: a list of items as JSON, by a token that may write. It is answered without the framework, whose
work on a request is several times that of the report itself.

Where this answers nothing it has written nothing, and the usual way answers: it words every refusal, and takes what is
sent in another form. What is accepted, and the answer, are the same either way.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn

from django.http import HttpRequest, HttpResponse

from incidents.latency import ingest
from oncall.limits import queries as limits
from oncall.people import bearers

LARGEST = 1024 * 1024  # bytes; larger ones take the usual way
JSON = ("application/json", "application/json; charset=utf-8")
ANY = ("", "*/*", "application/json")


def answer(request: HttpRequest, name: str, take: Callable[..., ingest.Receipt], *, allow: str) -> HttpResponse | None:
    """Take the items under `name` and answer 200, or return nothing. `allow`: the methods of this address."""
    secret = bearers.secret_of(request) if _is_ordinary(request) else None
    now = bearers.arrival(secret) if secret else None
    items = _items(request, name) if now else None
    if now is None or items is None:
        return None
    receipt = take(items=items, now=now, limits=limits.lately(now))
    content = json.dumps(body_of(receipt), ensure_ascii=False, separators=(",", ":")).encode()
    return HttpResponse(content, content_type="application/json", headers={"Allow": allow})


def body_of(receipt: ingest.Receipt) -> dict[str, Any]:
    """Return what came of a batch in its public shape (api.md)."""
    rejected = [{"index": one.index, "errors": one.errors} for one in receipt.rejected]
    return {"accepted": receipt.accepted, "updated": receipt.updated, "rejected": rejected}


def _is_ordinary(request: HttpRequest) -> bool:
    said = request.META
    length = said.get("CONTENT_LENGTH") or ""
    return (
        request.method == "POST"
        and not said.get("QUERY_STRING")
        and str(said.get("CONTENT_TYPE", "")).lower() in JSON
        and said.get("HTTP_ACCEPT", "") in ANY
        and length.isascii()
        and length.isdigit()
        and 0 < int(length[:9]) <= LARGEST
    )


def _items(request: HttpRequest, name: str) -> list[object] | None:
    """Return the items of the body; nothing where it is not of this shape, or holds more than may come at once."""
    try:
        data = json.loads(request.body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    items = data.get(name) if isinstance(data, dict) else None
    return items if isinstance(items, list) and len(items) <= ingest.AT_MOST else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
