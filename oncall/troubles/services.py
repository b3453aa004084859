"""Say that a human is needed, and say that it is over."""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from oncall.troubles.models import Trouble


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


def beat(*, name: str, now: datetime) -> None:
    """Record that `name` finished a cycle, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO troubles_heartbeat (name, at, cycles) VALUES (%s, %s, 1)"
            " ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, cycles = troubles_heartbeat.cycles + 1",
            [name, now],
        )
