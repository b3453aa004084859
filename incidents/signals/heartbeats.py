"""Whom we expect to hear from: what a beat does, what a missing one does, and what others ask about listening.

A heartbeat that watches the observing has no due time here: the rule heartbeat.lost of the room `latency` judges it by
`last_watching_beat`, and so one missing beat is one alarm. What it says itself (“fail”) is heard here.

One that was never heard at all has not failed: it was not set up. That is said as a trouble.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models import Q

from incidents.alarms import holding
from incidents.alarms import services as alarms
from incidents.alarms.models import Alarm
from incidents.signals.heartbeats_models import Heartbeat, HeartbeatSpan
from oncall.limits.queries import Limits
from oncall.people.models import Person
from oncall.people.queries import NoObservingSite, observing_site
from oncall.people.services import digest
from oncall.troubles import services as troubles
from rotations.night import sun

KEY = "heartbeat"  # of the one alarm that a heartbeat has, whether it is missing or says that it fails
AT_ONCE = 20  # heartbeats of one turn of the loop
LONGEST_PAUSE = timedelta(days=30)
NEVER_HEARD = "never_heard"  # kind of trouble
FIRST_PERIODS = 3  # so many must have passed before one that was never heard is said aloud
FIRST_AT_LEAST = timedelta(hours=1)  # own choice: whoever makes it has its sender to set up
LATER = timedelta(minutes=1)  # for one that broke; the others go on
log = logging.getLogger(__name__)


class BadPause(Exception):
    """A pause without a reason or an end in reach. The message is fit to show."""


@dataclass(frozen=True)
class Beat:
    """What a beat says beside “I am here”. `failing`: None where it says something that nobody understands.
    `dome_open`: None where it does not say.
    """

    failing: bool | None = False
    text: str = ""
    dome_open: bool | None = None


# Questions --------------------------------------------------------------------------------------------------------


def last_watching_beat(now: datetime) -> datetime | None:
    """Return when a heartbeat that watches the observing was last heard, at or before `now` (UTC); nothing where there
    is none, none was heard, or all of them are paused or closed.
    """
    watching = Heartbeat.objects.filter(watches_observing=True, is_enabled=True, last_beat_at__isnull=False)
    found = [_last_before(row, now) for row in watching if not row.is_paused(now)]
    return max((instant for instant in found if instant), default=None)


def _last_before(row: Heartbeat, now: datetime) -> datetime | None:
    """Return its last beat at or before `now`. Single beats of the past are not kept: within a stretch it is `now`."""
    assert row.last_beat_at is not None  # asked for above
    assert row.heard_since is not None  # a constraint: both or neither
    if row.last_beat_at <= now or row.heard_since <= now:
        return min(row.last_beat_at, now)
    before = row.spans.filter(started_at__lte=now).order_by("-started_at").first()
    return min(before.last_at, now) if before else None


def heard_between(starts: datetime, ends: datetime) -> bool:
    """Say whether heartbeats that watch the observing were heard without a break from `starts` to `ends` (UTC).

    A beat counts until the next should have come (its period and grace). Several heartbeats stand in for each other.
    """
    watching = Q(heartbeat__watches_observing=True)
    past = HeartbeatSpan.objects.filter(watching, started_at__lte=ends, counts_until__gte=starts)
    spans = list(past.values_list("started_at", "counts_until"))
    present = Heartbeat.objects.filter(watches_observing=True, heard_since__lte=ends)
    spans += [
        (row.heard_since, row.last_beat_at + row.tolerance) for row in present if row.heard_since and row.last_beat_at
    ]
    heard = starts
    for start, end in sorted(spans):
        if start <= heard < end:
            heard = end
    return heard > ends


def dome_said(now: datetime) -> bool | None:
    """Say whether the dome is open, by the last beat of this night (its day_obs) that said so; nothing if none did."""
    night = sun.noon_of(sun.day_obs(now))
    said = Heartbeat.objects.filter(is_enabled=True, dome_said_at__range=(night, now)).order_by("-dome_said_at")
    return said.values_list("dome_open", flat=True).first()


# Verbs ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def beat(*, token: str, beat: Beat, now: datetime) -> Heartbeat | None:
    """Note that somebody was heard; nothing where no open heartbeat has this secret.

    A beat that fails raises its alarm at once, the first one that is well ends it; what nobody understands does
    neither. A beat writes one row; a second one where it ends a silence.
    """
    row = Heartbeat.objects.select_for_update(of=("self",)).filter(token_digest=digest(token), is_enabled=True).first()
    if row is None:
        return None
    was_wrong = row.missing or row.failing
    if row.last_beat_at is None:
        troubles.clear_trouble(kind=NEVER_HEARD, key=str(row.pk), now=now)
    if row.last_beat_at is None or now > row.last_beat_at + row.tolerance:
        _close_span(row)
        row.heard_since = now
    row.last_beat_at = max(now, row.last_beat_at or now)
    row.failing = row.failing if beat.failing is None else beat.failing
    row.missing, row.said = False, beat.text[:300]
    if beat.dome_open is not None:
        row.dome_open, row.dome_said_at = beat.dome_open, now
    held = _held_until(row, now)
    row.due_at = _due(row, held if row.failing else None)
    row.save(
        update_fields=[
            "heard_since", "last_beat_at", "failing", "missing", "said", "dome_open", "dome_said_at", "due_at",
        ]
    )  # fmt: skip
    if row.failing and held is None:
        _fire(row, now=now)
    elif was_wrong and not row.failing:
        _resolve(row, "It is heard again, and well.", now=now)
    return row


def _close_span(row: Heartbeat) -> None:
    if row.heard_since is None or row.last_beat_at is None:
        return
    HeartbeatSpan.objects.get_or_create(
        heartbeat=row,
        started_at=row.heard_since,
        defaults={"last_at": row.last_beat_at, "counts_until": row.last_beat_at + row.tolerance},
    )


def _due(row: Heartbeat, held: datetime | None = None) -> datetime | None:
    """Return when to look at it next: when a beat is missing, or at `held` what it said of itself, if that is earlier.

    A pause gives it one more period after its end: who was stopped needs a moment. One that was never heard is due
    after a few periods.
    """
    if not row.is_enabled:
        return None
    if row.last_beat_at is None:
        first = row.created_at + max(FIRST_PERIODS * row.tolerance, FIRST_AT_LEAST)
        return max(first, row.paused_until or first)
    if row.watches_observing:
        return held  # when it is missing, the rule heartbeat.lost says so
    due = max(row.last_beat_at, row.paused_until or row.last_beat_at) + row.tolerance
    return min(due, held) if held else due


def _held_until(row: Heartbeat, now: datetime) -> datetime | None:
    """Return until when its alarm waits: for the end of a pause, or for the dark. Nothing: it does not wait."""
    if row.is_paused(now):
        return row.paused_until
    return _next_dark(now) if row.at_night_only else None


def _next_dark(now: datetime) -> datetime | None:
    """Return when it gets dark at the site that observes; nothing while it is dark, or where no site observes."""
    try:
        site = observing_site()
    except NoObservingSite:
        return None  # nobody can say when it is night: rather an alarm too many
    spans = sun.observing_spans(now, now + timedelta(days=2), site)
    return spans[0][0] if spans and now < spans[0][0] else None


def watch(*, now: datetime, limits: Limits) -> None:
    """Every second: raise the alarm of each heartbeat that is due. Index heartbeat_due.

    While it stays missing, and its alarm was resolved by hand, it calls again after a while (a limit).
    """
    due = Heartbeat.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)
    for pk in list(due[:AT_ONCE]):
        try:
            _look_at(pk, now=now, limits=limits)
        except OperationalError:
            log.info("heartbeat %s is busy", pk)  # it comes again in a second
        except Exception as error:
            log.exception("heartbeat %s", pk)
            Heartbeat.objects.filter(pk=pk, due_at__lte=now).update(due_at=now + LATER)
            text = f"A heartbeat could not be judged: {type(error).__name__}: {error}"[:500]
            troubles.raise_trouble(kind="heartbeat_broken", key=str(pk), text=text, url=f"/heartbeats/{pk}/", now=now)


@transaction.atomic
def _look_at(pk: UUID, *, now: datetime, limits: Limits) -> None:
    rows = Heartbeat.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=pk, due_at__lte=now)
    for row in rows:
        _take_due(row, again=limits.span("heartbeat_again_s"), now=now)


def _take_due(row: Heartbeat, *, again: timedelta, now: datetime) -> None:
    if row.last_beat_at is None:
        row.due_at = row.paused_until if row.is_paused(now) else now + again
        if not row.is_paused(now):
            _say_never_heard(row, now=now)
        row.save(update_fields=["due_at"])
        return
    held = _held_until(row, now)
    missing = not row.watches_observing and now >= row.last_beat_at + row.tolerance
    if held is not None:
        row.due_at = held if row.failing else held + row.tolerance
    elif missing or row.failing:
        row.missing = missing
        row.due_at = now + again
        _fire(row, now=now)
    else:
        row.due_at = _due(row)
    row.save(update_fields=["missing", "due_at"])


def _say_never_heard(row: Heartbeat, *, now: datetime) -> None:
    text = f"{row.name} was never heard since it was made. Set its sender up, or close it: nobody would miss it."
    troubles.raise_trouble(kind=NEVER_HEARD, key=str(row.pk), text=text, url=f"/heartbeats/{row.pk}/", now=now)


def _fire(row: Heartbeat, *, now: datetime) -> None:
    last = f"{row.last_beat_at:%d %b %H:%M:%S} UTC" if row.last_beat_at else "never"
    if row.missing:
        title = f"{row.name} is not heard"
        text = f"It should call every {row.every_s} s and may be {row.grace_s} s late. It was last heard {last}."
    else:
        title = f"{row.name} says that something fails" + (f": {row.said}" if row.said else "")
        text = f"It called at {last} and said so itself."
    firing = alarms.Firing(
        title=title,
        severity=row.severity,
        source_id=row.pk,
        source=row.name,
        key=KEY,
        description=text,
        link=f"/heartbeats/{row.pk}/",
    )
    alarms.hear(firing=firing, policy_id=row.policy_id, now=now)


def _resolve(row: Heartbeat, why: str, *, now: datetime, by: Person | None = None) -> None:
    alarm = Alarm.objects.open().filter(source_id=row.pk, key=KEY).first()
    if alarm and by:
        alarms.resolve(alarm=alarm, now=now, by=by, why=why)
    holding.hear_over(source_id=row.pk, key=KEY, now=now, why=why)


@transaction.atomic
def pause(*, heartbeat: Heartbeat, until: datetime, why: str, by: Person, now: datetime) -> Heartbeat:
    """Let it be missing, or fail, until `until`; an open alarm of it is over. Beats are noted all the same.

    :raises BadPause: without a reason, or where it would end in the past or in more than 30 days.
    """
    why = " ".join(why.split())
    if not why:
        raise BadPause("Say why nothing is to be heard from it; whoever reads the alarms tonight will ask.")
    if not now < until <= now + LONGEST_PAUSE:
        raise BadPause(f"A pause ends within {LONGEST_PAUSE.days} days. For longer, close it instead.")
    row = Heartbeat.objects.select_for_update(of=("self",)).get(pk=heartbeat.pk)
    row.paused_until, row.paused_why, row.paused_by, row.missing = until, why[:200], by, False
    row.due_at = _due(row, until + row.tolerance if row.failing else None)
    row.save(update_fields=["paused_until", "paused_why", "paused_by", "missing", "due_at"])
    _resolve(row, f"Its heartbeat is paused: {row.paused_why}", by=by, now=now)
    return row


@transaction.atomic
def resume(*, heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """End a pause now; a beat is due one period from now. One that is not paused stays as it is."""
    row = Heartbeat.objects.select_for_update(of=("self",)).get(pk=heartbeat.pk)
    if row.is_paused(now):
        row.paused_until = now
        row.due_at = _due(row, now + row.tolerance if row.failing else None)
        row.save(update_fields=["paused_until", "due_at"])
    return row


@transaction.atomic
def create(*, heartbeat: Heartbeat, now: datetime) -> str:
    """Save a new heartbeat and return its secret, which is never shown again."""
    secret = secrets.token_urlsafe(24)
    heartbeat.token_digest, heartbeat.created_at = digest(secret), now
    heartbeat.due_at = _due(heartbeat)
    heartbeat.save()
    return secret


@transaction.atomic
def change(*, heartbeat: Heartbeat, now: datetime) -> None:
    """Save what was changed about it, and when it is due by that. Closing it ends its alarm, and so does leaving its
    beats to the rule heartbeat.lost. Whoever is waited for again from now on has one period to call.
    """
    was = Heartbeat.objects.select_for_update(of=("self",)).get(pk=heartbeat.pk)
    for field in ("last_beat_at", "paused_until", "failing", "missing"):  # what came while somebody typed
        setattr(heartbeat, field, getattr(was, field))
    judged_here = heartbeat.is_enabled and not heartbeat.watches_observing
    heartbeat.missing = was.missing and judged_here
    heartbeat.due_at = _due_after(was, heartbeat, now=now)
    fields = ["name", "policy", "severity", "every_s", "grace_s", "watches_observing", "at_night_only", "is_enabled"]
    heartbeat.save(update_fields=[*fields, "missing", "due_at"])
    if not heartbeat.is_enabled:
        _resolve(heartbeat, "Its heartbeat was closed.", now=now)
        troubles.clear_trouble(kind=NEVER_HEARD, key=str(heartbeat.pk), now=now)
    elif was.missing and not judged_here and not heartbeat.failing:
        _resolve(heartbeat, "It watches the observing now: the rule heartbeat.lost says when it is missing.", now=now)


def _due_after(was: Heartbeat, row: Heartbeat, *, now: datetime) -> datetime | None:
    """Return when to look at it next, where it was `was` before it was changed."""
    moment = now + row.tolerance
    due = _due(row, (_held_until(row, now) or moment) if row.failing else None)
    if due is None:
        return None
    if was.due_at is None:
        return max(due, moment)
    return was.due_at if row.missing else due  # one that is missing calls again when it would


@transaction.atomic
def renew_secret(*, heartbeat: Heartbeat) -> str:
    """Give it a new URL; the old one stops working at once."""
    secret = secrets.token_urlsafe(24)
    Heartbeat.objects.filter(pk=heartbeat.pk).update(token_digest=digest(secret))
    return secret
