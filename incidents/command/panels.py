"""What the page of an alarm shows of incidents: the one that it is part of, or that it came back to."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from incidents.alarms.models import Alarm
from incidents.command.lifecycle import LIVE
from incidents.command.models import Incident
from oncall.people.models import Person


def of_alarm(alarm: Alarm, *, person: Person, now: datetime) -> SafeString:
    """Name its incident to whom may see it (R43), and who has command. One query; two where there is one."""
    mine = {"alarm_links__alarm": alarm, "alarm_links__unlinked_at__isnull": True}
    found = Incident.objects.visible_to(person).filter(**mine).first()
    if found is None:
        return SafeString("")
    has = found.assignments.filter(role="commander", ends_at__isnull=True).select_related("person").first()
    context = {
        "incident": found,
        "live": found.state in LIVE,
        "back": found.state not in LIVE and alarm.state != Alarm.State.RESOLVED,
        "commander": has.person if has else None,
    }
    return SafeString(render_to_string("command/of_alarm.html", context))
