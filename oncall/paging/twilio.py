"""The one file that knows Twilio: requests, what its answers mean, signatures, and what a caller hears (TwiML).

The API key signs requests; the Auth Token only checks signatures. Source: paging.md 2. There is no idempotency
key at Twilio, so a request whose answer was lost is looked up, never blindly repeated (2.8).
"""

import json
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

from oncall.paging.channels import LookupFailed, Order, Outcome, Prompt, Report, Verdict

TIMEOUT_S = 10  # the client's default waits for ever
LARGEST_CALLBACK = 64 * 1024  # bytes (security.md S34)
END = 90
MESSAGE_RANK = {
    "accepted": 10, "scheduled": 10, "queued": 10, "sending": 20, "sent": 30,
    "delivered": END, "undelivered": END, "failed": END, "canceled": END, "read": END,
}  # fmt: skip
CALL_RANK = {
    "queued": 10, "initiated": 20, "ringing": 30, "in-progress": 40,
    "completed": END, "busy": END, "no-answer": END, "failed": END, "canceled": END,
}  # fmt: skip
MISCONFIGURED = frozenset(
    {"20003", "21606", "21212", "21659", "21408", "21215", "60605", "21609", "11100", "30002"}
)  # paging.md 2.9: it is us, not this person's number
BAD_NUMBER = frozenset({"21211", "21214", "13224"})
NO_TEXTS = frozenset({"21614", "21635", "30006"})  # a landline, or not a mobile: it can still be called
OPTED_OUT = "21610"
OFFICIAL = re.compile(r"^https://api(\.[a-z0-9-]+){0,2}\.twilio\.com$")


class PagerHttp(TwilioHttpClient):
    """Twilio's client over another base address, with a time limit, keeping the last answer's headers."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=TIMEOUT_S, pool_connections=True, max_retries=0)
        self.base = urlsplit(base)
        self.last_headers: dict[str, str] = {}

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        parts = urlsplit(url)
        self.last_headers = {}
        moved = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        response = super().request(method, moved, *args, **kwargs)
        self.last_headers = dict(getattr(response, "headers", None) or {})
        return response


T = TypeVar("T")
_local = threading.local()


def client() -> Client:
    """Return this thread's client, keeping its connection open between pages.

    :raises ImproperlyConfigured: without credentials, or when production would send them to another address.
    """
    if not getattr(_local, "client", None):
        if settings.PRODUCTION and not OFFICIAL.match(settings.TWILIO_API_BASE):
            raise ImproperlyConfigured(
                "TWILIO_API_BASE must be https://api.twilio.com (or a regional name of it) in production."
            )
        if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_API_KEY and settings.TWILIO_API_SECRET):
            raise ImproperlyConfigured(
                "Set TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET to page by telephone."
            )
        _local.http = PagerHttp(settings.TWILIO_API_BASE)
        _local.client = Client(
            settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET, settings.TWILIO_ACCOUNT_SID, http_client=_local.http
        )
    made: Client = _local.client
    return made


def public_url(path: str) -> str:
    return settings.PUBLIC_BASE_URL + path


def sender() -> dict[str, str]:
    if settings.TWILIO_MESSAGING_SERVICE_SID:
        return {"messaging_service_sid": settings.TWILIO_MESSAGING_SERVICE_SID}
    return {"from_": settings.TWILIO_FROM}


def attempt_request(make: Callable[[], Any]) -> Outcome:
    """Make the request and say what its answer means (paging.md 2.2, table). Never raises."""
    try:
        made = make()
    except TwilioRestException as error:
        return classify(error)
    except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.InvalidURL) as error:
        return Outcome(Verdict.REFUSED, code="connection", text=str(error)[:300], retry_after=timedelta(seconds=1))
    except requests.exceptions.ConnectionError as error:
        refused = any(word in str(error) for word in ("refused", "NewConnectionError", "NameResolutionError"))
        verdict = Verdict.REFUSED if refused else Verdict.UNKNOWN  # a reset may come after the request was read
        wait = timedelta(seconds=1) if refused else None
        return Outcome(verdict, code="connection", text=str(error)[:300], retry_after=wait)
    except ImproperlyConfigured as error:
        return Outcome(Verdict.REFUSED, code="settings", text=str(error), misconfigured=True)
    except (requests.exceptions.RequestException, TwilioException, ValueError) as error:
        return Outcome(Verdict.UNKNOWN, code=type(error).__name__, text=str(error)[:300])
    return Outcome(Verdict.ACCEPTED, sid=str(made.sid), status=str(made.status or "queued"))


def classify(error: TwilioRestException) -> Outcome:
    """Say what an error answer means: surely refused, or perhaps accepted (5xx: a retry may reach them twice)."""
    code = str(error.code or error.status)
    if error.status >= 500:
        return Outcome(Verdict.UNKNOWN, code=code, text=error.msg[:300])
    wait = None
    if error.status == 429:
        headers = (getattr(_local, "http", None) and _local.http.last_headers) or {}
        seconds = headers.get("Retry-After", "1")
        wait = timedelta(seconds=min(15, int(seconds) if seconds.isdigit() else 1))
    dead = f"The provider says: {error.msg[:150]}" if code in BAD_NUMBER else ""
    if code == OPTED_OUT:
        dead = "Its owner sent STOP; a text START from it turns it on again."
    return Outcome(
        Verdict.REFUSED,
        code=code,
        text=error.msg[:300],
        retry_after=wait,
        dead_address=dead,
        no_texts=code in NO_TEXTS,
        misconfigured=code in MISCONFIGURED or error.status in (401, 403),
    )


def ask(question: Callable[[], T]) -> T:
    """Ask Twilio, turning every way it can fail into one.

    :raises LookupFailed: if there was no usable answer.
    """
    try:
        return question()
    except (TwilioException, requests.exceptions.RequestException, ImproperlyConfigured, ValueError) as error:
        raise LookupFailed(str(error)[:300]) from error


class Sms:
    """Text messages."""

    def send(self, order: Order) -> Outcome:
        return attempt_request(
            lambda: client().messages.create(
                to=order.address,
                body=order.body,
                status_callback=public_url(f"/hooks/twilio/sms/{order.attempt_id}/"),
                validity_period=max(6, int(order.valid_for.total_seconds())),
                risk_check="disable",
                smart_encoded=True,
                **sender(),
            )
        )

    def find(self, order: Order) -> Report | None:
        """Look for our code among the number's last texts. Not by date: it is null while a text is queued."""
        for message in ask(lambda: client().messages.list(to=order.address, limit=50, page_size=50)):
            if message.body == order.body:
                return self.report(message)
        return None

    def poll(self, sid: str) -> Report:
        return self.report(ask(lambda: client().messages(sid).fetch()))

    @staticmethod
    def report(message: Any) -> Report:
        status = str(message.status)
        return Report(
            sid=message.sid, status=status, rank=MESSAGE_RANK.get(status, 0), code=str(message.error_code or "")
        )


class Voice:
    """Calls. Voicemail is not an answer: only a pressed key is, so no machine detection."""

    def send(self, order: Order) -> Outcome:
        start = f"{order.answer_path}{order.attempt_id}/start/"
        return attempt_request(
            lambda: client().calls.create(
                to=order.address,
                from_=settings.TWILIO_FROM,
                url=public_url(start),
                method="POST",
                status_callback=public_url(f"/hooks/twilio/call/{order.attempt_id}/"),
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=int(order.ring_for.total_seconds()),
                time_limit=int(order.talk_for.total_seconds()),
            )
        )

    def find(self, order: Order) -> Report | None:
        """Look among the number's calls for one that asked us about this attempt, or is too young to have asked.

        Not by start: it is null until somebody picks up. A call that has asked nothing yet is adopted when it was made
        within ten seconds of this attempt's request, so that nobody's telephone rings twice.
        """
        young = None
        for call in ask(lambda: client().calls.list(to=order.address, limit=20)):
            events = ask(lambda sid=call.sid: client().calls(sid).events.list(limit=20))  # type: ignore[misc]
            asked = [json.dumps(event.request or {}, default=str) for event in events]
            if any(str(order.attempt_id) in one for one in asked):
                return self.report(call)
            begun = call.date_created or call.start_time
            if not asked and begun and abs(begun - order.started_at) <= timedelta(seconds=TIMEOUT_S):
                young = call
        return self.report(young) if young is not None else None

    def poll(self, sid: str) -> Report:
        return self.report(ask(lambda: client().calls(sid).fetch()))

    @staticmethod
    def report(call: Any) -> Report:
        status = str(call.status)
        return Report(sid=call.sid, status=status, rank=CALL_RANK.get(status, 0))


def status_report(data: Any) -> Report:
    """Read a status callback's form into a report; what is missing or strange becomes rank 0, which changes nothing."""
    code = field(data, "ErrorCode", most=10)
    if "CallSid" in data:
        status = field(data, "CallStatus", most=20)
        number = field(data, "SequenceNumber", most=20)
        sequence = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else -1
        return Report(field(data, "CallSid", most=40), status, CALL_RANK.get(status, 0), sequence, code)
    status = field(data, "MessageStatus", most=20)
    return Report(field(data, "MessageSid", most=40), status, MESSAGE_RANK.get(status, 0), code=code)


def field(data: Any, name: str, *, most: int) -> str:
    """Return one field of a callback's form as the database can keep it: without NUL, cut to `most`; empty if missing.

    A signature says who sent it, not that it makes sense: a text may hold any character its sender can type.
    """
    return str(data.get(name, "")).replace("\x00", "")[:most]


def signed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a request through only if Twilio signed it for our public URL and our account; 403 otherwise.

    Checked against the configured public URL, never the one the proxy in front made of it (paging.md 2.7). Both tokens
    of a rotation are good. There is no way to switch this off.
    """

    @csrf_exempt
    @require_POST
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_CALLBACK:
            return HttpResponse(status=413)
        url = public_url(request.get_full_path())
        given = request.headers.get("X-Twilio-Signature", "")
        valid = any(RequestValidator(token).validate(url, request.POST, given) for token in settings.TWILIO_AUTH_TOKENS)
        if not valid or request.POST.get("AccountSid") != settings.TWILIO_ACCOUNT_SID:
            return HttpResponseForbidden("The signature does not fit. Check PUBLIC_BASE_URL and TWILIO_AUTH_TOKEN.")
        return view(request, *args, **kwargs)

    return checked


def render(prompt: Prompt) -> HttpResponse:
    """Turn a prompt into TwiML. Keys away from 1, silence asks again, no speech recognition (paging.md 2.1)."""
    response = VoiceResponse()
    if prompt.ask_path:
        for _ in range(prompt.repeat):
            gather = Gather(
                input="dtmf",
                num_digits=1,
                timeout=8,
                action=public_url(prompt.ask_path),
                method="POST",
                finish_on_key="",
            )
            for sentence in prompt.say:
                gather.say(sentence)
            response.append(gather)
        response.say("I heard no key. This page is not answered. Good bye.")
        response.hangup()
    else:
        for sentence in prompt.say:
            response.say(sentence)
        response.hangup()
    return HttpResponse(str(response), content_type="text/xml")


def nothing() -> HttpResponse:
    """An empty answer to a text: replies go out as pages and notices of our own, so that they are kept."""
    return HttpResponse("<?xml version='1.0' encoding='UTF-8'?><Response/>", content_type="text/xml")
