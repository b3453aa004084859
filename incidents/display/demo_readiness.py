"""The demo's checks before observing: a month of nights, and tonight as far as it has come. Scenario (d) of
docs/domain.md; rows R28, R29.

What jobs find and deploy is incidents/latency/demo_checks.py's; from the start of the demo on they report it
themselves (incidents/latency/check_jobs.py). Most nights are green, some were red in the morning and mended, on one a
check was not run again, and one check has a waiver. Nobody is called for the past here.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from django.db import transaction

from incidents.latency import checks_ahead, demo_checks
from incidents.latency.demo_checks import Deployment, Due, Found
from oncall.limits import queries as limits
from oncall.people.models import Person, Team
from playbooks.readiness import deploying, queries, services
from playbooks.readiness.models import Check, Night, Result
from playbooks.readiness.nights import PACIFIC, in_words
from rotations.night import sun
from rotations.night.wall import wall_instant

DAY = timedelta(days=1)
NIGHTS = 30  # before tonight
OWNERS_SINCE = 60 * DAY
OWNERS = {
    "US Data Facility": (1, 2, 3, 4, 5, 14),
    "Data Abstraction": (6, 8, 12),
    "Algorithms & Pipelines": (9, 10, 11),
    "Campaign Management": (7, 15),
    "Chile DevOps": (13,),
    "Triage": (16,),
}
WAIVED_AT, WAIVED_FOR = time(11, 20), 6 * DAY  # Pacific, on the day before the demo began
WAIVED = (
    "The templates of this field are built anew until then. Its visits fall back to single frame and are not expected "
    "to send alerts; no other field is touched."
)


@transaction.atomic
def load(*, people: Mapping[str, Person], teams: Mapping[str, Team], now: datetime) -> None:
    """Let the checks of the last nights have been made, and tonight's until `now`. For a database that has no results;
    where no site observes, there are no nights.
    """
    if Result.objects.exists():
        return
    now = now.replace(microsecond=0)
    for team, numbers in OWNERS.items():
        for check in Check.objects.filter(number__in=numbers):
            services.change_check(check=check, owner_team=teams[team], by=people["tanaka"], now=now - OWNERS_SINCE)
    tonight = sun.day_obs(now)
    days = [tonight - back * DAY for back in range(NIGHTS, -1, -1)]
    checks_ahead.plan(days, now=now, limits=limits.at(now))
    checks_ahead.keep(now=now, limits=limits.at(now))
    nights = {night.day_obs: night for night in Night.objects.filter(day_obs__in=days)}
    for day in (days[0] - back * DAY for back in range(demo_checks.DEPLOYED_BEFORE.days, 0, -1)):
        _deploy(demo_checks.deployments(day), people["ito"])
    for day in days:
        if day in nights:
            _live(nights[day], people, tonight=tonight, now=now)


def catch_up(*, now: datetime) -> int:
    """Report what should be in for tonight and is not, as of now: the demo was stopped meanwhile. Before anybody looks
    what is missing, so that nobody is called for that. Returns how many checks.

    Nights that are over stay as they are: what was planned and not run is missing, what nobody planned is not known.
    """
    day = sun.day_obs(now)
    checks_ahead.keep(now=now, limits=limits.at(now))
    night, by = Night.objects.filter(day_obs=day).first(), Person.objects.filter(username="admin").first()
    if night is None or by is None or now >= night.ends_at or not Result.objects.exists():
        return 0
    due = due_of(night)
    stands = queries.one_night(day, now=now)
    waived = any(row.waiver for row in stands.rows if row.check.number == demo_checks.WAIVED)
    story = demo_checks.story_of(day, today=day, waived=waived)
    mends, last = demo_checks.mended_on(due, story), now.astimezone(PACIFIC).date()
    for one in (last - back * DAY for back in range(demo_checks.DEPLOYED_BEFORE.days, -1, -1)):
        _deploy(demo_checks.deployments(one, mends=mends if one == day else None), by, until=now, now=now)
    known = {row.check.number: row.newest.at for row in stands.rows if row.newest}
    checks = {row.check.number: row.check for row in stands.rows}
    missing = demo_checks.wanted(demo_checks.found(due, story), known=known, now=now)
    version = queries.versions_at(now).get(demo_checks.TRAIN[0], demo_checks.version_at(now))
    many = [one for one in missing if one.check in checks]
    _keep(many, checks, day, by=by, version=version, at=now)
    services.settle(night=day, now=now)
    return len(many)


def due_of(night: Night) -> Due:
    return Due(night.day_obs, night.morning_due, night.evening_due)


def not_run(*, now: datetime) -> tuple[datetime, str] | None:
    """Return when the second run of the night was due on which a check was missing, and what itest.failed said; None
    where no site observes.
    """
    day = sun.day_obs(now) - demo_checks.MISSING_BACK * DAY
    night = Night.objects.filter(day_obs=day).first()
    if night is None:
        return None
    check = Check.objects.get(number=demo_checks.NOT_AGAIN)
    title = f"{services.ALARM}: 1 check is red before the night of {in_words(day)}: {check} (not run)."
    return night.evening_due, title


def _live(night: Night, people: Mapping[str, Person], *, tonight: date, now: datetime) -> None:
    """Let a night's checks be made, each run at its own time: red ones are looked at, which opens and closes the work
    item of the owner.
    """
    by, day, due = people["admin"], night.day_obs, due_of(night)
    is_waived = tonight - day <= DAY  # since the morning of the day before
    story = demo_checks.story_of(day, today=tonight, waived=is_waived)
    deployed = list(demo_checks.deployments(day, mends=demo_checks.mended_on(due, story)))
    checks = {check.number: check for check in Check.objects.in_use(day)}
    said = [one for one in demo_checks.found(due, story) if one.check in checks]
    looks = {one.at for one in said if not one.passed or one.check == story.red} | {due.evening}
    waives = {wall_instant(day, WAIVED_AT, PACIFIC)} if tonight - day == DAY else set()
    for at in sorted({*(one.at for one in deployed), *(one.at for one in said), *looks, *waives}):
        if at > now:
            break
        _deploy((one for one in deployed if one.at == at), people["ito"])
        many = [one for one in said if one.at == at]
        _keep(many, checks, day, by=by, version=demo_checks.version_at(at), at=at)
        if at in waives:
            until, waived = at + WAIVED_FOR, checks[demo_checks.WAIVED]
            services.waive(check=waived, why=WAIVED, until=until, by=people["tanaka"], now=at)
        elif at in looks:
            services.settle(night=day, now=at)
    services.settle(night=day, now=min(now, night.ends_at))


def _keep(many: list[Found], checks: Mapping[int, Check], day: date, *, by: Person, version: str, at: datetime) -> None:
    """As services.record keeps them, all at once: whoever calls this looks at the night."""
    Result.objects.bulk_create(
        Result(
            day_obs=day, of=checks[one.check], result="pass" if one.passed else "fail", version=version,
            detail=one.detail, at=at, by=by,
        )
        for one in many
    )  # fmt: skip


def _deploy(
    many: Iterable[Deployment], by: Person, *, until: datetime | None = None, now: datetime | None = None
) -> None:
    """Report what was deployed `until` an instant, all of it without one, as of `now`, or as of when it was."""
    for one in many:
        if until is None or one.at <= until:
            deploying.report(
                service=one.service, version=one.version, at=one.at, who=one.who, by=by, now=now or one.at
            )  # fmt: skip
