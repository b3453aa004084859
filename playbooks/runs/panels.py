"""What the page of a playbook shows of its runs."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from oncall.people.models import Person
from playbooks.library.models import Playbook
from playbooks.library.queries import sheet_of
from playbooks.runs import queries
from playbooks.runs.counting import key_of


def of_playbook(playbook: Playbook, *, person: Person, now: datetime) -> SafeString:
    """How often it was followed and solved it, what each step achieved, what was missing, whether it gathers dust.

    A handful of queries, however often it was followed.
    """
    counts = queries.statistics(playbook)
    steps = sheet_of(playbook).steps
    context = {
        "playbook": playbook,
        "use": queries.use_of(playbook),
        "stale": playbook.pk in queries.marks([playbook], now=now),
        "rows": [(step, counts.get(key_of(step.title))) for step in steps] if counts else [],
        "lacking": queries.lacking(playbook),
    }
    return SafeString(render_to_string("runs/panel.html", context))
