"""Verbs about policies: write one, take one away."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import ProtectedError

from incidents.escalation.models import EscalationPolicy, Step
from oncall.people.models import Person, Team
from rotations.schedule.models import Schedule

SHOWN = 5  # of what uses a policy, in a message


class NoSteps(Exception):
    """A policy that calls nobody. The message is fit to show."""


class StillUsed(Exception):
    """Something would be left without a policy. The message is fit to show."""


@dataclass(frozen=True)
class Wanted:
    """One step as somebody wants it: exactly one of schedule, person, team and owner, and the seconds until the
    next.
    """

    wait_s: int
    schedule: Schedule | None = None
    person: Person | None = None
    team: Team | None = None
    role: str = Step.Role.PRIMARY  # of the schedule
    owner: bool = False  # of the alarm's product, whoever that is


@transaction.atomic
def save_policy(*, policy: EscalationPolicy, steps: Sequence[Wanted], default: bool = False) -> EscalationPolicy:
    """Write the policy and all its steps, in order. Alarms that fire now keep the steps they began with.

    `default`: this one is used from now on where an alarm names no policy. There is always one: another takes over by
    being made the default itself.

    :raises NoSteps: if there is no step: it would call nobody.
    """
    if not steps:
        raise NoSteps("A policy needs at least one step; without one it would call nobody.")
    policy.is_default = policy.is_default or default
    if policy.is_default:
        EscalationPolicy.objects.filter(is_default=True).exclude(pk=policy.pk).update(is_default=False)
    policy.full_clean()
    policy.save()
    policy.steps.all().delete()
    Step.objects.bulk_create(
        Step(
            policy=policy,
            position=position,
            wait_s=step.wait_s,
            schedule=step.schedule,
            role=step.role,
            person=step.person,
            team=step.team,
            owner=step.owner,
        )
        for position, step in enumerate(steps)
    )
    return policy


@transaction.atomic
def delete_policy(*, policy: EscalationPolicy) -> None:
    """Take a policy away.

    :raises StillUsed: if a source raises its alarms by it, open alarms run by it, or it is the default one.
    """
    if policy.is_default:
        raise StillUsed(f"{policy.name} is the default policy. Make another the default first.")
    open_uses = [
        words
        for relation in EscalationPolicy._meta.related_objects
        if (uses := getattr(relation.related_model, "open_uses_of_policy", None))  # of rooms above, unknown here
        for words in uses(policy)
    ]
    if open_uses:
        shown = ", ".join(open_uses[:SHOWN]) + (f" and {len(open_uses) - SHOWN} more" if len(open_uses) > SHOWN else "")
        raise StillUsed(f"{policy.name} is running for {shown}. Wait until that is resolved.")
    try:
        policy.delete()
    except ProtectedError as error:
        names = ", ".join(sorted(str(one) for one in error.protected_objects))
        raise StillUsed(f"{policy.name} is still used by {names}. Choose another policy there first.") from error
