"""Verb: tell whoever leads a tier that its step reached nobody. The policy goes on at once; this is for tomorrow night.

Once for each step of each cycle of an alarm, however often the step is called.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings
from django.db import OperationalError, transaction

from incidents.alarms.models import Alarm
from incidents.escalation.decision import Target, plan_from_json
from oncall.paging import services as paging
from oncall.paging.models import Notice
from oncall.people import queries as people
from oncall.people.models import Person, Team
from rotations.schedule.models import Schedule

log = logging.getLogger(__name__)


def tell(alarm: Alarm, *, step: int, why: str, now: datetime) -> list[Person]:
    """Tell the leads of the tiers that step `step` of the plan calls. Returns whom.

    `why`: “nobody is on call there”, or who could not be reached. Never keeps the step from going on.
    """
    told: list[Person] = []
    try:
        with transaction.atomic():
            targets = plan_from_json(alarm.plan).steps[step].targets
            for target, lead in _leads(targets, now=now):
                key = f"tier:{alarm.pk}:{alarm.cycle}:{step}:{lead.pk}"
                if lead in told or Notice.objects.filter(key=key).exists():
                    continue
                text = (
                    f"“{alarm.title[:80]}” called {target.name}, and {why}. The next step was called at once. See to "
                    f"it that somebody answers there: {urljoin(settings.PUBLIC_BASE_URL, alarm.path)}"
                )
                if paging.notice(key=key, person=lead, text=text, now=now) is not None:
                    told.append(lead)
    except OperationalError:
        raise
    except Exception:
        log.exception("leads of step %s of alarm %s", step, alarm.pk)
    return told


def _leads(targets: Iterable[Target], *, now: datetime) -> Iterator[tuple[Target, Person]]:
    for target in targets:
        team, person = _team(target)
        lead = people.lead_of(team, now=now, besides=person)
        if lead is not None:
            yield target, lead


def _team(target: Target) -> tuple[Team | None, Person | None]:
    """Return the team behind a target, and the person it names."""
    teams = Team.objects.select_related("lead")
    if target.kind == "team":
        return teams.filter(pk=target.id).first(), None
    if target.kind == "owner":
        return None, None  # nobody here owns it: the pilot is told
    if target.kind == "person":
        person = Person.objects.filter(pk=target.id).first()
        return teams.filter(members=person, lead__isnull=False).order_by("name").first(), person
    schedule = Schedule.objects.select_related("team__lead").filter(pk=target.id).first()
    return (schedule.team if schedule else None), None
