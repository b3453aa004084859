"""An edge: a text to our number: an answer to a page, STOP or START, a PIN and what is wrong, or something we do not
understand.

It is kept before anything is done about it, so that none is lost; what the database refuses is taken up by the loop.
Source: paging.md 2.6.
"""

import logging
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse

from incidents.alarms import explain, replies, summit
from incidents.alarms.replies import Verb
from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import consequences, services, twilio
from oncall.paging import queries as paging
from oncall.paging import text as words
from oncall.paging.models import ContactMethod, InboundSms, Notice
from oncall.people.models import Person
from oncall.troubles import services as troubles

HELP = (
    "Reply with the code of the page and a letter: A to acknowledge, E to escalate, R to resolve, W to hear why you. "
    "As in: BCDF A"
)
HOW_TO_RAISE = (
    "To raise an alarm, text your PIN and 1 (images are taken, no alerts go out), 2 (something else) or what is wrong. "
    "As in: 123456 1"
)
REPLY = "reply:"  # keys of replies begin so
LOOPS = "not answered: too many replies to this number, as if machines talked"
MAX_TRIES = 3  # times we try at once when the database refuses
WAIT = timedelta(seconds=5)  # before the loop takes up what the request has not done
NOT_DONE = "could not be acted on"
AT_ONCE = 10  # texts of one turn of the loop
LONGEST_WHY = 459  # characters; three segments
log = logging.getLogger(__name__)


@login_not_required
@twilio.signed
def inbound_sms(request: HttpRequest) -> HttpResponse:
    """Keep the text, act on it once, and reply by a notice, so that replies are kept too.

    The provider's id makes a repeat harmless. A number nobody here has gets no reply.
    """
    now = clock.now()
    sid, sender = twilio.field(request.POST, "MessageSid", most=40), twilio.field(request.POST, "From", most=254)
    body = twilio.field(request.POST, "Body", most=1600)
    InboundSms.objects.get_or_create(sid=sid, defaults={"sender": sender, "body": body, "received_at": now})
    for _ in range(MAX_TRIES):
        try:
            _take(sid, now=now)
            break
        except OperationalError:  # a deadlock, say; after these tries `take_left` goes on
            log.exception("text %s", sid)
    return twilio.nothing()


@transaction.atomic
def _take(sid: str, *, now: datetime, wait: bool = True) -> None:
    """Act on a text, unless that was done, or (`wait` false) somebody else is about it. Its outcome is never empty."""
    waiting = InboundSms.objects.select_for_update(skip_locked=not wait).filter(sid=sid, outcome="")
    sms = waiting.first()
    if sms is not None:
        sms.outcome, sms.understood = _handle(sms, now=now)
        sms.body = summit.without_pin(sms.body, sender=sms.sender)
        sms.save(update_fields=["outcome", "understood", "body"])


def take_left(*, now: datetime, limits: Limits) -> None:
    """Every second: act on the texts that were kept and not acted on. Index inbound_waiting.

    One that breaks otherwise than by the database says so in its outcome and as a trouble: it would break for ever.
    """
    left = InboundSms.objects.filter(outcome="", received_at__lte=now - WAIT).order_by("received_at")
    for sid in list(left.values_list("sid", flat=True)[:AT_ONCE]):
        try:
            _take(sid, now=now, wait=False)
        except OperationalError:
            log.exception("text %s", sid)
        except Exception as error:
            log.exception("text %s", sid)
            _give_up(sid, error)
            text = f"A text to our number {NOT_DONE}: {type(error).__name__}: {error}"[:500]
            troubles.raise_trouble(kind="text", key=sid, text=text, now=now)


@transaction.atomic
def _give_up(sid: str, error: Exception) -> None:
    for sms in InboundSms.objects.select_for_update().filter(sid=sid, outcome=""):
        sms.outcome = f"{NOT_DONE}: {type(error).__name__}"
        sms.body = summit.without_pin(sms.body, sender=sms.sender)
        sms.save(update_fields=["outcome", "body"])


def _handle(sms: InboundSms, *, now: datetime) -> tuple[str, bool]:
    """Return what came of it and whether we understood it."""
    contacts = list(ContactMethod.objects.filter(address=sms.sender).select_related("person"))
    word = sms.body.strip().upper()
    if not contacts:
        return _from_a_line(sms, word, now=now)
    if word in words.OPT_OUT:
        for contact in contacts:
            consequences.out_of_use(contact, reason=services.opted_out(word), now=now)
        return "opted out", True
    if word in words.OPT_IN:
        for contact in contacts:
            if services.is_opted_out(contact):
                services.enable_contact(contact=contact, now=now)
        return "opted in", True
    in_force = limits.at(now)
    if word in words.ASKS:
        return _reply(sms, contacts[0].person, HELP, outcome="asked how to answer", now=now, limits=in_force), True
    if words.parse_reply(sms.body) is None and summit.read_text(sms.body):
        caller = summit.caller_at(sms.sender)
        if caller:
            return _raise(sms, caller, now=now, in_force=in_force)
    return _answer(sms, contacts[0].person, now=now, in_force=in_force)


def _from_a_line(sms: InboundSms, word: str, *, now: datetime) -> tuple[str, bool]:
    """A text from a number that is nobody's: of a line that may raise alarms, or a stranger, who gets no reply."""
    caller = summit.caller_at(sms.sender)
    if caller is None:
        return "from a number nobody here has; not answered", False
    if word in words.RESERVED:  # the provider acts on these and answers them
        return "the provider's own word, from a line", True
    in_force = limits.at(now)
    if summit.read_text(sms.body):
        return _raise(sms, caller, now=now, in_force=in_force)
    return _reply(sms, caller.replies_to, HOW_TO_RAISE, outcome="not understood", now=now, limits=in_force), False


def _raise(sms: InboundSms, caller: summit.Caller, *, now: datetime, in_force: Limits) -> tuple[str, bool]:
    """Raise an alarm by a text of a PIN and a key or words. The row of the text is locked: it raises once."""
    pin, said = summit.read_text(sms.body) or ("", "")
    to = caller.replies_to
    if not caller.hashed:
        text = "You have no PIN. Set one under Me on the portal, then text it with what is wrong."
        return _reply(sms, to, text, outcome="no PIN is set", now=now, limits=in_force), False
    try:
        summit.check_pin(caller=caller, pin=pin, number=sms.sender, by=summit.TEXT, now=now, limits=in_force)
    except summit.TooManyWrong as wrong:
        return _reply(sms, to, str(wrong), outcome="too many wrong PINs", now=now, limits=in_force), False
    except summit.WrongPin as wrong:
        return _reply(sms, to, f"{wrong} Nothing was raised.", outcome="wrong PIN", now=now, limits=in_force), False
    if not said:
        return _reply(sms, to, HOW_TO_RAISE, outcome="a PIN alone", now=now, limits=in_force), False
    title = {"1": summit.NO_ALERTS, "2": f"{caller.name} calls for help"}.get(said, " ".join(said.split()))
    alarm = summit.raise_alarm(caller=caller, title=title, key=f"text:{sms.sid}", how="a text", now=now)
    people = summit.called_first(policy_id=alarm.policy_id, now=now)
    text = f"Raised SEV-{alarm.severity} {title[:80]}. {summit.in_words(people)} Alarm {str(alarm.pk)[:8]}."
    reply = words.cut(words.gsm(words.unlinked(text)), LONGEST_WHY)
    return _reply(sms, to, reply, outcome=f"raised {alarm.pk}", now=now, limits=in_force), True


def _answer(sms: InboundSms, owner: Person, *, now: datetime, in_force: Limits) -> tuple[str, bool]:
    since = now - in_force.span("code_valid_s")
    parsed = words.parse_reply(sms.body)
    page = paging.page_by_code(sender=sms.sender, code=parsed[0], since=since) if parsed else None
    attempt = paging.last_told(page, channel="sms") if page else None
    if parsed is None or page is None or attempt is None:
        if paging.wrong_codes_in_a_row(sender=sms.sender, since=since) > in_force.count("wrong_codes"):
            return "not understood, and not answered: too many in a row", False
        if parsed is None:
            text = f"Not understood. {HELP}"
        else:
            text = (
                f"Not understood: no page with the code {parsed[0]} was sent to this telephone lately. Reply from the "
            )
            text += "telephone that has its text, or open the portal."
        return _reply(sms, owner, text, outcome="not understood", now=now, limits=in_force), False
    if parsed[1] == "why":
        text = words.cut(words.gsm(f"{page.reference}: {explain.spoken(page)}"), LONGEST_WHY)
        return _reply(sms, page.person, text, outcome="why", now=now, limits=in_force), True
    reply = replies.answer(page=page, attempt=attempt, verb=Verb(parsed[1]), now=now)
    outcome = f"{parsed[1]}: {reply.text}"
    return _reply(sms, page.person, reply.text, outcome=outcome, now=now, limits=in_force), True


def _reply(sms: InboundSms, person: Person, text: str, *, outcome: str, now: datetime, limits: Limits) -> str:
    """Reply, unless a machine seems to be at the other end; what was asked for is done all the same.

    The provider stops a number after 30 replies in 30 s (14107), pages and all. Returns what came of it.
    """
    if _loops(sms.sender, now=now, limits=limits):
        return f"{LOOPS}; {outcome}"[:300]
    services.notice(
        key=f"{REPLY}{sms.sid}", person=person, text=text, now=now, channel="sms", address=sms.sender, lane="reply"
    )
    return outcome[:300]


def _loops(sender: str, *, now: datetime, limits: Limits) -> bool:
    """Say whether replies to this number rest: for a minute after there were too many in half a minute (limits)."""
    pause, window = limits.span("reply_loop_pause_s"), limits.span("reply_loop_window_s")
    if InboundSms.objects.filter(sender=sender, received_at__gt=now - pause, outcome__startswith=LOOPS).exists():
        return True
    replied = Notice.objects.filter(address=sender, key__startswith=REPLY, created_at__gt=now - window)
    return replied.count() >= limits.count("reply_loop_most")
