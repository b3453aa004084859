"""A source that cannot make up its mind."""

from datetime import timedelta
from uuid import UUID

import pytest

from incidents.alarms import engine, services
from incidents.alarms.models import Alarm
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import Attempt
from tests.conftest import NOW, make_policy

pytestmark = pytest.mark.django_db
MACHINE = UUID("11111111-1111-4111-8111-111111111111")


def test_a_source_that_opens_and_resolves_a_hundred_times_a_minute_calls_its_person_three_times_at_most(ada):
    """F50: one alarm, and no more than three texts or calls in a quarter of an hour."""
    policy = make_policy("Only Ada", ada)
    firing = services.Firing(title="Flaps", severity=2, source_id=MACHINE, source="test", key="flaps")
    for nth in range(100):
        now = NOW + timedelta(seconds=0.6 * nth)
        in_force = limits.at(now)
        alarm = services.fire(firing=firing, policy=policy, now=now)
        engine.escalate_due(now=now, limits=in_force)
        claims.claim_pages(now=now, limits=in_force, at_most=10)
        services.resolve(alarm=alarm, now=now + timedelta(seconds=0.3))

    assert Alarm.objects.count() == 1
    assert Attempt.objects.filter(channel__in=["sms", "voice"]).count() <= 3
