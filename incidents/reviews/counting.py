"""Count what an incident cost: visits, budgets, people, hours. The arithmetic is impact.py; this asks for numbers."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, Sum

from incidents.alarms.models import AlarmPage
from incidents.command.models import Entry, Incident
from incidents.latency import budget_queries
from incidents.latency.budget import Counts, total
from incidents.latency.models import Delivery, Verdict, Visit
from incidents.latency.queries import visits
from incidents.reviews.impact import (
    Change,
    Figures,
    Night,
    Seen,
    Span,
    by_severity,
    corrected,
    effect,
    figures,
    overlap,
    unseen,
)
from oncall.limits.queries import Limits
from oncall.people.models import Site
from oncall.people.queries import NoObservingSite, observing_site
from rotations.leave.models import CallOut
from rotations.night import sun


def changes(incident: Incident, kind: str) -> list[Change]:
    """Return how its state or its severity went, from its timeline."""
    rows = incident.entries.filter(kind=kind).order_by("nth").values_list("at", "said")
    return [Change(at, said["was"], said["is"]) for at, said in rows if "was" in said and "is" in said]


def spans_of(incident: Incident, *, starts: datetime | None, ends: datetime | None, now: datetime) -> list[Span]:
    """Return when the effect lasted. `starts`, `ends`: what the review says of it; None: as the incident says."""
    since = incident.impact_starts_at or incident.declared_at
    lasted = effect(since, changes(incident, Entry.Kind.STATE), ends=max(now, since))
    return corrected(lasted, starts=starts, ends=ends)


def count(
    incident: Incident,
    *,
    now: datetime,
    limits: Limits,
    starts: datetime | None = None,
    ends: datetime | None = None,
) -> Figures:
    """Return what it cost as it is known `now`; a dozen queries over the nights and alarms of the incident."""
    terms = budget_queries.Terms.of(limits)
    spans = spans_of(incident, starts=starts, ends=ends, now=now)
    seconds = by_severity(incident.severity, changes(incident, Entry.Kind.SEVERITY), spans)
    site = _site()
    nights, late = _visits(spans, site=site, now=now)
    counts = total(one.counts for one in nights)
    watched = _observing(spans, site)
    called, worked = _people(incident, now=now)
    seen = Seen(
        spans=spans,
        seconds=seconds,
        nights=[one for one in nights if one.counts.eligible],
        counts=counts,
        alerts_late=late,
        unseen=unseen(watched, visits().filter(_within(watched)).count(), cadence_s=terms.cadence_s),
        people_called=called,
        worked_s=worked,
        messages_sent=incident.entries.filter(kind=Entry.Kind.UPDATE).count(),
    )
    return figures(seen, terms.budget)


def _site() -> Site | None:
    try:
        return observing_site()
    except NoObservingSite:
        return None


def _observing(spans: Sequence[Span], site: Site | None) -> list[Span]:
    """Return what of `spans` are observing minutes; nothing where no site observes, because nobody can say."""
    if site is None:
        return []
    return [found for span in spans for found in overlap([span], sun.observing_spans(*span, site))]


def _within(spans: Sequence[Span]) -> Q:
    within = Q(pk__in=[])
    for starts, ends in spans:
        within |= Q(end_readout__gte=starts, end_readout__lt=ends)
    return within


def _visits(spans: Sequence[Span], *, site: Site | None, now: datetime) -> tuple[list[Night], int]:
    """Return what became of the visits that ended within `spans`, by night, and how many of their alerts were late."""
    found: dict[int, dict[str, int]] = {}
    taken = visits().filter(_within(spans))
    for day_obs, verdict, number in taken.order_by().values_list("day_obs", "verdict").annotate(n=Count("pk")):
        found.setdefault(day_obs, {})[verdict] = number
    nights = [_night(day_obs, Counts(**numbers), site=site, now=now) for day_obs, numbers in sorted(found.items())]
    sent = Delivery.objects.filter(
        visit_id__in=taken.exclude(verdict=Verdict.NOT_ELIGIBLE).order_by().values("visit_id")
    )
    late = sent.aggregate(late=Sum(F("sent") - F("sent_within_limit")))["late"] or 0
    return nights, int(late)


def _night(day_obs: int, counts: Counts, *, site: Site | None, now: datetime) -> Night:
    whole = Visit.objects.filter(day_obs=day_obs).exclude(verdict=Verdict.NOT_ELIGIBLE).count()
    day = budget_queries.night_of(day_obs)
    sunrise = sun.night_at(day, site).sunrise if site is not None else None
    ends = sunrise or sun.noon_of(day + timedelta(days=1))
    return Night(f"{day:%Y-%m-%d}", counts, whole, over=now >= ends)


def _people(incident: Incident, *, now: datetime) -> tuple[int, int]:
    """Return how many people were called for its alarms, and how many seconds their call-outs for it lasted in all."""
    links = list(incident.alarm_links.values_list("alarm_id", "alarm__fired_at", "linked_at", "unlinked_at"))
    until = incident.resolved_at or now
    called: set[object] = set()
    for alarm_id, fired_at, linked_at, unlinked_at in links:
        began = min(fired_at, linked_at, incident.declared_at)
        pages = AlarmPage.objects.filter(alarm=alarm_id, linked_at__gte=began, linked_at__lte=unlinked_at or until)
        called.update(pages.order_by().values_list("page__person", flat=True))
    subjects = [f"alarm:{alarm_id}" for alarm_id, *_ in links] + [f"incident:{incident.pk}"]
    began = min([incident.declared_at, *(fired_at for _, fired_at, _, _ in links)])
    mine = CallOut.objects.live().filter(subjects__overlap=subjects, starts_at__lte=until)
    mine = mine.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=began))
    worked = sum(((ends or now) - starts for starts, ends in mine.values_list("starts_at", "ends_at")), timedelta())
    return len(called), int(worked // timedelta(seconds=1))
