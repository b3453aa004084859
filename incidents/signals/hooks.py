"""An edge: `POST /hooks/<token>/`, where senders deliver signals. The secret in the URL is their proof."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from incidents.signals import mail_hooks, ordinary, services
from incidents.signals.models import Source
from incidents.signals.payloads.items import Unreadable

LARGEST = 1024 * 1024  # bytes


@login_not_required
@csrf_exempt
def receive(request: HttpRequest, token: str) -> JsonResponse:
    """Take a signal: 202 with what came of it, 400 when nothing could be read (it is kept all the same), 404 for an
    unknown token, 405 for another method, 413 above 1 MiB. A valid token is never refused for its rate.
    """
    if request.method != "POST":
        answer = JsonResponse({"detail": [f"{request.method} does nothing here. POST the signal."]}, status=405)
        answer["Allow"] = "POST"
        return answer
    now, source, heard_outside = ordinary.arrival(token)
    if source is None:
        return JsonResponse({"detail": ["No source has this address. See Sources for the right one."]}, status=404)
    if source.kind == Source.Kind.MAIL:
        return mail_hooks.receive(request, source=source, now=now)
    try:
        body = request.body
    except RequestDataTooBig:
        errors = {"body": [f"Larger than {LARGEST // 1024} KiB. Send fewer at once."]}
        services.keep_unreadable(source=source, body=_beginning(request), errors=errors, now=now, is_cut=True)
        return JsonResponse(errors, status=413)
    try:
        receipt = services.receive(source=source, body=body, now=now, heard_outside=heard_outside)
    except Unreadable as error:
        services.keep_unreadable(source=source, body=body, errors=error.errors, now=now)
        return JsonResponse(error.errors, status=400)
    rejected = [{"index": one.index, "errors": one.errors} for one in receipt.rejected]
    if not receipt.accepted:
        return JsonResponse({**receipt.rejected[0].errors, "rejected": rejected}, status=400)
    return JsonResponse(
        {"accepted": receipt.accepted, "alarms": [str(pk) for pk in receipt.alarms], "rejected": rejected}, status=202
    )


def _beginning(request: HttpRequest) -> bytes:
    """Return the first 64 KiB of a body that is too large, so that somebody can see what it was."""
    try:
        return request.read(services.KEPT)
    except UnreadablePostError:  # the sender hung up
        return b""
