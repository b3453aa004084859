"""How the checks of nights stand, what was deployed, and what differs since the last green night."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from playbooks.readiness import standing, versions
from playbooks.readiness.difference import Changed, Deployed, Difference, difference
from playbooks.readiness.models import Check, CheckChange, Deployment, Night, Result, Waiver
from playbooks.readiness.nights import day_obs
from playbooks.readiness.standing import Said, Standing, Verdict

GREEN: tuple[Verdict, ...] = ("pass", "waived")
MOST = 50  # deployments and results of one kind on a page
BACK = timedelta(days=30)  # own choice: before a night, how far back what a service had is looked at
SKEW = timedelta(minutes=1)  # by which a sender's clock may be ahead


@dataclass(frozen=True)
class Row:
    """A check before one night: how it stands, the result that counts, who lets it be red."""

    check: Check
    standing: Standing
    newest: Result | None = None
    waiver: Waiver | None = None

    @property
    def word(self) -> str:
        if self.standing.state in ("missing", "pending") and self.behind:
            return f"not with {self.behind}"
        return standing.WORDS[self.standing.state]

    @property
    def behind(self) -> str:
        """What is deployed and was not tried: its version, with its service where the result's is not written alike."""
        said, newest = self.standing.said, self.newest
        other = said and newest and (said.behind or (said.instead if self.standing.stale == "version" else None))
        if not newest or not other:
            return ""
        is_alike = versions.are_alike(newest.version, other.version)
        return other.version if is_alike else f"{other.service} {other.version}"

    @property
    def sign(self) -> str:
        return SIGNS[self.standing.state]


SIGNS: dict[standing.State, str] = {
    "pass": "✓", "waived": "≈", "fail": "✕", "missing": "○", "pending": "…", "unknown": "?",
}  # fmt: skip


@dataclass(frozen=True)
class Board:
    """One night. `plan`: None where nobody planned it; `is_past`: it is over, whether planned or not."""

    night: date
    plan: standing.Plan | None
    rows: list[Row] = field(default_factory=list)
    is_past: bool = False

    @property
    def verdict(self) -> Verdict:
        """How it stands. Nobody knows what was due before a past night that nobody planned: it is never green."""
        found = standing.of_night([row.standing for row in self.rows])
        return "unknown" if self.plan is None and self.is_past and found != "fail" else found

    @property
    def word(self) -> str:
        return standing.VERDICTS[self.verdict]

    @property
    def red(self) -> list[Row]:
        return [row for row in self.rows if row.standing.is_red]

    @property
    def waived(self) -> list[Row]:
        return [row for row in self.rows if row.standing.state == "waived"]

    @property
    def cards(self) -> list[list[Row]]:
        """The rows in their order; those that one person waived for the same reason until the same instant together."""
        found: dict[object, list[Row]] = {}
        for row in self.rows:
            waiver = row.waiver if row.standing.state == "waived" else None
            said = (waiver.by_id, waiver.why, waiver.until) if waiver else row.check.pk
            found.setdefault(said, []).append(row)
        return list(found.values())

    @property
    def to_come(self) -> list[Row]:
        return [row for row in self.rows if row.standing.state == "pending"]

    @property
    def due(self) -> datetime | None:
        """When the first of what is to come is due; None where nothing is."""
        return min((row.standing.due for row in self.to_come if row.standing.due), default=None)

    @property
    def behind(self) -> list[str]:
        """What is deployed and was not tried by what is to come."""
        return sorted({row.behind for row in self.to_come if row.behind})

    @property
    def by_number(self) -> dict[int, Row]:
        return {row.check.number: row for row in self.rows}

    @property
    def path(self) -> str:
        return f"/readiness/{self.night:%Y%m%d}/"


def board(nights: Sequence[date], *, now: datetime) -> list[Board]:
    """Return how these nights stand at `now`, in their order: six queries however many they are."""
    if not nights:
        return []
    plans = {row.day_obs: row.plan for row in Night.objects.filter(day_obs__in=nights)}
    checks = list(Check.objects.select_related("owner_team"))
    results = results_that_count(nights)
    waivers = list(Waiver.objects.filter(starts_at__lte=now).select_related("by"))
    deployed = _deployed(nights)
    found = []
    for night in nights:
        plan = plans.get(night)
        is_past = now >= plan.ends_at if plan else night < day_obs(now)
        known = [row for row in deployed if _is_known(row, plan, now)]
        there = [Deployed(row.service, row.version, row.at) for row in known]
        own = [] if plan is None and is_past else waivers  # what is waived today was not waived then
        used = [one for one in checks if one.used_from <= night and (one.used_until is None or night < one.used_until)]
        rows = [_row(one, results.get((night, one.pk), []), plan, there, own, now=now) for one in used]
        found.append(Board(night, plan, rows, is_past))
    return found


def _deployed(nights: Sequence[date]) -> list[Deployment]:
    """Return what may have been in use before these nights: what each service had then, and all that came later."""
    start = datetime.combine(min(nights), time(12), UTC) - BACK
    before = Deployment.objects.filter(at__lt=start).order_by("service", "-at", "-received_at").distinct("service")
    return [*before, *Deployment.objects.filter(at__gte=start).order_by("at", "received_at", "service")]


def _is_known(row: Deployment, plan: standing.Plan | None, now: datetime) -> bool:
    """Say whether a deployment counts for a night: those until sunset do, unless the night was over when it was
    reported. What is deployed while people observe stands elsewhere.
    """
    if plan is None:
        return row.at <= now + SKEW
    return row.at <= min(now + SKEW, plan.sunset) and row.received_at < plan.ends_at


def one_night(night: date, *, now: datetime) -> Board:
    return board([night], now=now)[0]


def tonight(*, now: datetime) -> Board | None:
    """Return how the night that `now` belongs to stands; None while nobody has ever reported a result."""
    return one_night(day_obs(now), now=now) if Result.objects.exists() else None


def counting() -> QuerySet[Result]:
    """Results that count: what came when a planned night was over changes nothing."""
    over = Night.objects.filter(day_obs=OuterRef("day_obs"), ends_at__lte=OuterRef("at"))
    return Result.objects.exclude(Exists(over))


def results_that_count(nights: Sequence[date]) -> dict[tuple[date, UUID], list[Result]]:
    """Return the newest results that count of each check and night, one of each version, the newest first."""
    rows = counting().filter(day_obs__in=nights).select_related("by")
    newest = rows.order_by("day_obs", "of_id", "version", "-nth").distinct("day_obs", "of_id", "version")
    found: dict[tuple[date, UUID], list[Result]] = {}
    for row in sorted(newest, key=lambda row: row.nth, reverse=True):
        found.setdefault((row.day_obs, row.of_id), []).append(row)
    return found


def _row(
    check: Check,
    results: Sequence[Result],
    plan: standing.Plan | None,
    deployed: Sequence[Deployed],
    waivers: Iterable[Waiver],
    *,
    now: datetime,
) -> Row:
    tried = [versions.Tried(one.version, one.result == Result.Outcome.PASS) for one in results]
    newest = results[versions.telling(tried, deployed)] if results else None
    said = None
    if newest:
        run = Deployed("", newest.version, newest.at)
        behind = versions.outdated_by(newest.version, deployed) or versions.overtaken_by(run, deployed)
        instead = versions.used_instead(newest.version, deployed)
        said = Said(newest.result == Result.Outcome.PASS, newest.at, behind, instead)
    own = [one for one in waivers if one.of_id == check.pk]
    stands = standing.of_check(said, plan, now, waivers=[one.plain for one in own])
    covering = [one for one in own if one.plain.covers(plan, now)]
    return Row(check, stands, newest, max(covering, key=lambda one: one.until) if covering else None)


# --- Since the last green night ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Since:
    """What differs since the last green night. `green`: None where no night before was green; `at`: since when."""

    green: Night | None
    difference: Difference
    at: datetime | None = None


def since_green(night: date, *, now: datetime) -> Since:
    """Return what was deployed and which checks were changed since those of the last green night before `night` were
    run, until the end of `night`, or `now`.

    Green is PASS, and PASS with waiver: the sky was observed with it. So a night is green from its sunset on. What was
    deployed between its run and its sunset was never tried: the run's first pass is where this begins.
    """
    nights = Night.objects.filter(day_obs__lt=night, verdict__in=GREEN, sunset__lte=now)
    green = nights.order_by("-day_obs").first()
    if green is None:
        return Since(None, Difference((), ()))
    passed = [
        row.newest.at for row in one_night(green.day_obs, now=now).rows if row.newest and row.standing.state == "pass"
    ]
    start = min([*passed, green.sunset])
    ends = Night.objects.filter(day_obs=night).values_list("ends_at", flat=True).first()
    until = min(now, ends) if ends else now
    rows = Deployment.objects.filter(at__gt=start, at__lte=until)
    changes = CheckChange.objects.filter(at__gt=start, at__lte=until).select_related("of", "by")
    since = [Deployed(row.service, row.version, row.at, row.who, row.link) for row in rows]
    changed = [Changed(row.of.number, row.of.title, row.at, row.by.name if row.by else "", row.text) for row in changes]
    before = versions_at(start, among={one.service for one in since})
    return Since(green, difference(before, since, changed), start)


# --- Deployments ------------------------------------------------------------------------------------------------------


def versions_at(instant: datetime, *, among: Iterable[str] | None = None) -> dict[str, str]:
    """Return the version of each service that was deployed at an instant. `among`: only of these."""
    rows = Deployment.objects.filter(at__lte=instant)
    if among is not None:
        rows = rows.filter(service__in=list(among))
    return dict(rows.order_by("service", "-at", "-received_at").distinct("service").values_list("service", "version"))


def deployments_between(start: datetime, end: datetime | None) -> QuerySet[Deployment]:
    """Return what was deployed from one instant to another, both counted, oldest first. `end`: None: open."""
    rows = Deployment.objects.filter(at__gte=start)
    return (rows if end is None else rows.filter(at__lte=end)).order_by("at", "received_at", "service")


# --- What was said ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """A version that was tried before a night: how many checks, and when last."""

    version: str
    checks: int
    at: datetime


def versions_of(night: date) -> list[Version]:
    """Return the versions that were tried before a night, the one tried last first; "" where none was named."""
    rows = Result.objects.filter(day_obs=night).order_by().values("version")
    found = rows.annotate(checks=Count("of", distinct=True), at=Max("at"), last=Max("nth")).order_by("-last")
    return [Version(row["version"], row["checks"], row["at"]) for row in found]


def results_of(night: date, *, version: str | None = None) -> QuerySet[Result]:
    """Return every result for a night, the newest first. `version`: only of this one."""
    rows = Result.objects.filter(day_obs=night).select_related("of", "by")
    return rows if version is None else rows.filter(version=version)


def last_nights(count: int, *, now: datetime) -> list[date]:
    """Return so many nights, the newest first: from this one, or the next where somebody reported for it already."""
    newest = day_obs(now)
    ahead = newest + timedelta(days=1)
    if Result.objects.filter(day_obs=ahead).exists():
        newest = ahead
    return [newest - timedelta(days=number) for number in range(count)]
