"""Reports about the same visits come over several connections at once."""

import random
import threading
from datetime import UTC, datetime

import pytest
from django.db import close_old_connections, connection

from incidents.latency import blocks, ingest, judging
from incidents.latency.models import Delivery, SurveyBlock, VerdictChange, Visit
from oncall.limits import queries as limits
from tests.incidents.latency.test_ingest import ID, delivery, visit

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
NUMBER = 60


def at_once(*jobs):
    """Run these, each on a connection of its own, begun together; fail with whatever one of them raises."""
    gate, failures = threading.Barrier(len(jobs)), []

    def run(job):
        try:
            gate.wait()
            job()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close_old_connections()
    assert failures == []


def test_a_visit_and_its_delivery_that_pass_each_other_are_judged_together():
    in_force = limits.at(NOW)
    numbers = list(range(NUMBER))

    def report(verb, shape, seed):
        def job():
            order = random.Random(seed).sample(numbers, NUMBER)
            for start in range(0, NUMBER, 3):
                batch = [shape(ID + number, survey_block=f"BLOCK-{number % 7}") for number in order[start : start + 3]]
                verb(items=batch, now=NOW, limits=in_force)

        return job

    at_once(
        report(ingest.take_visits, visit, 1),
        report(ingest.take_visits, visit, 2),
        report(ingest.take_deliveries, delivery, 3),
        report(ingest.take_deliveries, delivery, 4),
    )

    assert set(Visit.objects.values_list("verdict", flat=True)) == {"in_time"}
    assert (Visit.objects.count(), Delivery.objects.count(), SurveyBlock.objects.count()) == (NUMBER, NUMBER, 7)
    assert VerdictChange.objects.count() == NUMBER


def test_a_block_settled_while_its_visits_come_leaves_none_behind():
    in_force = limits.at(NOW)

    def visits():
        for number in range(NUMBER):
            ingest.take_visits(items=[visit(ID + number)], now=NOW, limits=in_force)

    def settle():
        blocks.settle(code="BLOCK-365", alerts_expected=False, by=None, now=NOW, limits=in_force)

    at_once(visits, settle, lambda: judging.keep(now=NOW, limits=in_force))
    judging.keep(now=NOW, limits=in_force)

    assert set(Visit.objects.values_list("verdict", "why")) == {("not_eligible", "block")}
