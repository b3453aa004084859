"""Raising an alarm by telephone: who calls, whether the PIN is right, what it raises (R25).

A caller's number can be forged, so a PIN is always asked for, and nothing is told before it. Nothing that machines are
held by (silences, grouping, rules) holds what a person raises.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from incidents.alarms import services
from incidents.alarms.models import PEOPLE, Alarm
from incidents.alarms.summit_models import CallerPin, SummitCall, SummitLine
from incidents.escalation import queries as policies
from incidents.escalation.decision import plan_from_json
from oncall.limits.queries import Limits
from oncall.paging.models import ContactMethod
from oncall.people.models import CountedTry, Person
from oncall.people.throttle import TooManyTries, count_try, forgive
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble

DIGITS = 6  # of a PIN
SEVERITY = 2  # of what a person raises without a word on how bad it is, as of alerts.none (domain.md 4)
NO_ALERTS = "Images are taken, no alerts go out"
PIN_TEXT = re.compile(rf"^\s*(\d{{{DIGITS}}})(?:[\s:,.-]+(.*))?$", re.DOTALL)
SIX_DIGITS = re.compile(rf"\d(?:[\s:,./-]{{0,3}}\d){{{DIGITS - 1}}}\d*")  # however they were typed
CALL, TEXT = "call", "text"  # ways in which a PIN comes; wrong ones of each are counted apart
TROUBLE = "pin"  # its kind
TROUBLE_LASTS = timedelta(hours=1)
AT_ONCE = 10  # calls of one turn of the chore
log = logging.getLogger(__name__)


class BadPin(Exception):
    """A PIN that anybody would guess, or no PIN. The message is fit to show."""


class WrongPin(Exception):
    """Not the PIN of this caller. The message is fit to show, or to read aloud."""


class TooManyWrong(WrongPin):
    """This number was wrong so often that it has to wait. The message is fit to show, or to read aloud."""


@dataclass(frozen=True)
class Caller:
    """A known line or person, by the number that says to be theirs."""

    line: SummitLine | None
    person: Person | None
    number: str

    @property
    def name(self) -> str:
        return self.line.name if self.line else (self.person.name if self.person else "")

    @property
    def hashed(self) -> str:
        """Their PIN as it is kept; empty where they have none."""
        if self.line:
            return self.line.pin
        pin = CallerPin.objects.filter(person=self.person).first()
        return pin.pin if pin else ""

    @property
    def replies_to(self) -> Person:
        found = self.line.kept_by if self.line else self.person
        assert found is not None  # one of them, always
        return found


def caller_at(number: str) -> Caller | None:
    """Return who has this telephone number: a line that is in use, else an active person; nothing for a stranger."""
    if not number:
        return None
    line = SummitLine.objects.select_related("kept_by", "policy").filter(number=number, is_enabled=True).first()
    if line:
        return Caller(line, None, number)
    contacts = ContactMethod.objects.select_related("person").filter(
        kind=ContactMethod.Kind.PHONE, address=number, person__is_active=True
    )
    contact = contacts.order_by("created_at").first()
    return Caller(None, contact.person, number) if contact else None


def caller_of(call: SummitCall) -> Caller:
    """Return who makes a call, as it was when it began."""
    return Caller(call.line, call.person, call.line.number if call.line else "")


def read_text(body: str) -> tuple[str, str] | None:
    """Return (PIN, words) of a text such as “123456 1” or “123456 the dome is stuck”; nothing where it is neither."""
    found = PIN_TEXT.match(body)
    return (found[1], (found[2] or "").strip()) if found else None


def without_pin(body: str, *, sender: str) -> str:
    """Return a text as it may be kept: of somebody known without whatever six digits, which may be a PIN."""
    if caller_at(sender) is not None:
        return SIX_DIGITS.sub(lambda found: re.sub(r"\d", "•", found[0]), body)
    return body.replace(found[0], "•" * DIGITS, 1) if (found := read_text(body)) else body


def check_pin(*, caller: Caller, pin: str, number: str, by: str, now: datetime, limits: Limits) -> None:
    """Return where the PIN is right. It is compared by its hash, in constant time; only wrong ones count.

    `by`: CALL or TEXT. Own choice: they are counted apart, so that whoever forges this number in texts, which is easily
    done, does not keep its owner from calling. At 6 an hour each, somebody who tries both ways without a pause finds
    one PIN of a million in five years, as likely as not; each hour of it opens the trouble, and a right one raises an
    alarm and tells nothing else.

    :raises WrongPin: if it is not, or the caller has none.
    :raises TooManyWrong: if this number was wrong too often within the hour in this way, whatever the PIN.
    """
    try:
        tried: CountedTry = count_try(
            kind=CountedTry.Kind.PIN, subject=f"{by}:{number}", at_most=limits.count("wrong_pins_an_hour"), now=now
        )
    except TooManyTries:
        say_trouble(caller, now=now)
        instead = "Send a text instead" if by == CALL else "Nothing was raised. Call this number instead"
        raise TooManyWrong(f"Too many wrong PINs from this number. {instead}, or try again in an hour.") from None
    if not check_password(pin, caller.hashed or make_password(None)):
        raise WrongPin("That PIN is wrong.")
    forgive(tried)


def say_trouble(caller: Caller, *, now: datetime) -> None:
    """Say that somebody who calls by a known number does not know its PIN."""
    text = f"Wrong PINs by telephone, from the number of {caller.name}. Ask there: it may be somebody else who calls."
    url = "/summit-lines/" if caller.line else ""
    key = str(caller.line.pk if caller.line else caller.replies_to.pk)
    troubles.raise_trouble(kind=TROUBLE, key=key, text=text, url=url, now=now)


def forget_wrong(*, now: datetime, limits: Limits) -> None:
    """Every half minute: a trouble about wrong PINs is over an hour after the last of them."""
    Trouble.objects.open().filter(kind=TROUBLE, seen_at__lt=now - TROUBLE_LASTS).update(until=now)


@transaction.atomic
def raise_alarm(*, caller: Caller, title: str, key: str, how: str, now: datetime) -> Alarm:
    """Raise what somebody said who proved to be `caller`. `key`: of the call or text; the same one raises once."""
    description = f"Said by {how}, from the telephone of {caller.name}."
    firing = services.Firing(
        title=title,
        severity=caller.line.severity if caller.line else SEVERITY,
        source_id=PEOPLE,
        source=caller.name,
        key=key,
        description=description,
    )
    policy = caller.line.policy if caller.line else None
    return services.fire(firing=firing, policy=policy, now=now, by=caller.person)


def title_of(call: SummitCall) -> str:
    """Return what is wrong by the key that was pressed in a call."""
    return NO_ALERTS if call.said == SummitCall.Said.NO_ALERTS else f"{caller_of(call).name} calls for help"


@transaction.atomic
def raise_of_call(*, call: SummitCall, now: datetime) -> None:
    """Raise what was said in a call that proved who it is; `call` is locked."""
    call.alarm = raise_alarm(
        caller=caller_of(call), title=title_of(call), key=f"call:{call.sid}", how="a call", now=now
    )
    call.save(update_fields=["alarm"])


def raise_left(*, now: datetime, limits: Limits) -> None:
    """Every half minute: raise what was proved by its PIN and not stopped, where the caller was not heard again.

    Who hangs up while it is read back was told that it is raised if they press nothing. Index summit_call_left.
    """
    left = SummitCall.objects.left().filter(proved_at__lte=now - limits.span("summit_hung_up_s")).order_by("proved_at")
    for sid in list(left.values_list("sid", flat=True)[:AT_ONCE]):
        try:
            with transaction.atomic():
                rows = SummitCall.objects.left().select_for_update(of=("self",), skip_locked=True)
                for call in rows.select_related("line__kept_by", "line__policy", "person").filter(sid=sid):
                    raise_of_call(call=call, now=now)
        except Exception:  # one that breaks keeps no other from being raised, and comes again
            log.exception("call %s", sid)


def called_first(*, policy_id: UUID | None, now: datetime) -> list[Person]:
    """Return whom the first step of a policy calls at `now`; the default policy for None."""
    found = policies.snapshot(policy_id)
    plan = plan_from_json(found[1]) if found else None
    if plan is None or not plan.steps:
        return []
    return [called.person for called in policies.who_is_called(plan.steps[0].targets, now=now)]


def in_words(people: list[Person]) -> str:
    """Say who is being called now."""
    if not people:
        return "Nobody is on call for the first step, so the next is called at once."
    return f"Calling now: {', '.join(person.name for person in people)}."


def check_new_pin(pin: str) -> str:
    """Return a PIN that may be set.

    :raises BadPin: if it is not six digits, or one that is tried first.
    """
    pin = pin.strip()
    if not (pin.isascii() and pin.isdigit() and len(pin) == DIGITS):
        raise BadPin(f"A PIN is {DIGITS} digits.")
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if len(steps) == 1 or len(set(pin)) < 3 or pin[:3] == pin[3:]:
        raise BadPin("This PIN would be guessed first. Choose six digits without a pattern.")
    return pin


@transaction.atomic
def set_pin(*, person: Person, pin: str, now: datetime) -> None:
    """Give somebody a PIN of their own; the one before stops at once.

    :raises BadPin: if it would be guessed.
    """
    hashed = make_password(check_new_pin(pin))
    CallerPin.objects.update_or_create(person=person, defaults={"pin": hashed, "set_at": now})


@transaction.atomic
def remove_pin(*, person: Person) -> None:
    CallerPin.objects.filter(person=person).delete()


@transaction.atomic
def save_line(*, line: SummitLine, pin: str, by: Person, now: datetime) -> None:
    """Save a line; `pin` empty: it keeps the one it has.

    :raises BadPin: if the PIN would be guessed, or a new line has none.
    """
    if pin or not line.pin:
        line.pin = make_password(check_new_pin(pin))
    if line._state.adding:
        line.kept_by, line.created_at = by, now
    line.save()
