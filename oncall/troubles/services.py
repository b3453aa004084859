"""Say that a human is needed, and say that it is over."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from oncall.troubles.models import Epoch, Trouble


@transaction.atomic
def raise_trouble(*, kind: str, key: str, text: str, now: datetime, url: str = "") -> Trouble:
    """Open the trouble, or count it once more when it is open already."""
    trouble, created = Trouble.objects.select_for_update().get_or_create(
        kind=kind, key=key[:120], until=None, defaults={"text": text, "url": url, "since": now, "seen_at": now}
    )
    if not created:
        Trouble.objects.filter(pk=trouble.pk).update(text=text, url=url, seen_at=now, count=F("count") + 1)
    return trouble


def clear_trouble(*, kind: str, key: str, now: datetime) -> None:
    """End it. Doing it twice, or for something that never was, changes nothing."""
    Trouble.objects.open().filter(kind=kind, key=key[:120]).update(until=now)


def clear_old(*, kind: str, key: str, before: datetime, now: datetime) -> bool:
    """End it if it was last seen before an instant. Returns whether none is open any more."""
    open_ones = Trouble.objects.open().filter(kind=kind, key=key[:120])
    open_ones.filter(seen_at__lt=before).update(until=now)
    return not open_ones.exists()


@transaction.atomic
def promote(*, site: str, now: datetime) -> Epoch:
    """Give the pager to a site: whatever began before this, here or elsewhere, stops at its next cycle."""
    Epoch.objects.get_or_create(pk=1)
    Epoch.objects.filter(pk=1).update(number=F("number") + 1, site=site, promoted_at=now)
    return Epoch.objects.get(pk=1)


def beat(*, name: str, now: datetime) -> None:
    """Record that `name` finished a cycle, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO troubles_heartbeat (name, at, cycles) VALUES (%s, %s, 1)"
            " ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, cycles = troubles_heartbeat.cycles + 1",
            [name, now],
        )
