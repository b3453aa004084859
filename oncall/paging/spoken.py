"""An edge: what a call says that needs no answer, such as a code on its way to a landline. Source: paging.md 2.10."""

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from oncall.paging import twilio
from oncall.paging.channels import Prompt
from oncall.paging.models import Attempt, Channel
from oncall.paging.verification import WIPED


@login_not_required
@twilio.signed
def start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A call was picked up: say the notice, if the number that was called is the one we called."""
    calls = Attempt.objects.select_related("notice__person").filter(notice__isnull=False, channel=Channel.VOICE)
    attempt = calls.filter(pk=attempt_id).first()
    if attempt is None or attempt.notice is None or request.POST.get("To") != attempt.address:
        return twilio.render(Prompt(["This call is not known here. Good bye."]))
    if attempt.notice.text == WIPED:
        return twilio.render(Prompt(["This is oncall. This call comes too late. Good bye."]))
    who = attempt.notice.person.get_short_name()
    return twilio.render(Prompt([f"This is oncall, calling {who}.", attempt.notice.text, "Good bye."]))
