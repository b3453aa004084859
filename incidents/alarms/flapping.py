"""When a source cannot make up its mind: its word that something is over is believed only after a while of silence.

The alarm stays what it is meanwhile, firing or with whoever has it, and what comes counts. So nobody is called anew
each time; a firing after the calm is a new one, and calls (F50).
"""

from datetime import UTC, datetime

from incidents.alarms.models import ITSELF, PEOPLE, Alarm, LogEntry
from oncall.limits import queries as limits


def doubted(alarm: Alarm, *, now: datetime) -> bool:
    """Say whether its source flaps: it has taken back “over” too often of late. Asked before a resolve is believed.

    People, and what this system says about itself, are believed at once.
    """
    if alarm.source_id in (PEOPLE, ITSELF) or alarm.raised_by_id is not None:
        return False
    if alarm.flapping_since is not None:
        return True
    if alarm.cycle <= 2:
        return False
    in_force = limits.lately(now)
    since = now - in_force.span("flapping_window_s")
    back = LogEntry.objects.filter(alarm=alarm, kind=LogEntry.Kind.REOPENED, at__gt=since).count()
    return back >= in_force.count("flapping_reopened")


def doubt(alarm: Alarm, *, now: datetime) -> str:
    """Let it stay open until it has been quiet for a while. Returns what its log is to say; empty: it said so before.

    Its row is locked. Said again while it is quiet, “over” does not begin the wait anew.
    """
    first = alarm.flapping_since is None
    calm = limits.lately(now).span("flapping_calm_s")
    alarm.flapping_since = alarm.flapping_since or now
    alarm.over_due = alarm.over_due or now + calm
    alarm.save(update_fields=["flapping_since", "over_due"])
    if not first:
        return ""
    minutes = int(calm.total_seconds() // 60)
    return (
        f"{alarm.source} flaps: it says again that this is over. That is believed after {minutes} min without a "
        "firing, and nobody is called anew before."
    )


def still_quiet(alarm: Alarm, *, now: datetime) -> bool:
    return alarm.over_due is not None and alarm.over_due <= now


def calmed(alarm: Alarm, *, now: datetime) -> str:
    """Return what the log says when “over” is believed in the end."""
    calm = limits.lately(now).span("flapping_calm_s")
    said_at = (alarm.over_due or now) - calm
    return f"It said so at {said_at.astimezone(UTC):%H:%M} UTC, and has been quiet since."
