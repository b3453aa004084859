"""Questions about reviews: which there are, what is late, whose they are, what happens again and again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import ExtractYear

from incidents.alarms.models import Alarm, Cause
from incidents.command.models import Incident
from incidents.reviews import plots
from incidents.reviews.models import ActionItem, Review
from incidents.reviews.states import State
from oncall.limits.queries import Limits
from oncall.people import access
from oncall.people.holidays import Place
from oncall.people.models import Person, Team
from oncall.work.due import end_of_working_day
from oncall.work.queries import AHEAD, calendar_of

DAY = timedelta(days=1)
REPEATS_WITHIN = timedelta(days=365)
CAUSES: list[tuple[str, str]] = [*((str(value), str(words)) for value, words in Cause.choices), ("", "nobody has said")]
WHEN = [("late", "overdue"), ("soon", "due within 14 days"), ("later", "due later")]
SOON = timedelta(days=14)
NO_HOLIDAYS = ", no holidays"  # said of working days that take none out


def visible(person: Person) -> QuerySet[Review]:
    """Return what `person` may see, with all that a line of a list shows."""
    return Review.objects.visible_to(person).select_related("incident", "owner")


def state_of(review: Review) -> State:
    state: State = review.state  # type: ignore[assignment]  # the column has a constraint
    return state


def last_commander(incident: Incident) -> Person | None:
    """Return who has command, or had it last."""
    held = incident.assignments.filter(role="commander", person__is_active=True).select_related("person")
    last = held.order_by("starts_at").last()
    return last.person if last else None


def default_owner(incident: Incident) -> Person | None:
    """Return whose a review is unless somebody is named: whoever had command last, else who declared it; nobody where
    they have left, or may not see it.
    """
    for person in (last_commander(incident), incident.declared_by):
        if person is not None and person.is_active and sees(person, incident):
            return person
    return None


def sees(person: Person, incident: Incident) -> bool:
    return Incident.objects.visible_to(person).filter(pk=incident.pk).exists()


def team_of(person: Person | None) -> Team | None:
    """Return the team in whose calendar somebody's review is due: the first by name that has one; None: the default."""
    if person is None:
        return None
    return person.teams.filter(calendar__isnull=False).select_related("calendar").order_by("name").first()


def due_of(
    severity: int, owner: Person | None, *, resolved_at: datetime, limits: Limits
) -> tuple[datetime | None, str]:
    """Return when a review is due, and by whose working days: 3 calendar days after the end of a SEV-1, at the end of
    the 5th working day after that of a SEV-2 (limits), never for what is not major.
    """
    if severity > 2:
        return None, ""
    if severity == 1:
        return resolved_at + DAY * limits.count("review_due_sev1_days"), ""
    calendar = calendar_of(team_of(owner))
    zone = ZoneInfo(calendar.time_zone)
    today = resolved_at.astimezone(zone).date()
    due = end_of_working_day(
        resolved_at,
        days=limits.count("review_due_sev2_days"),
        zone=zone,
        work_days=calendar.work_days,
        starts=calendar.starts,
        ends=calendar.ends,
        holidays=Place(calendar.country, calendar.subdivision).between(today, today + AHEAD),
    )
    return due, calendar.name if calendar.country else f"{calendar.name[: 80 - len(NO_HOLIDAYS)]}{NO_HOLIDAYS}"


def may_appoint(review: Review, person: Person, *, now: datetime) -> bool:
    """Its owner, whoever had command last, the pilot and administrators; anybody while it is nobody's."""
    if review.owner_id in (None, person.pk) or access.may_configure(person, now=now):
        return True
    commander = last_commander(review.incident)
    return commander is not None and commander.pk == person.pk


def may_close(review: Review, person: Person, *, now: datetime) -> bool:
    """A lead of one of the owner's teams, the pilot, an administrator."""
    if access.may_configure(person, now=now):
        return True
    return review.owner is not None and review.owner.teams.filter(lead=person).exists()


def likely_cause(incident: Incident) -> str:
    """Return what most of its alarms were in the end, as far as somebody said."""
    said = Alarm.objects.filter(incident_links__incident=incident, incident_links__calls=False).exclude(cause="")
    first = said.order_by().values("cause").annotate(n=Count("pk", distinct=True)).order_by("-n", "cause").first()
    return first["cause"] if first else ""


# --- Lists and drawings -----------------------------------------------------------------------------------------------


def waiting_for_one(person: Person) -> QuerySet[Incident]:
    """Return the major incidents that are over and have no review yet, as far as `person` sees them."""
    rows = Incident.objects.visible_to(person).filter(severity__lte=2, state="resolved", review__isnull=True)
    return rows.order_by("-number")


@dataclass(frozen=True)
class Year:
    year: int
    bars: list[plots.Bar]

    @property
    def count(self) -> int:
        return sum(bar.count for bar in self.bars)


def causes_by_year(person: Person) -> list[Year]:
    """Return the reviews that `person` may see by cause, the newest year first (UTC, by when it was declared) (R22)."""
    rows = (
        Review.objects.visible_to(person)
        .annotate(year=ExtractYear("incident__declared_at", tzinfo=UTC))
        .order_by()
        .values_list("year", "cause")
        .annotate(n=Count("pk"))
    )
    years: dict[int, dict[str, int]] = {}
    for year, cause, number in rows:
        years.setdefault(year, {})[cause] = number
    return [Year(year, plots.parts(counts, CAUSES)) for year, counts in sorted(years.items(), reverse=True)]


@dataclass(frozen=True)
class Repeated:
    """The same cause on the same product, more than once within a year."""

    cause: str
    words: str
    product: str
    count: int


def repeated(person: Person, *, now: datetime) -> list[Repeated]:
    rows = (
        Review.objects.visible_to(person)
        .filter(incident__declared_at__gt=now - REPEATS_WITHIN)
        .exclude(cause="")
        .order_by()
        .values_list("cause", "incident__product")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .order_by("-n", "cause", "incident__product")
    )
    return [Repeated(cause, str(Cause(cause).label), product, number) for cause, product, number in rows]


def open_actions(person: Person) -> QuerySet[ActionItem]:
    """Return what is still to be done, the oldest due first."""
    rows = ActionItem.objects.visible_to(person).open()
    return rows.select_related("review__incident", "owner", "team", "work").order_by("due_on", "made_at")


def open_by_due(actions: Iterable[ActionItem], *, today: date) -> list[plots.Bar]:
    counts: dict[str, int] = {}
    for one in actions:
        name = "late" if one.due_on < today else "soon" if one.due_on <= today + SOON else "later"
        counts[name] = counts.get(name, 0) + 1
    return plots.parts(counts, WHEN)


def search_published(words: str) -> QuerySet[Review]:
    """Return what everybody may read, the newest first; with `words`, those that have all of them somewhere."""
    rows = Review.objects.published().select_related("incident").order_by("-published_at", "pk")
    for word in words.split()[:8]:
        rows = rows.filter(Q(published_text__icontains=word))
    return rows
