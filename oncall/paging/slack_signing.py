"""Which requests come from Slack: signed with our secret, and not long ago. Knows nothing of what they say."""

import hashlib
import hmac
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from oncall import clock

LARGEST = 64 * 1024  # bytes (security.md S34)
LONGEST_AGE_S = 300  # either way: what was recorded earlier cannot be sent again
VERSION = "v0"


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """Return what Slack writes into X-Slack-Signature."""
    message = f"{VERSION}:{timestamp}:".encode() + body
    return f"{VERSION}={hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()}"


def is_signed(*, given: str, timestamp: str, body: bytes, at: float) -> bool:
    """Whether one of our secrets signed this within five minutes of `at` (seconds since 1970)."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        return False
    if abs(at - int(timestamp)) > LONGEST_AGE_S:
        return False
    expected = [signature(one, timestamp=timestamp, body=body) for one in settings.SLACK_SIGNING_SECRETS]
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in expected)


def signed_by_slack(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let a request through only if Slack signed it; 403 otherwise, before anything of it is read.

    Both secrets of a rotation are good. Without any secret nothing is let through. The age is told by the database's
    own clock, not by a travelled one: Slack does not travel with us.
    """
    return signed_by_slack_up_to(LARGEST)(view)


def signed_by_slack_up_to(
    largest: int,
) -> Callable[[Callable[[HttpRequest], HttpResponse]], Callable[[HttpRequest], HttpResponse]]:
    """Do so for requests of at most `largest` bytes; a longer one is answered 413, unread."""

    def guard(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
        @login_not_required
        @csrf_exempt
        @require_POST
        @wraps(view)
        def checked(request: HttpRequest) -> HttpResponse:
            if int(request.META.get("CONTENT_LENGTH") or 0) > largest:
                return HttpResponse(status=413)
            fits = is_signed(
                given=request.headers.get("X-Slack-Signature", ""),
                timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
                body=request.body,
                at=clock.reading().timestamp(),
            )
            if not fits:
                return HttpResponseForbidden("The signature does not fit. Check SLACK_SIGNING_SECRET.")
            return view(request)

        return checked

    return guard
