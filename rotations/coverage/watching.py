"""Gaps ahead: told to the pilot, an alarm when they are near, until somebody covers them or signs for them.

Run by the loop once a minute; safe to run late, twice or in parallel. Sources: rows R12, R15; domain.md 5.8.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from oncall.paging import services as paging
from oncall.paging.models import Notice
from oncall.people import queries as people
from oncall.people.models import Person
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble
from rotations.changes import queries as changes
from rotations.changes.words import length_words, span_words
from rotations.coverage import needs, queries
from rotations.coverage.coverage import Span, union
from rotations.coverage.models import SignedGap
from rotations.coverage.needs import Gap
from rotations.schedule import drafts
from rotations.schedule.models import Schedule

KIND = "gap"
NEAR = timedelta(hours=24)
FAR = timedelta(days=28)
BACK = timedelta(hours=24)  # so that a gap that has begun is known by when it did
LONGEST_REASON = 300


class NotAllowed(Exception):
    """Only the pilot, managers and administrators sign for a gap. The message is fit to show."""


class NothingToSign(Exception):
    """Nobody is missing in that span, or it is over, or signed. The message is fit to show."""


class NoReason(Exception):
    """A signature says why. The message is fit to show."""


def uncovered(*, schedule: Schedule, now: datetime, until: datetime) -> list[Gap]:
    """Return the gaps of a schedule in `[now, until)` that nobody has signed, in order."""
    return unsigned([schedule], now, until)


def unsigned(schedules: Sequence[Schedule], start: datetime, end: datetime) -> list[Gap]:
    """Return the gaps of these schedules in `[start, end)` that nobody has signed. A constant number of queries."""
    promising = [one for one in schedules if one.needs != Schedule.Needs.NOBODY]
    if not promising:
        return []
    site = needs.observing()
    signed = needs.signatures(promising, start, end)
    shifts = queries.every_shift(schedules=promising, start=start, end=end)
    found: list[Gap] = []
    for one in promising:
        wanted = needs.needed(one, start, end, site) or []
        gaps = needs.gaps_of(one, shifts[one.pk], wanted, signed.get(one.pk, ()))
        found += [gap for gap in gaps if gap.signed is None]
    return sorted(found, key=lambda gap: (gap.starts_at, gap.schedule.name))


@transaction.atomic
def sign_gap(
    *, schedule: Schedule, starts_at: datetime, ends_at: datetime, reason: str, by: Person, now: datetime
) -> list[SignedGap]:
    """Take it on oneself that nobody is on call for what is uncovered in a span, from `now` on.

    :raises NotAllowed: unless `by` is the pilot, a manager or an administrator.
    :raises NoReason: if `reason` is empty.
    :raises NothingToSign: if nothing in the span is uncovered and not signed yet.
    """
    if not changes.may_arrange(by, now=now):
        raise NotAllowed("Only the pilot, managers and administrators sign for a gap. Ask one of them.")
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise NoReason("Write why nobody needs to be on call then.")
    schedule = Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    start = max(starts_at, now)
    gaps = uncovered(schedule=schedule, now=start, until=ends_at) if start < ends_at else []
    if not gaps:
        raise NothingToSign(f"Nobody is missing from {schedule.name} then, or it is signed already. Choose a gap.")
    signed = SignedGap.objects.bulk_create(
        SignedGap(schedule=schedule, starts_at=low, ends_at=high, reason=reason, by=by, at=now)
        for low, high in union((gap.starts_at, gap.ends_at) for gap in gaps)
    )
    _raise_and_clear([schedule], now)
    return signed


def watch_gaps(*, now: datetime) -> None:
    """Raise a trouble for each gap that begins within a day, end those that are no more, tell the pilot of the rest."""
    schedules = list(Schedule.objects.exclude(needs=Schedule.Needs.NOBODY))
    far = _raise_and_clear(schedules, now, gone=True)
    pilot = people.pilot(now=now)
    if pilot and far:
        _tell(pilot, far, now)


def _raise_and_clear(schedules: Sequence[Schedule], now: datetime, *, gone: bool = False) -> list[Gap]:
    """Return the gaps that are farther than a day. `gone`: also end the troubles of all other schedules."""
    gaps = unsigned(schedules, now - BACK, now + FAR)
    spans: dict[str, list[Span]] = {}
    by_id = {str(one.pk): one for one in schedules}
    for gap in gaps:
        spans.setdefault(str(gap.schedule.pk), []).append((gap.starts_at, gap.ends_at))
    open_troubles = list(Trouble.objects.open().filter(kind=KIND))
    keep = set()
    for pk, found in spans.items():
        mine = [one.key for one in open_troubles if one.key.startswith(pk)]
        for start, end in union(found):
            if end <= now or start >= now + NEAR:
                continue
            key = _key(pk, start, mine, now)
            keep.add(key)
            text = _trouble_text(by_id[pk], start, end, _fewest(gaps, pk, start, end))
            troubles.raise_trouble(kind=KIND, key=key, text=text, url=_path(by_id[pk]), now=now)
    for one in open_troubles:
        if one.key not in keep and (gone or one.key.partition(" ")[0] in by_id):
            troubles.clear_trouble(kind=KIND, key=one.key, now=now)
    return [gap for gap in gaps if gap.starts_at >= now + NEAR]


def _key(schedule: str, start: datetime, known: Sequence[str], now: datetime) -> str:
    """Return what a gap's trouble is called: by its start, also when that was so long ago that we do not look back."""
    if start <= now - BACK and known:
        return min(known)
    return f"{schedule} {start:%Y-%m-%dT%H:%MZ}"


def _fewest(gaps: Iterable[Gap], schedule: str, start: datetime, end: datetime) -> int:
    return min(
        gap.people for gap in gaps if str(gap.schedule.pk) == schedule and start <= gap.starts_at and gap.ends_at <= end
    )


def _trouble_text(schedule: Schedule, start: datetime, end: datetime, on_call: int) -> str:
    who = "Nobody is" if not on_call else f"Only {on_call} of {schedule.at_least} are"
    return f"{who} on call for {schedule.name} {span_words(start, end)}. Find cover, or sign for the gap."


def _path(schedule: Schedule) -> str:
    return reverse("schedule_gaps", args=[schedule.pk])


def _tell(pilot: Person, gaps: Sequence[Gap], now: datetime) -> None:
    """A notice per schedule and day, and another only when there are more gaps than were told that day."""
    day = told_key(pilot, now)
    told: dict[str, int] = {}
    for key in Notice.objects.filter(key__startswith=day).values_list("key", flat=True):
        pk, _, number = key.removeprefix(day).partition(":")
        told[pk] = max(told.get(pk, 0), int(number))
    by_schedule: dict[Schedule, list[Gap]] = {}
    for gap in gaps:
        by_schedule.setdefault(gap.schedule, []).append(gap)
    for schedule, mine in by_schedule.items():
        if len(mine) <= told.get(str(schedule.pk), 0):
            continue
        first = mine[0]
        zone_name = f"{first.starts_at.astimezone(pilot.zone):%Z}"
        when = span_words(first.starts_at, first.ends_at, zone=pilot.zone, zone_name=zone_name)
        many = f"{len(mine)} gaps, {length_words((gap.starts_at, gap.ends_at) for gap in mine)} in all, the first"
        what = "a gap" if len(mine) == 1 else many
        link = settings.PUBLIC_BASE_URL + _path(schedule)
        paging.notice(
            key=f"{day}{schedule.pk}:{len(mine)}",
            person=pilot,
            text=f"{schedule.name} has {what} {when}. Find cover, or sign for it. {link}",
            now=now,
        )


def told_key(pilot: Person, at: datetime) -> str:
    """Return how the keys of the notices begin that tell the pilot of gaps on the day of `at`, as they count days."""
    return f"gaps:{at.astimezone(pilot.zone):%Y-%m-%d}:{pilot.pk}:"


def watch_teams(*, now: datetime) -> None:
    """Tell the pilot when the people of a rotation are not those on its team's page any more; once for each change.

    Nobody's turn changes before the pilot publishes it (T15).
    """
    pilot = people.pilot(now=now)
    if pilot is None:
        return
    for one in drafts.out_of_step():
        who = "+".join(str(person.pk) for person in one.joined) + "-" + "-".join(str(person.pk) for person in one.left)
        digest = hashlib.sha256(who.encode()).hexdigest()[:16]
        words = [f"{_names(one.joined)} joined"] if one.joined else []
        words += [f"{_names(one.left)} left"] if one.left else []
        link = settings.PUBLIC_BASE_URL + reverse("schedule_draft", args=[one.rotation.schedule_id])
        paging.notice(
            key=f"team:{one.rotation.pk}:{pilot.pk}:{digest}",
            person=pilot,
            text=f"{one.rotation.team}: {' and '.join(words)}. See what that changes in {one.rotation}: {link}",
            now=now,
        )


def _names(many: Sequence[Person]) -> str:
    return ", ".join(person.name for person in many)
