"""Pages as notifications of a browser. The one file that imports pywebpush, which encrypts them for that browser alone.

A push service's yes says that it will try; “delivered” is our own service worker's word, once it has shown the page.
Only processes that send import this file.
"""

import json
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from pywebpush import WebPushException, webpush

from oncall.paging.answer_links import answer_url, receipt_url
from oncall.paging.channels import LookupFailed, Order, Outcome, Report, Verdict
from oncall.paging.models import ContactMethod
from oncall.paging.push_hosts import is_push_service

TIMEOUT_S = 10
LONGEST_BODY, LONGEST_TITLE = 1000, 200  # characters; the services take 4096 bytes, encrypted
LONGEST_PATIENCE_S = 15
GONE = frozenset({404, 410})  # RFC 8030, 7.3: the browser has taken its agreement back
DEAD_BROWSER = "The browser does not take our notifications any more. Turn them on in it again."


class OneAddress(requests.Session):
    """Follows no redirect: what a push service sends on goes to nobody else (security.md S16)."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **kwargs | {"allow_redirects": False})


class Push:
    """A page as a notification. The address is the digest of a browser's agreement, kept with the contact."""

    def send(self, order: Order) -> Outcome:
        if not (settings.VAPID_PRIVATE_KEY and settings.VAPID_PUBLIC_KEY):
            text = "Set VAPID_PRIVATE_KEY and VAPID_PUBLIC_KEY to page by push."
            return Outcome(Verdict.REFUSED, code="settings", text=text, misconfigured=True)
        contact = ContactMethod.objects.filter(kind=ContactMethod.Kind.PUSH, address=order.address).first()
        if contact is None:
            return Outcome(Verdict.REFUSED, code="removed", text="The browser was removed meanwhile.")
        endpoint = str(contact.details.get("endpoint", ""))
        if not is_push_service(endpoint, further=settings.PUSH_HOSTS):
            dead = "Its push service is none that we know."
            return Outcome(Verdict.REFUSED, code="unknown", text=dead, dead_address=dead)
        try:
            with OneAddress() as session:
                answer = webpush(
                    {"endpoint": endpoint, "keys": {name: contact.details[name] for name in ("p256dh", "auth")}},
                    data=json.dumps(notification(order)),
                    vapid_private_key=settings.VAPID_PRIVATE_KEY,
                    vapid_claims={"sub": settings.VAPID_SUBJECT},
                    ttl=int(order.valid_for.total_seconds()),
                    headers=headers(order),
                    timeout=TIMEOUT_S,
                    requests_session=session,
                )
        except WebPushException as error:
            return refused(error)
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError) as error:
            return Outcome(Verdict.REFUSED, code="connection", text=_host_only(error), retry_after=timedelta(seconds=1))
        except requests.exceptions.ConnectionError as error:
            unsent = any(word in str(error) for word in ("refused", "NewConnectionError", "NameResolutionError"))
            verdict, wait = (Verdict.REFUSED, timedelta(seconds=1)) if unsent else (Verdict.UNKNOWN, None)
            return Outcome(verdict, code="connection", text=_host_only(error), retry_after=wait)
        except requests.exceptions.RequestException as error:
            return Outcome(Verdict.UNKNOWN, code=type(error).__name__, text=_host_only(error))
        except (KeyError, ValueError, TypeError) as error:  # keys that are none: nothing was sent
            text = f"The browser's keys cannot be used: {error}"
            return Outcome(Verdict.REFUSED, code="keys", text=text[:300], dead_address=DEAD_BROWSER)
        assert isinstance(answer, requests.Response)  # a text only when asked for one
        return Outcome(Verdict.ACCEPTED, sid=sid(order.attempt_id.hex), status="accepted")

    def find(self, order: Order) -> Report | None:
        """A push service cannot be asked. A second copy replaces the first in the browser: they carry one tag."""
        return None

    def poll(self, sid: str) -> Report:
        """Nothing more is known until the browser says that it showed it."""
        if not sid:
            raise LookupFailed("A notification without an id cannot be asked about.")
        return Report(sid=sid, status="accepted", rank=10)


def sid(attempt_hex: str) -> str:
    """Return our own name for a notification: the services have none that a receipt could carry."""
    return f"push-{attempt_hex}"


def notification(order: Order) -> dict[str, str]:
    """What the service worker gets: words, where a press on it leads, and where to say that it was shown."""
    body = " ".join(order.body.split())[:LONGEST_BODY]
    if not order.reference:
        return {
            "title": "oncall",
            "body": body,
            "url": f"{settings.PUBLIC_BASE_URL}/",
            "receipt": receipt_url(order.attempt_id),
            "tag": order.attempt_id.hex,
            "brief": "yes",  # it may go by itself
        }
    return {
        "title": order.subject[:LONGEST_TITLE],
        "body": body,
        "url": answer_url(order.attempt_id),
        "receipt": receipt_url(order.attempt_id),
        "tag": order.reference,
    }


def headers(order: Order) -> dict[str, str | int | float]:
    """A page wakes the device; a second try replaces a first that still waits at the service (RFC 8030, 5.3, 5.4)."""
    if not order.reference:
        return {"Urgency": "normal"}
    return {"Urgency": "high", "Topic": order.reference}


def refused(error: WebPushException) -> Outcome:
    """Say what a push service's no means."""
    answer = error.response
    status = int(getattr(answer, "status_code", 0) or 0)
    text = f"The push service answered {status}."
    if status in GONE:
        return Outcome(Verdict.REFUSED, code=str(status), text=text, dead_address=DEAD_BROWSER)
    if status == 429:
        seconds = str(answer.headers.get("Retry-After", "1")) if answer is not None else "1"
        wait = timedelta(seconds=min(LONGEST_PATIENCE_S, int(seconds) if seconds.isdigit() else 1))
        return Outcome(Verdict.REFUSED, code="429", text=text, retry_after=wait)
    if status >= 500:
        return Outcome(Verdict.UNKNOWN, code=str(status), text=text)
    return Outcome(
        Verdict.REFUSED, code=str(status or "keys"), text=text if status else str(error)[:300],
        misconfigured=status in (401, 403),
    )  # fmt: skip


def _host_only(error: Exception) -> str:
    """Its class alone: a message of the library has the whole address in it, and that is the browser's secret."""
    return f"The push service could not be reached, or broke off: {type(error).__name__}."
