"""Reports of visits and deliveries, as services take them."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.latency import blocks, ingest, judging
from incidents.latency.models import Delivery, NextVisit, SurveyBlock, VerdictChange, Visit
from incidents.signals.heartbeats_models import Heartbeat
from oncall.limits import queries as limits

pytestmark = pytest.mark.django_db

END = datetime(2027, 3, 23, 3, 0, tzinfo=UTC)  # ten minutes before the tests' now, in the night 20270322
ID = 2027032200123


def visit(visit_id=ID, **fields):
    return {
        "visit_id": visit_id,
        "instrument": "LSSTCam",
        "survey_block": "BLOCK-365",
        "band": "r",
        "end_readout": "2027-03-23T03:00:00Z",
        "on_sky": True,
        "dome_open": True,
    } | fields


def delivery(visit_id=ID, **fields):
    return {
        "visit_id": visit_id,
        "sent": 9800,
        "sent_within_limit": 9790,
        "first_sent_at": "2027-03-23T03:00:40Z",
        "last_sent_at": "2027-03-23T03:00:59Z",
        "stage": "sent",
    } | fields


def nothing_sent(visit_id=ID, **fields):
    return {"visit_id": visit_id, "sent": 0, "sent_within_limit": 0, "stage": "ap_pipe"} | fields


def take_visits(*items, now):
    return ingest.take_visits(items=items, now=now, limits=limits.at(now))


def take_deliveries(*items, now):
    return ingest.take_deliveries(items=items, now=now, limits=limits.at(now))


def history():
    return [(one.visit_id, one.was, one.became, one.text) for one in VerdictChange.objects.order_by("id")]


def test_a_visit_is_pending_until_somebody_says_what_was_sent(now):
    receipt = take_visits(visit(), now=now)

    row = Visit.objects.get()
    assert (receipt.accepted, receipt.updated, receipt.rejected) == (1, 0, [])
    assert (row.visit_id, row.day_obs, row.verdict, row.judge_due) == (
        ID, 20270322, "pending", datetime(2027, 3, 24, 3, 0, tzinfo=UTC),
    )  # fmt: skip
    assert history() == []


def test_a_delivery_changes_the_verdict_and_the_change_is_kept(now):
    take_visits(visit(), now=now)

    take_deliveries(delivery(), now=now)

    assert Visit.objects.get().verdict == "in_time"
    assert history() == [
        (ID, "pending", "in_time", "A delivery was reported: 9790 of 9800 alerts within 60 s."),
    ]


def test_a_delivery_may_come_before_its_visit(now):
    receipt = take_deliveries(delivery(sent_within_limit=9000), now=now)
    take_visits(visit(), now=now)

    assert receipt.accepted == 1
    assert Visit.objects.get().verdict == "delayed"
    assert history() == [
        (ID, "pending", "delayed", "The visit was reported; 9000 of 9800 alerts within 60 s."),
    ]


def test_a_report_that_comes_twice_is_updated_and_leaves_no_history(now):
    take_visits(visit(), now=now)
    take_deliveries(delivery(), now=now)
    later = now + timedelta(minutes=1)

    again = take_visits(visit(), now=later), take_deliveries(delivery(), now=later)

    assert [(one.accepted, one.updated) for one in again] == [(0, 1), (0, 1)]
    assert len(history()) == 1
    row = Visit.objects.get()
    assert (row.received_at, row.reported_at) == (now, later)


def test_a_later_report_takes_the_place_of_an_earlier_one(now):
    take_visits(visit(), now=now)
    take_deliveries(delivery(), now=now)

    take_deliveries(delivery(sent_within_limit=0), now=now + timedelta(hours=1))

    assert Visit.objects.get().verdict == "delayed"
    assert history()[1:] == [
        (ID, "in_time", "delayed", "A delivery was reported: 0 of 9800 alerts within 60 s."),
    ]


def test_of_two_reports_with_one_id_in_a_batch_the_last_wins_and_both_count(now):
    receipt = take_visits(visit(band="g"), visit(band="i"), now=now)

    assert (receipt.accepted, receipt.updated) == (1, 1)
    assert Visit.objects.get().band == "i"


def test_each_item_is_taken_or_rejected_by_itself(now):
    receipt = take_visits(visit(), visit(ID + 1, on_sky="yes"), 7, visit(ID + 2), now=now)

    assert (receipt.accepted, receipt.updated) == (2, 0)
    assert [(one.index, one.errors) for one in receipt.rejected] == [
        (1, {"on_sky": ["'yes' will not do. Send true or false."]}),
        (2, {"detail": ["7 is no object. Send an object with the fields of the shape."]}),
    ]
    assert sorted(Visit.objects.values_list("visit_id", flat=True)) == [ID, ID + 2]


def test_a_batch_of_more_than_a_thousand_is_refused_whole(now):
    with pytest.raises(ingest.TooMany, match=r"There are 1001 items\. Send 1000 at most"):
        take_visits(*[visit(ID + number) for number in range(1001)], now=now)

    assert not Visit.objects.exists()


def test_an_instant_that_has_yet_to_come_is_refused_and_the_past_is_not(now):
    receipt = take_visits(
        visit(2029032100001, end_readout="2029-03-22T03:10:01Z"),  # 730 days and a second ahead
        visit(2026062000001, end_readout="2026-06-21T03:00:00Z"),
        now=now,
    )

    assert receipt.accepted == 1
    assert receipt.rejected[0].errors == {
        "end_readout": [
            (
                "'2029-03-22T03:10:01Z' will not do. It has yet to come: here nothing is after 2029-03-22T03:10:00Z. "
                "Look at your clock."
            )
        ]
    }


def test_a_block_that_nobody_knew_is_unsettled_and_counts_as_expected(now):
    take_visits(visit(survey_block="BLOCK-999"), now=now)

    block = SurveyBlock.objects.get()
    assert (block.code, block.alerts_expected, block.first_seen_at) == ("BLOCK-999", None, now)
    assert Visit.objects.get().verdict == "pending"


def test_settling_a_block_judges_its_visits_anew(now, pilot):
    take_visits(visit(), visit(ID + 1, survey_block="BLOCK-1"), now=now)

    settled = blocks.settle(code="BLOCK-365", alerts_expected=False, by=pilot, now=now, limits=limits.at(now))

    assert settled.judged == 1
    assert list(Visit.objects.values_list("verdict", "why")) == [("not_eligible", "block"), ("pending", "")]
    assert history() == [(ID, "pending", "not_eligible", "BLOCK-365 was settled: no alerts are expected.")]


def test_settling_a_block_as_it_counted_judges_nothing(now, pilot):
    take_visits(visit(), now=now)

    settled = blocks.settle(code="BLOCK-365", alerts_expected=True, by=pilot, now=now, limits=limits.at(now))

    assert (settled.judged, settled.block.judge_below, settled.block.settled_by) == (0, None, pilot)


def test_a_block_of_many_visits_is_judged_to_its_end_by_the_chore(now, pilot, monkeypatch):
    monkeypatch.setattr(judging, "AT_ONCE", 2)
    take_visits(*[visit(ID + number) for number in range(5)], now=now)
    blocks.settle(code="BLOCK-365", alerts_expected=False, by=pilot, now=now, limits=limits.at(now))

    counts = []
    for _ in range(4):
        counts.append(Visit.objects.filter(verdict="not_eligible").count())
        judging.keep(now=now, limits=limits.at(now))

    assert counts == [2, 4, 5, 5]
    assert SurveyBlock.objects.get().judge_below is None


def test_a_block_may_be_settled_before_any_visit_names_it(now, pilot):
    settled = blocks.settle(code="BLOCK-T250", alerts_expected=False, by=pilot, now=now, limits=limits.at(now))

    take_visits(visit(survey_block="BLOCK-T250"), now=now)

    assert settled.is_new
    assert Visit.objects.get().verdict == "not_eligible"


def test_what_was_reported_as_not_sent_has_failed_after_24_hours(now):
    take_visits(visit(), now=now)
    take_deliveries(nothing_sent(), now=now)

    judging.keep(now=END + timedelta(hours=24, seconds=-1), limits=limits.at(now))
    before = Visit.objects.get().verdict
    judging.keep(now=END + timedelta(hours=24), limits=limits.at(now))

    assert (before, Visit.objects.get().verdict) == ("pending", "failed")
    assert history() == [
        (ID, "pending", "failed", "24 h have passed; no alerts, pipeline failed at ap_pipe."),
    ]
    assert Visit.objects.get().judge_due is None


def test_where_nothing_shows_that_we_listened_it_is_unknown(now):
    take_visits(visit(), now=now)

    judging.keep(now=END + timedelta(hours=24), limits=limits.at(now))

    assert Visit.objects.get().verdict == "unknown"
    assert history() == [(ID, "pending", "unknown", "24 h have passed; nothing is known of its alerts.")]


def test_a_waiver_in_either_report_makes_a_visit_not_eligible(now):
    take_visits(visit(waived="engineering"), visit(ID + 1), now=now)
    take_deliveries(nothing_sent(ID + 1, waived="template_gap"), now=now)

    assert list(Visit.objects.values_list("verdict", "why")) == [
        ("not_eligible", "engineering"), ("not_eligible", "template_gap"),
    ]  # fmt: skip


def test_catch_up_next_morning_turns_failed_into_what_it_was(now):
    take_visits(visit(), now=now)
    take_deliveries(nothing_sent(), now=now)
    judging.keep(now=END + timedelta(hours=25), limits=limits.at(now))

    take_deliveries(
        delivery(sent_within_limit=0, first_sent_at="2027-03-23T15:00:00Z", last_sent_at="2027-03-23T15:10:00Z"),
        now=END + timedelta(hours=26),
    )

    assert [one[1:3] for one in history()] == [("pending", "failed"), ("failed", "delayed")]


def test_a_delivery_keeps_the_limit_it_was_counted_by(now):
    take_deliveries(delivery(), delivery(ID + 1, limit_s=120), now=now)

    assert list(Delivery.objects.values_list("limit_s", flat=True)) == [60, 120]


def test_a_next_visit_is_known_by_its_group(now):
    said = {"group_id": "g1", "instrument": "LSSTCam", "survey_block": "BLOCK-365"}
    items = [
        said | {"announced_at": "2027-03-23T02:59:00Z"},
        said | {"announced_at": "2027-03-23T02:59:05Z", "visit_id": ID},
        said | {"group_id": "", "announced_at": "2027-03-23T02:59:00Z"},
    ]

    receipt = ingest.take_next_visits(items=items, now=now, limits=limits.at(now))

    row = NextVisit.objects.get()
    assert (receipt.accepted, receipt.updated, [one.index for one in receipt.rejected]) == (1, 1, [2])
    assert (row.visit_id, row.announced_at) == (ID, datetime(2027, 3, 23, 2, 59, 5, tzinfo=UTC))


def test_a_batch_costs_the_same_queries_whatever_its_size(now, django_assert_num_queries):
    limits_now = limits.at(now)
    ingest.take_visits(items=[visit(1 + ID)], now=now, limits=limits_now)
    visits = [visit(ID + number) for number in range(2, 300)]
    deliveries = [delivery(ID + number) for number in range(1, 300)]

    with django_assert_num_queries(5):  # savepoint, locks, what is known, what it became, savepoint
        ingest.take_visits(items=visits, now=now, limits=limits_now)
    with django_assert_num_queries(5):  # the same
        ingest.take_deliveries(items=deliveries, now=now, limits=limits_now)


def test_the_chore_asks_two_questions_where_nothing_is_due(now, django_assert_num_queries):
    limits_now = limits.at(now)
    take_visits(visit(), now=now)

    with django_assert_num_queries(6):  # of which four are savepoints of the test
        judging.keep(now=now, limits=limits_now)


def test_a_heartbeat_that_was_heard_then_shows_that_we_listened(now):
    beats = Heartbeat.objects.create(
        name="Monitoring", token_digest="x", every_s=60, grace_s=30, watches_observing=True, created_at=now,
        heard_since=END - timedelta(hours=1), last_beat_at=END + timedelta(minutes=1),
    )  # fmt: skip
    take_visits(visit(), visit(ID + 1, end_readout="2027-03-23T03:00:31Z"), now=now)

    judging.keep(now=END + timedelta(hours=25), limits=limits.at(now))

    # The last beat counts for 90 s, until 03:02:30: two minutes from 03:00:00, not from 03:00:31.
    assert beats.tolerance == timedelta(seconds=90)
    assert list(Visit.objects.values_list("verdict", flat=True)) == ["failed", "unknown"]
