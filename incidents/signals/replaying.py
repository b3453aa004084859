"""Many rejected payloads at once: after a mapping or a sender was mended, all of them are sent again, or set aside."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from incidents.signals import queries, services
from incidents.signals.models import Rejection, Source
from incidents.signals.payloads.items import Unreadable
from oncall.troubles import services as troubles

AT_ONCE = 100  # of one press, each in a transaction of its own


@dataclass(frozen=True)
class Sent:
    """What came of it: how many can be read now, how many still cannot, how many wait for another press."""

    readable: int
    unreadable: int
    left: int

    def __str__(self) -> str:
        text = f"{self.readable} sent again and read."
        if self.unreadable:
            text += f" {self.unreadable} still cannot be read; each says why."
        return text + (f" {self.left} more wait: press again." if self.left else "")


def replay_all(*, source: Source, now: datetime) -> Sent:
    """Send what was rejected again as it came, the oldest first, at most 100. What cannot be read stays as it is.

    An item that was over since is as good as any other: what it says is what its sender said then.
    """
    waiting = list(queries.unsettled(source)[: AT_ONCE + 1])
    readable = unreadable = 0
    for rejection in waiting[:AT_ONCE]:
        try:
            services.replay(rejection=rejection, body=rejection.raw, now=now)
            readable += 1
        except Unreadable:
            unreadable += 1
        except services.AlreadySettled:
            pass  # somebody else pressed too
    left = queries.unsettled(source).count() - unreadable if len(waiting) > AT_ONCE else 0
    return Sent(readable, unreadable, max(left, 0))


@transaction.atomic
def settle_all(*, source: Source, how: str, now: datetime) -> int:
    """Set aside what was rejected up to `now`, and return how many: the trouble of the source is over with the last.

    `how`: in words, by whom.
    """
    ids = queries.unsettled(source).filter(signal__received_at__lte=now).values("pk")
    count = Rejection.objects.filter(pk__in=ids.order_by(), settled_at__isnull=True).update(
        settled_at=now, settled_how=how[:120]
    )
    if not queries.unsettled(source).exists():
        troubles.clear_trouble(kind="rejected", key=str(source.pk), now=now)
    return count
