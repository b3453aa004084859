"""Keep the shifts: store anew what has changed, a year ahead, and never rewrite what was.

Run by the loop every second. Safe to run late, twice or in parallel: a schedule is locked while it is stored, and
until it is, the resolver computes it.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID, uuid5

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, F, Q, Sum

from oncall.people.models import Person, Site
from oncall.troubles.services import clear_trouble, raise_trouble
from rotations.coverage.compute import compute
from rotations.coverage.coverage import Tile
from rotations.coverage.models import Shift
from rotations.coverage.queries import key_of
from rotations.night.models import Window
from rotations.schedule.models import Schedule
from rotations.schedule.services import touch

log = logging.getLogger(__name__)
HORIZON = timedelta(days=366)
EXTEND_BELOW = timedelta(days=365)  # so that a schedule without changes is looked at once a day
BACK = timedelta(days=366)  # how far a schedule that was never stored is stored backwards


class Row(NamedTuple):
    """A shift to write: the columns of its table. A tuple, for a year of a thousand schedules has 300,000."""

    key: UUID
    schedule_id: UUID
    role: str
    person_id: UUID
    rotation_id: UUID | None
    origin: str
    starts_at: datetime
    ends_at: datetime
    why: str
    known_from: datetime


@dataclass(frozen=True)
class Stored:
    """How many rows were superseded and written."""

    superseded: int
    written: int


def refresh_due(*, now: datetime, at_most: int = 10, for_s: float | None = None) -> int:
    """Store the shifts of schedules that have changed or whose year runs short; return how many schedules.

    Begins none after `for_s` seconds. One that cannot be stored keeps none of the others from it: it stays computed,
    and a trouble says so.
    """
    begun = time.monotonic()
    _notice_what_changed_below(now=now)
    due = Schedule.objects.filter(
        Q(stored_edition__isnull=True) | ~Q(stored_edition=F("edition")) | Q(stored_until__lt=now + EXTEND_BELOW)
    ).order_by("stored_at", "pk")
    done = 0
    for pk in list(due.values_list("pk", flat=True)[:at_most]):
        if for_s is not None and time.monotonic() - begun > for_s:
            break
        try:
            done += store(schedule_id=pk, now=now) is not None
        except (OperationalError, InterfaceError):
            raise  # the database is away: nothing about this schedule
        except Exception:
            log.exception("the shifts of schedule %s", pk)
            text = "The shifts of a schedule cannot be stored, so they are computed each time. Look at its rotations."
            raise_trouble(kind="shifts", key=str(pk), text=text, url=f"/rotations/{pk}/", now=now)
        else:
            clear_trouble(kind="shifts", key=str(pk), now=now)
    return done


@transaction.atomic
def store(*, schedule_id: UUID, now: datetime) -> Stored | None:
    """Bring the stored shifts of one schedule up to its rules; None if another is at it.

    From the first change that is not stored yet on, rows that still hold stay untouched, others are closed
    (`known_until`) and written anew. Before that instant nothing changes, ever.
    """
    schedule = Schedule.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=schedule_id).first()
    if schedule is None:
        return None
    now = max(now, schedule.stored_at or now, schedule.changed_at or now)  # another loop, or the edit, may be ahead
    cut, world = _cut(schedule, now), _world()
    known = now if schedule.stored_edition == schedule.edition else max(cut, schedule.stored_at or cut)
    horizon = now + HORIZON
    computed = compute([schedule], cut, horizon)
    tiles = computed.by_schedule[schedule.pk].tiles
    present = list(Shift.objects.as_known(None).filter(schedule=schedule, ends_at__gt=cut).order_by("starts_at"))
    gone, new = _changes(schedule, present, tiles, cut, known)
    Shift.objects.filter(pk__in=[row.pk for row in gone]).update(known_until=known)
    _write(new)
    Schedule.objects.filter(pk=schedule.pk).update(
        stored_edition=schedule.edition,
        stored_until=horizon,
        stored_at=now,
        stored_world=world,
        changed_at=schedule.changed_at or now,
    )
    return Stored(len(gone), len(new))


def _cut(schedule: Schedule, now: datetime) -> datetime:
    """Return the instant from which on rules may say something new."""
    if schedule.stored_edition is None:
        return schedule.changed_at or now - BACK
    if schedule.stored_edition != schedule.edition and schedule.changed_at is not None:
        return schedule.changed_at
    return now


def _changes(
    schedule: Schedule, present: Sequence[Shift], tiles: Sequence[Tile], cut: datetime, now: datetime
) -> tuple[list[Shift], list[Row]]:
    """Return the rows that no longer hold and those to write. What lies across `cut` keeps what it was until then."""
    by_key = {(row.key, row.starts_at): row for row in present}
    across = {(row.role, str(row.person_id), row.origin): row for row in present if row.starts_at < cut}
    kept: set[int] = set()
    gone: list[Shift] = []
    new: list[Row] = []
    for tile in tiles:
        if tile.starts_at < cut:
            old = across.get((tile.role, tile.person, tile.name))
            key, starts_at = (old.key, old.starts_at) if old else (uuid5(key_of(tile, schedule), cut.isoformat()), cut)
        else:
            key, starts_at = key_of(tile, schedule), tile.starts_at
            old = by_key.get((key, starts_at))
        if old and str(old.person_id) == tile.person and old.ends_at == tile.ends_at and old.why == tile.why:
            kept.add(old.pk)
            continue
        if old:
            kept.add(old.pk)
            gone.append(old)
        new.append(_row(schedule, tile, key, starts_at, now))
    for row in present:
        if row.pk in kept:
            continue
        gone.append(row)
        if row.starts_at < cut:  # it was so until then
            whose = (row.key, schedule.pk, row.role, row.person_id, row.rotation_id, row.origin)
            new.append(Row(*whose, row.starts_at, cut, row.why, now))
    return gone, new


def _row(schedule: Schedule, tile: Tile, key: UUID, starts_at: datetime, now: datetime) -> Row:
    rotation = _uuid(tile.rotation) if tile.rotation else None
    whose = (key, schedule.pk, tile.role, _uuid(tile.person), rotation, tile.name[:200])
    return Row(*whose, starts_at, tile.ends_at, tile.why[:400], now)


_uuid = lru_cache(maxsize=4096)(UUID)  # the same few people, again and again


def _write(rows: Sequence[Row]) -> None:
    """Copy them, which is ten times as fast as inserting."""
    if not rows:
        return
    with connection.cursor() as cursor:
        columns = ", ".join(Row._fields)
        with cursor.copy(f"COPY {Shift._meta.db_table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _world() -> str:
    """Say what the nights of schedules hang on: every window as it is told now, and the site whose sun they follow."""
    windows = Window.objects.aggregate(count=Count("pk"), editions=Sum("edition"))
    site = Site.objects.filter(observing=True).first()
    where = f"{site.latitude} {site.longitude}" if site else "nowhere"
    return f"{windows['count']} windows, {windows['editions'] or 0} editions, {where}"[:80]


def _notice_what_changed_below(*, now: datetime) -> None:
    """Touch what hangs on the site, or was changed by hand.

    Whoever changes windows or closes an account says so in their own transaction (`window_changed`, `person_changed`).
    """
    stored = Schedule.objects.filter(stored_edition=F("edition"))
    elsewhere = stored.filter(rotations__window__isnull=False).exclude(stored_world=_world())
    found: dict[UUID, Schedule] = {schedule.pk: schedule for schedule in elsewhere.distinct()}
    gone = list(Person.objects.filter(is_active=False).values_list("pk", flat=True))
    of_the_gone = Shift.objects.as_known(None).filter(person__in=gone, ends_at__gt=now)
    ids = list(of_the_gone.order_by().values_list("schedule", flat=True).distinct()) if gone else []
    found |= {schedule.pk: schedule for schedule in stored.filter(pk__in=ids)}  # no query when there are none
    if found:
        touch(schedules=found.values(), now=now)
