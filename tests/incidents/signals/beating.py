"""What the tests of heartbeats share: one that is made, heard and watched."""

from datetime import timedelta

from incidents.alarms.models import Alarm
from incidents.signals import heartbeats
from incidents.signals.heartbeats import Beat
from incidents.signals.heartbeats_models import Heartbeat
from oncall.limits import queries as limits
from tests.conftest import NOW


def after(seconds: float):
    return NOW + timedelta(seconds=seconds)


def make(**fields) -> str:
    """A heartbeat that calls every minute and may be half a minute late; returns its secret."""
    row = Heartbeat(**({"name": "monitor", "every_s": 60, "grace_s": 30, "severity": 2} | fields))
    return heartbeats.create(heartbeat=row, now=NOW)


def hear(secret: str, at: float = 0, **said) -> None:
    assert heartbeats.beat(token=secret, beat=Beat(**said), now=after(at)) is not None


def watch(at: float) -> None:
    heartbeats.watch(now=after(at), limits=limits.at(after(at)))


def open_titles() -> list[str]:
    return list(Alarm.objects.open().values_list("title", flat=True))
