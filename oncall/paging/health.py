"""Verbs about how well providers do: what they answered, opening and closing their breakers. Source: paging.md 2.10.

A provider that does well has no row that is written: only failures, and what comes soon after them, are kept.
"""

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.dateparse import parse_datetime

from oncall.limits.queries import Limits
from oncall.paging.breaker import Answer, Rules, State, heard, tripped
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.codes import Fault, Then
from oncall.paging.models import Attempt, Breaker
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble

CALLED = {
    "twilio": "the telephone company",
    "second": "the second telephone account",
    "mail": "the mail server",
    "slack": "Slack",
    "push": "web push",
}
GONE = ("sent", "delivered", "read", "ringing", "in-progress", "completed")  # words that say that it went out
QUIET_PROBES = 3  # turns that no page has taken, before a question stands in for one
UNREACHED = ("connection", "dns", "tls", "timeout", "reset", "garbled")  # troubles that end with the next good answer


def rules(limits: Limits) -> Rules:
    return Rules(
        failures=limits.count("breaker_failures"),
        among=limits.count("breaker_among"),
        window=limits.span("breaker_window_s"),
        probe_every=limits.span("breaker_probe_s"),
    )


def states() -> tuple[dict[str, State], dict[str, datetime]]:
    """Return what is known of the providers that fail or failed lately, and until when the queues of some are full."""
    rows = list(Breaker.objects.all())
    crowded = {row.provider: row.crowded_until for row in rows if row.crowded_until is not None}
    return {row.provider: _state(row) for row in rows}, crowded


def _state(row: Breaker) -> State:
    answers = tuple(Answer(parse_datetime(at), bool(good)) for at, good in row.answers)  # type: ignore[arg-type]
    return State(answers, row.opened_at, row.probe_at, row.why)


@transaction.atomic
def note(*, provider: str, outcome: Outcome, now: datetime, limits: Limits, reported: bool = False) -> State:
    """Keep what an answer says about its provider. Opens or closes the breaker, and the trouble with it.

    What was accepted first and failed then was `reported`: it is accepted again, and fails again, so that such a
    breaker is closed only when something is reported to have gone (`keep`). A provider's row is locked last,
    after pages and attempts.
    """
    says = _says(outcome)
    if says is None or not provider:
        return State()
    if says:
        clean = not Breaker.objects.filter(pk=provider).exclude(opened_at=None, answers=[]).exists()
        if clean:
            return State()
    Breaker.objects.get_or_create(provider=provider)
    row = Breaker.objects.select_for_update().get(pk=provider)
    before = _state(row)
    if row.reported and before.open and says:
        return before
    why = f"{outcome.code}: {outcome.text}"[:300]
    if outcome.row.opens_breaker if outcome.row is not None else outcome.misconfigured:
        after = tripped(before, why=why, now=now, rules=rules(limits))
    else:
        after = heard(before, good=says, why=why, now=now, rules=rules(limits))
    if after != before:
        row.answers = [[answer.at.isoformat(), answer.good] for answer in after.answers]
        row.opened_at, row.probe_at, row.why = after.opened_at, after.probe_at, after.why
        row.reported = after.open and (row.reported or reported)
        row.save(update_fields=["answers", "opened_at", "probe_at", "why", "reported"])
    if after.open and (not before.open or after.why != before.why):
        locked = outcome.row is not None and outcome.row.fault is Fault.ACCOUNT
        _say(provider, locked=locked, why=why, now=now)
    elif before.open and not after.open:
        _works(provider, now=now)
    if before.answers and not after.answers:
        for code in UNREACHED:
            troubles.clear_trouble(kind="provider", key=f"{provider}:{code}", now=now)
    return after


def _says(outcome: Outcome) -> bool | None:
    """Return whether the provider works, as far as this answer tells; nothing where it tells nothing."""
    if outcome.verdict is Verdict.ACCEPTED:
        return True
    if outcome.row is None:
        return not (outcome.verdict is Verdict.UNKNOWN or outcome.code == "connection" or outcome.misconfigured)
    if outcome.row.fails or outcome.row.opens_breaker:
        return False
    if outcome.verdict is Verdict.UNKNOWN or outcome.row.then is Then.WAIT:
        return None
    return True


def _say(provider: str, *, locked: bool, why: str, now: datetime) -> None:
    name = CALLED.get(provider, provider)
    text = (
        f"{name[:1].upper()}{name[1:]} refuses our account ({why}). Check its keys and its balance."
        if locked
        else f"Pages through {name} fail ({why}). It is tried again and again; pages go by other ways meanwhile."
    )
    troubles.raise_trouble(kind="account" if locked else "provider", key=provider, text=text, now=now)


def probe(*, provider: str, state: State, now: datetime, limits: Limits) -> State | None:
    """Take the turn of trying the provider of an open breaker. Nothing if somebody else took it at the same moment."""
    until = now + limits.span("breaker_probe_s")
    mine = Breaker.objects.filter(pk=provider, probe_at=state.probe_at).update(probe_at=until)
    return replace(state, probe_at=until) if mine else None


def unprobed(*, now: datetime, limits: Limits) -> list[str]:
    """Return the providers that are left alone and that no page has tried for a while, and take their turns.

    Without pages nothing else would ever find out that they work again, and the trouble would stay.
    """
    quiet = now - QUIET_PROBES * limits.span("breaker_probe_s")
    rows = Breaker.objects.filter(opened_at__isnull=False, probe_at__lte=quiet)
    return [row.provider for row in rows if probe(provider=row.provider, state=_state(row), now=now, limits=limits)]


def crowd(*, provider: str, now: datetime, limits: Limits) -> None:
    """Its queue is full: low urgency stays away from it for a while."""
    until = now + limits.span("overflow_hold_s")
    Breaker.objects.update_or_create(provider=provider, defaults={"crowded_until": until})


def complain(*, provider: str, code: str, text: str, now: datetime) -> None:
    """Say that a human must look at our configuration, at a provider that fails, or at the way to us."""
    name = CALLED.get(provider, provider)
    troubles.raise_trouble(
        kind="provider",
        key=f"{provider}:{code}",
        text=f"{name[:1].upper()}{name[1:]} says {code}: {text}"[:500],
        now=now,
    )


def _works(provider: str, *, now: datetime) -> None:
    for kind in ("provider", "account"):
        troubles.clear_trouble(kind=kind, key=provider, now=now)


def _close_reported(*, now: datetime) -> None:
    """Close the breakers that a report opened and through which something has gone since. Index attempt_by_start."""
    for row in Breaker.objects.filter(reported=True, opened_at__isnull=False):
        gone = Attempt.objects.filter(provider=row.provider, status__in=GONE, started_at__gt=row.opened_at)
        if gone.exists():
            closed = Breaker.objects.filter(pk=row.pk, opened_at=row.opened_at)
            closed.update(answers=[], opened_at=None, probe_at=None, why="", reported=False)
            _works(row.provider, now=now)


@transaction.atomic
def keep(*, now: datetime, limits: Limits) -> None:
    """Every half minute: close breakers that only a report closes, and end what was said about a code that did not come
    again for long; nobody else would.
    """
    _close_reported(now=now)
    quiet = now - limits.span("provider_trouble_quiet_s")
    old = Trouble.objects.open().filter(kind="provider", key__contains=":", seen_at__lt=quiet)
    old.update(until=now)
