"""The demo's schedules: triage by the sun, experts by skill, the summit, commanders, stewards, the forum watcher.

The week of 22 to 28 March 2027, in which the clocks of Europe and America disagree, comes out as the sample week of
domain.md section 4. Every name is invented.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from oncall.people.models import Person, Team
from rotations.changes import services as changes
from rotations.changes import swaps
from rotations.changes.models import Absence, Override
from rotations.coverage import queries
from rotations.night import services as nights
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Layer, Turns

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_MONDAY = date(2026, 1, 5)  # 63 weeks before the sample week
SAMPLE = datetime(2027, 3, 20, tzinfo=UTC)  # when what is special about the sample week was known
PACIFIC, PARIS, SANTIAGO = "America/Los_Angeles", "Europe/Paris", "America/Santiago"
MON_TUE, WED_THU, FRI_TO_SUN, SAT_SUN, WEEKDAYS = (1, 2), (3, 4), (5, 6, 7), (6, 7), (1, 2, 3, 4, 5)

# Name, role, level, window, weekdays, order. Nights count from noon in California: their European part is next morning.
TRIAGE: Sequence[tuple[str, str, int, str, tuple[int, ...], tuple[str, ...]]] = [
    ("West, Mon and Tue", "primary", 1, "west", MON_TUE, ("moreno", "singh", "castillo")),
    ("West, Wed and Thu", "primary", 1, "west-uk", WED_THU, ("singh", "castillo", "moreno")),
    ("West, Fri to Sun", "primary", 1, "west", FRI_TO_SUN, ("castillo", "moreno", "singh")),
    ("Europe, Mon, Tue and Fri", "primary", 1, "europe", (*MON_TUE, 5), ("dubreuil", "girard")),
    ("Europe, Wed and Thu", "primary", 1, "uk", WED_THU, ("fraser",)),
    ("Europe, Sat and Sun", "primary", 1, "europe", SAT_SUN, ("girard", "dubreuil")),
    ("New joiner", "shadow", 0, "west-uk", WED_THU, ("keller",)),
    ("By day, West", "primary", 0, "day-west", (1, 2, 3, 4, 5, 6, 7), ("moreno", "singh", "castillo")),
    ("By day, Europe", "primary", 0, "day-europe", (1, 2, 3, 4, 5, 6, 7), ("fraser", "dubreuil", "girard")),
]
EXPERTS = {  # team, and the skill as playbooks name it; on weekdays, in this order by weeks; on weekends the other
    "Data Facility on call": ("US Data Facility", "Data Facility", ("dubreuil", "okafor")),
    "Campaign Management on call": ("Campaign Management", "Campaign Management", ("moreno", "tanaka")),
    "Data Abstraction on call": ("Data Abstraction", "Pipeline Middleware", ("ito", "reyes")),
    "Algorithms & Pipelines on call": ("Algorithms & Pipelines", "Algorithms & Pipelines", ("walker", "lindqvist")),
}


def load(people: Mapping[str, Person], teams: Mapping[str, Team], *, now: datetime) -> dict[str, Schedule]:
    """Make every schedule, as of the beginning of 2026; return them by name."""
    windows = _windows()
    made = {"Triage": _triage(people, teams, windows)}
    for name, (team, skill, order) in EXPERTS.items():
        schedule = services.create_schedule(name=name, team=teams[team], skill=skill, needs="night", now=BEGINNING)
        week = [people[one] for one in order]
        _rotation(schedule, "Weekdays", WEEKDAYS, week)
        _rotation(schedule, "Weekends", SAT_SUN, week[::-1])
        made[name] = schedule
    made["Summit, early night"] = _summit(people, teams, windows)
    made["Observing specialists"] = _observers(people, teams["Observing Specialists"])
    made["Incident commanders"] = _commanders(people, teams["Campaign Management"])
    made["Support stewards"] = _stewards(teams["Support Stewards"])
    made["Forum watcher"] = _watcher(people, teams["Community Science"])
    _sample_week(made, people, known_at=min(now, SAMPLE))
    return made


def _windows() -> dict[str, Window]:
    """Every window that an installation has, and two for the day."""
    for name, zone, since, until in (
        ("day-west", PACIFIC, time(9), time(17)),
        ("day-europe", PARIS, time(9), time(18)),
    ):
        nights.save_window(
            name=name,
            label=f"By day, {zone.rpartition('/')[2].replace('_', ' ')}",
            says=nights.Says(kind="clock", time_zone=zone, since=since, until=until, weekdays=[1, 2, 3, 4, 5, 6, 7]),
            now=BEGINNING,
        )
    return {window.name: window for window in Window.objects.all()}


def _triage(people: Mapping[str, Person], teams: Mapping[str, Team], windows: Mapping[str, Window]) -> Schedule:
    schedule = services.create_schedule(
        name="Triage",
        team=teams["Triage"],
        skill="Triage",
        needs="night",
        description="Tier 1: who answers first. West and Europe share each night, so that nobody works after midnight.",
        now=BEGINNING,
    )
    for name, role, level, window, weekdays, order in TRIAGE:
        services.create_rotation(
            schedule=schedule,
            role=role,
            name=name,
            turns=Turns(PACIFIC, "week", 1, FIRST_MONDAY, time(12), weekdays=weekdays),
            people=[people[one] for one in order],
            layer=Layer(level=level, window=windows[window]),
            now=BEGINNING,
        )
    return schedule


def _rotation(schedule: Schedule, name: str, weekdays: tuple[int, ...], order: Sequence[Person]) -> None:
    services.create_rotation(
        schedule=schedule,
        role="primary",
        name=name,
        turns=Turns(PACIFIC, "week", 1, FIRST_MONDAY, time(9), weekdays=weekdays),
        people=order,
        now=BEGINNING,
    )


def _summit(people: Mapping[str, Person], teams: Mapping[str, Team], windows: Mapping[str, Window]) -> Schedule:
    """Chile hours and the early night (R11)."""
    schedule = services.create_schedule(
        name="Summit, early night", team=teams["Chile DevOps"], skill="Chile DevOps", now=BEGINNING
    )
    services.create_rotation(
        schedule=schedule,
        role="primary",
        name="Early night",
        turns=Turns(SANTIAGO, "week", 1, FIRST_MONDAY, time(12)),
        people=[people["fuentes"], people["vidal"]],
        layer=Layer(window=windows["early-night-chile"]),
        now=BEGINNING,
    )
    return schedule


def _observers(people: Mapping[str, Person], team: Team) -> Schedule:
    """Who can be asked what the telescope does (P1, P6)."""
    schedule = services.create_schedule(
        name="Observing specialists", team=team, skill="Observing Specialists", now=BEGINNING
    )
    services.create_rotation(
        schedule=schedule,
        role="primary",
        name="Late shift",
        turns=Turns(SANTIAGO, "week", 1, FIRST_MONDAY, time(12)),
        people=[people["rojas"]],
        now=BEGINNING,
    )
    return schedule


def _commanders(people: Mapping[str, Person], team: Team) -> Schedule:
    """Who is called when a major incident has no commander: leads in turn, a day each; Rosa Keller learns (T03)."""
    schedule = services.create_schedule(
        name="Incident commanders",
        team=team,
        skill="incident command",
        description="Called when a major incident has nobody in command. To acknowledge is to take command.",
        now=BEGINNING,
    )
    for role, name, order in (
        ("primary", "Commanders", ("tanaka", "okafor", "lindqvist")),
        ("shadow", "In training", ("keller",)),
    ):
        services.create_rotation(
            schedule=schedule,
            role=role,
            name=name,
            turns=Turns(PACIFIC, "day", 1, FIRST_MONDAY, time(9)),
            people=[people[one] for one in order],
            now=BEGINNING,
        )
    return schedule


def _stewards(team: Team) -> Schedule:
    """Two at every instant, for four weeks; one changes every two (T12 to T15)."""
    schedule = services.create_schedule(
        name="Support stewards",
        team=team,
        skill="Support",
        needs="always",
        at_least=2,
        at_most=2,
        description="Alphabetical, as on the team's page. The changeover is at the sprint meeting.",
        now=BEGINNING,
    )
    services.create_rotation(
        schedule=schedule,
        role="primary",
        name="Stewards",
        turns=Turns(PACIFIC, "week", 2, FIRST_MONDAY, time(10), at_once=2, order="alphabetical"),
        people=list(team.members.all()),
        layer=Layer(team=team),
        now=BEGINNING,
    )
    return schedule


def _watcher(people: Mapping[str, Person], team: Team) -> Schedule:
    schedule = services.create_schedule(name="Forum watcher", team=team, skill="Forum", now=BEGINNING)
    _rotation(schedule, "Watcher", (1, 2, 3, 4, 5, 6, 7), [people["osei"], people["berg"]])
    return schedule


def _sample_week(made: Mapping[str, Schedule], people: Mapping[str, Person], *, known_at: datetime) -> None:
    """Wednesday's swap in Data Abstraction; on Friday night cover for who must rest on Saturday morning."""
    noon = datetime(2027, 3, 24, 19, tzinfo=UTC)  # noon in California, where nights begin
    _override(made["Data Abstraction on call"], people["ito"], people["reyes"], noon, "swap", known_at)
    friday = noon + timedelta(days=2)
    Absence.objects.create(
        person=people["girard"],
        kind=Absence.Kind.REST,
        starts_at=friday + timedelta(hours=4),  # midnight in Lyon
        ends_at=friday + timedelta(hours=16),
        note="The morning after a call-out.",
        by=people["girard"],
        created_at=known_at,
    )
    _override(made["Triage"], people["dubreuil"], people["girard"], friday, "cover for a morning off", known_at)


def ask_around(made: Mapping[str, Schedule], people: Mapping[str, Person], *, now: datetime) -> None:
    """Something for the boards: a colleague asks for a swap, another will be away and is covered for."""
    triage, soon, later = made["Triage"], now + timedelta(days=3), now + timedelta(days=40)
    singh = [one for one in queries.held(person=people["singh"], start=soon, end=later) if one.starts_at > soon]
    west = [one for one in singh if one.schedule.pk == triage.pk and "West, " in one.why]
    if west:
        span = (west[0].starts_at, west[0].ends_at)
        swaps.ask(
            schedule=triage,
            role="primary",
            asker=people["singh"],
            starts_at=span[0],
            ends_at=span[1],
            held=[span],
            by=people["singh"],
            now=now,
            reason="my sister's wedding",
        )
    changes.add_absence(
        person=people["osei"],
        kind=Absence.Kind.TRAVEL,
        starts_at=soon,
        ends_at=soon + timedelta(days=5),
        by=people["osei"],
        now=now,
        note="A meeting in La Serena.",
    )


def _override(
    schedule: Schedule, person: Person, replaces: Person, starts_at: datetime, reason: str, known_at: datetime
) -> None:
    Override.objects.create(
        schedule=schedule,
        person=person,
        replaces=replaces,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=1),
        reason=reason,
        by=person,
        created_at=known_at,
    )
