"""Presses that cross: `now` is read before the lock, so the later of two may come with the earlier instant."""

from datetime import timedelta

import pytest

from incidents.command import queries, services
from incidents.command.models import Entry

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def turns(incident, kind):
    return list(incident.entries.filter(kind=kind).order_by("nth").values_list("at", flat=True))


def test_moves_that_cross_happen_one_after_the_other(declared, ada, grace, now):
    incident = declared(severity=2)
    services.move(incident=incident, move="identify", by=grace, now=now + 10 * MINUTE + SECOND)

    after = services.move(incident=incident, move="mitigate", by=ada, now=now + 10 * MINUTE)

    assert after.state == "mitigated"
    assert turns(incident, Entry.Kind.STATE) == [now + 10 * MINUTE + SECOND] * 2
    assert incident.entries.last().written_at == now + 10 * MINUTE


def test_reopened_by_a_press_that_crossed_it_is_live_from_when_it_was_over(declared, ada, grace, now):
    incident = declared(severity=2)
    over = services.move(incident=incident, move="resolve", by=grace, now=now + 10 * MINUTE + SECOND)

    services.move(incident=over, move="reopen", by=ada, now=now + 10 * MINUTE)

    assert queries.vacant_since(incident) == over.resolved_at == now + 10 * MINUTE + SECOND


def test_what_is_resolved_by_a_press_that_crossed_is_over_when_the_other_was(declared, ada, grace, now):
    incident = declared(severity=2)
    services.move(incident=incident, move="mitigate", by=grace, now=now + 10 * MINUTE + SECOND)

    over = services.move(incident=incident, move="resolve", by=ada, now=now + 10 * MINUTE)

    assert over.resolved_at == now + 10 * MINUTE + SECOND


def test_severities_that_cross_follow_one_another(declared, ada, grace, now):
    incident = declared(severity=3)
    services.set_severity(incident=incident, severity=1, by=grace, now=now + 10 * MINUTE + SECOND)

    services.set_severity(incident=incident, severity=2, by=ada, now=now + 10 * MINUTE)

    assert turns(incident, Entry.Kind.SEVERITY) == [now + 10 * MINUTE + SECOND] * 2


def test_nothing_happens_before_it_is_declared(declared, ada, now):
    incident = declared(severity=3)

    services.move(incident=incident, move="mitigate", by=ada, now=now - SECOND)

    assert turns(incident, Entry.Kind.STATE) == [now]
