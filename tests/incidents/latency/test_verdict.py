"""What became of a visit: a table worked out by hand, and what holds for any visit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.latency.verdict import Judged, Told, judge

READ_OUT = datetime(2027, 6, 21, 2, 10, tzinfo=UTC)
HOURS_23 = datetime(2027, 6, 22, 1, 10, tzinfo=UTC)
HOURS_24 = datetime(2027, 6, 22, 2, 10, tzinfo=UTC)
DAYS_3 = datetime(2027, 6, 24, 2, 10, tzinfo=UTC)
VISIT = Told(instrument="LSSTCam", end_readout=READ_OUT, on_sky=True, dome_open=True, alerts_expected=True)


def sent(count: int, within: int, first: datetime = READ_OUT + timedelta(seconds=50)) -> dict[str, Any]:
    return {
        "reported": True,
        "sent": count,
        "sent_within_limit": within,
        "first_sent_at": first,
        "stage": "sent",
        "ended": "complete",
    }


@pytest.mark.parametrize(
    ("told", "now", "verdict", "why", "due"),
    [
        # sent in time
        (sent(9800, 9790), HOURS_23, "in_time", "", None),
        (sent(50, 49), HOURS_23, "in_time", "", None),
        (sent(10_000, 9_800), HOURS_23, "in_time", "", None),
        (sent(1, 1), DAYS_3, "in_time", "", None),
        (sent(40_000, 39_200), HOURS_23, "in_time", "", None),
        # late
        (sent(10_000, 9_799), HOURS_23, "delayed", "", None),
        (sent(50, 48), HOURS_23, "delayed", "", None),
        (sent(9800, 0, datetime(2027, 6, 21, 18, 0, tzinfo=UTC)), DAYS_3, "delayed", "", None),
        (sent(9800, 0, HOURS_24), DAYS_3, "delayed", "", None),
        (sent(9800, 0, datetime(2027, 6, 22, 2, 10, 0, 1, tzinfo=UTC)), DAYS_3, "failed", "", None),
        # nothing sent
        ({}, READ_OUT, "pending", "", HOURS_24),
        ({}, datetime(2027, 6, 22, 2, 9, 59, 999999, tzinfo=UTC), "pending", "", HOURS_24),
        ({"reported": True, "ended": "failed", "stage": "ap_pipe"}, HOURS_23, "pending", "", HOURS_24),
        ({}, HOURS_24, "unknown", "", None),
        ({"listening": True}, HOURS_24, "failed", "", None),
        ({"reported": True, "ended": "failed", "stage": "isr"}, HOURS_24, "failed", "", None),
        ({"reported": True, "ended": "complete", "stage": "ap_pipe"}, HOURS_24, "failed", "", None),
        ({"reported": True, "ended": "complete", "stage": "none"}, HOURS_24, "failed", "", None),
        # a template gap, and a crash at the same stage
        ({"reported": True, "ended": "complete", "stage": "isr"}, HOURS_23, "not_eligible", "template_gap", None),
        (
            {"reported": True, "ended": "complete", "stage": "single_frame"},
            DAYS_3,
            "not_eligible",
            "template_gap",
            None,
        ),
        ({"reported": True, "ended": "failed", "stage": "single_frame"}, DAYS_3, "failed", "", None),
        # not eligible
        ({"instrument": "LATISS"}, DAYS_3, "not_eligible", "instrument", None),
        ({"on_sky": False}, DAYS_3, "not_eligible", "sky", None),
        ({"dome_open": False}, DAYS_3, "not_eligible", "dome", None),
        ({"alerts_expected": False}, DAYS_3, "not_eligible", "block", None),
        ({"waived": "template_gap"}, DAYS_3, "not_eligible", "template_gap", None),
        ({"waived": "engineering", **sent(9800, 0)}, DAYS_3, "not_eligible", "engineering", None),
        (sent(40_001, 40_001), HOURS_23, "not_eligible", "flood", None),
        ({"expected_alerts": 40_001, **sent(9800, 9800)}, HOURS_23, "not_eligible", "flood", None),
        ({"expected_alerts": 40_000}, HOURS_24, "unknown", "", None),
    ],
)
def test_the_table_worked_out_by_hand(told, now, verdict, why, due):
    assert judge(replace(VISIT, **told), now=now) == Judged(verdict, why, due)


def test_the_numbers_of_the_process_are_told():
    late = replace(VISIT, **sent(1000, 950, READ_OUT + timedelta(hours=3)))

    assert judge(late, now=DAYS_3, share=0.95).verdict == "in_time"
    assert judge(late, now=DAYS_3, share=Decimal("0.951")).verdict == "delayed"
    assert judge(late, now=DAYS_3, most_alerts=999).why == "flood"
    assert judge(late, now=DAYS_3, failed_after=timedelta(hours=2)).verdict == "failed"


instants = st.integers(0, 72 * 3600).map(lambda seconds: READ_OUT + timedelta(seconds=seconds))
counts = st.integers(1, 60_000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


@st.composite
def visits(draw):
    count, within = draw(counts | st.just((0, 0)))
    reported = count > 0 or draw(st.booleans())
    return Told(
        instrument=draw(st.sampled_from(["LSSTCam", "LSSTCam", "LATISS"])),
        end_readout=READ_OUT,
        on_sky=draw(st.booleans()),
        dome_open=draw(st.booleans()),
        alerts_expected=draw(st.booleans()),
        expected_alerts=draw(st.none() | st.integers(0, 60_000)),
        waived=draw(st.sampled_from(["", "", "template_gap", "engineering"])),
        reported=reported,
        sent=count,
        sent_within_limit=within,
        first_sent_at=draw(instants) if count else None,
        stage=draw(st.sampled_from(["none", "isr", "single_frame", "ap_pipe"])) if not count else "sent",
        ended=draw(st.sampled_from(["complete", "failed"])) if reported else "",
        listening=draw(st.booleans()),
    )


eligible = st.builds(
    lambda told: replace(
        told,
        instrument="LSSTCam",
        on_sky=True,
        dome_open=True,
        alerts_expected=True,
        waived="",
        expected_alerts=None,
        sent=min(told.sent, 40_000),
        sent_within_limit=min(told.sent_within_limit, told.sent, 40_000),
    ),
    visits(),
)


@given(visits(), instants)
def test_every_visit_gets_one_verdict_and_a_reason_exactly_when_it_does_not_count(told, now):
    judged = judge(told, now=now)

    assert judged.verdict in {"in_time", "delayed", "failed", "pending", "unknown", "not_eligible"}
    assert (judged.why != "") == (judged.verdict == "not_eligible")
    assert (judged.due is not None) == (judged.verdict == "pending")


@given(visits(), instants, instants)
def test_time_alone_changes_no_verdict_before_it_is_due(told, one, other):
    first, second = sorted([one, other])
    judged = judge(told, now=first)

    if judged.due is None or second < judged.due:
        assert judge(told, now=second) == judged
    else:
        assert judge(told, now=second).verdict in {"failed", "unknown"}


@given(eligible, instants)
def test_nothing_sent_is_never_in_time_and_something_sent_is_never_pending(told, now):
    verdict = judge(told, now=now).verdict

    assert verdict not in ({"pending", "unknown"} if told.sent else {"in_time", "delayed"})


@given(st.integers(1, 40_000), st.data())
def test_the_share_is_compared_in_whole_visits(count, data):
    within = data.draw(st.integers(0, count))

    verdict = judge(replace(VISIT, **sent(count, within)), now=HOURS_23).verdict

    assert (verdict == "in_time") == (within * 100 >= 98 * count)


@given(eligible, instants)
def test_more_alerts_within_the_limit_never_make_it_worse(told, now):
    better = replace(told, sent_within_limit=told.sent)

    worth = ["failed", "unknown", "pending", "delayed", "in_time", "not_eligible"]
    assert worth.index(judge(better, now=now).verdict) >= worth.index(judge(told, now=now).verdict)
