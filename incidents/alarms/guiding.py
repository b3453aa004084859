"""Which playbook an alarm opens (R20): what its field says, else its key, its title, its name at the source."""

from incidents.alarms.models import Alarm
from playbooks.library import queries as playbooks
from playbooks.library.models import Playbook
from playbooks.library.showing import Shown, shown

NAME = "alertname"  # the label in which Prometheus says which rule it was


def playbook_of(alarm: Alarm) -> Playbook | None:
    """Return the playbook in use that the alarm means; None if there is none for it."""
    name = alarm.labels.get(NAME, "")
    names = [name] if isinstance(name, str) else []
    return playbooks.Shelf().of_alarm(playbook=alarm.playbook, key=alarm.key, title=alarm.title, names=names)


def guide_of(playbook: Playbook | None) -> Shown | None:
    """Return its steps, ready to be shown beside the alarm."""
    return shown(playbooks.sheet_of(playbook)) if playbook else None
