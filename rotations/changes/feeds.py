"""Calendars of people's own, read again and again: what stands in them makes them absent.

A row is claimed by stamping it, the calendar is fetched with nothing locked and no transaction open, and what came of
it is recorded. A calendar that cannot be read changes nothing: what it said last stays.
"""

import logging
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.urls import reverse

from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.people.models import Person
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble
from rotations.changes import services
from rotations.changes.feed_fetching import BadAddress, Unfetched, fetch, parse
from rotations.changes.feed_reading import read
from rotations.changes.feed_shapes import AFTER, Found, Unreadable
from rotations.changes.models import AbsenceFeed
from rotations.changes.refusals import Refused

log = logging.getLogger(__name__)
ONE_POLL = 0x0FEED5  # the key of an advisory lock
MOST_FEEDS = 5  # of one person; own choice
SOON = timedelta(seconds=15)  # a calendar is not asked more often, however often somebody presses


class CannotRead(Refused):
    """The calendar could not be had, or is none."""

    field = "url"


class TooManyFeeds(Refused):
    """The person has as many calendars as there may be."""


class FeedThere(Refused):
    """The person has this calendar already."""

    field = "url"


class JustRead(Refused):
    """It was read a moment ago."""


def look(*, url: str, zone: ZoneInfo, now: datetime) -> Found:
    """Fetch a calendar and return the absences in it; takes seconds, and must not be called in a transaction.

    :raises CannotRead: saying at which host, and what is wrong.
    """
    try:
        body = fetch(url, allowed=getattr(settings, "ABSENCE_FEED_HOSTS", ()))
        return read(body, zone=zone, now=now)
    except Unfetched as error:
        raise CannotRead(str(error)) from None
    except Unreadable as error:
        raise CannotRead(f"What is at {parse(url).host} {error}.") from None
    except Exception:
        log.exception("a calendar at %s", parse(url).host)
        raise CannotRead(_defect(url)) from None


def add(*, person: Person, url: str, label: str, now: datetime) -> tuple[AbsenceFeed, Found]:
    """Read the calendar at `url` and, if that succeeds, go on reading it for `person`. Takes seconds.

    :raises Refused: if it cannot be read, is there already, or is one too many. Nothing is changed then.
    """
    _refuse_more(person, url)
    begun = time.monotonic()
    try:
        found = look(url=url, zone=person.zone, now=now)
    except CannotRead as error:
        raise CannotRead(f"{error} Nothing was added.") from None
    now += timedelta(seconds=time.monotonic() - begun)
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        _refuse_more(person, url)  # somebody may have been quicker in these seconds
        feed = AbsenceFeed.objects.create(
            person=person, url=url, label=label or _host(url), created_at=now, last_fetched_at=now, last_ok_at=now
        )
        _replace(feed, found, now=now)
    return feed, found


@transaction.atomic
def remove(*, feed: AbsenceFeed, now: datetime) -> None:
    """Read it no more; what it said of the time to come no longer holds. Doing it twice changes nothing."""
    current = AbsenceFeed.objects.select_for_update().get(pk=feed.pk)
    if current.removed_at:
        return
    current.removed_at = now
    current.save(update_fields=["removed_at"])
    services.replace_feed_absences(feed=current, absences=[], now=now)
    troubles.clear_trouble(kind="feed", key=str(feed.pk), now=now)


def check_now(*, feed: AbsenceFeed, now: datetime) -> Found:
    """Read it at once, because somebody asks. Takes seconds.

    :raises JustRead: if it was read a moment ago.
    :raises CannotRead: saying why, as its row does from then on.
    """
    free = Q(last_fetched_at__isnull=True) | Q(last_fetched_at__lte=now - SOON)
    mine = AbsenceFeed.objects.filter(pk=feed.pk, removed_at__isnull=True).filter(free)
    if not mine.update(last_fetched_at=now):
        raise JustRead(f"{feed.label} was read a moment ago. Wait a little.")
    return _check(feed, now=now)


def poll_due(*, now: datetime, for_s: float = 50.0) -> int:
    """Read what has not been read for a while, one after the other, and begin none after `for_s` seconds.

    Returns how many were read. Safe to run late, twice or in parallel.
    """
    with connection.cursor() as cursor:  # one at a time: the worker's other hand stays free for pages
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_POLL])
        if not cursor.fetchone()[0]:
            return 0
    try:
        return _poll(now=now, for_s=for_s)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_POLL])


def _poll(*, now: datetime, for_s: float) -> int:
    every = limits.at(now).span("absence_feed_poll_s")
    begun, count = time.monotonic(), 0
    while (gone := time.monotonic() - begun) < for_s:
        at = now + timedelta(seconds=gone)
        feed = _claim(due_before=now - every, now=at)
        if feed is None:
            break
        count += 1
        try:
            _check(feed, now=at)
        except CannotRead as error:
            log.info("calendar %s: %s", feed.pk, error)
        except Exception:  # one calendar must not keep the others from being read
            log.exception("calendar %s", feed.pk)
    return count


@transaction.atomic
def _claim(*, due_before: datetime, now: datetime) -> AbsenceFeed | None:
    due = Q(last_fetched_at__isnull=True) | Q(last_fetched_at__lte=due_before)
    feed = (
        AbsenceFeed.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(due, removed_at__isnull=True, person__is_active=True)
        .select_related("person")
        .order_by(F("last_fetched_at").asc(nulls_first=True))
        .first()
    )
    if feed:
        feed.last_fetched_at = now
        feed.save(update_fields=["last_fetched_at"])
    return feed


def _check(feed: AbsenceFeed, *, now: datetime) -> Found:
    """Fetch and record. :raises CannotRead: when it is recorded."""
    begun = time.monotonic()
    try:
        found = look(url=feed.url, zone=feed.person.zone, now=now)
        _record_success(feed, found, now=now + timedelta(seconds=time.monotonic() - begun))
    except CannotRead as error:
        words = str(error)
    except Exception:  # whatever a stranger's calendar breaks must be said, not retried in silence
        log.exception("calendar %s", feed.pk)
        words = _defect(feed.url)
    else:
        return found
    later = now + timedelta(seconds=time.monotonic() - begun)
    raise CannotRead(_record_failure(feed, words, fetched_at=now, now=later)) from None


@transaction.atomic
def _record_success(feed: AbsenceFeed, found: Found, *, now: datetime) -> None:
    current = AbsenceFeed.objects.select_for_update().get(pk=feed.pk)
    if current.removed_at:
        return  # taken away while we read
    current.last_ok_at, current.last_error = now, ""
    current.save(update_fields=["last_ok_at", "last_error"])
    _replace(current, found, now=now)
    troubles.clear_trouble(kind="feed", key=str(feed.pk), now=now)


@transaction.atomic
def _record_failure(feed: AbsenceFeed, error: str, *, fetched_at: datetime, now: datetime) -> str:
    """Keep why; after a day say it to the person, and to the pilot. Returns what is kept."""
    current = AbsenceFeed.objects.select_for_update(of=("self",)).select_related("person").get(pk=feed.pk)
    in_force = limits.at(now)
    again = (fetched_at + in_force.span("absence_feed_poll_s")).astimezone(current.person.zone)
    text = f"{error} Nothing was changed; we try again at {again:%H:%M}."[:300]
    if current.removed_at:
        return text
    current.last_error = text
    current.save(update_fields=["last_error"])
    since = current.last_ok_at or current.created_at
    if now - since >= in_force.span("absence_feed_failing_s"):
        _say(current, error, since=since, now=now)
    return text


def _say(feed: AbsenceFeed, error: str, *, since: datetime, now: datetime) -> None:
    """Once for as long as it lasts: who has resolved the alarm must not get it again every half hour."""
    if Trouble.objects.open().filter(kind="feed", key=str(feed.pk)).exists():
        return
    local = since.astimezone(feed.person.zone)
    address = reverse("absence_feeds")
    paging.notice(
        key=f"feed {feed.pk} since {since.isoformat()}",
        person=feed.person,
        text=f"Your calendar “{feed.label}” has not been read since {local:%a} {local.day} {local:%b %H:%M}, so new "
        f"absences in it are not known here. {error} {settings.PUBLIC_BASE_URL}{address}",
        now=now,
    )
    troubles.raise_trouble(
        kind="feed",
        key=str(feed.pk),
        text=f"A calendar of {feed.person.name} has not been read for a day, so absences may be missing. Ask them to "
        "look at it under Absences, Calendars.",
        now=now,
        url=address,
    )


def _replace(feed: AbsenceFeed, found: Found, *, now: datetime) -> None:
    absences = [services.FeedAbsence(one.uid, one.starts_at, one.ends_at, one.summary) for one in found.absences]
    services.replace_feed_absences(feed=feed, absences=absences, now=now, until=now + AFTER)


def _refuse_more(person: Person, url: str) -> None:
    try:
        parse(url)
    except BadAddress as error:
        raise CannotRead(str(error)) from None
    mine = AbsenceFeed.objects.filter(person=person, removed_at__isnull=True)
    if mine.filter(url=url).exists():
        raise FeedThere("You have this calendar already. Remove it first to add it anew.")
    if mine.count() >= MOST_FEEDS:
        raise TooManyFeeds(f"You have {MOST_FEEDS} calendars, which is the most. Remove one first.")


def _defect(url: str) -> str:
    return f"The calendar at {parse(url).host} breaks our reader; that is a defect of ours, and it is in our log."


def _host(url: str) -> str:
    return parse(url).host[:80]
