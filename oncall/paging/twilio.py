"""The one file that knows Twilio: requests, what its answers mean, signatures, and what a caller hears (TwiML).

The API key signs requests; the Auth Token only checks signatures. Source: paging.md 2. There is no idempotency
key at Twilio, so a request whose answer was lost is looked up, never blindly repeated (2.8).
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
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
from requests.utils import get_environ_proxies
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.base.version import Version
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

from oncall.paging import accounts, codes, wire
from oncall.paging.accounts import OFFICIAL, Account
from oncall.paging.channels import LookupFailed, Order, Outcome, Prompt, Report, Verdict
from oncall.paging.codes import Number
from oncall.paging.heard import CALL_RANK, LARGEST_CALLBACK, MESSAGE_RANK, field

__all__ = ["CALL_RANK", "MESSAGE_RANK", "field"]  # of heard.py: asked for here, by who asks about Twilio

TIMEOUT_S = 10.0  # for a whole request and its answer; the client's default waits for ever
CONNECT_S = 3.0  # of it; a second edge is tried after that
RETRIES = "#rc=3&rp=all&ct=2000&rt=5000"  # of their callbacks: three more, whatever the failure, 2 s and 5 s patience
OLDEST_CALL = timedelta(minutes=1)  # before our request: their clock and ours may differ
UNREACHED = frozenset({"connection", "dns", "tls"})


class PagerHttp(TwilioHttpClient):
    """Twilio's client over another base address, with a time limit, keeping the last answer's headers.

    The host is `base`, whatever TWILIO_EDGE and TWILIO_REGION in the environment make of it.
    """

    def __init__(self, base: str) -> None:
        super().__init__(pool_connections=True)
        assert self.session is not None  # with pool_connections
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, wire.Adapter())  # no retries: a POST is never repeated unseen
        self.session.proxies = get_environ_proxies(base)  # what the environment says, read once and not for each page
        self.session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self.session.trust_env = False
        self.base = urlsplit(base)
        self.last_headers: dict[str, str] = {}
        self.last_sent = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        parts = urlsplit(url)
        self.last_headers, self.last_sent = {}, False
        moved = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        self.timeout = (min(CONNECT_S, TIMEOUT_S), TIMEOUT_S)  # type: ignore[assignment]  # the library would refuse a pair as an argument
        with wire.flight(TIMEOUT_S) as flight:
            try:
                response = super().request(method, moved, *args, **kwargs)
            except Exception as error:
                self.last_sent = flight.sent
                if flight.cut and flight.sent:
                    raise requests.exceptions.ReadTimeout(f"No whole answer within {TIMEOUT_S:g} s.") from error
                raise
            self.last_sent = True
            if flight.cut:  # what was cut off may look whole
                raise requests.exceptions.ReadTimeout(f"No whole answer within {TIMEOUT_S:g} s.")
        self.last_headers = dict(getattr(response, "headers", None) or {})
        return response


T = TypeVar("T")
_local = threading.local()


def client(account: Account | None = None, base: str = "") -> Client:
    """Return this thread's client of an account, keeping its connection open between pages.

    :raises ImproperlyConfigured: without credentials, or when production would send them to another address.
    """
    account = account or accounts.accounts()[accounts.FIRST]
    base = base or account.bases[0]
    made: dict[tuple[Account, str], Client] = _local.__dict__.setdefault("clients", {})
    if (account, base) not in made:
        if settings.PRODUCTION and not OFFICIAL.match(base):
            raise ImproperlyConfigured(
                f"{account.prefix}API_BASE must be https://api.twilio.com (or a regional name of it) in production."
            )
        if not account.complete:
            raise ImproperlyConfigured(
                f"Set {account.prefix}ACCOUNT_SID, {account.prefix}API_KEY and {account.prefix}API_SECRET to page by"
                " telephone."
            )
        made[account, base] = Client(account.key, account.secret, account.sid, http_client=PagerHttp(base))
    return made[account, base]


def public_url(path: str) -> str:
    return settings.PUBLIC_BASE_URL + path


def attempt_request(account: Account, what: str, form: Mapping[str, Any]) -> Outcome:
    """Have a message or call made and say what the answer means (paging.md 2.2, table). Never raises.

    Where one edge cannot be reached nothing was accepted, so the other is asked at once.
    """
    outcome = Outcome(Verdict.REFUSED, code="settings", text="No address of the provider is set.")
    for base in account.bases:
        outcome = _ask_edge(account, base, what, form)
        if outcome.code not in UNREACHED:
            break
    return outcome


def _ask_edge(account: Account, base: str, what: str, form: Mapping[str, Any]) -> Outcome:
    try:
        asked = client(account, base)
    except ImproperlyConfigured as error:
        row = codes.row_of("settings")
        return Outcome(Verdict.REFUSED, code="settings", text=str(error), misconfigured=True, row=row)
    http = asked.http_client
    assert isinstance(http, PagerHttp)  # client() made it
    try:
        made = _made(asked, what, form)
        return Outcome(Verdict.ACCEPTED, sid=str(made["sid"]), status=str(made["status"] or "queued"))
    except (TwilioRestException, TwilioServiceException) as error:
        return classify(error, headers=http.last_headers, number=account.number)
    except requests.exceptions.RequestException as error:
        if not http.last_sent:
            return _unreached(_why_unreached(error), error)
        return _lost("timeout" if isinstance(error, requests.exceptions.Timeout) else "reset", error)
    except (TwilioException, ValueError, AttributeError, KeyError, TypeError) as error:  # an answer nobody can read
        return _lost("garbled", error)


def _made(asked: Client, what: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """Post the form and return the answer. Not by the client's `messages` and `calls`: these load a thousand modules
    before the first page goes.

    :raises TwilioRestException: or TwilioServiceException, for an answer that says no.
    """
    uri = f"/Accounts/{asked.account_sid}/{what}.json"
    answer = asked.request("POST", f"https://api.twilio.com/2010-04-01{uri}", data=dict(form))
    if not 200 <= answer.status_code < 300:
        raise Version.exception("POST", uri, answer, "Unable to create record")
    made: dict[str, Any] = json.loads(answer.text)
    return made


def _why_unreached(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "tls"
    return "dns" if "NameResolutionError" in repr(error) else "connection"


def _unreached(code: str, error: Exception) -> Outcome:
    wait = timedelta(seconds=1)
    return Outcome(Verdict.REFUSED, code=code, text=str(error)[:300], retry_after=wait, row=codes.row_of(code))


def _lost(code: str, error: Exception) -> Outcome:
    return Outcome(Verdict.UNKNOWN, code=code, text=str(error)[:300], row=codes.row_of(code))


def classify(
    error: TwilioRestException | TwilioServiceException, *, headers: dict[str, str] | None = None, number: str = ""
) -> Outcome:
    """Say what an error answer means: surely refused, or perhaps accepted (5xx: a retry may reach them twice).

    `number` is ours, for words about how to be reached by us again.
    """
    said = error.msg if isinstance(error, TwilioRestException) else error.detail or error.title
    code, text = str(error.code or error.status), str(said)[:300]
    row = codes.row_of(code, status=error.status)
    if error.status >= 500:
        return Outcome(Verdict.UNKNOWN, code=code, text=text, row=row)
    dead = ""
    if row.number is Number.DEAD:
        dead = f"The provider says: {text[:150]}"
    elif row.number is Number.OPTED_OUT:
        dead = f"Its owner sent STOP; a text START{f' to {number}' if number else ''} turns it on again."
    return Outcome(
        Verdict.REFUSED,
        code=code,
        text=text,
        retry_after=retry_after(headers or {}),
        dead_address=dead,
        no_texts=row.number is Number.NO_TEXTS,
        misconfigured=row.fault in (codes.Fault.ACCOUNT, codes.Fault.PROVIDER),
        row=row,
    )


def retry_after(headers: dict[str, str]) -> timedelta | None:
    """Return the seconds of a Retry-After header; nothing where it is missing or a date, which is not used."""
    found = {name.lower(): value for name, value in headers.items()}.get("retry-after", "").strip()
    return timedelta(seconds=int(found)) if found.isascii() and found.isdigit() and len(found) < 6 else None


def ask(account: Account, question: Callable[[Client], T]) -> T:
    """Ask Twilio, by the other edge where the first cannot be reached, turning every way it can fail into one.

    :raises LookupFailed: if there was no usable answer.
    """
    error: Exception | None = None
    for base in account.bases:
        try:
            return question(client(account, base))
        except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as failed:
            error = failed
        except (
            TwilioException, requests.exceptions.RequestException, ImproperlyConfigured,
            ValueError, AttributeError, KeyError, TypeError,
        ) as failed:  # fmt: skip
            raise LookupFailed(str(failed)[:300]) from failed
    raise LookupFailed(str(error)[:300]) from error


class Way:
    """What texts and calls have in common: the account they go through."""

    def __init__(self, account: str = accounts.FIRST) -> None:
        self.name = account

    @property
    def account(self) -> Account:
        """The account as settings have it now; one without keys, which is refused aloud, where they have it no more."""
        return accounts.accounts().get(self.name) or accounts.missing(self.name)

    def poke(self) -> None:
        """Ask for one text, only to see whether there is an answer.

        :raises LookupFailed: if there is none.
        """
        ask(self.account, lambda client: client.messages.list(limit=1, page_size=1))


def _callback(kind: str, order: Order) -> dict[str, Any]:
    if not order.callbacks:
        return {}
    return {"StatusCallback": public_url(f"/hooks/twilio/{kind}/{order.attempt_id}/") + RETRIES}


class Sms(Way):
    """Text messages."""

    def send(self, order: Order) -> Outcome:
        account = self.account
        ours = {"MessagingServiceSid": account.service} if account.service else {"From": account.number}
        form = {
            "To": order.address, "Body": order.body, "RiskCheck": "disable", "SmartEncoded": "true",
            "ValidityPeriod": max(6, int(order.valid_for.total_seconds())),
        }  # fmt: skip
        return attempt_request(account, "Messages", form | _callback("sms", order) | ours)

    def find(self, order: Order) -> Report | None:
        """Look for our very words among the number's last texts, else for our code: a text of ours that a database
        restored to an earlier moment has forgotten. Not by date: it is null while a text is queued.
        """
        texts = ask(self.account, lambda client: client.messages.list(to=order.address, limit=50, page_size=50))
        texts = [text for text in texts if text.sid not in order.others]
        same = next((text for text in texts if text.body == order.body), None)
        if same is None and order.reference:
            same = next((text for text in texts if order.reference in str(text.body).split()), None)
        return self.report(same) if same is not None else None

    def poll(self, sid: str) -> Report:
        return self.report(ask(self.account, lambda client: client.messages(sid).fetch()))

    @staticmethod
    def report(message: Any) -> Report:
        status = str(message.status)
        return Report(
            sid=message.sid, status=status, rank=MESSAGE_RANK.get(status, 0), code=str(message.error_code or "")
        )


class Voice(Way):
    """Calls. Voicemail is not an answer: only a pressed key is, so no machine detection."""

    def send(self, order: Order) -> Outcome:
        account, start = self.account, f"{order.answer_path}{order.attempt_id}/start/"
        told = _callback("call", order)
        if told:
            told["StatusCallbackEvent"] = ["initiated", "ringing", "answered", "completed"]
        if settings.TWILIO_FALLBACK_URL:
            told |= {"FallbackUrl": settings.TWILIO_FALLBACK_URL, "FallbackMethod": "GET"}
        form = {
            "To": order.address, "From": account.number, "Url": public_url(start), "Method": "POST",
            "Timeout": int(order.ring_for.total_seconds()), "TimeLimit": int(order.talk_for.total_seconds()),
        }  # fmt: skip
        return attempt_request(account, "Calls", form | told)

    def find(self, order: Order) -> Report | None:
        """Look among the number's calls for one that asked us about this attempt, or is too young to have asked.

        Not by start: it is null until somebody picks up. A call that has asked nothing yet is adopted when it was made
        within ten seconds of this attempt's request, so that nobody's telephone rings twice; but not while another call
        to that number is being made, whose it may be. Calls made long before are not asked about.

        :raises LookupFailed: if nobody can tell yet whose such a call is.
        """
        account, young = self.account, None
        for call in ask(account, lambda client: client.calls.list(to=order.address, limit=20)):
            begun = call.date_created or call.start_time
            if call.sid in order.others or (begun and begun < order.started_at - OLDEST_CALL):
                continue
            events = ask(account, lambda client, sid=call.sid: client.calls(sid).events.list(limit=20))  # type: ignore[misc]
            asked = [json.dumps(event.request or {}, default=str) for event in events]
            if any(str(order.attempt_id) in one for one in asked):
                return self.report(call)
            if not asked and begun and abs(begun - order.started_at) <= timedelta(seconds=TIMEOUT_S):
                young = call
        if young is not None and not order.alone:
            raise LookupFailed("Another call to this number is being made: it may be that one.")
        return self.report(young) if young is not None else None

    def poll(self, sid: str) -> Report:
        return self.report(ask(self.account, lambda client: client.calls(sid).fetch()))

    @staticmethod
    def report(call: Any) -> Report:
        status = str(call.status)
        return Report(sid=call.sid, status=status, rank=CALL_RANK.get(status, 0))


def account_of(request: HttpRequest) -> str:
    """Return the name of the account that signed a callback; the decorator has checked that it is ours."""
    account = accounts.of_sid(request.POST.get("AccountSid", ""))
    return account.name if account else ""


def signed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let a request through only if Twilio signed it for our public URL and an account of ours; 403 otherwise.

    Checked against the configured public URL, never the one the proxy in front made of it (paging.md 2.7), with the
    tokens of the account it names; both tokens of a rotation are good. There is no way to switch this off.
    """

    @csrf_exempt
    @require_POST
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_CALLBACK:
            return HttpResponse(status=413)
        account = accounts.of_sid(request.POST.get("AccountSid", ""))
        url = public_url(request.get_full_path())
        given = request.headers.get("X-Twilio-Signature", "")
        tokens = account.tokens if account else ()
        if not any(RequestValidator(token).validate(url, request.POST, given) for token in tokens):
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
                num_digits=prompt.digits,
                timeout=8,
                action=public_url(prompt.ask_path),
                method="POST",
                finish_on_key="",
            )
            for sentence in prompt.say:
                gather.say(sentence)
            response.append(gather)
        response.say(prompt.unheard)
        if prompt.unheard_path:
            response.redirect(public_url(prompt.unheard_path), method="POST")
        else:
            response.hangup()
    else:
        for sentence in prompt.say:
            response.say(sentence)
        if prompt.then_path:
            response.redirect(public_url(prompt.then_path), method="POST")
        else:
            response.hangup()
    return HttpResponse(str(response), content_type="text/xml")


def nothing() -> HttpResponse:
    """An empty answer to a text: replies go out as pages and notices of our own, so that they are kept."""
    return HttpResponse("<?xml version='1.0' encoding='UTF-8'?><Response/>", content_type="text/xml")
