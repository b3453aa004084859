"""Calendar addresses: what stands in them, who may read them, for how long."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from icalendar import Calendar

from oncall.people.models import Membership, Team
from rotations.changes import services as changes
from rotations.changes.models import CountedRead
from rotations.coverage import feed_queries, feed_services
from rotations.coverage import services as coverage
from rotations.coverage.models import FeedToken, Shift
from rotations.schedule.models import Schedule
from tests.rotations.conftest import NOW

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
KEY = UUID(int=7)


def shift(schedule, person, *, starts=DAY, days=1, key=KEY, known_from=-40 * DAY, known_until=None) -> Shift:
    """A row; instants are given from NOW."""
    return Shift.objects.create(
        key=key,
        schedule=schedule,
        role="primary",
        person=person,
        origin="turn 1",
        starts_at=NOW + starts,
        ends_at=NOW + starts + days * DAY,
        why="Turn 1 of 3.",
        known_from=NOW + known_from,
        known_until=None if known_until is None else NOW + known_until,
    )


@pytest.fixture
def triage(db) -> Schedule:
    return Schedule.objects.create(name="Triage", slug="triage")


def address(token_and_secret) -> str:
    return reverse("feed", args=[token_and_secret[1]])


@pytest.fixture
def mine(ada):
    return feed_services.create(person=ada, now=NOW)


def events(token_and_secret):
    return feed_queries.events(token_and_secret[0], now=NOW)


def summaries(client, url) -> list[str]:
    return [str(one["SUMMARY"]) for one in Calendar.from_ical(client.get(url).content).walk("VEVENT")]


# --- What stands in them ----------------------------------------------------------------------------------------------


def test_ones_own_calendar_has_ones_own_shifts(mine, triage, ada, grace):
    shift(triage, ada)
    shift(triage, grace, key=uuid4())

    (event,) = events(mine)

    assert (event.id, event.person, event.schedule, event.role) == (KEY, "Ada Moreno", "Triage", "primary")
    assert (event.starts_at, event.ends_at) == (NOW + DAY, NOW + 2 * DAY)
    assert (event.sequence, event.changed_at, event.cancelled) == (0, NOW - 40 * DAY, False)
    assert event.url.endswith(f"/rotations/{triage.pk}/")


def test_a_schedules_calendar_has_everybodys_shifts_in_it(triage, ada, grace):
    other = Schedule.objects.create(name="Other", slug="other")
    shift(triage, ada)
    shift(triage, grace, key=uuid4())
    shift(other, grace, key=uuid4())

    found = events(feed_services.create(person=ada, schedule=triage, now=NOW))

    assert {event.person for event in found} == {"Ada Moreno", "Grace Hopper"}


def test_a_teams_calendar_has_its_members_shifts_and_those_of_its_schedules(triage, ada, grace, lise):
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Membership.objects.create(person=lise, team=team)
    own = Schedule.objects.create(name="Own", slug="own", team=team)
    shift(triage, lise, key=UUID(int=1))
    shift(own, ada, key=UUID(int=2))
    shift(triage, grace, key=UUID(int=3))

    found = events(feed_services.create(person=grace, team=team, now=NOW))

    assert {event.id.int for event in found} == {1, 2}


@pytest.mark.parametrize(("starts", "shown"), [(-61, True), (-62, False), (365, True), (367, False)])
def test_a_calendar_reaches_from_sixty_days_back_to_a_year_ahead(mine, triage, ada, starts, shown):
    shift(triage, ada, starts=starts * DAY + timedelta(hours=1))

    assert bool(events(mine)) is shown


def test_a_shift_that_moved_keeps_its_name_and_counts_up(mine, triage, ada):
    shift(triage, ada, known_until=-2 * DAY)
    shift(triage, ada, starts=3 * DAY, known_from=-2 * DAY)

    (event,) = events(mine)

    assert (event.id, event.starts_at, event.sequence) == (KEY, NOW + 3 * DAY, 1)
    assert event.changed_at == NOW - 2 * DAY
    assert not event.cancelled


def test_a_shift_that_no_longer_stands_is_cancelled(mine, triage, ada):
    shift(triage, ada, known_until=-2 * DAY)

    (event,) = events(mine)

    assert (event.cancelled, event.sequence, event.changed_at) == (True, 1, NOW - 2 * DAY)


def test_after_thirty_days_a_cancelled_shift_is_no_longer_told(mine, triage, ada):
    shift(triage, ada, known_until=-30 * DAY)

    assert events(mine) == []


def test_what_was_over_before_it_was_forgotten_was_not_cancelled(mine, triage, ada):
    shift(triage, ada, starts=-5 * DAY, known_until=-3 * DAY)

    assert events(mine) == []


def test_a_shift_that_comes_back_counts_up_once_more(mine, triage, ada):
    shift(triage, ada, known_until=-3 * DAY)  # cancelled then: 1
    shift(triage, ada, known_from=-2 * DAY)

    (event,) = events(mine)

    assert (event.cancelled, event.sequence) == (False, 2)


def test_a_shift_that_went_to_somebody_else_is_cancelled_for_who_had_it(mine, triage, ada, grace):
    shift(triage, ada, known_until=-2 * DAY)
    shift(triage, grace, known_from=-2 * DAY)

    (had,) = events(mine)
    (has,) = events(feed_services.create(person=grace, now=NOW))

    assert (had.cancelled, had.person, had.sequence) == (True, "Ada Moreno", 1)
    assert (has.cancelled, has.person, has.sequence) == (False, "Grace Hopper", 1)


def test_a_calendar_says_what_the_stored_rows_say_after_an_override(client, schedule, ada, grace):
    coverage.store(schedule_id=schedule.pk, now=NOW)
    changes.override(
        schedule=schedule, role="primary", person=grace, by=grace, reason="",
        starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, now=NOW,
    )  # fmt: skip
    coverage.store(schedule_id=schedule.pk, now=NOW)
    made = feed_services.create(person=ada, schedule=schedule, now=NOW)

    read = {
        (str(one["UID"]), one.decoded("DTSTART"), one.decoded("DTEND"))
        for one in Calendar.from_ical(client.get(address(made)).content).walk("VEVENT")
        if one["STATUS"] == "CONFIRMED"
    }

    start, end = NOW - feed_queries.BACK, NOW + feed_queries.AHEAD
    rows = Shift.objects.as_known(None).filter(schedule=schedule).touching(start, end)
    assert read == {(f"{row.key}@oncall", row.starts_at, row.ends_at) for row in rows}
    assert ("2027-03-24 03:10", "2027-03-25 03:10") in {
        (f"{a:%Y-%m-%d %H:%M}", f"{b:%Y-%m-%d %H:%M}") for _, a, b in read
    }


# --- The address ------------------------------------------------------------------------------------------------------


def test_a_calendar_program_reads_without_a_sign_in(client, mine, triage, ada):
    shift(triage, ada)

    answer = client.get(address(mine))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"].startswith("private")
    assert answer.content.startswith(b"BEGIN:VCALENDAR\r\n")
    assert summaries(client, address(mine)) == ["On call: Triage (primary)"]


def test_a_program_that_has_these_bytes_gets_none(client, mine, triage, ada):
    shift(triage, ada)
    etag = client.get(address(mine))["ETag"]

    answer = client.get(address(mine), headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", etag)


def test_a_program_that_has_older_bytes_gets_the_new_ones(client, mine, triage, ada):
    etag = client.get(address(mine))["ETag"]
    shift(triage, ada)

    answer = client.get(address(mine), headers={"If-None-Match": etag})

    assert answer.status_code == 200
    assert b"On call: Triage" in answer.content


def test_head_answers_like_get_without_the_calendar(client, mine):
    answer = client.head(address(mine))

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.content == b""


def test_nothing_can_be_posted_to_a_calendar(client, mine):
    assert client.post(address(mine)).status_code == 405


def test_a_withdrawn_address_opens_nothing(client, mine):
    feed_services.revoke(token=mine[0], now=NOW)

    assert client.get(address(mine)).status_code == 404


def test_the_address_of_somebody_who_left_opens_nothing(client, mine, ada):
    ada.is_active = False
    ada.save()

    assert client.get(address(mine)).status_code == 404


def test_an_unknown_address_opens_nothing(client, mine):
    assert client.get(reverse("feed", args=["cal_" + "x" * 43])).status_code == 404


def test_only_a_fingerprint_of_the_secret_is_kept(mine):
    token, secret = mine

    kept = FeedToken.objects.filter(pk=token.pk).values().get()
    assert len(secret) == 47
    assert all(secret not in str(value) for value in kept.values())
    assert kept["hint"] == secret[:8]


def test_the_last_read_is_noted(client, mine):
    client.get(address(mine))

    assert FeedToken.objects.get().last_used_at == NOW


def test_a_calendar_names_no_telephone_and_no_mail(client, schedule, ada):
    ada.email = "ada@example.org"
    ada.save()
    ada.contact_methods.create(kind="phone", address="+14155550101", created_at=NOW)
    coverage.store(schedule_id=schedule.pk, now=NOW)
    body = client.get(address(feed_services.create(person=ada, now=NOW))).content.decode()

    assert "Ada Moreno" in body
    assert "+1415" not in body
    assert "ada@example.org" not in body


def test_an_address_is_read_sixty_times_an_hour_and_then_says_when_to_come_again(client, mine, grace, monkeypatch):
    other = feed_services.create(person=grace, now=NOW)
    for minute in range(30):
        monkeypatch.setattr("oncall.clock.now", lambda at=NOW + timedelta(minutes=minute): at)
        assert [client.get(address(mine)).status_code, client.head(address(mine)).status_code] == [200, 200]

    refused = client.get(address(mine))

    # The first was at NOW, 29 minutes ago: it no longer counts in 31.
    assert (refused.status_code, refused["Retry-After"], refused["Cache-Control"]) == (429, "1860", "private, no-store")
    assert client.get(address(other)).status_code == 200
    monkeypatch.setattr("oncall.clock.now", lambda: NOW + timedelta(minutes=60))
    assert [client.get(address(mine)).status_code for _ in range(3)] == [200, 200, 429]


def test_a_refused_read_is_not_counted_and_a_withdrawn_address_keeps_no_count(client, mine):
    for _ in range(70):
        client.get(address(mine))
    assert CountedRead.objects.filter(address=mine[0].pk).count() == 60
    feed_services.revoke(token=mine[0], now=NOW)
    assert not CountedRead.objects.exists()


def test_nobody_on_the_way_keeps_a_calendar(client, mine):
    answer = client.get(address(mine))
    again = client.get(address(mine), headers={"If-None-Match": answer["ETag"]})
    assert [answer["Cache-Control"], again["Cache-Control"]] == ["private, no-store"] * 2
    assert again.status_code == 304


def test_a_person_has_twenty_addresses_at_most(ada, grace):
    token, _ = feed_services.create(person=ada, now=NOW)
    for _ in range(19):
        feed_services.create(person=ada, now=NOW)

    with pytest.raises(
        feed_services.TooManyFeeds, match=r"20 calendar addresses, which is the most. Withdraw one first."
    ):
        feed_services.create(person=ada, now=NOW)

    feed_services.create(person=grace, now=NOW)
    feed_services.revoke(token=token, now=NOW)
    feed_services.create(person=ada, now=NOW)


# --- The screen -------------------------------------------------------------------------------------------------------


def test_a_new_address_is_shown_once_and_opens_the_calendar(client, ada):
    client.force_login(ada)

    page = client.post(reverse("calendars"), {"of": "me", "alarm_minutes": "60"})

    shown = page.context["address"]
    assert shown in page.content.decode()
    assert FeedToken.objects.get().alarm_minutes == 60
    assert client.get("/feeds/" + shown.rpartition("/feeds/")[2]).status_code == 200
    assert shown not in client.get(reverse("calendars")).content.decode()


def test_a_calendar_of_a_schedule_is_made_on_the_screen(client, ada, triage):
    client.force_login(ada)

    client.post(reverse("calendars"), {"of": f"schedule {triage.pk}", "alarm_minutes": ""})

    made = FeedToken.objects.get()
    assert (made.kind, made.schedule, made.alarm_minutes) == ("schedule", triage, None)


def test_what_is_not_offered_is_refused_at_its_field(client, ada):
    client.force_login(ada)

    page = client.post(reverse("calendars"), {"of": f"schedule {uuid4()}", "alarm_minutes": "7"})

    assert page.status_code == 400
    assert set(page.context["form"].errors) == {"of", "alarm_minutes"}
    assert not FeedToken.objects.exists()


def test_one_withdraws_ones_own_address_only(client, mine, grace, ada):
    client.force_login(grace)
    assert client.post(reverse("feed_revoke", args=[mine[0].pk])).status_code == 404
    client.force_login(ada)

    page = client.post(reverse("feed_revoke", args=[mine[0].pk]), follow=True)

    assert "opens nothing any more" in page.content.decode()
    assert FeedToken.objects.get().revoked_at == datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
