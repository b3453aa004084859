"""One page or attempt that breaks never holds up the others; and whose SID it is, where two could have it."""

from datetime import timedelta

import pytest
from django.db import connection

from oncall.limits import queries as limits
from oncall.paging import claims, orders, outbox, queries, sender, services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.lanes import Room
from oncall.paging.models import Attempt, Page
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)
ACCEPTED = Outcome(Verdict.ACCEPTED, sid="CA1", status="queued")


def page(person, *, severity=1, key="t"):
    return services.page(
        key=f"{key}:{person.name}", person=person, severity=severity, title="Fault", text="", url="",
        answer_path="/hooks/twilio/voice/", now=NOW,
    )  # fmt: skip


def claim(now=NOW, **more):
    found = claims.claim_pages(now=now, limits=limits.at(now), at_most=10, **more)
    return [attempt for attempt, _ in found]


def look(now, *, failed=False):
    for attempt, _ in claims.claim_unsettled(now=now, limits=limits.at(now), at_most=10):
        assert attempt.lease_token is not None
        outbox.record_lookup(
            attempt_id=attempt.pk, lease=attempt.lease_token, found=None, failed=failed, now=now, limits=limits.at(now)
        )


def test_a_page_that_the_database_refuses_is_put_off_and_the_others_go_out(ada, grace, monkeypatch):
    bad, good = page(ada), page(grace)
    dial = claims._Claim._dial

    def refused(self, one, step):
        if one.pk == bad.pk:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        dial(self, one, step)

    monkeypatch.setattr(claims._Claim, "_dial", refused)

    assert [attempt.page for attempt in claim()] == [good]
    bad.refresh_from_db()
    assert bad.next_due == NOW + 5 * S


def test_a_row_that_the_database_cannot_hold_keeps_no_other_from_being_written(ada, grace):
    bad, good = page(ada), page(grace)
    Attempt.objects.create(
        page=bad, n=32767, channel="sms", address="+1", body="", state="finished", started_at=NOW, ended_at=NOW
    )
    Page.objects.filter(pk=bad.pk).update(next_rung=1)

    assert [attempt.page for attempt in claim()] == [good]


def test_a_page_whose_order_cannot_be_made_leaves_no_attempt_and_the_others_go_out(ada, grace, monkeypatch):
    bad, good = page(ada), page(grace)
    made = orders.order_for

    def broken(attempt, *, page, limits):
        if page == bad:
            raise ValueError("no words")
        return made(attempt, page=page, limits=limits)

    monkeypatch.setattr(claims, "order_for", broken)

    assert [attempt.page for attempt in claim()] == [good]
    assert [attempt.page for attempt in Attempt.objects.all()] == [good]


def test_an_attempt_that_cannot_be_asked_about_keeps_no_other_from_it(ada, grace):
    bad, good = page(ada), page(grace)
    claim()
    Page.objects.filter(pk=bad.pk).update(ladder=[])

    found = claims.claim_unsettled(now=NOW + 30 * S, limits=limits.at(NOW), at_most=10)

    assert [attempt.page for attempt, _ in found] == [good]


def test_a_page_with_nothing_left_to_try_ends_although_all_threads_for_calls_are_busy(ada):
    one = page(ada)
    Page.objects.filter(pk=one.pk).update(next_rung=len(one.ladder))

    claim(room=Room(threads=4, flying=[("sms", "high")] * 3))

    one.refresh_from_db()
    assert one.state == "unreachable"


# --- Whose SID it is --------------------------------------------------------------------------------------------------


def test_a_sid_that_another_attempt_was_given_by_a_lookup_goes_to_whose_it_is(ada, grace):
    page(ada), page(grace)
    thief, owner = claim()
    outbox.apply_report(
        attempt_id=thief.pk, report=Report("CA1", "queued", 10), now=NOW, limits=limits.at(NOW), callback=False
    )

    assert outbox.record_outcome(
        attempt_id=owner.pk, lease=owner.lease_token, outcome=ACCEPTED, now=NOW + S, limits=limits.at(NOW)
    )

    thief.refresh_from_db()
    owner.refresh_from_db()
    assert (owner.state, owner.sid) == ("accepted", "CA1")
    assert (thief.state, thief.sid, thief.look_at) == ("unknown", "", NOW + S)


def test_an_attempt_is_not_alone_while_another_to_its_number_is_about_to_be_sent(ada):
    page(ada)
    page(ada, key="u")
    first, second = claim()
    assert not sender._alone(first)

    outbox.record_outcome(
        attempt_id=second.pk, lease=second.lease_token, outcome=ACCEPTED, now=NOW, limits=limits.at(NOW)
    )
    assert sender._alone(first)


# --- What was given up ------------------------------------------------------------------------------------------------


def test_who_replies_to_a_text_that_was_given_up_as_lost_has_read_it(ada):
    one = page(ada)
    (attempt,) = claim()
    look(NOW + 30 * S)

    assert Attempt.objects.get().state == "lost"
    assert queries.last_told(one, channel="sms") == attempt


def test_low_urgency_goes_on_by_its_next_way_where_nobody_can_be_asked_and_is_not_sent_again(ada):
    one = page(ada, severity=3)
    claim()
    look(NOW + 30 * S, failed=True)
    look(NOW + 50 * S, failed=True)

    assert Attempt.objects.get().state == "lost"
    assert [attempt.channel for attempt in claim(NOW + 50 * S)] == ["voice"]
    one.refresh_from_db()
    assert [rung["channel"] for rung in one.ladder if rung["channel"] != "email"] == ["sms", "voice", "voice"]


def test_high_urgency_is_sent_again_where_nobody_can_be_asked(ada):
    page(ada)
    claim()
    look(NOW + 30 * S, failed=True)
    look(NOW + 50 * S, failed=True)

    assert [attempt.channel for attempt in claim(NOW + 50 * S)] == ["sms"]
