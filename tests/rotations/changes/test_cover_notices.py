"""Whoever an override relieves or puts on call again is told; one that covers nothing is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from rotations.changes import refusals, services
from rotations.changes.models import Override
from rotations.coverage import swap_services
from rotations.night.models import Window
from tests.rotations.changes.conftest import EVENING, NIGHT, on
from tests.rotations.conftest import NOW

HOUR = timedelta(hours=1)
WHEN = "Wed 24 Mar 13:00 to 16:00 (your time)"


@pytest.fixture
def cover(schedule, grace):
    """Grace covers the evening of 24 March, 20:00 to 23:00 UTC, unless told otherwise."""

    def cover(**changes) -> Override:
        words = {"person": grace, "starts_at": EVENING, "ends_at": NIGHT, "reason": "", "by": grace, "now": NOW}
        return swap_services.override(schedule=schedule, role="primary", **words | changes)

    return cover


def test_who_is_displaced_by_the_role_alone_is_told(cover, mail):
    cover()
    assert mail() == {
        "ada": f"Grace Hopper is, instead of you, on call for Triage {WHEN}. Arranged by Grace Hopper.",
    }


def test_who_is_on_call_again_after_the_role_alone_is_told(cover, schedule, mail, grace):
    made = cover()
    mail()
    swap_services.cancel(override=made, by=grace, now=NOW + HOUR)
    assert on(schedule, EVENING) == ["ada"]
    assert mail() == {
        "ada": f"Your turns of Triage {WHEN} are yours again: Grace Hopper no longer covers. Cancelled by Grace Hopper."
    }


def test_who_is_on_call_again_and_who_is_relieved_are_told(cover, mail, ada, pilot):
    made = cover(replaces=ada)
    mail()
    services.cancel(override=made, by=pilot, now=NOW)
    assert mail() == {
        "ada": f"Your turns of Triage {WHEN} are yours again: Grace Hopper no longer covers. Cancelled by Petra Pilot.",
        "grace": f"You no longer cover Triage {WHEN}: Petra Pilot cancelled that.",
    }


def test_who_gets_the_pager_back_is_told_from_when(schedule, mail, ada, grace):
    about = {"schedule": schedule, "role": "primary", "from_person": ada, "by": grace, "until": NIGHT, "now": EVENING}
    (made,) = services.take(**about)
    mail()
    services.cancel(override=made, by=grace, now=EVENING + HOUR)
    assert mail()["ada"].startswith("Your turns of Triage Wed 24 Mar 14:00 to 16:00 (your time) are yours again")


def test_who_is_absent_then_is_not_told_that_they_are_on_call_again(cover, mail, ada, grace):
    made = cover(replaces=ada)
    services.add_absence(person=ada, kind="leave", starts_at=EVENING, ends_at=NIGHT, by=ada, now=NOW)
    mail()
    services.cancel(override=made, by=grace, now=NOW)
    assert mail() == {}


def test_cancelling_twice_tells_once(cover, mail, grace):
    made = cover()
    swap_services.cancel(override=made, by=grace, now=NOW)
    mail()
    swap_services.cancel(override=made, by=grace, now=NOW + HOUR)
    assert mail() == {}


def test_an_override_outside_the_window_covers_nothing_and_is_refused(cover, schedule, ada):
    day = Window.objects.create(
        name="day",
        kind="clock",
        time_zone="UTC",
        weekdays=[1, 2, 3, 4, 5],
        since="09:00",
        until="17:00",
        changed_at=NOW,
    )
    schedule.rotations.update(window=day)
    with pytest.raises(refusals.NothingToOverride, match=r"Ada Moreno has no turn in Triage \(primary\) Wed 24 Mar"):
        cover(replaces=ada)
    assert cover(replaces=ada, starts_at=EVENING - 4 * HOUR)


def test_somebody_absent_is_covered_for(cover, schedule, ada):
    services.add_absence(person=ada, kind="sick", starts_at=EVENING, ends_at=NIGHT, by=ada, now=NOW)
    cover(replaces=ada)
    assert on(schedule, EVENING) == ["grace"]


def test_a_cover_of_years_is_looked_at_by_the_plan(cover, ada):
    assert cover(replaces=ada, ends_at=datetime(2099, 12, 30, tzinfo=UTC)).replaces == ada
