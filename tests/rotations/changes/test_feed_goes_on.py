"""A calendar whose events go on after they were over, and one that breaks us: neither is lost in silence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from oncall.paging.models import ContactMethod, Notice
from oncall.troubles.models import Trouble
from rotations.changes import feeds, queries
from rotations.changes.models import Absence, AbsenceFeed
from tests.rotations.changes.calendars_server import serving
from tests.rotations.conftest import NOW

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def server(settings):
    for one in serving():
        settings.ABSENCE_FEED_HOSTS = [one.host]
        yield one


def standing() -> list[str]:
    return [f"{one.starts_at:%d %b %H:%M} to {one.ends_at:%H:%M}" for one in Absence.objects.standing()]


@pytest.fixture
def afternoon(server, ada) -> AbsenceFeed:
    """Ada's calendar, read at NOW: one event of today, from 04:10 to 05:10 UTC, an hour from now."""
    server.calendar = server.calendar.replace(b"20270405T080000Z", b"20270323T041000Z")
    server.calendar = server.calendar.replace(b"20270405T170000Z", b"20270323T051000Z")
    return feeds.add(person=ada, url=server.url("good"), label="Leave", now=NOW)[0]


@pytest.mark.parametrize(
    ("start", "end", "stands"),
    [
        (b"0323T041000Z", b"0323T131000Z", "23 Mar 04:10 to 13:10"),  # it goes on
        (b"0324T090000Z", b"0324T180000Z", "24 Mar 09:00 to 18:00"),  # it comes again
    ],
)
def test_an_event_that_was_over_and_goes_on_or_comes_again_is_read_and_what_was_stays(
    afternoon, server, ada, start, end, stands
):
    server.calendar = server.calendar.replace(b"0323T041000Z", start).replace(b"0323T051000Z", end)
    for after in (3 * HOUR, 4 * HOUR):
        feeds.poll_due(now=NOW + after)
    afternoon.refresh_from_db()
    assert (standing(), afternoon.last_error) == ([stands], "")
    (was,) = queries.absent(people=[ada], start=NOW, end=NOW + 3 * HOUR)[ada.pk][:1]
    assert (was.effective_from, was.covers_until) == (NOW + HOUR, NOW + 2 * HOUR)
    assert Absence.objects.count() == 2
    (new,) = Absence.objects.standing()
    assert new.effective_from >= NOW + 3 * HOUR


def test_an_event_that_is_over_stays_as_it_was(afternoon, server):
    feeds.poll_due(now=NOW + 3 * HOUR)
    assert standing() == ["23 Mar 04:10 to 05:10"]


def test_what_cannot_be_stored_is_said_and_after_a_day_the_owner_and_the_pilot_hear_of_it(
    afternoon, monkeypatch, client
):
    """F51"""

    def breaks(**_):
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr("rotations.changes.services.replace_feed_absences", breaks)
    ContactMethod.objects.create(person=afternoon.person, kind="email", address="ada@example.org", created_at=NOW)
    feeds.poll_due(now=NOW + DAY + HOUR)
    afternoon.refresh_from_db()
    assert afternoon.last_error.startswith("The calendar at 127.0.0.1 breaks our reader; that is a defect of ours")
    assert (Notice.objects.count(), Trouble.objects.count()) == (1, 1)

    monkeypatch.setattr("oncall.clock.now", lambda: NOW + DAY + 2 * HOUR)
    client.force_login(afternoon.person)
    page = client.post(reverse("absence_feed_check", args=[afternoon.pk]), follow=True)
    assert "breaks our reader" in page.content.decode()


def test_a_calendar_that_breaks_us_is_not_added(server, ada, monkeypatch):
    def breaks(*_, **__):
        raise RuntimeError("a defect of ours")

    monkeypatch.setattr(feeds, "read", breaks)
    with pytest.raises(feeds.CannotRead, match="breaks our reader"):
        feeds.add(person=ada, url=server.url("good"), label="", now=NOW)
    assert not AbsenceFeed.objects.exists()
