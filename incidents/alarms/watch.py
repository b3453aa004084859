"""Open troubles become alarms of the source “oncall itself”: lower rooms never raise one themselves."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from incidents.alarms import services
from incidents.alarms.models import ITSELF, Alarm, LogEntry
from incidents.escalation import queries as policies
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.paging.models import ContactMethod, Page
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble

SOURCE = "oncall itself"
SEVERITY = {
    "account": 1,
    "provider": 2,
    "engine": 1,
    "text": 1,  # it may have been somebody's answer, or an alarm
    "heartbeat_broken": 2,
    "invariant": 1,
    "nobody": 1,
    "page": 1,
    "gap": 2,
    "rejected": 2,  # what nobody could read may have been an alarm of any severity
    "quiet": 2,  # and so may be what a silent source does not say
    "latency": 2,  # nobody would hear that images are taken and no alerts go out
    "rules": 2,  # as above
    "readiness_urgent": 2,  # the sun is about to set; domain.md 3.2
}  # anything else is SEV-3
HIDES = ("rejected", "quiet", "latency", "rules")  # while such a trouble lasts, alarms of any severity may be lost
WORSE = {"readiness_urgent": "readiness"}  # a kind, and the one that it is grown worse: one alarm for both
GROWS = ("readiness", "readiness_urgent")  # begun anew while its alarm is open: there is more of it
UP_THE_LINE = ("gap", "shifts")  # for who arranges the rotations, not for who is on shift (domain.md 5.8)
ABOUT_ALARMS = ("engine", "nobody")  # their key is an alarm's id


def watch(*, now: datetime) -> None:
    """Raise an alarm for each open trouble that has none, and resolve those whose trouble is over."""
    _clear_what_is_over(now=now)
    open_troubles = {f"{WORSE.get(one.kind, one.kind)}:{one.key}": one for one in Trouble.objects.open()}
    raised = {alarm.key: alarm for alarm in Alarm.objects.open().filter(source_id=ITSELF)}
    quiet = _only_for_owners(open_troubles.values(), now=now)
    for key, trouble in open_troubles.items():
        if (key not in raised and key not in quiet and not _put_aside(key, trouble, now=now)) or (
            trouble.kind in WORSE and key in raised and raised[key].severity > SEVERITY[trouble.kind]
        ):
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
        elif trouble.kind in GROWS and key in raised:
            _keep_words(raised[key], trouble, now=now)
    for key, alarm in raised.items():
        if key not in open_troubles:
            services.resolve(alarm=alarm, now=now, why="The trouble is over.")


@transaction.atomic
def _keep_words(alarm: Alarm, trouble: Trouble, *, now: datetime) -> None:
    """Let an open alarm say what its trouble says now. Where the trouble began anew since it was last heard of there is
    more of it: that is a line, and told to whoever has the alarm.
    """
    title, grew = trouble.text[:300], trouble.since > alarm.last_signal_at
    if alarm.title == title and not grew:
        return
    alarm = Alarm.objects.select_for_update().get(pk=alarm.pk)
    if alarm.state == Alarm.State.RESOLVED:
        return
    alarm.title = title
    if grew:
        alarm.count, alarm.last_signal_at = alarm.count + 1, now
    alarm.save(update_fields=["title", "count", "last_signal_at"])
    if not grew:
        return
    services.write(alarm, LogEntry.Kind.NOTE, f"There is more of it: {trouble.text}", now=now)
    if alarm.acknowledged_by:
        told = f"more:{alarm.pk}:{trouble.pk}"
        text = f"There is more of what you have. {trouble.text}"
        paging.notice(key=told, person=alarm.acknowledged_by, text=text, now=now)


def _put_aside(key: str, trouble: Trouble, *, now: datetime) -> bool:
    """Say whether the alarm of this trouble was resolved, and need not fire again yet.

    Resolved by a human it stays so for hours, however often the same trouble is seen: they know. One that was over and
    came back is another. What endangers pages, or may hide alarms, is put aside for a short while only.
    """
    last = Alarm.objects.filter(source_id=ITSELF, key=key, resolved_at__isnull=False).order_by("-resolved_at").first()
    if last is None or last.resolved_at is None:
        return False
    if last.resolved_at >= trouble.seen_at:
        return True
    if trouble.since > last.resolved_at:
        return False
    if now - last.resolved_at >= aside(trouble.kind, limits=limits.at(now)):
        return False
    return last.log.filter(kind=LogEntry.Kind.RESOLVED, cycle=last.cycle, person__isnull=False).exists()


def aside(kind: str, *, limits: Limits) -> timedelta:
    """Return for how long a trouble that a person resolved calls nobody."""
    is_grave = kind in HIDES or SEVERITY.get(kind, 3) == 1
    return limits.span("grave_trouble_put_aside_s" if is_grave else "trouble_put_aside_s")


def _only_for_owners(open_troubles: Iterable[Trouble], *, now: datetime) -> set[str]:
    """Tell the owners of mail addresses and browsers that are out of use, and return the keys of these troubles.

    Where another proved way to their owner is left nobody need get up for it; home shows it all the same.
    """
    about = {trouble.key: trouble for trouble in open_troubles if trouble.kind == "contact"}
    if not about:
        return set()
    proved = Q(verified_at__isnull=False) | Q(confirmed_at__isnull=False)
    others = ContactMethod.objects.usable().filter(proved, person=OuterRef("person"), suspect_since__isnull=True)
    lost = ContactMethod.objects.exclude(kind=ContactMethod.Kind.PHONE).filter(
        Exists(others.exclude(pk=OuterRef("pk"))), pk__in=[UUID(key) for key in about]
    )
    quiet = set()
    for contact in lost.select_related("person"):
        trouble = about[str(contact.pk)]
        told = f"contact:{contact.pk}:{trouble.since:%Y-%m-%dT%H:%M:%S}"
        paging.notice(key=told, person=contact.person, text=f"{trouble.text} Look at your contacts.", now=now)
        quiet.add(f"contact:{trouble.key}")
    return quiet


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
