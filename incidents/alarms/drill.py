"""The drill: a page through the real telephone company to a telephone that answers by itself (docs/paging.md W4).

What counts is the telephone's end: when the text arrived, when the call was picked up.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Min

from incidents.alarms.pages import ANSWER_PATH
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import Attempt, Callback, Channel, Page
from oncall.people.models import Person
from oncall.troubles import services as troubles
from oncall.troubles.models import Drill

KIND, MISSED = "drill", "missed"
WANTED = (Channel.SMS, Channel.VOICE)


class NotADrillPerson(Exception):
    """The drill needs somebody with a text and a call in their rules. The message is fit to show."""


@dataclass(frozen=True)
class Times:
    """Seconds from the beginning of the page to the telephone; none: it has not arrived."""

    text_s: float | None
    call_s: float | None

    @property
    def whole(self) -> bool:
        return self.text_s is not None and self.call_s is not None


@transaction.atomic
def begin(*, person: Person, now: datetime) -> Page:
    """Page the telephone, as for a SEV-2.

    :raises NotADrillPerson: if their rules have no text or no call.
    :raises paging.Unreachable: if there is no way to reach it.
    """
    page = paging.page(
        key=f"drill:{now:%Y-%m-%dT%H:%M:%S}",
        person=person,
        severity=2,
        title="Drill of the pager",
        text="This is the weekly drill. Nothing is wrong.",
        url="",
        answer_path=ANSWER_PATH,
        now=now,
    )
    ways = {rung["channel"] for rung in page.ladder}
    missing = [way.label for way in WANTED if way not in ways]
    if missing:
        paging.cancel(page=page, why="Not a drill.", now=now)
        raise NotADrillPerson(f"{person.name} has no rule for: {', '.join(missing)}. Add one on their page.")
    return page


def times(page: Page) -> Times:
    """Return how long text and call took to the telephone, as far as they have arrived."""
    mine = Attempt.objects.filter(page=page)
    arrived = Callback.objects.filter(attempt__in=mine.filter(channel=Channel.SMS), status="delivered")
    text = arrived.aggregate(first=Min("received_at"))["first"]
    call = mine.filter(channel=Channel.VOICE, told_at__isnull=False).aggregate(first=Min("told_at"))["first"]
    return Times(*((at - page.created_at).total_seconds() if at else None for at in (text, call)))


@transaction.atomic
def finish(*, page: Page, now: datetime, limits: Limits) -> Drill:
    """Write down how it went, end the page, and say aloud when two drills in a row did not pass."""
    seen, most = times(page), float(limits.number("drill_slow_after_s"))
    passed = seen.whole and max(seen.text_s or 0.0, seen.call_s or 0.0) <= most
    paging.cancel(page=page, why="The drill is over.", now=now)
    drill = Drill.objects.create(
        kind=Drill.Kind.MODEM,
        started_at=page.created_at,
        ended_at=now,
        text_s=seen.text_s,
        call_s=seen.call_s,
        passed=passed,
    )
    _say(now=now, limits=limits)
    return drill


@transaction.atomic
def with_people(*, words: str, passed: bool, started_at: datetime, now: datetime) -> Drill:
    """Write down a drill with people (W5): the main site cut off, and who was called by the watcher outside."""
    return Drill.objects.create(
        kind=Drill.Kind.PEOPLE, started_at=started_at, ended_at=now, passed=passed, words=words[:300]
    )


def missed(*, now: datetime, limits: Limits) -> bool:
    """Say whether the last drills of telephones, as many as the limit says, did not pass. Fewer are no sign."""
    number = limits.count("drill_misses")
    last = list(Drill.objects.filter(kind=Drill.Kind.MODEM, started_at__lte=now)[:number])
    return len(last) == number and not any(drill.passed for drill in last)


def watch(*, now: datetime, limits: Limits) -> None:
    """The loop's chore: say aloud that no drill was held for a week and a day, where drills were ever held."""
    last = Drill.objects.filter(kind=Drill.Kind.MODEM).first()
    if last is None:
        return
    if now - last.started_at > limits.span("drill_overdue_after_s"):
        text = f"The last drill was on {last.started_at:%d %b %Y}. See that `manage.py drill` runs each week."
        troubles.raise_trouble(kind=KIND, key="overdue", text=text, url="/", now=now)
    else:
        troubles.clear_trouble(kind=KIND, key="overdue", now=now)


def _say(*, now: datetime, limits: Limits) -> None:
    if missed(now=now, limits=limits):
        minutes = int(limits.number("drill_slow_after_s")) // 60
        text = (
            f"{limits.count('drill_misses')} drills in a row did not pass: text and call took more than {minutes} min "
            "to the telephone, or never arrived. Try the other provider, and ask the first."
        )
        troubles.raise_trouble(kind=KIND, key=MISSED, text=text, url="/", now=now)
    else:
        troubles.clear_trouble(kind=KIND, key=MISSED, now=now)
