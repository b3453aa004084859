"""What rooms above show on a page of a room below, which cannot import them: settings.PANELS names them."""

import logging
from typing import Any, Protocol

from django import template
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils.html import format_html_join
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from oncall.people.models import Person

log = logging.getLogger(__name__)
register = template.Library()
BROKEN = SafeString(
    '<section class="card"><p class="warning">A part of this page cannot be shown now. The rest holds.</p></section>'
)


class Panel(Protocol):
    """Tells what it has to show about a subject, for whom, at a UTC instant; empty where it has nothing."""

    def __call__(self, subject: Any, *, person: Person, now: Any) -> SafeString: ...


@register.simple_tag(takes_context=True)
def panels(context: template.Context, page: str, subject: Any, now: Any) -> SafeString:
    """Return the panels of a page about `subject`. One that breaks says so in its place, and holds up nothing else."""
    person = context["request"].user
    return format_html_join("", "{}", ((_shown(name, subject, person, now),) for name in settings.PANELS[page]))


def _shown(name: str, subject: Any, person: Person, now: Any) -> SafeString:
    panel: Panel = import_string(name)
    try:
        with transaction.atomic():
            return panel(subject, person=person, now=now)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the whole page says so
    except Exception:
        log.exception("panel %s", name)
        return BROKEN
