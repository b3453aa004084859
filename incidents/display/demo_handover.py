"""The demo's hand-over without an overlap, scenario (g) of docs/domain.md: a note from the West to Britain.

In the weeks of March in which the clocks disagree, midnight in California is seven in the morning in London: whoever
stops must not stay, and whoever begins must not begin earlier (5.11). So all they share is what was written.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta

from incidents.display.demo_leave_calls import LONDON, PACIFIC
from incidents.handover import services
from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.coverage import handing
from rotations.coverage import services as storing
from rotations.coverage.models import Handoff
from rotations.night.wall import wall_instant
from rotations.schedule.models import Schedule

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LAST_YEAR, MARCH = 364, 3
BRITISH = (4, 5)  # Thursday and Friday mornings are Britain's (demo_rotations)
WORDS = (
    "We do not overlap this week, so this is all you have of me. Quiet since 05:10 UTC; nothing is open. At 04:40 the "
    "long-haul link was slow for ten minutes (p98 of a raw 9 s) and came back by itself: look at it once more before "
    "06:00 Pacific, and call Chile DevOps if it goes over 10 s. Seeing 0.8, wind from the north and rising; they may "
    "close towards dawn. Call me until 00:30 Pacific if a word of this is unclear; after that, Campaign Management."
)
Put = Callable[[datetime, Callable[[datetime], None]], None]


def night_without_overlap(*, now: datetime) -> datetime | None:
    """Return the last instant of March in the year before `now` that is midnight in California and seven in London, on
    a morning of Britain's.
    """
    for back in range(1, LAST_YEAR):
        day = now.date() - back * DAY
        if day.month == MARCH and day.isoweekday() in BRITISH and _midnight(day) == _seven(day):
            return _seven(day)
    return None


def play(*, people: Mapping[str, Person], triage: Schedule, now: datetime, put: Put) -> None:
    """Let it happen: the note is gathered, written into, read and accepted."""
    at = night_without_overlap(now=now)
    if at is None:
        return

    def of_triage() -> Handoff | None:
        return Handoff.objects.filter(schedule=triage, role="primary", at=at).select_related("incoming").first()

    def begin(at: datetime) -> None:
        while storing.refresh_due(now=at):
            pass
        handing.open_due(now=at, limits=limits.at(at))
        Handoff.objects.exclude(schedule=triage).delete()  # the past has no other notes

    def write(at: datetime) -> None:
        note = of_triage()
        if note is not None and note.outgoing is not None:
            handing.write_words(handoff=note, by=note.outgoing, words=WORDS, now=at)
            services.refresh(now=at, limits=limits.at(at))

    def accept(at: datetime) -> None:
        note = of_triage()
        if note is not None:
            services.accept(handoff=note, by=note.incoming, now=at)

    put(at - 25 * MINUTE, begin)
    put(at - 6 * MINUTE, write)
    put(at + 2 * MINUTE, accept)


def _midnight(day: date) -> datetime:
    return wall_instant(day, time(0), PACIFIC)


def _seven(day: date) -> datetime:
    return wall_instant(day, time(7), LONDON)
