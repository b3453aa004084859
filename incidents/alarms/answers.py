"""An edge: what a paged person says back by keypad. A key becomes one verb; the answer is a neutral prompt.

“Acknowledged” is said only after the commit; where we fail, that is said, and it is tried again. Texts are in
`sms_answers.py`. Source: paging.md 2.1, 2.5.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, transaction
from django.http import HttpRequest, HttpResponse

from incidents.alarms import explain, queries, replies
from incidents.alarms.models import AlarmPage
from incidents.alarms.replies import Verb
from oncall import clock
from oncall.paging import outbox, twilio
from oncall.paging.channels import Prompt
from oncall.paging.models import Attempt, Page

KEYS = {"4": Verb.ACKNOWLEDGE, "5": Verb.ESCALATE}
MENU = (
    "Press 4 to acknowledge. Press 5 to escalate. Press 6 to resolve. Press 8 to hear why you are called. "
    "Press star to hear this again."
)
MAX_TURNS = 4  # times we ask before hanging up; the page goes on by itself
MAX_TRIES = 3  # times we try again by ourselves when we fail
NOT_KNOWN = Prompt(["This call is not known here. Good bye."])
log = logging.getLogger(__name__)


def never_silent(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Where the database fails us, say that nothing was recorded and try the same again: three times, with the key."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            with transaction.atomic():  # what we failed in leaves nothing behind that the next words would trip over
                return view(request, *args, **kwargs)
        except (DatabaseError, InterfaceError):
            log.exception("keypad %s", request.path)
            tried = _number(request, "tried", most=MAX_TRIES)
            if tried >= MAX_TRIES:
                sorry = (
                    "This was not recorded. Answer the text, or open the portal. You will be called again. Good bye."
                )
                return twilio.render(Prompt([sorry]))
            query = request.GET.dict() | {"tried": str(tried + 1), "digits": _digits(request)}
            again = f"{request.path}?{urlencode(query)}"
            return twilio.render(Prompt(["This was not recorded. I try again."], then_path=again))

    return guarded


def _digits(request: HttpRequest) -> str:
    """Return the key that was pressed, now or before we tried again."""
    return request.POST.get("Digits") or request.GET.get("digits", "")[:4]


def _number(request: HttpRequest, name: str, *, most: int, default: int = 0) -> int:
    text = request.GET.get(name, str(default))
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 3 else most


def _attempt(request: HttpRequest, attempt_id: UUID) -> Attempt | None:
    """Return the attempt this call is, if the number that was called is the one we called."""
    attempt = Attempt.objects.select_related("page__person").filter(pk=attempt_id, page__isnull=False).first()
    return attempt if attempt and request.POST.get("To") == attempt.address else None


def _page(attempt: Attempt) -> Page:
    assert attempt.page is not None  # _attempt asked for pages alone
    return attempt.page


@login_not_required
@twilio.signed
@never_silent
def start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A call was picked up: say what is wrong, and ask for a key."""
    now = clock.now()
    attempt = _attempt(request, attempt_id)
    if attempt is None:
        return twilio.render(NOT_KNOWN)
    page = outbox.told(attempt=attempt, page=_page(attempt), now=now)
    return twilio.render(_menu(attempt, page, turn=1))


def _menu(attempt: Attempt, page: Page, *, turn: int, first: str = "") -> Prompt:
    """What is wrong, in one sentence, and the keys. `first` is said before it."""
    if page.state != Page.State.CALLING:
        over = f"This page is over. {page.ended_why} Good bye."
        return Prompt([first, over] if first else [f"This is oncall. {over}"])
    test = not AlarmPage.objects.filter(page=page).exists()
    what = "This is a test page." if test else f"Severity {page.severity}. {page.title}."
    menu = "Press 4 to confirm that you hear this." if test else MENU
    say = [first] if first else [f"This is oncall, calling {page.person.get_short_name()}."]
    return Prompt([*say, what, menu], ask_path=f"/hooks/twilio/voice/{attempt.pk}/key/?turn={turn}", repeat=2)


@login_not_required
@twilio.signed
@never_silent
def key(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A key was pressed: 4 acknowledges, 5 escalates, 6 asks to confirm a resolve, 8 says why, anything else hears it
    again.
    """
    now = clock.now()
    attempt = _attempt(request, attempt_id)
    if attempt is None:
        return twilio.render(NOT_KNOWN)
    digit, turn = _digits(request), _number(request, "turn", most=MAX_TURNS, default=1)
    if request.GET.get("confirm") and digit == "6":
        return _act(attempt, Verb.RESOLVE, now=now)
    if digit in KEYS:
        return _act(attempt, KEYS[digit], now=now)
    if digit == "6":
        ask = f"/hooks/twilio/voice/{attempt.pk}/key/?turn={turn + 1}&confirm=1"
        return twilio.render(Prompt(["Press 6 again to resolve it for everybody, or any other key to go back."], ask))
    if turn >= MAX_TURNS:
        return twilio.render(Prompt(["This page is not answered. Good bye."]))
    page = outbox.told(attempt=attempt, page=_page(attempt), now=now)
    first = explain.spoken(page) if digit == "8" else "Again."
    return twilio.render(_menu(attempt, page, turn=turn + 1, first=first))


def _act(attempt: Attempt, verb: Verb, *, now: datetime) -> HttpResponse:
    """Do it; what is said leaves us once it is committed (`never_silent`)."""
    reply = replies.answer(page=_page(attempt), attempt=attempt, verb=verb, now=now)
    return twilio.render(Prompt([reply.text, "Good bye."]))


@login_not_required
@twilio.signed
@never_silent
def inbound_call(request: HttpRequest) -> HttpResponse:
    """Somebody calls our number: say whether a page waits for them, and no more.

    Who calls can be forged, so nothing is told of what it is about and nothing can be answered here.
    """
    waiting = queries.pages_waiting_at(request.POST.get("From", "")[:254])
    if waiting is None:
        return twilio.render(Prompt(["This number calls people on duty. Nobody answers here. Good bye."]))
    if not waiting:
        return twilio.render(Prompt(["This is oncall. No page is calling you. Good bye."]))
    pages = "1 page is" if waiting == 1 else f"{waiting} pages are"
    how = "Answer the text with its code, or open the portal. If you hang up, we go on calling you. Good bye."
    return twilio.render(Prompt([f"This is oncall. {pages} calling you.", how]))
