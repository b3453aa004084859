"""An edge: where the telephone company reports how a text or a call is getting on."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import outbox, twilio


@login_not_required
@twilio.signed
def status(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Record a status callback. One for an attempt that is not ours is answered 204 too: nothing would mend it."""
    now = clock.now()
    report = twilio.status_report(request.POST)
    outbox.apply_report(attempt_id=attempt_id, report=report, now=now, limits=limits.at(now), callback=True)
    return HttpResponse(status=204)
