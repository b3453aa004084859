"""Verbs and questions of silences and maintenance windows: ask for one, agree, end it; which hold now, and what.

Rules of domain.md 5.12; what may be held is decided in admission.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import DateTimeField, F, OuterRef, Q, QuerySet, Subquery

from incidents.alarms.admission import NEVER_HELD, matchers_of
from incidents.alarms.models import Alarm, Held, Occurrence, Silence, SilenceLine
from incidents.alarms.silencing import (
    ALONE,
    FARTHEST,
    BadMatcher,
    BadSpan,
    Matcher,
    Said,
    Span,
    are_apart,
    check,
    first_into_the_night,
    fits,
    occurrences,
)
from oncall.limits import queries as limits
from oncall.people.access import is_pilot, may_configure
from oncall.people.models import Person, RoleTerm
from oncall.people.queries import NoObservingSite, observing_site
from rotations.night import sun
from rotations.night.wall import instant_of

WHO_AGREES = "the pilot, an administrator or a manager"  # other than who asked for it, where it repeats
LATELY = timedelta(hours=24)  # of alarms in a preview
MOST_LOOKED_AT = 2000
MOST_COUNTED = 5000


class SilenceRefused(Exception):
    """It cannot be made so. `field`: what to mend. The message is fit to show."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class AlreadyOver(Exception):
    """It has ended, or somebody was first. The message is fit to show."""


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for. `until`: the last local day on which one that repeats begins, in `zone`."""

    matchers: Sequence[Matcher]
    reason: str
    starts_at: datetime
    ends_at: datetime
    kind: str = Silence.Kind.SILENCE
    repeats: str = ""
    until: date | None = None
    zone: str = "UTC"
    asks_sev1: bool = False


@transaction.atomic
def create(*, wanted: Wanted, by: Person, now: datetime) -> Silence:
    """Keep what matches quiet, from `starts_at` to `ends_at`, and as often as it repeats.

    What is open by then goes on: a silence holds what begins within it. A start that is past is now. SEV-1 is hidden
    only where that is asked for: for whoever is the pilot when it begins alone, for 30 min, and the same SEV-1 once in
    24 h; else from when a second person agrees.

    :raises SilenceRefused: by field, if it would hold everything, has no reason, is too long, or reaches into the night
        or fits most alarms and `by` is neither pilot nor administrator.
    """
    reason = " ".join(wanted.reason.replace("\x00", "").split())[:300]
    if not reason:
        raise SilenceRefused("reason", "Say why, so that whoever misses a page finds it.")
    spans = spans_of(wanted, by=by, now=now)
    starts_at = spans[0][0]
    share = share_of(wanted.matchers, now=now)
    if share.is_wide and not may_configure(by, now=now):
        words = f"{share}: only the pilot or an administrator may silence so much. Name more of them, or ask one."
        raise SilenceRefused("matchers", words)
    alone, sev1 = _sev1(wanted, starts_at=starts_at, by=by, now=now)
    silence = Silence.objects.create(
        kind=wanted.kind,
        matchers=[{"field": one.field, "value": one.value} for one in wanted.matchers],
        reason=reason,
        by=by,
        created_at=now,
        starts_at=starts_at,
        ends_at=spans[-1][1],
        repeats=wanted.repeats,
        zone=wanted.zone if wanted.repeats else "",
        asks_sev1=wanted.asks_sev1,
        sev1_from=starts_at if alone else None,
        sev1_until=starts_at + ALONE if alone else None,
    )
    Occurrence.objects.bulk_create(Occurrence(silence=silence, starts_at=first, ends_at=last) for first, last in spans)
    often = f", {len(spans)} times until {_at(spans[-1][1])}" if wanted.repeats else ""
    much = f" {share}." if share.is_wide else ""
    text = f"{by.name} asked for it, from {_at(starts_at)} to {_at(spans[0][1])}{often}: {reason}.{sev1}{much}"
    _write(silence, text, by=by, now=now)
    return silence


def _sev1(wanted: Wanted, *, starts_at: datetime, by: Person, now: datetime) -> tuple[bool, str]:
    """Say whether `by` alone hides SEV-1 at first, and what the log says of it.

    Own choice: once in 24 h, so that nobody hides it for a night by one silence after another. What another silence of
    theirs hid alone counts where something may fit both (silencing.are_apart).
    """
    if not wanted.asks_sev1:
        return False, ""
    if wanted.repeats:
        return False, f" SEV-1 calls until {WHO_AGREES} agrees."
    if not is_pilot(by, now=starts_at):
        return False, " SEV-1 calls until a second person agrees."
    Person.objects.select_for_update(no_key=True, of=("self",)).get(pk=by.pk)  # two at once: the second sees the first
    again = limits.at(now).span("silence_alone_again_s")
    hid = Silence.objects.filter(
        by=by, agreed_by__isnull=True, sev1_until__isnull=False, ends_at__gt=F("sev1_from"),
        sev1_from__gt=starts_at - again, sev1_from__lt=starts_at + again,
    )  # fmt: skip
    for one in hid.order_by("sev1_from"):
        if one.sev1_from and one.sev1_until and not are_apart(wanted.matchers, matchers_of(one.matchers)):
            span = f"from {_at(one.sev1_from)} to {_at(min(one.sev1_until, one.ends_at))}"
            hours = int(again.total_seconds() // 3600)
            why = f"{by.name} alone hides it {span} in another silence, which is possible once in {hours} h."
            return False, f" SEV-1 calls until a second person agrees: {why}"
    return True, " SEV-1 is hidden for its first 30 min."


def spans_of(wanted: Wanted, *, by: Person, now: datetime) -> list[Span]:
    """Return when it would hold, after every check but that of the reason.

    :raises SilenceRefused: as `create` says.
    """
    try:
        check(wanted.matchers)
    except BadMatcher as error:
        raise SilenceRefused("matchers", str(error)) from None
    starts_at, zone, in_force = max(wanted.starts_at, now), ZoneInfo(wanted.zone), limits.at(now)
    if starts_at - now > FARTHEST:
        raise SilenceRefused("starts_at", "That is more than a year away. Choose an earlier day.")
    if wanted.ends_at <= now:
        raise SilenceRefused("ends_at", f"{_at(wanted.ends_at)} is past. Choose a later end.")
    try:
        spans = occurrences(
            starts_at,
            wanted.ends_at,
            repeats=wanted.repeats,
            until=wanted.until,
            zone=zone,
            free=in_force.span("silence_free_s"),
            instant=instant_of,
        )
    except BadSpan as error:
        raise SilenceRefused(error.field, str(error)) from None
    days = in_force.count("silence_sev1_days")
    if wanted.asks_sev1 and wanted.until and spans[-1][0].astimezone(zone).date() > _day(starts_at, zone, after=days):
        words = f"It hides SEV-1, and may repeat for {days} days at most. Choose an earlier day, or let SEV-1 call."
        raise SilenceRefused("until", words)
    if not may_configure(by, now=now):
        _check_by_day(spans)
    return spans


def _day(instant: datetime, zone: ZoneInfo, *, after: int) -> date:
    return instant.astimezone(zone).date() + timedelta(days=after)


def _check_by_day(spans: Sequence[Span]) -> None:
    """Refuse what reaches into a night at the site that observes; all of it, where no site says when night is."""
    only = "only the pilot or an administrator may silence it. Ask them, or end it before sunset."
    try:
        site = observing_site()
    except NoObservingSite:
        raise SilenceRefused("ends_at", f"No site observes, so nobody knows when night is: {only}") from None
    for span in spans:  # night by night, as they come: a year of them is some hundred milliseconds
        nights = [sun.night_at(day, site) for day in sun.days_around(*span)]
        dark = [(one.sunset, one.sunrise) for one in nights if one.sunset and one.sunrise]
        if found := first_into_the_night([span], dark):
            sunset = max(start for start, end in dark if start < found[1] and found[0] < end)
            words = f"It reaches into the night, which begins at sunset, {_at(sunset)}: {only}"
            raise SilenceRefused("ends_at", words)


@transaction.atomic
def agree(*, silence: Silence, by: Person, now: datetime) -> Silence:
    """A second person agrees that SEV-1 is hidden too, from now on until its end (domain.md 5.12).

    :raises AlreadyOver: if it has ended, or somebody has agreed.
    :raises SilenceRefused: if `by` asked for it, it asks for no such thing, or it repeats and `by` may not.
    """
    silence = _locked(silence, now=now)
    if not silence.asks_sev1:
        raise SilenceRefused("agree", "This silence does not ask to hide SEV-1. Make a new one that does.")
    if silence.agreed_by is not None:
        raise AlreadyOver(f"{silence.agreed_by.name} has agreed before. Nothing more is needed.")
    if silence.by_id == by.pk:
        raise SilenceRefused("agree", "You asked for it. Hiding SEV-1 needs somebody else to agree.")
    if not may_agree(silence, by=by, now=now):
        raise SilenceRefused("agree", f"It hides SEV-1 again and again: {WHO_AGREES} must agree.")
    silence.agreed_by, silence.sev1_until = by, None
    silence.sev1_from = min(silence.sev1_from or now, now)
    silence.save(update_fields=["agreed_by", "sev1_from", "sev1_until"])
    _write(silence, f"{by.name} agreed: SEV-1 is hidden too.", by=by, now=now)
    return silence


def may_agree(silence: Silence, *, by: Person, now: datetime) -> bool:
    """Say whether `by` may be the second person: anybody else where it holds once; where it repeats, one who answers
    for the rotations or for people.
    """
    if silence.by_id == by.pk:
        return False
    manages = RoleTerm.objects.at(now).filter(person=by, role=RoleTerm.Role.MANAGER)
    return not silence.repeats or may_configure(by, now=now) or manages.exists()


@transaction.atomic
def end(*, silence: Silence, by: Person, now: datetime) -> Silence:
    """End it now, with all that is to come of it. What it holds and still fires calls within seconds.

    :raises AlreadyOver: if it has ended.
    """
    silence = _locked(silence, now=now)
    silence.occurrences.filter(starts_at__gte=now).delete()
    silence.occurrences.filter(ends_at__gt=now).update(ends_at=now)
    held = Held.objects.held().filter(silence=silence).update(until=now)
    silence.ended_by, silence.ends_at = by, now
    silence.save(update_fields=["ended_by", "ends_at"])
    freed = f" {held} held firing{'s' if held > 1 else ''} may call now." if held else ""
    _write(silence, f"{by.name} ended it.{freed}", by=by, now=now)
    return silence


def _locked(silence: Silence, *, now: datetime) -> Silence:
    row = (
        Silence.objects.select_for_update(of=("self",)).select_related("by", "agreed_by", "ended_by").get(pk=silence.pk)
    )
    if row.ends_at <= now:
        who = f"{row.ended_by.name} ended it" if row.ended_by else "It ended"
        raise AlreadyOver(f"{who} at {_at(row.ends_at)}. Make a new one if it is still needed.")
    return row


def _write(silence: Silence, text: str, *, by: Person, now: datetime) -> None:
    SilenceLine.objects.create(silence=silence, at=now, person=by, text=text[:500])


def _at(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%d %b %H:%M} UTC"


# --- Questions --------------------------------------------------------------------------------------------------------


def _with_times(now: datetime) -> "QuerySet[Any]":
    """Return all, each with `present_until` (null: it does not hold now) and `next_at` (null: none to come)."""
    mine = Occurrence.objects.filter(silence=OuterRef("pk")).order_by("starts_at")
    present = mine.filter(starts_at__lte=now, ends_at__gt=now).values("ends_at")[:1]
    later = mine.filter(starts_at__gt=now).values("starts_at")[:1]
    rows: QuerySet[Any] = Silence.objects.select_related("by", "agreed_by", "ended_by")
    timed: QuerySet[Any] = rows.annotate(
        present_until=Subquery(present, output_field=DateTimeField()),
        next_at=Subquery(later, output_field=DateTimeField()),
    )
    return timed


def active(*, now: datetime) -> list[Silence]:
    """Return those that hold at `now`, what ends first first; each says `present_until`."""
    holding = Occurrence.objects.filter(starts_at__lte=now, ends_at__gt=now)
    return list(_with_times(now).filter(pk__in=holding.values("silence")).order_by("present_until", "pk"))


def coming(*, now: datetime, until: datetime | None = None) -> list[Silence]:
    """Return those that do not hold at `now` and will (before `until`), the next first; each says `next_at`."""
    rows = _with_times(now).filter(ends_at__gt=now, present_until__isnull=True, next_at__isnull=False)
    return list((rows.filter(next_at__lt=until) if until else rows).order_by("next_at", "pk"))


def past(*, now: datetime) -> "QuerySet[Silence]":
    """Return those that are over, the latest end first."""
    return Silence.objects.filter(ends_at__lte=now).select_related("by", "ended_by").order_by("-ends_at", "pk")


def count_active(*, now: datetime) -> int:
    """Return how many hold at `now`: one statement."""
    return Occurrence.objects.filter(starts_at__lte=now, ends_at__gt=now).values("silence").distinct().count()


@dataclass(frozen=True)
class Share:
    """How many of the different alarms of the last `days` a silence fits: a source's key is one, however often it came.

    `is_wide`: it is more than a silence of one thing fits.
    """

    fits: int
    of: int
    days: int
    is_wide: bool

    def __str__(self) -> str:
        return f"It fits {self.fits} of the {self.of} different alarms of the last {self.days} days"


def share_of(matchers: Iterable[Matcher], *, now: datetime) -> Share:
    """Return how much of what fired lately it fits; of what people raise, which no silence holds, nothing."""
    several, in_force = list(matchers), limits.at(now)
    back = in_force.span("silence_looked_back_s")
    rows = Alarm.objects.filter(fired_at__gt=now - back).exclude(source_id__in=NEVER_HELD).order_by("-fired_at")
    told = ("source_id", "key", "source", "title", "severity", "product", "stage", "labels")
    alike = {(one.source_id, one.key): _said(one) for one in rows.only(*told)[:MOST_COUNTED]}
    fit = sum(fits(several, one) for one in alike.values())
    much = fit * 100 > len(alike) * in_force.number("silence_wide_percent")
    is_wide = much and len(alike) >= in_force.count("silence_wide_alarms")
    return Share(fit, len(alike), round(back / timedelta(days=1)), is_wide)


@dataclass(frozen=True)
class Preview:
    """What of the alarms at hand a silence would fit: `open` go on, since they began before; `lately` are over."""

    open: list[Alarm]
    lately: list[Alarm]
    share: Share


def preview(matchers: Iterable[Matcher], *, now: datetime) -> Preview:
    """Return what it would have held of what is open and of the last 24 h, the newest first."""
    several = list(matchers)
    recent = Q(fired_at__gt=now - LATELY) | ~Q(state=Alarm.State.RESOLVED)
    fit = [
        one for one in Alarm.objects.filter(recent).order_by("-fired_at")[:MOST_LOOKED_AT] if fits(several, _said(one))
    ]
    over = Alarm.State.RESOLVED
    return Preview(
        [one for one in fit if one.state != over], [one for one in fit if one.state == over], share_of(several, now=now)
    )


def _said(alarm: Alarm) -> Said:
    return Said(alarm.source, alarm.title, alarm.severity, alarm.product, alarm.stage, alarm.labels)


def words_of(silence: Silence) -> str:
    """Return what it matches, in words."""
    return ", ".join(str(one) for one in matchers_of(silence.matchers))


def open_before(silence: Silence, *, now: datetime) -> list[Alarm]:
    """Return open alarms that it fits and does not hide, because they began before it."""
    several = matchers_of(silence.matchers)
    rows = Alarm.objects.open().filter(fired_at__lt=now).order_by("severity", "-fired_at")[:MOST_LOOKED_AT]
    return [one for one in rows if fits(several, _said(one))]


def latest(held: "QuerySet[Held]") -> "QuerySet[Held]":
    return held.select_related("alarm", "parent", "silence").order_by(F("ended_at").asc(nulls_first=True), "-first_at")
