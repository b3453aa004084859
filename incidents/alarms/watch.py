"""Open troubles become alarms of the source “oncall itself”: lower rooms never raise one themselves."""

from datetime import datetime, timedelta

from incidents.alarms import services
from incidents.alarms.models import ITSELF, Alarm
from oncall.paging import queries as paging
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble

SOURCE = "oncall itself"
SEVERITY = {"provider": 2, "engine": 1, "late": 1, "nobody": 1}  # anything else is SEV-3
ABOUT_ALARMS = ("engine", "nobody")  # their key is an alarm's id


def watch(*, now: datetime) -> None:
    """Raise an alarm for each open trouble that has none, and resolve those whose trouble is over."""
    _clear_what_is_over(now=now)
    open_troubles = {f"{trouble.kind}:{trouble.key}": trouble for trouble in Trouble.objects.open()}
    raised = {alarm.key: alarm for alarm in Alarm.objects.open().filter(source_id=ITSELF)}
    for key, trouble in open_troubles.items():
        if key not in raised:
            firing = services.Firing(
                title=trouble.text[:300],
                severity=SEVERITY.get(trouble.kind, 3),
                source_id=ITSELF,
                source=SOURCE,
                key=key,
                link=trouble.url,
            )
            services.fire(firing=firing, policy=None, now=now)
    for key, alarm in raised.items():
        if key not in open_troubles:
            services.resolve(alarm=alarm, now=now, why="The trouble is over.")


def audit(*, now: datetime, after_s: float) -> int:
    """Say aloud when pages or alarms are late: nobody is doing the pager's work. Returns how many are late."""
    after = timedelta(seconds=after_s)
    pages = paging.late(now=now, after=after).count()
    alarms = Alarm.objects.open().filter(next_due__lt=now - after).count()
    if pages or alarms:
        text = (
            f"{pages} pages and {alarms} alarms are more than {after_s:.0f} s late. Look at the pulse and the workers."
        )
        troubles.raise_trouble(kind="late", key="pager", text=text, now=now)
    else:
        troubles.clear_trouble(kind="late", key="pager", now=now)
    return pages + alarms


def _clear_what_is_over(*, now: datetime) -> None:
    """A trouble about an alarm ends with that alarm."""
    about = list(Trouble.objects.open().filter(kind__in=ABOUT_ALARMS).values_list("kind", "key"))
    if not about:
        return
    still = {
        str(pk) for pk in Alarm.objects.open().filter(pk__in=[key for _, key in about]).values_list("pk", flat=True)
    }
    for kind, key in about:
        if key not in still:
            troubles.clear_trouble(kind=kind, key=key, now=now)
