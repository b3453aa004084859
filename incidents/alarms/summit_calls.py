"""An edge: somebody calls our number to raise an alarm: a key for what, six for the PIN, one to confirm.

Nothing is told before the PIN is right. Each step is kept under the provider's id of the call, so that a request that
comes twice raises once.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from incidents.alarms import summit
from incidents.alarms.keypad import digits, never_silent, number
from incidents.alarms.summit import Caller
from incidents.alarms.summit_models import SummitCall
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import twilio
from oncall.paging.channels import Prompt

SAID = {"1": SummitCall.Said.NO_ALERTS, "2": SummitCall.Said.OTHER}
MENU = ["Press 1: images are taken and no alerts go out.", "Press 2: something else is wrong."]
MOST_TURNS = 3  # times we ask for the same
SORRY = "This was not recorded, and nobody is called. Call again, or raise it on the portal. Good bye."
GONE = "This call is not known here. Good bye."
UNHEARD = "I heard no key. Nothing was raised. Good bye."
PATH = "/hooks/twilio/summit/"
asked = partial(never_silent, sorry=SORRY)
asked_in_secret = partial(never_silent, sorry=SORRY, repeats_key=False)


def alternatives() -> list[str]:
    """What anybody may be told who cannot be helped here (settings.PUBLISHED_ALTERNATIVES)."""
    return [settings.PUBLISHED_ALTERNATIVES] if settings.PUBLISHED_ALTERNATIVES else []


def begin(*, sid: str, caller: Caller, now: datetime) -> Prompt:
    """Begin a call of somebody known who has a PIN: what is it about?"""
    SummitCall.objects.get_or_create(
        sid=sid[:40], defaults={"line": caller.line, "person": caller.person, "began_at": now}
    )
    return _menu(["This is oncall."], turn=1)


def _menu(first: list[str], *, turn: int) -> Prompt:
    return Prompt([*first, *MENU], ask_path=f"{PATH}choice/?turn={turn}", repeat=2, unheard=UNHEARD)


def _ask_pin(first: list[str]) -> Prompt:
    ask = f"Type your PIN of {summit.DIGITS} digits."
    return Prompt([*first, ask], ask_path=f"{PATH}pin/", repeat=2, digits=summit.DIGITS, unheard=UNHEARD)


def _call(request: HttpRequest) -> SummitCall | None:
    """Return the call this is, locked: of two requests about it one waits."""
    sid = twilio.field(request.POST, "CallSid", most=40)
    rows = SummitCall.objects.select_for_update(of=("self",))
    return rows.select_related("line__kept_by", "line__policy", "person").filter(sid=sid).first()


def _step(view: Callable[[HttpRequest, SummitCall, datetime], Prompt]) -> Callable[[HttpRequest], HttpResponse]:
    """Find the call; once it has raised its alarm, whatever comes again hears the same."""

    def stepped(request: HttpRequest) -> HttpResponse:
        now, call = clock.now(), _call(request)
        if call is None:
            return twilio.render(Prompt([GONE]))
        return twilio.render(_raised(call, now=now) if call.alarm_id else view(request, call, now))

    stepped.__name__, stepped.__doc__ = view.__name__, view.__doc__
    return stepped


@login_not_required
@twilio.signed
@asked
@_step
def choice(request: HttpRequest, call: SummitCall, now: datetime) -> Prompt:
    """1 or 2 was pressed: ask for the PIN; anything else hears the menu again."""
    said = SAID.get(digits(request))
    if said is not None:
        call.said = said
        call.save(update_fields=["said"])
        return _ask_pin([])
    turn = number(request, "turn", most=MOST_TURNS, default=1)
    return _menu([], turn=turn + 1) if turn < MOST_TURNS else Prompt([UNHEARD])


@login_not_required
@twilio.signed
@asked_in_secret
@_step
def pin(request: HttpRequest, call: SummitCall, now: datetime) -> Prompt:
    """A PIN was typed: where it is right, read back what is about to be raised. Three wrong ones end the call."""
    if call.proved_at:
        return _confirm(call)
    typed = digits(request)
    if not typed:
        return _ask_pin([])  # we failed before, and did not keep it
    in_force, caller = limits.at(now), summit.caller_of(call)
    calls_from = twilio.field(request.POST, "From", most=254)
    try:
        summit.check_pin(caller=caller, pin=typed, number=calls_from, by=summit.CALL, now=now, limits=in_force)
    except summit.WrongPin as wrong:
        call.wrong_pins += 1
        call.save(update_fields=["wrong_pins"])
        again = call.wrong_pins < in_force.count("wrong_pins_in_a_call")
        if again and not isinstance(wrong, summit.TooManyWrong):
            return _ask_pin([str(wrong)])
        summit.say_trouble(caller, now=now)
        return Prompt([str(wrong), *alternatives(), "Good bye."])
    call.proved_at = now
    call.save(update_fields=["proved_at"])
    return _confirm(call)


def _confirm(call: SummitCall) -> Prompt:
    say = [
        f"You raise an alarm: {summit.title_of(call)}.",
        "Press 1 to raise it now, or star to stop. If you press nothing, it is raised.",
    ]
    return Prompt(say, ask_path=f"{PATH}confirm/", unheard="I heard no key.", unheard_path=f"{PATH}confirm/")


@login_not_required
@twilio.signed
@asked
@_step
def confirm(request: HttpRequest, call: SummitCall, now: datetime) -> Prompt:
    """It was read back: raise it, unless star was pressed."""
    if call.proved_at is None:
        return _ask_pin([])
    if digits(request) == "*" and call.stopped_at is None:
        call.stopped_at = now
        call.save(update_fields=["stopped_at"])
    if call.stopped_at is not None:
        return Prompt(["Nothing was raised. Good bye."])
    summit.raise_of_call(call=call, now=now)
    return _raised(call, now=now)


def _raised(call: SummitCall, *, now: datetime) -> Prompt:
    people = summit.called_first(policy_id=call.line.policy_id if call.line else None, now=now)
    return Prompt([f"Raised. {summit.title_of(call)}.", summit.in_words(people), "Keep observing. Good bye."])
