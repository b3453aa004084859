"""What a turn of the loop costs when nothing is due, and a step when something is."""

from uuid import UUID

import pytest

from incidents.alarms import engine, services
from incidents.alarms.loop import Loop
from oncall.limits import queries as limits
from oncall.paging import claims, outbox
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.models import Page
from tests.conftest import NOW, make_person, make_policy

pytestmark = pytest.mark.django_db


def test_a_turn_in_which_nothing_is_due_asks_for_the_time_and_one_question(db, django_assert_num_queries):
    loop = Loop(name="test", threads=1)
    loop.turn()
    with django_assert_num_queries(2):
        loop.turn()
    loop.close()


def fire(person, *, key):
    firing = services.Firing(title="t", severity=2, source_id=UUID(int=5), source="s", key=key)
    services.fire(firing=firing, policy=make_policy(f"policy {key}", person), now=NOW)


def test_a_step_to_one_person_takes_no_more_than_19_statements(ada, django_assert_max_num_queries):
    fire(ada, key="k")
    in_force = limits.at(NOW)
    with django_assert_max_num_queries(19):  # savepoints are counted
        assert engine.escalate_due(now=NOW, limits=in_force, at_most=1) == 1


def test_ten_steps_to_ten_people_take_as_many_statements_as_one(db, django_assert_max_num_queries):
    for n in range(11):
        fire(make_person(f"P{n}", f"+141555501{n:02}"), key=str(n))
    in_force = limits.at(NOW)
    with django_assert_max_num_queries(19) as of_one:
        engine.escalate_due(now=NOW, limits=in_force, at_most=1)
    with django_assert_max_num_queries(len(of_one)):
        engine.escalate_due(now=NOW, limits=in_force, at_most=10)

    assert Page.objects.count() == 11


def test_ten_alarms_that_join_a_page_take_two_statements_more_than_one_that_begins_it(
    ada, django_assert_max_num_queries
):
    fire(ada, key="first")
    in_force = limits.at(NOW)
    engine.escalate_due(now=NOW, limits=in_force)
    for n in range(10):
        fire(ada, key=str(n))
    with django_assert_max_num_queries(21):
        engine.escalate_due(now=NOW, limits=in_force, at_most=10)

    page = Page.objects.get()
    assert (page.edition, page.title, page.links.count()) == (11, "11 alarms open: t", 11)


def test_an_accepted_text_is_recorded_in_one_statement_and_so_is_each_report(ada, django_assert_num_queries):
    fire(ada, key="k")
    in_force = limits.at(NOW)
    engine.escalate_due(now=NOW, limits=in_force)
    attempt = claims.claim_pages(now=NOW, limits=in_force, at_most=1)[0][0]
    accepted = Outcome(Verdict.ACCEPTED, sid="SM1", status="queued")

    assert attempt.lease_token is not None
    with django_assert_num_queries(3):
        outbox.record_outcome(
            attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=NOW, limits=in_force
        )
        for status, rank in (("sent", 50), ("delivered", 90)):
            outbox.apply_report(
                attempt_id=attempt.pk, report=Report("SM1", status, rank), now=NOW, limits=in_force, callback=True
            )

    attempt.refresh_from_db()
    assert (attempt.state, attempt.status, attempt.look_at, attempt.ended_at) == ("finished", "delivered", None, NOW)
    assert list(attempt.callbacks.values_list("status", flat=True)) == ["sent", "delivered"]
