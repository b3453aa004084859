"""A reply names two alarms and counts the rest: it is heard on a telephone."""

import pytest

from incidents.alarms import engine, services
from incidents.alarms.models import PEOPLE
from incidents.alarms.replies import Verb, answer
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import Page
from tests.conftest import NOW


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("titles", "words"),
    [
        (["A."], "Acknowledged. You have A."),
        (["A.", "B."], "Acknowledged. You have A; B."),
        (["A.", "B.", "C", "D", "E"], "Acknowledged. You have A; B and 3 more."),
    ],
)
def test_two_are_named_and_the_rest_are_counted(policy, titles, words):
    in_force = limits.at(NOW)
    for title in titles:
        firing = services.Firing(title=title, severity=1, source_id=PEOPLE, source="test", key=title)
        services.fire(firing=firing, policy=policy, now=NOW)
        engine.escalate_due(now=NOW, limits=in_force)
    ((attempt, _),) = claims.claim_pages(now=NOW, limits=in_force, at_most=5)

    assert answer(page=Page.objects.get(), attempt=attempt, verb=Verb.ACKNOWLEDGE, now=NOW).text == words
