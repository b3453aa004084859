"""A calendar that makes somebody absent: added, read again and again, failing, removed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from oncall.paging.models import ContactMethod, Notice
from oncall.troubles.models import Trouble
from rotations.changes import feeds, tasks
from rotations.changes.feed_fetching import fetch
from rotations.changes.feed_reading import read
from rotations.changes.models import Absence, AbsenceFeed
from rotations.schedule.models import Schedule
from tests.rotations.changes.calendars_server import serving
from tests.rotations.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EMPTY = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def server(settings):
    for one in serving():
        settings.ABSENCE_FEED_HOSTS = [one.host]
        yield one


@pytest.fixture
def leave(server, ada) -> AbsenceFeed:
    """Ada's calendar, read at NOW: it has one event, 5 April 2027, 08:00 to 17:00 UTC."""
    return feeds.add(person=ada, url=server.url("good/private-1234.ics"), label="Leave", now=NOW)[0]


def standing() -> list[tuple[str, str]]:
    return [
        (one.person.username, f"{one.starts_at:%d %b %H:%M} to {one.ends_at:%H:%M}")
        for one in Absence.objects.standing().select_related("person")
    ]


def poll(after: timedelta) -> int:
    return feeds.poll_due(now=NOW + after)


# --- Adding -----------------------------------------------------------------------------------------------------------


def test_what_stands_in_a_calendar_makes_its_owner_absent(leave):
    assert standing() == [("ada", "05 Apr 08:00 to 17:00")]
    assert leave.last_error == ""
    assert Absence.objects.get().source == "feed"


def test_coverage_hears_of_it(schedule, server, ada):
    before = Schedule.objects.get(pk=schedule.pk).edition

    feeds.add(person=ada, url=server.url("good"), label="", now=NOW)

    assert Schedule.objects.get(pk=schedule.pk).edition > before


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("html", "What is at 127.0.0.1 is not an iCalendar file. Nothing was added."),
        ("status/500", "The calendar at 127.0.0.1 answered 500 instead of a calendar. Nothing was added."),
        ("huge", "The calendar at 127.0.0.1 is larger than 5 MB. Give a smaller one. Nothing was added."),
    ],
)
def test_a_calendar_that_cannot_be_read_is_not_added(server, ada, path, words):
    with pytest.raises(feeds.CannotRead) as refusal:
        feeds.add(person=ada, url=server.url(path), label="", now=NOW)

    assert (str(refusal.value), refusal.value.field) == (words, "url")
    assert not AbsenceFeed.objects.exists()
    assert standing() == []


def test_a_calendar_that_never_answers_is_not_added(server, ada, monkeypatch):
    monkeypatch.setattr(feeds, "fetch", lambda url, **choices: fetch(url, deadline_s=0.3, **choices))

    with pytest.raises(feeds.CannotRead, match=r"did not answer within 0\.3 s\. Nothing was added\.$"):
        feeds.add(person=ada, url=server.url("silent"), label="", now=NOW)

    assert not AbsenceFeed.objects.exists()


def test_an_address_inside_is_not_asked_unless_it_is_listed(server, ada, settings):
    settings.ABSENCE_FEED_HOSTS = []

    with pytest.raises(feeds.CannotRead, match="80 and 443 only"):
        feeds.add(person=ada, url=server.url("good"), label="", now=NOW)

    with pytest.raises(feeds.CannotRead, match="is not on the open internet"):
        feeds.add(person=ada, url="http://127.0.0.1/good", label="", now=NOW)

    assert server.asked == []


def test_the_same_calendar_twice_is_refused_before_it_is_asked(leave, server, ada):
    with pytest.raises(feeds.FeedThere, match="You have this calendar already"):
        feeds.add(person=ada, url=server.url("good/private-1234.ics"), label="", now=NOW)

    assert len(server.asked) == 1


def test_five_calendars_are_the_most(server, ada):
    for n in range(5):
        feeds.add(person=ada, url=server.url(f"good/{n}"), label="", now=NOW)

    with pytest.raises(feeds.TooManyFeeds, match="5 calendars, which is the most"):
        feeds.add(person=ada, url=server.url("good/5"), label="", now=NOW)


# --- Reading again ----------------------------------------------------------------------------------------------------


def test_a_calendar_is_read_again_after_half_an_hour(leave, server):
    assert poll(29 * MINUTE) == 0
    assert poll(31 * MINUTE) == 1
    assert poll(31 * MINUTE) == 0  # another loop at the same time
    assert len(server.asked) == 2


def test_what_is_gone_from_the_calendar_no_longer_counts(leave, server):
    server.calendar = EMPTY

    poll(HOUR)

    assert standing() == []


def test_what_has_moved_in_the_calendar_moves(leave, server):
    server.calendar = server.calendar.replace(b"0405T17", b"0405T18")

    poll(HOUR)

    assert standing() == [("ada", "05 Apr 08:00 to 18:00")]


@pytest.mark.parametrize("instead", [b"<html>Sign in</html>", b"", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:leave\r\n"])
def test_what_is_no_calendar_any_more_changes_nothing(leave, server, instead):
    server.calendar = instead

    poll(HOUR)

    leave.refresh_from_db()
    assert standing() == [("ada", "05 Apr 08:00 to 17:00")]
    assert leave.last_error.startswith("What is at 127.0.0.1 is ")
    # 04:10 UTC is 21:10 in California
    assert leave.last_error.endswith("Nothing was changed; we try again at 21:40.")


def test_a_calendar_that_is_read_again_forgets_why_it_was_not(leave, server):
    good, server.calendar = server.calendar, b""
    poll(HOUR)
    server.calendar = good

    poll(2 * HOUR)

    leave.refresh_from_db()
    assert leave.last_error == ""
    assert leave.last_ok_at is not None
    assert leave.last_ok_at >= NOW + 2 * HOUR


def test_no_transaction_is_open_and_nothing_is_locked_while_we_fetch(leave, monkeypatch):
    seen = []

    def watched(url, **choices):
        # The test itself runs in one transaction; savepoints above it would be ours.
        seen.append((list(connection.savepoint_ids), AbsenceFeed.objects.get().last_fetched_at))
        return fetch(url, **choices)

    monkeypatch.setattr(feeds, "fetch", watched)
    outside = list(connection.savepoint_ids)

    poll(HOUR)

    ((inside, stamped),) = seen
    assert inside == outside
    assert stamped is not None
    assert stamped >= NOW + HOUR


def test_one_calendar_that_breaks_us_keeps_no_other_from_being_read(server, ada, grace, monkeypatch):
    for who in (ada, grace):
        feeds.add(person=who, url=server.url(f"good/{who.username}"), label="", now=NOW)
    server.calendar = EMPTY
    broken = [RuntimeError("a defect of ours")]

    def breaks_once(*arguments, **choices):
        if broken:
            raise broken.pop()
        return read(*arguments, **choices)

    monkeypatch.setattr(feeds, "read", breaks_once)

    assert poll(HOUR) == 2
    assert len(standing()) == 1


def test_a_round_begins_no_more_calendars_when_its_time_is_up(leave, server):
    assert feeds.poll_due(now=NOW + HOUR, for_s=0) == 0


def test_the_calendar_of_somebody_who_has_left_is_not_read(leave, ada):
    ada.is_active = False
    ada.save()

    assert poll(HOUR) == 0


def test_the_task_reads_what_is_due_at_the_edge(leave, server, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOW + HOUR)
    monkeypatch.setattr(tasks, "close_old_connections", lambda: None)  # the test's own is not old

    tasks.poll_feeds()

    assert len(server.asked) == 2


# --- Failing for long -------------------------------------------------------------------------------------------------


@pytest.fixture
def failing(leave, server, ada) -> AbsenceFeed:
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    server.calendar = b"<html>"
    return leave


def test_a_first_failure_troubles_nobody(failing):
    poll(23 * HOUR)

    assert not Notice.objects.exists()
    assert not Trouble.objects.exists()


def test_after_a_day_the_owner_and_the_pilot_hear_of_it_once(failing):
    for after in (DAY + HOUR, DAY + 2 * HOUR, DAY + 3 * HOUR):
        poll(after)

    notice, trouble = Notice.objects.get(), Trouble.objects.get()
    assert notice.person.username == "ada"
    assert notice.text.startswith("Your calendar “Leave” has not been read since Mon 22 Mar 20:10")
    assert (trouble.kind, trouble.key, trouble.count) == ("feed", str(failing.pk), 1)
    assert "Ada Moreno" in trouble.text
    for text in (notice.text, trouble.text):
        assert "private-1234" not in text


def test_the_trouble_ends_when_the_calendar_is_read(failing, server):
    poll(DAY + HOUR)
    server.calendar = EMPTY

    poll(DAY + 2 * HOUR)

    assert not Trouble.objects.open().exists()


def test_nothing_of_the_address_stands_in_the_log(failing, caplog):
    caplog.set_level("DEBUG")

    poll(HOUR)

    assert "What is at 127.0.0.1 is not an iCalendar file." in caplog.text
    assert "private-1234" not in caplog.text


# --- Removing ---------------------------------------------------------------------------------------------------------


def test_a_calendar_that_is_removed_takes_its_absences_with_it(leave, server):
    feeds.remove(feed=leave, now=NOW + HOUR)
    feeds.remove(feed=leave, now=NOW + 2 * HOUR)

    assert standing() == []
    assert AbsenceFeed.objects.get().removed_at == NOW + HOUR
    assert poll(3 * HOUR) == 0


def test_a_calendar_that_is_removed_while_it_is_read_stays_removed(leave, monkeypatch):

    def slow(url, **choices):
        feeds.remove(feed=leave, now=NOW + HOUR)
        return fetch(url, **choices)

    monkeypatch.setattr(feeds, "fetch", slow)

    poll(HOUR)

    assert standing() == []


def test_a_removed_calendar_can_be_added_anew(leave, server, ada):
    feeds.remove(feed=leave, now=NOW)

    feeds.add(person=ada, url=leave.url, label="Again", now=NOW + HOUR)

    assert standing() == [("ada", "05 Apr 08:00 to 17:00")]


# --- The screen -------------------------------------------------------------------------------------------------------


def test_a_calendar_is_added_on_the_screen(client, server, ada):
    client.force_login(ada)

    page = client.post(reverse("absence_feeds"), {"url": server.url("good/private-1234"), "label": ""}, follow=True)

    words = page.content.decode()
    assert "127.0.0.1 is read from now on. 1 absence from a month ago to a year ahead." in words
    assert "private-1234" not in words
    assert standing() == [("ada", "05 Apr 08:00 to 17:00")]


@pytest.mark.parametrize("path", ["html", "status/500", "huge"])
def test_what_is_wrong_with_a_calendar_is_said_at_its_field(client, server, ada, path):
    client.force_login(ada)

    page = client.post(reverse("absence_feeds"), {"url": server.url(path), "label": "x"})

    assert page.status_code == 400
    assert "Nothing was added." in page.context["form"].errors["url"][0]
    assert not AbsenceFeed.objects.exists()


def test_a_calendar_is_checked_at_once_but_not_twice_in_a_moment(client, server, leave, ada, monkeypatch):
    client.force_login(ada)
    monkeypatch.setattr("oncall.clock.now", lambda: NOW + MINUTE)
    server.calendar = EMPTY

    first, second = (client.post(reverse("absence_feed_check", args=[leave.pk]), follow=True) for _ in range(2))

    assert "Leave: 0 absences from a month ago to a year ahead." in first.content.decode()
    assert "Leave was read a moment ago. Wait a little." in second.content.decode()
    assert standing() == []


def test_a_check_says_why_it_failed(client, server, leave, ada, monkeypatch):
    client.force_login(ada)
    monkeypatch.setattr("oncall.clock.now", lambda: NOW + MINUTE)
    server.calendar = b"<html>"

    page = client.post(reverse("absence_feed_check", args=[leave.pk]), follow=True).content.decode()

    assert "is not an iCalendar file. Nothing was changed; we try again at 20:41." in page


def test_a_calendar_is_removed_on_the_screen(client, leave, ada):
    client.force_login(ada)

    client.post(reverse("absence_feed_remove", args=[leave.pk]))

    assert standing() == []


@pytest.mark.parametrize("name", ["absence_feed_check", "absence_feed_remove"])
def test_a_calendar_is_its_owners_business(client, leave, grace, name):
    client.force_login(grace)

    assert client.post(reverse(name, args=[leave.pk])).status_code == 404
    assert list(client.get(reverse("absence_feeds")).context["feeds"]) == []
