"""Who asked for it is told before a shift, when it begins and when it ends: once each, and never of what is not so."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.urls import reverse

from oncall.paging.models import Notice
from rotations.coverage import reminders
from rotations.coverage.models import Reminder, Shift
from rotations.schedule.models import Schedule
from tests.rotations.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
KEY = UUID(int=7)


@pytest.fixture
def triage(db) -> Schedule:
    return Schedule.objects.create(name="Triage", slug="triage", stored_edition=0)


@pytest.fixture
def reachable(ada):
    ada.contact_methods.create(kind="phone", address="+14155550101", created_at=NOW)
    ada.contact_methods.create(kind="email", address="ada@example.org", created_at=NOW)
    return ada


def shift(schedule, person, *, starts=HOUR, lasts=8 * HOUR, key=KEY, known_until=None) -> Shift:
    return Shift.objects.create(
        key=key, schedule=schedule, role="primary", person=person, origin="turn 1", why="Turn 1.",
        starts_at=NOW + starts, ends_at=NOW + starts + lasts, known_from=NOW - 90 * HOUR, known_until=known_until,
    )  # fmt: skip


def wants(person, moment="before", lead=60, way="sms", *, since=-90 * HOUR) -> Reminder:
    return reminders.add(person=person, moment=moment, lead_minutes=lead, way=way, now=NOW + since)


def texts() -> list[str]:
    return [notice.text for notice in Notice.objects.order_by("created_at", "text")]


def test_one_is_told_as_long_before_as_one_asked(triage, reachable):
    wants(reachable)
    shift(triage, reachable)

    reminders.send_due(now=NOW)

    notice = Notice.objects.get()
    assert (notice.person, notice.channel, notice.address) == (reachable, "sms", "+14155550101")
    assert notice.text.startswith(
        "You will be on call for Triage (primary) from Mon 22 Mar 21:10 PDT (04:10 UTC) "
        "until Tue 23 Mar 05:10 PDT (12:10 UTC). http"
    )


def test_not_a_minute_earlier(triage, reachable):
    wants(reachable)
    shift(triage, reachable, starts=HOUR + MINUTE)

    assert reminders.send_due(now=NOW) == 0
    assert texts() == []


def test_mail_goes_to_the_mail_address(triage, reachable):
    wants(reachable, way="email")
    shift(triage, reachable)

    reminders.send_due(now=NOW)

    assert (Notice.objects.get().channel, Notice.objects.get().address) == ("email", "ada@example.org")


def test_each_shift_is_told_of_once(triage, reachable):
    wants(reachable)
    shift(triage, reachable)

    assert [reminders.send_due(now=NOW + n * MINUTE) for n in range(3)] == [1, 0, 0]
    assert len(texts()) == 1


def test_a_shift_that_moved_is_told_of_again(triage, reachable):
    wants(reachable)
    old = shift(triage, reachable)
    reminders.send_due(now=NOW)
    old.known_until = NOW + MINUTE
    old.save()
    shift(triage, reachable, starts=5 * HOUR)

    assert reminders.send_due(now=NOW + 3 * HOUR) == 0
    assert reminders.send_due(now=NOW + 4 * HOUR) == 1
    assert len(texts()) == 2


def test_a_cancelled_shift_is_not_told_of(triage, reachable):
    wants(reachable)
    shift(triage, reachable, known_until=NOW - MINUTE)

    assert reminders.send_due(now=NOW) == 0


def test_after_an_outage_nobody_is_told_of_a_shift_that_has_begun(triage, reachable):
    wants(reachable)
    shift(triage, reachable)

    assert reminders.send_due(now=NOW + 2 * HOUR) == 0


def test_after_a_short_outage_one_is_told_late_but_before_it_begins(triage, reachable):
    wants(reachable)
    shift(triage, reachable)

    assert reminders.send_due(now=NOW + 59 * MINUTE) == 1


def test_a_schedule_that_has_just_changed_waits_for_its_shifts_to_be_stored(triage, reachable):
    wants(reachable)
    shift(triage, reachable)
    Schedule.objects.update(edition=1, stored_edition=0, changed_at=NOW)

    assert reminders.send_due(now=NOW) == 0
    assert reminders.send_due(now=NOW + 6 * MINUTE) == 1  # better late and perhaps stale than never


def test_one_is_told_when_one_is_on_call_and_when_one_is_not_any_more(triage, reachable):
    wants(reachable, "start")
    wants(reachable, "end")
    shift(triage, reachable, lasts=2 * HOUR)

    reminders.send_due(now=NOW + 59 * MINUTE)
    reminders.send_due(now=NOW + HOUR)
    reminders.send_due(now=NOW + 3 * HOUR)

    first, last = texts()
    assert first.startswith("You are on call for Triage (primary) now, until Mon 22 Mar 23:10 PDT (06:10 UTC).")
    assert last == "You are off call for Triage (primary) since Mon 22 Mar 23:10 PDT (06:10 UTC)."


def test_who_goes_on_from_one_shift_to_the_next_is_told_of_no_change(triage, reachable):
    for moment in ("start", "end"):
        wants(reachable, moment)
    wants(reachable, "before", 5)
    shift(triage, reachable, starts=-HOUR, lasts=2 * HOUR)
    shift(triage, reachable, key=UUID(int=8))

    for minute in (55, 59, 60, 61):
        reminders.send_due(now=NOW + minute * MINUTE)

    assert texts() == []


def test_what_began_before_one_asked_is_not_told(triage, reachable):
    wants(reachable, "start", since=timedelta())
    shift(triage, reachable, starts=-MINUTE)

    assert reminders.send_due(now=NOW) == 0


def test_without_the_number_any_other_way_will_do(triage, reachable):
    wants(reachable)
    reachable.contact_methods.filter(kind="phone").delete()
    shift(triage, reachable)

    reminders.send_due(now=NOW)

    assert Notice.objects.get().channel == "email"


def test_somebody_who_has_left_is_told_nothing(triage, reachable):
    wants(reachable)
    shift(triage, reachable)
    reachable.is_active = False
    reachable.save()

    assert reminders.send_due(now=NOW) == 0


@pytest.mark.parametrize("lead", [4, 20161, None])
def test_a_lead_out_of_range_is_refused(reachable, lead):
    with pytest.raises(reminders.BadLead, match="from 5 to 20160"):
        wants(reachable, lead=lead)


def test_a_text_needs_a_number(ada):
    with pytest.raises(reminders.NoWay, match=r"You have no telephone number that takes texts. Add one under Me"):
        wants(ada)


def test_the_same_reminder_twice_is_refused(reachable):
    wants(reachable)

    with pytest.raises(reminders.TooManyReminders, match="already"):
        wants(reachable)


def test_ten_reminders_are_the_most(reachable):
    for n in range(10):
        wants(reachable, lead=60 + n)

    with pytest.raises(reminders.TooManyReminders, match="10 reminders, which is the most"):
        wants(reachable, lead=90)


def test_a_reminder_is_set_and_removed_on_the_screen(client, reachable):
    client.force_login(reachable)

    page = client.post(
        reverse("reminder_add"), {"moment": "before", "lead_minutes": "60", "way": "sms"}, follow=True
    ).content.decode()
    assert "1 hour before a shift, by text message" in page
    client.post(reverse("reminder_remove", args=[Reminder.objects.get().pk]))

    assert not Reminder.objects.exists()


def test_a_reminder_that_cannot_be_is_said_at_its_field(client, ada):
    client.force_login(ada)

    page = client.post(reverse("reminder_add"), {"moment": "before", "lead_minutes": "60", "way": "sms"})

    assert page.status_code == 400
    assert list(page.context["reminder_form"].errors) == ["way"]


def test_one_removes_ones_own_reminders_only(client, reachable, grace):
    wants(reachable)
    client.force_login(grace)

    assert client.post(reverse("reminder_remove", args=[Reminder.objects.get().pk])).status_code == 404
