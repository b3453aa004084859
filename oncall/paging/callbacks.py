"""Edges: where the telephone company reports how a text or a call is getting on, and that it cannot reach us."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import consequences, heard, outbox, twilio


@login_not_required
@twilio.signed
def status(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Record a status callback. One for an attempt that is not ours is answered 204 too: nothing would mend it."""
    now = clock.now()
    report = heard.status_report(request.POST)
    provider = twilio.account_of(request)
    outbox.apply_report(
        attempt_id=attempt_id, report=report, now=now, limits=limits.lately(now), callback=True, provider=provider
    )
    return HttpResponse(status=204)


@login_not_required
@twilio.signed
def debugger(request: HttpRequest) -> HttpResponse:
    """Hear of what went wrong between the provider and us: it could not reach us, or could not read our answer."""
    now = clock.now()
    code, text = heard.complaint(request.POST)
    consequences.complaint(
        provider=twilio.account_of(request), code=code, text=text, now=now, level=request.POST.get("Level", "")
    )
    return HttpResponse(status=204)
