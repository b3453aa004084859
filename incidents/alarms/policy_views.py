"""An edge: a policy is changed, and so, if that is wanted, are the alarms that run by it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from incidents.alarms import replanning
from incidents.alarms.models import Alarm
from incidents.escalation import views
from incidents.escalation.models import EscalationPolicy
from oncall import clock
from oncall.people.models import Person


class Running:
    """The open alarms of a policy, for the form that changes it."""

    def count(self, policy: EscalationPolicy) -> int:
        return Alarm.objects.open().filter(policy=policy).count()

    def apply(self, policy: EscalationPolicy, by: Person) -> int:
        return replanning.apply(policy=policy, by=by, now=clock.now())


def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    return views.edit(request, id, running=Running())
