"""The past year as calls for help: some 150 nights on which somebody was called, and what they did. PURE, seeded.

Who is called is not said here, but on whose schedule it falls: coverage knows who that was. Titles are of the alarm
table (domain.md section 4). The same `now` gives the same year.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from rotations.leave.spans import Kind
from rotations.night.wall import wall_instant

DAYS = 365
SEED = "leave"
NEAR, SHORTEST = timedelta(days=1), timedelta(minutes=20)
QUIET_DAYS = 9  # at the end of the year: what happened then, the demo lives through by alarms
PACIFIC, PARIS, LONDON, SANTIAGO = map(
    ZoneInfo, ("America/Los_Angeles", "Europe/Paris", "Europe/London", "America/Santiago")
)
FACILITY, PIPELINES, ABSTRACTION, MANAGEMENT, TRIAGE, SUMMIT = (
    "Data Facility on call", "Algorithms & Pipelines on call", "Data Abstraction on call",
    "Campaign Management on call", "Triage", "Summit, early night",
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """What the first or the second of the called did about the first or the second alarm."""

    at: datetime
    kind: Kind
    person: int
    alarm: int
    text: str


@dataclass(frozen=True)
class Call:
    """One night's call for help."""

    at: datetime
    schedules: tuple[str, ...]  # on which the first, the second of the called is on duty
    volunteers: bool  # nobody paged them
    acts: tuple[Act, ...]
    is_forgotten: bool = False  # nobody stood down


@dataclass(frozen=True)
class Sort:
    """Calls of one sort: how many a year, when on the wall clock of `zone`, how many minutes, of which shapes."""

    schedule: str
    zone: ZoneInfo
    hours: tuple[float, float]  # from noon's day on: 26 is 02:00 of the next
    minutes: tuple[int, int]
    shapes: tuple[tuple[str, int], ...]


Step = tuple[float, int, Kind, int, int, str]  # share of the length, seconds more, kind, person, alarm, text
PAGE: Kind = "page"
SHAPES: dict[str, Sequence[Step]] = {
    "quick": [
        (0, 0, "page", 0, 0, ""),
        (0, 95, "acknowledge", 0, 0, ""),
        (1, 0, "resolve", 0, 0, "Gone by itself; three visits in time."),
    ],
    "worked": [
        (0, 0, "page", 0, 0, ""),
        (0, 140, "acknowledge", 0, 0, ""),
        (0.3, 10, "step", 0, 0, "Lag and group of the queue looked at."),
        (0.6, 25, "note", 0, 0, "Restarted once; watching the next visits."),
        (1, 7, "resolve", 0, 0, "Five visits in time."),
    ],
    "escalated": [
        (0, 0, "page", 0, 0, ""),
        (0, 110, "acknowledge", 0, 0, ""),
        (0.15, 0, "note", 0, 0, "Not in the playbook. Calling the expert."),
        (0.2, 0, "hand_over", 0, 0, "Handed to the expert on call."),
        (0.2, 12, "page", 1, 0, ""),
        (0.2, 201, "acknowledge", 1, 0, ""),
        (0.6, 31, "note", 1, 0, "Found it; the fix is going out."),
        (1, 3, "resolve", 1, 0, "Alerts flow again."),
    ],
    "storm": [
        (0, 0, "page", 0, 0, ""),
        (0, 75, "acknowledge", 0, 0, ""),
        (0.2, 0, "page", 0, 1, ""),
        (0.25, 9, "acknowledge", 0, 1, ""),
        (0.6, 0, "resolve", 0, 0, "The first of the two is over."),
        (1, 0, "resolve", 0, 1, "And so is the second."),
    ],
    "commanded": [
        (0, 0, "page", 0, 0, ""),
        (0, 64, "acknowledge", 0, 0, ""),
        (0.1, 0, "role", 0, 0, "Commands the incident."),
        (0.4, 17, "step", 0, 0, "Brokers told; the summit display says link lost."),
        (0.8, 0, "note", 0, 0, "Backlog is not reprocessed live."),
        (1, 0, "resolve", 0, 0, "Watched three visits in time."),
    ],
    "stood down": [
        (0, 0, "page", 0, 0, ""),
        (0, 180, "acknowledge", 0, 0, ""),
        (0.7, 0, "note", 0, 0, "Harmless until morning; the team takes it then."),
        (1, 0, "stand_down", 0, 0, "I am standing down."),
    ],
    "forgotten": [
        (0, 0, "page", 0, 0, ""),
        (0, 88, "acknowledge", 0, 0, ""),
        (0.9, 41, "note", 0, 0, "Looks better now."),
    ],
    "undone": [
        (0, 0, "page", 0, 0, ""),
        (0, 101, "acknowledge", 0, 0, ""),
        (0.5, 0, "resolve", 0, 0, "Over."),
        (0.5, 40, "undone", 0, 0, "Not over after all."),
        (0.8, 0, "note", 0, 0, "It was the second host."),
        (1, 0, "resolve", 0, 0, "Over, this time."),
    ],
    "missed": [
        (0, 0, "page", 0, 0, ""),
        (0, 300, "page", 1, 0, ""),
        (0, 420, "acknowledge", 1, 0, ""),
        (0.7, 0, "note", 1, 0, "Nobody at the other end; I have it."),
        (1, 0, "resolve", 1, 0, "Five visits in time."),
    ],
    "volunteered": [
        (0, 0, "acknowledge", 0, 0, "I am awake and saw it in the channel; I have it."),
        (0.5, 0, "note", 0, 0, "Known from last month: the same node."),
        (1, 0, "resolve", 0, 0, "Back."),
    ],
}
TITLES: dict[str, tuple[str, ...]] = {
    TRIAGE: (
        "alerts.late: under 98 % within 60 s", "nextvisit.none: end of readout without nextVisit",
        "fanout.error: the registry answers 40403", "redis.lag: two visits behind", "raw.late: 7 % of raws",
        "keda.inactive: jobs wait and nothing scales",
    ),
    FACILITY: (
        "s3notify.silent: files without notification", "apdb.node: two nodes out of memory",
        "keda.inactive: the vCluster syncer hangs", "lhn.down: no files, no end of readout",
    ),
    PIPELINES: ("sattle.down: HTTP 500 on both hosts", "alerts.flood: over 40,000 in a visit", "alerts.none"),
    ABSTRACTION: ("butlerdb.blocked: a transaction blocks the registry", "apdb.node: ZFS pool not ONLINE"),
    MANAGEMENT: ("template.missing: a quarter of detectors fall back", "itest.failed: red an hour before sunset"),
    SUMMIT: ("lhn.down: socat times out", "heartbeat.lost: no heartbeat for 3 min", "raw.late: the transfer is slow"),
}  # fmt: skip
EXPERT: tuple[tuple[str, int], ...] = (
    ("worked", 7), ("quick", 2), ("storm", 2), ("commanded", 2), ("stood down", 1), ("forgotten", 1), ("undone", 1),
)  # fmt: skip
SORTS: Sequence[Sort] = [
    Sort(TRIAGE, PACIFIC, (15.6, 22.8), (3, 45), (
        ("quick", 14), ("worked", 14), ("escalated", 7), ("storm", 3), ("forgotten", 2), ("missed", 2), ("undone", 1),
    )),
    Sort(TRIAGE, PARIS, (31.2, 34.2), (4, 50), (("quick", 9), ("worked", 9), ("escalated", 3), ("storm", 1))),
    Sort(FACILITY, PACIFIC, (17, 27), (20, 170), EXPERT),
    Sort(PIPELINES, PACIFIC, (17, 27), (15, 150), EXPERT),
    Sort(ABSTRACTION, PACIFIC, (18, 26), (10, 120), (("worked", 5), ("quick", 2), ("forgotten", 1), ("storm", 1))),
    Sort(MANAGEMENT, PACIFIC, (16, 25), (10, 90), (("worked", 5), ("quick", 3), ("stood down", 2))),
    Sort(SUMMIT, SANTIAGO, (18.5, 23.2), (15, 150), (("worked", 6), ("quick", 3), ("commanded", 2), ("forgotten", 1))),
    Sort(PIPELINES, PACIFIC, (19, 25), (15, 80), (("volunteered", 4),)),
    Sort(FACILITY, PARIS, (20, 23), (15, 80), (("volunteered", 3),)),
    Sort(TRIAGE, PACIFIC, (10, 15), (5, 40), (("quick", 3), ("worked", 2))),
]  # fmt: skip
EXPERTS = (FACILITY, PIPELINES, ABSTRACTION, MANAGEMENT)


def calls(*, now: datetime, besides: Collection[date] = ()) -> list[Call]:
    """Return the calls of the year before `now`, oldest first, one a night at most; none in the last days, nor on the
    nights around the days in `besides`.
    """
    chance = Random(SEED)  # noqa: S311  # a year, not a secret
    wanted = [(sort, shape) for sort in SORTS for shape, times in sort.shapes for _ in range(times)]
    chance.shuffle(wanted)
    nights = [now.date() - timedelta(days=back) for back in range(DAYS - 1, QUIET_DAYS - 1, -1)]
    free = [day for day in nights if all(abs(day - other) > NEAR for other in besides)]
    return [_call(day, *one, chance) for day, one in zip(sorted(chance.sample(free, len(wanted))), wanted, strict=True)]


def _call(day: date, sort: Sort, shape: str, chance: Random) -> Call:
    minute = round(60 * chance.uniform(*sort.hours))
    at = wall_instant(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), sort.zone)
    at += timedelta(seconds=chance.randrange(60))
    length = timedelta(seconds=chance.randint(60 * sort.minutes[0], 60 * sort.minutes[1]))
    titles = chance.sample(TITLES[sort.schedule], 2)
    schedules = (sort.schedule, chance.choice(EXPERTS))
    acts = tuple(_acts(at, length if shape == "quick" or length > SHORTEST else SHORTEST + length / 3, shape, titles))
    return Call(at, schedules, shape == "volunteered", acts, is_forgotten=shape == "forgotten")


def _acts(at: datetime, length: timedelta, shape: str, titles: Sequence[str]) -> Iterator[Act]:
    for share, seconds, kind, person, alarm, text in SHAPES[shape]:
        when = at + timedelta(seconds=int(share * length.total_seconds()) + seconds)
        yield Act(when, kind, person, alarm, text or titles[alarm])
