"""An edge: `/beats/<token>/`, which must be called every so often. The secret in the address is the proof."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt

from incidents.signals import heartbeats
from incidents.signals.heartbeats import Beat
from incidents.signals.payloads.items import clean, short
from oncall import clock

LARGEST = 64 * 1024  # bytes of a body that is read; a larger one is a beat all the same
WELL = {"ok", "up", "alive", "pass", "success"}
FAILS = {"fail", "failed", "fails", "failing", "failure", "error", "critical", "down"}
STATUS = ("status", "state")  # fields that say how it is
FORM = re.compile(r"\s*[A-Za-z_]{1,20}=")
MOST_ITEMS = 50  # of a list


@login_not_required
@csrf_exempt
def beat(request: HttpRequest, token: str, says: str = "") -> JsonResponse:
    """Note a beat: 200 whatever its body; what of it could not be read stands in `ignored`. 404 for an unknown token,
    405 for a method that is neither GET, HEAD nor POST. Never refused for its rate.

    The body is optional: {"status": "ok" | "fail", "text": "…", "dome_open": true | false}, as JSON or as a form, or
    a text whose first word says it. What is not understood leaves it as well or as bad as it was. With `/fail/` behind
    the address it fails whatever the body says.
    """
    if request.method not in {"GET", "HEAD", "POST"}:
        answer = JsonResponse({"detail": [f"{request.method} does nothing here. GET, HEAD or POST."]}, status=405)
        answer["Allow"] = "GET, HEAD, POST"
        return answer
    said, ignored = _read(request)
    if says == "fail":
        said = Beat(True, said.text, said.dome_open)
    found = heartbeats.beat(token=token, beat=said, now=clock.now())
    if found is None:
        return JsonResponse(
            {"detail": ["No heartbeat has this address. See Heartbeats for the right one."]}, status=404
        )
    answers: dict[str, Any] = {"heard": found.name, "failing": found.failing}
    return JsonResponse(answers | ({"ignored": ignored} if ignored else {}))


def _read(request: HttpRequest) -> tuple[Beat, dict[str, list[str]]]:
    body = _body(request)
    if body is not None and request.content_type == "multipart/form-data":
        try:
            return _of_fields(request.POST.dict())
        except (MultiPartParserError, SuspiciousOperation):
            body = None
    if body == b"" and any(name in request.GET for name in STATUS):
        return _of_fields(request.GET.dict())
    return read(body)


def _body(request: HttpRequest) -> bytes | None:
    """Return the body, None where it cannot be taken: the call itself is what counts."""
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None
    return body if len(body) <= LARGEST else None


def read(body: bytes | None) -> tuple[Beat, dict[str, list[str]]]:
    """Return what a body says, and what is wrong with which field. Nothing in it stops the beat."""
    if body is None:
        return Beat(None), {
            "body": [f"Not read: larger than {LARGEST // 1024} KiB, or cut off. Send a short JSON object."]
        }
    if not body.strip():
        return Beat(), {}
    text = clean(body.decode("utf-8", "replace"))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        if FORM.match(text):
            fields = dict(parse_qsl(text.strip(), keep_blank_values=True))
            if any(name in fields for name in STATUS):
                return _of_fields(fields)
        data = text
    if isinstance(data, dict):
        return _of_object(data)
    failing = _of_list(data) if isinstance(data, list) else says(data)
    ignored = {} if failing is not None else {"body": ["Not a JSON object; kept as text."]}
    return Beat(failing, " ".join((data if isinstance(data, str) else text)[:300].split())), ignored


def _of_object(data: Mapping[str, Any]) -> tuple[Beat, dict[str, list[str]]]:
    wrong: dict[str, list[str]] = {}
    return Beat(_fails(data, wrong), _text(data, wrong), _dome(data, wrong)), wrong


def _of_fields(fields: Mapping[str, Any]) -> tuple[Beat, dict[str, list[str]]]:
    """Return what a form says: all of it is text."""
    dome = fields.get("dome_open", "")
    said = {"true": True, "false": False, "": None}.get(str(dome).strip().lower(), dome)
    return _of_object({**fields, "dome_open": said})


def _of_list(items: list[Any]) -> bool | None:
    """Return true if any of them fails; else nobody knows what a list means here."""
    for item in items[:MOST_ITEMS]:
        if (_fails(item, {}) if isinstance(item, dict) else says(item)) is True:
            return True
    return None


def says(status: Any) -> bool | None:
    """Return whether a status fails, by its first word; nothing where it is no word that is known."""
    if isinstance(status, bool):
        return not status
    word = re.search(r"[^\W_]+", status) if isinstance(status, str) else None
    if word is None:
        return None
    return True if word[0].lower() in FAILS else (False if word[0].lower() in WELL else None)


def _fails(data: Mapping[str, Any], wrong: dict[str, list[str]]) -> bool | None:
    told = [(name, data[name]) for name in STATUS if data.get(name) not in (None, "")]
    found = [says(status) for _, status in told]
    for (name, status), one in zip(told, found, strict=True):
        if one is None:
            wrong[name] = [f"{short(status)} is not known, and changed nothing. Write ok or fail."]
    return True if True in found else (None if None in found else False)


def _text(data: Mapping[str, Any], wrong: dict[str, list[str]]) -> str:
    text = data.get("text", "")
    if not isinstance(text, str):
        wrong["text"] = [f"{short(text)} is no text."]
        return ""
    return " ".join(clean(text).split())


def _dome(data: Mapping[str, Any], wrong: dict[str, list[str]]) -> bool | None:
    dome = data.get("dome_open")
    if dome is None or isinstance(dome, bool):
        return dome
    wrong["dome_open"] = [f"{short(dome)} is neither true nor false."]
    return None
