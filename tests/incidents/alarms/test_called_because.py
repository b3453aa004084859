"""A page about several alarms says why its reader is called, as a page about one does."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services
from incidents.alarms.grouping import Told, words_for
from incidents.alarms.models import PEOPLE
from oncall.limits import queries as limits
from oncall.paging.models import Page
from tests.conftest import NOW


def test_the_worst_ones_reason_is_said_once_at_the_end():
    words = words_for([Told(3, "Disk full", "/b", "of the disk"), Told(1, "No alerts", "/a", "of the alerts")])

    assert words.text == "SEV-1 No alerts\n/a\n\nSEV-3 Disk full\n/b\n\nYou are called because: of the alerts"


@pytest.mark.django_db
def test_a_page_that_a_second_alarm_joins_still_says_why(policy):
    for key, title, after in (("a", "Disk full", 0), ("b", "No alerts", 5)):
        now = NOW + timedelta(seconds=after)
        firing = services.Firing(title=title, severity=1, source_id=PEOPLE, source="test", key=key)
        services.fire(firing=firing, policy=policy, now=now)
        engine.escalate_due(now=now, limits=limits.at(now))

    page = Page.objects.get()
    why = page.links.get(alarm__title="Disk full").why
    assert page.title == "2 alarms open: Disk full"
    assert page.text.endswith(f"You are called because: {why}")
