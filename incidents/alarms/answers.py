"""An edge: what a paged person says back by telephone. A key or a text becomes one verb; the answer is a neutral
prompt.

“Acknowledged” is said only after the commit. Source: paging.md 2.1, 2.5, 2.6.
"""

import logging
from datetime import datetime
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse

from incidents.alarms import replies
from incidents.alarms.models import AlarmPage
from incidents.alarms.replies import Verb
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import outbox, services, twilio
from oncall.paging import queries as paging
from oncall.paging import text as words
from oncall.paging.channels import Prompt
from oncall.paging.models import Attempt, ContactMethod, InboundSms, Page
from oncall.people.models import Person

KEYS = {"4": Verb.ACKNOWLEDGE, "5": Verb.ESCALATE}
MENU = "Press 4 to acknowledge. Press 5 to escalate. Press 6 to resolve. Press star to hear this again."
MAX_TURNS = 4  # times we ask before hanging up; the page goes on by itself
log = logging.getLogger(__name__)


def _attempt(request: HttpRequest, attempt_id: UUID) -> Attempt | None:
    """Return the attempt this call is, if the number that was called is the one we called."""
    attempt = Attempt.objects.select_related("page__person").filter(pk=attempt_id, page__isnull=False).first()
    return attempt if attempt and request.POST.get("To") == attempt.address else None


def _page(attempt: Attempt) -> Page:
    assert attempt.page is not None  # _attempt asked for pages alone
    return attempt.page


@login_not_required
@twilio.signed
def start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A call was picked up: say what is wrong, and ask for a key."""
    now = clock.now()
    attempt = _attempt(request, attempt_id)
    if attempt is None:
        return twilio.render(Prompt(["This call is not known here. Good bye."]))
    page = outbox.told(attempt=attempt, page=_page(attempt), now=now)
    return twilio.render(_menu(attempt, page, turn=1))


def _menu(attempt: Attempt, page: Page, *, turn: int, first: str = "") -> Prompt:
    """What is wrong, in one sentence, and the keys. `first` is said before it."""
    if page.state != Page.State.CALLING:
        return Prompt([first or f"This is oncall. This page is over. {page.ended_why} Good bye."])
    test = not AlarmPage.objects.filter(page=page).exists()
    what = "This is a test page." if test else f"Severity {page.severity}. {page.title}."
    menu = "Press 4 to confirm that you hear this." if test else MENU
    say = [first] if first else [f"This is oncall, calling {page.person.get_short_name()}."]
    return Prompt([*say, what, menu], ask_path=f"/hooks/twilio/voice/{attempt.pk}/key/?turn={turn}", repeat=2)


@login_not_required
@twilio.signed
def key(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A key was pressed: 4 acknowledges, 5 escalates, 6 asks to confirm a resolve, anything else hears it again."""
    now = clock.now()
    attempt = _attempt(request, attempt_id)
    if attempt is None:
        return twilio.render(Prompt(["This call is not known here. Good bye."]))
    digit, turn = request.POST.get("Digits", ""), _turn(request)
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
    return twilio.render(_menu(attempt, page, turn=turn + 1, first="Again."))


def _turn(request: HttpRequest) -> int:
    turn = request.GET.get("turn", "1")
    return int(turn) if turn.isascii() and turn.isdigit() and len(turn) < 3 else MAX_TURNS


def _act(attempt: Attempt, verb: Verb, *, now: datetime) -> HttpResponse:
    """Do it, and speak once it is committed; if it fails, say that nothing was recorded and let them try again."""
    page = _page(attempt)
    try:
        reply = replies.answer(page=page, attempt=attempt, verb=verb, now=now)
    except DatabaseError:
        log.exception("answer to attempt %s", attempt.pk)
        again = f"/hooks/twilio/voice/{attempt.pk}/key/?turn=2"
        return twilio.render(Prompt(["This was not recorded. Press the key again."], ask_path=again))
    return twilio.render(Prompt([reply.text, "Good bye."]))


@login_not_required
@twilio.signed
def inbound_sms(request: HttpRequest) -> HttpResponse:
    """A text to our number: an answer to a page, STOP or START, or something we do not understand.

    The provider's id makes a repeat harmless. Replies go out as notices, so that they are kept; a number nobody here
    has gets none.
    """
    now = clock.now()
    sid, sender = twilio.field(request.POST, "MessageSid", most=40), twilio.field(request.POST, "From", most=254)
    body = twilio.field(request.POST, "Body", most=1600)
    with transaction.atomic():
        sms, created = InboundSms.objects.get_or_create(
            sid=sid, defaults={"sender": sender, "body": body, "received_at": now}
        )
        if created:
            sms.outcome, sms.understood = _handle_text(sms, now=now)
            sms.save(update_fields=["outcome", "understood"])
    return twilio.nothing()


def _handle_text(sms: InboundSms, *, now: datetime) -> tuple[str, bool]:
    """Return what came of it and whether we understood it."""
    contacts = list(ContactMethod.objects.filter(address=sms.sender).select_related("person"))
    if not contacts:
        return "from a number nobody here has; not answered", False
    word = sms.body.strip().upper()
    if word in words.OPT_OUT:
        for contact in contacts:
            services.disable_contact(
                contact=contact, reason=f"Its owner sent {word}; START turns it on again.", now=now
            )
        return "opted out", True
    if word in words.OPT_IN:
        for contact in contacts:
            services.enable_contact(contact=contact, now=now)
        return "opted in", True
    in_force = limits.at(now)
    since = now - in_force.span("code_valid_s")
    parsed = words.parse_reply(sms.body)
    page = None
    if parsed:
        page = paging.page_by_code(sender=sms.sender, code=parsed[0], since=since)
    attempt = paging.last_told(page, channel="sms") if page else None
    if parsed is None or page is None or attempt is None:
        if paging.wrong_codes_in_a_row(sender=sms.sender, since=since) > in_force.count("wrong_codes"):
            return "not understood, and not answered: too many in a row", False
        text = "Not understood. Reply with the code of the page and A to acknowledge, E to escalate or R to resolve."
        _reply(sms, contacts[0].person, text, now=now)
        return "not understood", False
    reply = replies.answer(page=page, attempt=attempt, verb=Verb(parsed[1]), now=now)
    _reply(sms, page.person, reply.text, now=now)
    return f"{parsed[1]}: {reply.text}"[:300], True


def _reply(sms: InboundSms, person: Person, text: str, *, now: datetime) -> None:
    services.notice(key=f"reply:{sms.sid}", person=person, text=text, now=now, channel="sms", address=sms.sender)
