"""The canary: a page to nobody that goes the whole way, is in no list, is missed when it stays away, and is removed."""

from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import canary, claims, outbox
from oncall.paging.models import Attempt, ContactMethod, Page
from oncall.paging.providers import channel
from oncall.people import queries as people
from oncall.people.models import Person
from oncall.troubles.models import Heartbeat
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_force(db):
    return limits.at(NOW)


def send_what_is_due(at, in_force) -> list[Attempt]:
    """The way of every page: claim, written down before the request, channel, record."""
    claimed = claims.claim_pages(now=at, limits=in_force, at_most=4)
    for attempt, order in claimed:
        assert attempt.lease_token
        assert Attempt.objects.get(pk=attempt.pk).state == "intent"
        outcome = channel(order.channel).send(order)
        outbox.record_outcome(
            attempt_id=attempt.pk, lease=attempt.lease_token, outcome=outcome, now=at, limits=in_force
        )
    return [attempt for attempt, _ in claimed]


def test_it_goes_the_whole_way_of_a_page_and_is_answered(in_force):
    """W2."""
    canary.fly(now=NOW, limits=in_force)
    (attempt,) = send_what_is_due(NOW, in_force)
    canary.fly(now=NOW + timedelta(seconds=1), limits=in_force)

    page = canary.pages().get()
    assert (attempt.channel, page.state, page.ended_at) == ("null", "answered", NOW + timedelta(seconds=1))
    assert Heartbeat.objects.get(name="canary").at == NOW + timedelta(seconds=1)


def test_one_that_nobody_sends_never_lands(in_force):
    canary.fly(now=NOW, limits=in_force)
    canary.fly(now=NOW + timedelta(minutes=1), limits=in_force)

    assert (canary.pages().get().state, Heartbeat.objects.filter(name="canary").exists()) == ("calling", False)


def test_the_next_begins_after_two_minutes_and_ends_one_that_never_landed(in_force):
    for at in (NOW, NOW + timedelta(seconds=119), NOW + timedelta(seconds=120)):
        canary.fly(now=at, limits=in_force)

    assert list(canary.pages().order_by("created_at").values_list("created_at", "state")) == [
        (NOW, "unreachable"),
        (NOW + timedelta(seconds=120), "calling"),
    ]


def test_an_attempt_whose_sender_died_is_found_and_the_canary_lands(in_force):
    """F1, F2 for the canary: a lease that ran out is looked up."""
    canary.fly(now=NOW, limits=in_force)
    claims.claim_pages(now=NOW, limits=in_force, at_most=4)  # and dies
    at = NOW + timedelta(seconds=31)
    ((attempt, order),) = claims.claim_unsettled(now=at, limits=in_force, at_most=4)
    assert attempt.lease_token
    outbox.record_lookup(
        attempt_id=attempt.pk,
        lease=attempt.lease_token,
        found=channel(order.channel).find(order),
        failed=False,
        now=at,
        limits=in_force,
    )
    canary.fly(now=at, limits=in_force)

    assert canary.pages().get().state == "answered"


def test_what_is_older_than_an_hour_is_removed_with_its_attempts(in_force):
    for minutes in range(0, 70, 2):
        at = NOW + timedelta(minutes=minutes)
        canary.fly(now=at, limits=in_force)
        for attempt in send_what_is_due(at, in_force):
            Attempt.objects.filter(pk=attempt.pk).update(state="finished", look_at=None, ended_at=at)
        canary.fly(now=at, limits=in_force)

    assert canary.pages().count() == 31
    assert Attempt.objects.filter(channel="null").count() == 31


def test_its_person_is_in_no_list_and_is_never_the_last_resort(in_force):
    canary.fly(now=NOW, limits=in_force)

    assert Person.everybody.filter(pk=canary.NOBODY).exists()
    assert not Person.objects.exists()
    assert people.last_resort(now=NOW) == [[], [], []]


def test_nobody_can_sign_in_as_its_person(in_force, client):
    canary.fly(now=NOW, limits=in_force)

    assert not client.login(username="_canary", password="!")


def test_its_person_is_not_shown_on_the_page_of_people(in_force, client, pilot):
    canary.fly(now=NOW, limits=in_force)
    client.force_login(pilot)

    assert "Canary" not in client.get("/people/").content.decode()


def test_it_makes_no_second_contact(in_force):
    for minutes in (0, 2, 4):
        canary.fly(now=NOW + timedelta(minutes=minutes), limits=in_force)

    assert ContactMethod.objects.filter(person=canary.NOBODY).count() == 1


def test_two_loops_that_come_at_once_begin_one(in_force):
    canary.fly(now=NOW, limits=in_force)
    canary.fly(now=NOW, limits=in_force)

    assert Page.objects.count() == 1
