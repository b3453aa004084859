"""Open troubles become alarms of the source “oncall itself”: lower rooms never raise one themselves."""

from datetime import datetime, timedelta

from incidents.alarms import queries, services
from incidents.alarms.models import ITSELF, Alarm
from incidents.escalation import queries as policies
from oncall.paging import queries as paging
from oncall.paging.models import Page
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble

SOURCE = "oncall itself"
SEVERITY = {"provider": 2, "engine": 1, "late": 1, "nobody": 1, "page": 1, "gap": 2}  # anything else is SEV-3
UP_THE_LINE = ("gap", "shifts")  # for who arranges the rotations, not for who is on shift (domain.md 5.8)
ABOUT_ALARMS = ("engine", "nobody")  # their key is an alarm's id


def watch(*, now: datetime) -> None:
    """Raise an alarm for each open trouble that has none, and resolve those whose trouble is over."""
    _clear_what_is_over(now=now)
    open_troubles = {f"{trouble.kind}:{trouble.key}": trouble for trouble in Trouble.objects.open()}
    raised = {alarm.key: alarm for alarm in Alarm.objects.open().filter(source_id=ITSELF)}
    for key, trouble in open_troubles.items():
        if key not in raised and not _put_aside(key, trouble):
            firing = services.Firing(
                title=trouble.text[:300],
                severity=SEVERITY.get(trouble.kind, 3),
                source_id=ITSELF,
                source=SOURCE,
                key=key,
                link=trouble.url,
                plan=policies.up_the_line(now=now) if trouble.kind in UP_THE_LINE else None,
            )
            services.fire(firing=firing, policy=None, now=now)
    for key, alarm in raised.items():
        if key not in open_troubles:
            services.resolve(alarm=alarm, now=now, why="The trouble is over.")


def _put_aside(key: str, trouble: Trouble) -> bool:
    """Say whether somebody has resolved the alarm of this trouble and it has not been seen again since."""
    last = Alarm.objects.filter(source_id=ITSELF, key=key, resolved_at__isnull=False).order_by("-resolved_at").first()
    return last is not None and last.resolved_at is not None and last.resolved_at >= trouble.seen_at


def audit(*, now: datetime, after_s: float) -> int:
    """Say aloud when pages or alarms are late: nobody is doing the pager's work. Returns how many are late."""
    after = timedelta(seconds=after_s)
    pages = paging.late(now=now, after=after).count()
    alarms = queries.late(now=now, after=after).count()
    if pages or alarms:
        text = (
            f"{pages} pages and {alarms} alarms are more than {after_s:.0f} s late. Look at the pulse and the workers."
        )
        troubles.raise_trouble(kind="late", key="pager", text=text, now=now)
    else:
        troubles.clear_trouble(kind="late", key="pager", now=now)
    return pages + alarms


def _clear_what_is_over(*, now: datetime) -> None:
    """A trouble about an alarm or a page ends with it."""
    pages = list(Trouble.objects.open().filter(kind="page").values_list("key", flat=True))
    about = list(Trouble.objects.open().filter(kind__in=ABOUT_ALARMS).values_list("kind", "key"))
    if not about and not pages:
        return
    still = {
        str(pk) for pk in Alarm.objects.open().filter(pk__in=[key for _, key in about]).values_list("pk", flat=True)
    }
    for kind, key in about:
        if key not in still:
            troubles.clear_trouble(kind=kind, key=key, now=now)
    calling = {str(pk) for pk in Page.objects.calling().values_list("pk", flat=True)} if pages else set()
    for key in pages:
        if key not in calling:
            troubles.clear_trouble(kind="page", key=key, now=now)
