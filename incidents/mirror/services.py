"""Ask for a channel, stop it, and follow incidents that get one by the setting. Nothing here talks to Slack."""

from contextlib import suppress
from datetime import datetime

from django.db import transaction

from incidents.command.models import Entry, Incident
from incidents.command.writing import Refused, lock, write
from incidents.mirror import queries
from incidents.mirror.models import Mirror
from oncall.people.models import Person
from oncall.troubles import services as troubles

TROUBLE = "mirror"  # kind of trouble; its key is the mirror's id


@transaction.atomic
def want(*, incident: Incident, by: Person | None, now: datetime) -> Mirror:
    """Let the incident have a channel in Slack, or go on with the one it had. Twice is once. `by` None: the setting.

    :raises Refused: where it is not offered, the incident is over, or a channel that everybody can read is still to be
        put away.
    """
    if not queries.is_offered():
        raise Refused("slack", "This portal mirrors nothing to Slack. An administrator sets SLACK_INCIDENTS.")
    current = lock(incident)
    if current.state in queries.OVER:
        raise Refused("slack", "This incident is over. Reopen it first.")
    mirror, made = Mirror.objects.get_or_create(
        incident=current,
        defaults={"asked_at": now, "asked_by": by, "private": current.restricted, "next_due": now},
    )
    if not made and mirror.state == Mirror.State.STOPPED:
        if mirror.channel and current.restricted and not mirror.private:
            raise Refused("slack", "Its public channel is archived first. Press again in a few seconds.")
        if not mirror.channel and mirror.private != current.restricted:
            mirror.private, mirror.name = current.restricted, ""
        mirror.state = Mirror.State.OPEN if mirror.channel else Mirror.State.WANTED
        mirror.next_due, mirror.lease_token = now, None
        mirror.save(update_fields=["private", "name", "state", "next_due", "lease_token"])
        made = True
    if made and by is not None:
        write(current, Entry.Kind.LINK, f"{by.name} has it mirrored in a Slack channel.", now=now, person=by)
    return mirror


@transaction.atomic
def stop(*, incident: Incident, by: Person, now: datetime) -> None:
    """Say nothing more in the channel and take nothing from it. The channel stays as it is. Twice is once."""
    current = lock(incident)
    changed = Mirror.objects.filter(incident=current).exclude(state=Mirror.State.STOPPED)
    mirror = changed.select_for_update().first()
    if mirror is None:
        return
    changed.update(
        state=Mirror.State.STOPPED, next_due=None, lease_token=None, failing_since=None, error_text="", tries=0
    )
    troubles.clear_trouble(kind=TROUBLE, key=str(mirror.pk), now=now)
    write(current, Entry.Kind.LINK, f"{by.name} stopped the mirror in Slack.", now=now, person=by)


def follow(*, now: datetime, at_most: int = 5) -> None:
    """Give incidents their channel that get one by the setting, and rouse channels that rest and should not."""
    for incident in queries.wanting().order_by("number")[:at_most]:
        with suppress(Refused):  # it has ended since
            want(incident=incident, by=None, now=now)
    for mirror in queries.roused()[:at_most]:
        Mirror.objects.filter(pk=mirror.pk, state=mirror.state).update(next_due=now)
