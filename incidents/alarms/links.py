"""An edge: the page behind a link in a mail or a notification. Looking changes nothing; one press answers, once.

Whoever has the link answers as the person it was sent to, and can do nothing else with it. Programs that open links
before people do (mail scanners, previews) only look. Source: security.md S7, S8.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from incidents.alarms import pressing
from incidents.alarms.pressing import Press
from oncall import clock
from oncall.paging import answer_links
from oncall.paging.models import Attempt

View = Callable[[HttpRequest, Attempt], HttpResponse]


def proved_by_link(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Let a request through only if its address carries a link of ours, for this purpose and not too old.

    The link is the proof, so no cookie is asked for and none counts; its address must not travel to anybody else.
    """

    @login_not_required
    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def checked(request: HttpRequest, token: str) -> HttpResponse:
        try:
            attempt = answer_links.attempt_of(token, purpose=answer_links.ANSWER, now=clock.now())
            response = view(request, attempt)
        except answer_links.OldLink as error:
            response = render(request, "alarms/answer_refused.html", {"why": error}, status=410)
        except answer_links.BadLink as error:
            response = render(request, "alarms/answer_refused.html", {"why": error}, status=404)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    return checked


@proved_by_link
def answer(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """Show what this page is about and the buttons; a press answers it."""
    said, status = None, 200
    if request.method == "POST":
        try:
            what = Press(request.POST.get("what", ""))
        except ValueError:
            status = 400
        else:
            said = pressing.press(attempt=attempt, what=what, now=clock.now())
        attempt = Attempt.objects.select_related("page__person").get(pk=attempt.pk)
    links = pressing.told_by(attempt)
    context = {
        "attempt": attempt,
        "page": attempt.page,
        "links": links,
        "said": said,
        "open": pressing.may_still_answer(attempt, links),
    }
    return render(request, "alarms/answer.html", context, status=status)
