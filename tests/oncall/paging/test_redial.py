"""A call that was busy, not taken, or taken without a key; and callbacks in whatever order they come."""

import uuid
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncall.limits import queries as limits
from oncall.paging import claims, heard, outbox, services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.models import Attempt, Callback, ContactMethod, NotificationRule, Page
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def seconds(count):
    return timedelta(seconds=count)


def rules(person, *rungs):
    """Their own rules: (seconds, channel) to their number, or to the number given as third."""
    first = ContactMethod.objects.get(person=person, kind="phone", address="+14155550101")
    for delay_s, channel, *to in rungs:
        contact = to[0] if to else first
        NotificationRule.objects.create(
            person=person, urgency="high", delay_s=delay_s, channel=channel, contact=contact
        )
    return services.page(
        key="test:1", person=person, severity=1, title="Fault", text="", url="", answer_path="/x/", now=NOW
    )


@pytest.fixture
def other(ada):
    return ContactMethod.objects.create(person=ada, kind="phone", address="+14155550109", created_at=NOW)


def claim(now):
    return [attempt for attempt, _ in claims.claim_pages(now=now, limits=limits.at(now), at_most=10)]


def call_ends(status, now, **report):
    """The call that is due at `now` is made and ends so in the same moment."""
    (call,) = claim(now)
    assert call.channel == "voice"
    sid = f"CA{call.n}"
    accepted = Outcome(Verdict.ACCEPTED, sid=sid, status="queued")
    outbox.record_outcome(attempt_id=call.pk, lease=call.lease_token, outcome=accepted, now=now, limits=limits.at(now))
    outbox.apply_report(
        attempt_id=call.pk,
        report=Report(sid, status, 90, **report),
        now=now,
        limits=limits.at(now),
        callback=True,
    )
    return call


def due(page):
    page.refresh_from_db()
    return (page.next_due - NOW).total_seconds()


def test_busy_is_called_again_after_30_seconds_once(ada):
    page = rules(ada, (0, "voice"), (300, "voice"))
    call_ends("busy", NOW)
    assert due(page) == 30

    call_ends("busy", NOW + seconds(30))
    assert due(page) == 300  # the time its owner chose


def test_a_second_number_is_called_at_once_where_the_first_is_not_taken(ada, other):
    page = rules(ada, (0, "voice"), (300, "voice", other))
    call_ends("no-answer", NOW + seconds(0))

    assert due(page) == 0
    (call,) = claim(NOW)
    assert call.address == other.address


def test_the_same_number_keeps_the_time_its_owner_chose(ada):
    page = rules(ada, (0, "voice"), (120, "voice"))
    call_ends("no-answer", NOW)

    assert due(page) == 120


@pytest.mark.parametrize("end", ["no-answer", "completed"])
def test_the_last_number_is_called_every_two_minutes_and_then_the_waiting_ends(ada, end):
    """Voicemail, which completes without a key, is no answer either."""
    page = rules(ada, (0, "voice"))
    call_ends(end, NOW)
    assert due(page) == 120
    call_ends(end, NOW + seconds(120))
    assert due(page) == 240
    call_ends(end, NOW + seconds(240))
    assert due(page) == 240 + 300

    claim(NOW + seconds(540))
    page.refresh_from_db()
    assert page.state == Page.State.UNANSWERED


def test_a_call_that_was_taken_without_a_key_leaves_the_next_rung_its_time(ada, other):
    page = rules(ada, (0, "voice"), (300, "voice", other))
    call_ends("completed", NOW)

    page.refresh_from_db()
    assert page.state == Page.State.CALLING
    assert due(page) == 300


def test_an_answered_page_is_not_called_again(ada):
    page = rules(ada, (0, "voice"))
    (call,) = claim(NOW)
    services.answer(page=page, attempt=call, why="4", now=NOW)
    outbox.apply_report(
        attempt_id=call.pk,
        report=Report("CA1", "completed", 90),
        now=NOW,
        limits=limits.at(NOW),
        callback=True,
    )

    page.refresh_from_db()
    assert (page.state, page.next_due, len(page.ladder)) == (Page.State.ANSWERED, None, 1)


def test_a_text_that_failed_late_does_not_hasten_what_comes_after_a_call_that_is_on_its_way(ada, other):
    page = rules(ada, (0, "sms"), (60, "voice"), (300, "voice", other))
    (text,) = claim(NOW)
    claim(NOW + seconds(60))
    outbox.apply_report(
        attempt_id=text.pk,
        report=Report("SM1", "undelivered", 90),
        now=NOW + seconds(61),
        limits=limits.at(NOW),
        callback=True,
    )

    assert due(page) == 300


def test_a_call_that_failed_because_the_telephone_is_away_for_a_moment_is_not_answered():
    """480, temporarily unavailable, is no dead way."""
    form = {"CallSid": "CA1", "CallStatus": "failed", "SipResponseCode": "480", "SequenceNumber": "3"}

    assert heard.status_report(form).status == "no-answer"
    assert heard.status_report(form | {"SipResponseCode": "404"}).status == "failed"


# --- Callbacks in any order (F31, F32) --------------------------------------------------------------------------------

TEXT = [("sending", 20, -1), ("sent", 30, -1), ("delivered", 90, -1)]
CALL = [("initiated", 20, 0), ("ringing", 30, 1), ("in-progress", 40, 2), ("completed", 90, 3)]


def final(person, channel, reports, *, answer_at):
    """Apply these reports to a fresh attempt, our own answer after so many of them; return what is left."""
    page = services.page(
        key=uuid.uuid4().hex, person=person, severity=1, title="x", text="", url="", answer_path="/", now=NOW
    )
    attempt = Attempt.objects.create(
        page=page, n=1, channel=channel, address="+14155550101", provider="twilio", body="", started_at=NOW,
        look_at=NOW + seconds(30), lease_token=uuid.uuid4(),
    )  # fmt: skip
    Page.objects.filter(pk=page.pk).update(next_rung=1)
    sid, lease = f"S{attempt.pk.hex}", attempt.lease_token
    assert lease is not None
    for n, (status, rank, sequence) in enumerate([*reports, ("", 0, 0)]):
        if n == answer_at:
            outbox.record_outcome(
                attempt_id=attempt.pk,
                lease=lease,
                outcome=Outcome(Verdict.ACCEPTED, sid=sid, status="queued"),
                now=NOW,
                limits=limits.at(NOW),
            )
        if status:
            said = Report(sid, status, rank, sequence)
            outbox.apply_report(attempt_id=attempt.pk, report=said, now=NOW, limits=limits.at(NOW), callback=True)
    attempt.refresh_from_db()
    page.refresh_from_db()
    kept = Callback.objects.filter(attempt=attempt).count()
    return (
        attempt.state, attempt.status, attempt.rank, attempt.sequence, attempt.sid == sid, attempt.error_code,
        kept, page.state, [(rung["channel"], rung["after"]) for rung in page.ladder],
    )  # fmt: skip


@pytest.mark.parametrize(("channel", "reports"), [("sms", TEXT), ("voice", CALL)])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_callbacks_in_any_order_twice_or_late_end_in_the_same_state(ada, channel, reports, data):
    """F31, F32: shuffled, duplicated, and our own answer before, between or after them."""
    ordered = final(ada, channel, reports, answer_at=0)
    copies = data.draw(st.lists(st.sampled_from(reports), max_size=4))
    shuffled = data.draw(st.permutations([*reports, *copies]))
    answer_at = data.draw(st.integers(0, len(shuffled)))

    assert final(ada, channel, shuffled, answer_at=answer_at) == ordered


FAILED = [("sent", 30, -1), ("undelivered", 90, -1)]


def test_a_failure_reported_five_times_in_any_order_moves_the_page_on_once(ada):
    """F31."""
    expected = final(ada, "sms", FAILED, answer_at=0)
    for order in permutations(FAILED):
        assert final(ada, "sms", list(order) * 5, answer_at=1) == expected


def test_delivered_after_undelivered_is_kept_and_changes_nothing(ada):
    after = final(ada, "sms", [("undelivered", 90, -1), ("delivered", 90, -1)], answer_at=0)

    assert after[1] == "undelivered"
    assert after[6] == 2
