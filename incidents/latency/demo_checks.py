"""What the demo's jobs find before each night, and what they deploy. PURE, seeded: a matter of the night alone.

Runs are made before they are due, at 10:00 Pacific and 60 minutes before sunset, and once more after a release; tonight
one check is red from 10:05 Pacific until 13:40 (scenario (d) of domain.md section 4). Instants are UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from playbooks.readiness.nights import PACIFIC
from rotations.night.wall import wall_instant

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
AHEAD, EVENING_AHEAD = 10 * MINUTE, 20 * MINUTE  # a run is in so long before it is due
RED_AFTER = 5 * MINUTE  # the check that is red takes longer than the others, and fails
MENDED = time(13, 40)
SPARE = 8 * MINUTE  # in which what was mended is run before the second run is due
SHORTEST = timedelta(hours=3)  # between both runs, for a day on which something is mended
TUESDAY, RELEASED, TRIED_AGAIN = 2, time(11), time(11, 40)
TRAIN = ("Prompt Processing", "Next Visit Fan Out")  # released together, each Tuesday; the first names the version
DEPLOYED_BEFORE = 8 * DAY  # a release lies in it
WAIVED = 7  # the check that fails for as long as somebody waives it
NOT_AGAIN = 16  # the check that was not run again on one night
RED_BACK, MISSING_BACK = (3, 11, 20, 26), 7  # nights before tonight
Range = tuple[float, float]

# What a check that passes says, with numbers within its limit (domain.md 3.2).
PASSES: Mapping[int, tuple[str, tuple[Range, ...]]] = {
    1: ("Arrived after {:.1f} s.", ((1.2, 4.1),)),
    2: ("The group exists, lag 0.", ()),
    3: ("0 to 189 pods in {:.0f} s.", ((9, 17),)),
    4: ("Notified after {:.1f} s.", ((2.2, 8.1),)),
    5: ("Answered in {:.0f} ms.", ((30, 180),)),
    6: ("Query {:.1f} s, replication lag {:.1f} s.", ((0.3, 1.6), (0.1, 0.8))),
    7: ("Read for all 189 detectors of the first field.", ()),
    8: ("Written and read in {:.0f} ms, all nodes UN.", ((40, 220),)),
    9: ("An alert in the test topic after {:.0f} s.", ((31, 52),)),
    10: ("200 from both hosts.", ()),
    11: ("Produced and consumed; disk {:.0f} %.", ((52, 71),)),
    12: ("Drained in {:.0f} s.", ((12, 48),)),
    13: ("Round trip {:.0f} ms; socat answers.", ((140, 190),)),
    14: ("Arrived after {:.1f} s.", ((0.6, 2.9),)),
    15: ("Tags equal the approved release.", ()),
    16: ("Acknowledged after {:.0f} s; heartbeat {:.0f} s old.", ((20, 70), (3, 25))),
}
# What a check that fails says; the service that was deployed to mend it, if any.
FAILS: Mapping[int, tuple[str, str]] = {
    2: ("NOGROUP: the consumer group instrument:lsstcam does not exist.", ""),
    4: ("No notification within 10 s of the upload: the topic's endpoint answers 503.", "S3 File Notifications"),
    9: ("No alert in the test topic within 60 s: ApPipe stops at preload.", "Butler Writer"),
    11: ("Produced and consumed, but the disk of broker 2 is at 91 %.", ""),
    WAIVED: ("11 of 189 detectors have no template in the first field.", ""),
}
TONIGHTS = 4  # the check that is red tonight
OTHERS = (11, 9, 2)  # on nights before


@dataclass(frozen=True)
class Due:
    """When the checks of a night are due, as the portal says."""

    night: date
    morning: datetime
    evening: datetime

    @property
    def mends(self) -> bool:
        """Whether the day is long enough for something to be red and mended."""
        return self.evening - self.morning >= SHORTEST

    @property
    def mended(self) -> datetime:
        return min(_pacific(self.night, MENDED), self.evening - SPARE)

    @property
    def again(self) -> datetime:
        """When the second run is in: after what was mended is."""
        return max(self.evening - EVENING_AHEAD, self.mended + 3 * MINUTE) if self.mends else self.evening - MINUTE


@dataclass(frozen=True)
class Story:
    """What befalls the checks of a night. `red`: fails in the morning, and is mended; `not_again`: is not run a second
    time; `waived`: fails each time.
    """

    red: int | None = None
    not_again: int | None = None
    waived: int | None = None


@dataclass(frozen=True)
class Found:
    """What a job says of a check."""

    at: datetime
    check: int
    passed: bool
    detail: str


@dataclass(frozen=True)
class Deployment:
    at: datetime
    service: str
    version: str
    who: str


def story_of(night: date, *, today: date, waived: bool = False) -> Story:
    """Return what befalls a night, as of the night `today`. `waived`: somebody lets the check WAIVED be red."""
    back, red = (today - night).days, None
    if back == 0:
        red = TONIGHTS
    elif back in RED_BACK:
        red = OTHERS[RED_BACK.index(back) % len(OTHERS)]
    return Story(red, NOT_AGAIN if back == MISSING_BACK else None, WAIVED if waived else None)


def found(due: Due, story: Story) -> list[Found]:
    """Return what is reported of a night, in order."""
    red = story.red if due.mends else None
    runs: list[tuple[datetime, int | None]] = [(due.morning - AHEAD, red)]
    if _is_release(due.night) and due.mends:
        runs.append((_pacific(due.night, TRIED_AGAIN), None))
    if red is not None and FAILS[red][1]:
        runs.append((due.mended, None))  # what mends it was deployed, so all is tried with it
    runs.append((due.again, story.not_again))
    said = []
    for at, without in runs:
        for check in PASSES:
            if check != without:
                fails = check == story.waived or (check == red and at < due.mended)
                said.append(_says(at, check, passed=not fails))
    if red is not None:
        said.append(_says(due.morning + RED_AFTER, red, passed=False))
        said += [] if FAILS[red][1] else [_says(due.mended, red, passed=True)]
    return sorted(said, key=lambda one: (one.at, one.check))


def wanted(said: list[Found], *, known: Mapping[int, datetime], now: datetime) -> list[Found]:
    """Return what is to be reported now: of each check the last that was found by now, unless something is `known` of
    it from then on. So whoever was away reports how it stands, and nothing that is over.
    """
    last = {one.check: one for one in said if one.at <= now}
    return [one for check, one in sorted(last.items()) if check not in known or known[check] < one.at]


def _says(at: datetime, check: int, *, passed: bool) -> Found:
    if not passed:
        return Found(at, check, False, FAILS[check][0])
    words, ranges = PASSES[check]
    chance = Random(f"check {check} {at.isoformat()}")  # noqa: S311  # a demo
    return Found(at, check, True, words.format(*(chance.uniform(*one) for one in ranges)))


# --- Deployments ------------------------------------------------------------------------------------------------------


def version_at(at: datetime) -> str:
    """Return the version of the train that is deployed at an instant: that of its last Tuesday, such as w12."""
    day = at.astimezone(PACIFIC).date()
    while not (_is_release(day) and _pacific(day, RELEASED) <= at):
        day -= DAY
    return _train(day)


def deployments(day: date, *, mends: tuple[datetime, int] | None = None) -> Iterator[Deployment]:
    """Yield what is deployed on a day in California, in order. `mends`: when a check is mended that day, and which."""
    if _is_release(day):
        for service in TRAIN:
            yield Deployment(_pacific(day, RELEASED), service, _train(day), "Ken Ito")
    service = FAILS[mends[1]][1] if mends else ""
    if mends and service:
        yield Deployment(mends[0] - 15 * MINUTE, service, f"{day:%y}.{day.month}.{day.day}", "Ngozi Okafor")


def mended_on(due: Due, story: Story) -> tuple[datetime, int] | None:
    """Return when a check is mended and which, if any is."""
    return (due.mended, story.red) if story.red is not None and due.mends else None


def _is_release(day: date) -> bool:
    return day.isoweekday() == TUESDAY


def _train(day: date) -> str:
    return f"w{day.isocalendar().week:02d}"


def _pacific(day: date, at: time) -> datetime:
    return wall_instant(day, at, PACIFIC)
