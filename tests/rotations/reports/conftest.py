"""Three call-outs of one person in Paris, one of a colleague, leave taken: a world whose sums fit on a hand.

Lise (Paris, French holidays, Monday to Friday 09:00 to 17:00), in UTC:
  A  Thu 25 Mar 2027 02:20 to 04:20, Paris 03:20 to 05:20: 2 h of night, 3 h of leave.
  B  Sat 27 Mar 22:30 to Sun 28 Mar 01:30, Paris Sat 23:30 to Sun 03:30 (clocks go forward): 3 h of weekend, 4 h 30 min.
     Its Sunday part after midnight is 23:00 to 01:30 UTC, 2 h 30 min.
  C  Wed 31 Mar 22:10 to 22:13, Paris Thu 1 April 00:10 to 00:13: 3 min, 4 min 30 s. Of April, and posted in March.
Ada (California, same hours): D Mon 29 Mar 2027 15:00 to 17:00 UTC, 08:00 to 10:00: 1 h of night, 1 h 30 min.
"""

from datetime import UTC, datetime

import pytest

from oncall.people.models import Person
from rotations.leave import services
from rotations.leave.models import LeaveRequest, LedgerEntry
from rotations.leave.spans import Kind

APRIL = datetime(2027, 4, 20, 12, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-{text}").replace(tzinfo=UTC)


def call_out(person: Person, start: str, end: str) -> None:
    """Write down that `person` was paged, acknowledged and resolved."""
    begin = utc(start)
    story: list[tuple[Kind, datetime]] = [
        ("page", begin),
        ("acknowledge", begin.replace(second=40)),
        ("resolve", utc(end)),
    ]
    for kind, at in story:
        services.record(person=person, at=at, kind=kind, subject=f"alarm:{start}", text=kind, url="/alarms/", now=at)


@pytest.fixture
def world(lise, ada, monkeypatch) -> None:
    call_out(lise, "03-25T02:20", "03-25T04:20")
    call_out(lise, "03-27T22:30", "03-28T01:30")
    call_out(ada, "03-29T15:00", "03-29T17:00")
    call_out(lise, "03-31T22:10", "03-31T22:13")
    monkeypatch.setattr("oncall.clock.now", lambda: APRIL)


@pytest.fixture
def leave_taken(lise, manager) -> LeaveRequest:
    """On 10 April the manager approves that Lise takes 2 hours on Monday 12 April."""
    request = LeaveRequest.objects.create(
        person=lise,
        starts_at=utc("04-12T07:00"),
        ends_at=utc("04-12T09:00"),
        seconds=7200,
        slices=[],
        state="approved",
        by=lise,
        asked_at=utc("04-09T08:00"),
        decided_by=manager,
        decided_at=utc("04-10T08:00"),
    )
    LedgerEntry.objects.create(
        person=lise, request=request, kind="take", credit_s=-7200, at=utc("04-10T08:00"), by=manager
    )
    return request
