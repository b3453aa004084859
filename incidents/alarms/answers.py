"""An edge: what a paged person says back by keypad. A key becomes one verb; the answer is a neutral prompt.

“Acknowledged” is said only after the commit; where we fail, that is said, and it is tried again. Texts are in
`sms_answers.py`. Source: paging.md 2.1, 2.5.
"""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from incidents.alarms import explain, queries, replies, summit, summit_calls
from incidents.alarms.keypad import digits, never_silent, number
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
NOT_KNOWN = Prompt(["This call is not known here. Good bye."])


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
    digit, turn = digits(request), number(request, "turn", most=MAX_TURNS, default=1)
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
    """Somebody calls our number: say whether a page waits for them; where none does, they may raise an alarm.

    Who calls can be forged, so nothing is told of what a page is about, nothing can be answered here, and raising wants
    a PIN (`summit_calls.py`). A stranger hears what is published, and no more.
    """
    calls_from = twilio.field(request.POST, "From", most=254)
    waiting = queries.pages_waiting_at(calls_from)
    if waiting:
        pages = "1 page is" if waiting == 1 else f"{waiting} pages are"
        how = "Answer the text with its code, or open the portal. If you hang up, we go on calling you. Good bye."
        return twilio.render(Prompt([f"This is oncall. {pages} calling you.", how]))
    caller = summit.caller_at(calls_from)
    if caller is None:
        first = "This number calls people on duty. Nobody answers here."
        return twilio.render(Prompt([first, *summit_calls.alternatives(), "Good bye."]))
    if not caller.hashed:
        how = "To raise an alarm by telephone, set a PIN under Me on the portal."
        return twilio.render(Prompt(["This is oncall. No page is calling you.", how, "Good bye."]))
    sid = twilio.field(request.POST, "CallSid", most=40)
    return twilio.render(summit_calls.begin(sid=sid, caller=caller, now=clock.now()))
