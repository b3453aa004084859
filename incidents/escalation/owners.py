"""Question: whom does a step call that calls the product's owner (R38, R31)?

The owner is settled as the alarm fires, like the rest of its policy; who of an owning team is on call is asked at each
step, as ever. So whatever follows a schedule or a team follows an owner too.
"""

from collections.abc import Iterable

from incidents.escalation.decision import StepPlan, Target
from incidents.escalation.models import OWNER, name_of_schedule, name_of_team
from oncall.catalogue import queries as catalogue
from oncall.people.models import Team
from rotations.schedule.models import Schedule

UNSETTLED = Target("owner", "", OWNER)


def settled(steps: Iterable[StepPlan], *, product: str) -> list[StepPlan]:
    """Return the steps with the owner of `product` in the place of “the product's owner”. Three queries at most, and
    none where no step asks for an owner.
    """
    several = list(steps)
    if not any(UNSETTLED in step.targets for step in several):
        return several
    owner = of_product(product)
    return [
        StepPlan(tuple(owner if target == UNSETTLED else target for target in step.targets), step.wait_s)
        for step in several
    ]


def of_product(product: str) -> Target:
    """Return whom one calls for `product`: its owner, or that of the nearest above it that has one.

    A team is whoever is on call for it, if a schedule is its own (of several the one that promises most, then the first
    by name), else everybody in it. Somebody elsewhere is the team here that stands for them; where there is none,
    nobody here can be called, and the name of the target says where to turn.
    """
    owner = catalogue.nearest_owner(product)
    if owner is None:
        return Target("owner", "", f"{OWNER} (nobody is named for {product or 'an alarm without a product'})")
    owns = f"for {owner.product.name}"
    if owner.elsewhere:
        owns += f", which is of {owner.words}"
    if owner.team is not None:
        return _of_team(owner.team, owns=owns)
    if owner.person is not None:
        return Target("person", str(owner.person.pk), f"{owner.person.name}, {owns}")
    return Target("owner", "", f"{OWNER} ({owns}; nobody here stands for them, so somebody must turn to them)")


def _of_team(team: Team, *, owns: str) -> Target:
    schedules = list(Schedule.objects.filter(team=team))
    if not schedules:
        return Target("team", str(team.pk), f"{name_of_team(team.name)}, {owns}")
    promise = [Schedule.Needs.ALWAYS, Schedule.Needs.NIGHT, Schedule.Needs.NOBODY]
    first = min(schedules, key=lambda one: (promise.index(Schedule.Needs(one.needs)), one.name))
    return Target("schedule", str(first.pk), f"{name_of_schedule(first.name, 'primary')}, {owns}")
