"""What is read of a reported item, and what is refused, by field, value and remedy."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.latency.reading import Refused, read_delivery, read_next_visit, read_visit

LATEST = datetime(2027, 6, 21, 12, 0, tzinfo=UTC)
VISIT = {
    "visit_id": 2027062000123,
    "instrument": "LSSTCam",
    "survey_block": "BLOCK-365",
    "band": "r",
    "end_readout": "2027-06-21T03:00:00.250-04:00",
    "on_sky": True,
    "dome_open": True,
    "expected_alerts": 9800,
}
DELIVERY = {
    "visit_id": 2027062000123,
    "sent": 9800,
    "sent_within_limit": 9790,
    "first_sent_at": "2027-06-21T07:00:40Z",
    "last_sent_at": "2027-06-21T07:00:59Z",
    "stage": "sent",
}
NEXT = {
    "group_id": "2027-06-21T07:00:00.123",
    "instrument": "LSSTCam",
    "survey_block": "BLOCK-365",
    "announced_at": "2027-06-21T07:00:00Z",
}


def errors(read, item):
    with pytest.raises(Refused) as refused:
        read(item, latest=LATEST)
    return refused.value.errors


def test_a_visit_is_read_with_its_night_and_in_utc():
    report = read_visit(VISIT, latest=LATEST)

    assert (report.visit_id, report.day_obs) == (2027062000123, 20270620)
    assert report.end_readout == datetime(2027, 6, 21, 7, 0, 0, 250_000, tzinfo=UTC)
    assert (report.expected_alerts, report.waived) == (9800, "")


def test_fields_that_we_do_not_know_are_passed_over():
    assert read_visit(VISIT | {"airmass": 1.2}, latest=LATEST) == read_visit(VISIT, latest=LATEST)


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"visit_id": "2027062000123"}, "visit_id", "'2027062000123' will not do. Send a number"),
        ({"visit_id": True}, "visit_id", "true will not do."),
        ({"visit_id": 20270620}, "visit_id", "20270620 will not do. Send 9 to 18 digits"),
        ({"visit_id": 2027063100123}, "visit_id", "2027063100123 begins with 20270631, which is no night"),
        ({"visit_id": 10**400}, "visit_id", "A number of more than 18 digits will not do."),
        ({"visit_id": 2027061800123}, "visit_id", "begins with the night 20270618, but end_readout"),
        ({"instrument": ""}, "instrument", "It is empty. Send a text of up to 40 characters."),
        ({"instrument": "x" * 41}, "instrument", "has 41 characters. Send 40 at most."),
        ({"survey_block": "a\x00b"}, "survey_block", "It holds a NUL or half a surrogate pair."),
        ({"survey_block": "\ud800"}, "survey_block", "It holds a NUL or half a surrogate pair."),
        ({"end_readout": "2027-06-21T07:00:00"}, "end_readout", "Send an instant with its offset"),
        ({"end_readout": "2027-06-21T12:00:01Z"}, "end_readout", "It has yet to come"),
        ({"end_readout": "0001-01-01T00:00:00+14:00"}, "end_readout", "Send an instant with its offset"),
        ({"end_readout": 7}, "end_readout", "7 will not do."),
        ({"on_sky": 1}, "on_sky", "1 will not do. Send true or false."),
        ({"expected_alerts": -1}, "expected_alerts", "-1 will not do. Send a whole number from 0"),
        ({"expected_alerts": 2**31}, "expected_alerts", "Send a whole number from 0 to 2147483647."),
        ({"waived": "yes"}, "waived", "Send one of template_gap, engineering or null."),
    ],
)
def test_a_wrong_field_of_a_visit_is_named_with_its_remedy(change, field, says):
    found = errors(read_visit, VISIT | change)

    assert list(found) == [field]
    assert says in found[field][0]


def test_every_wrong_field_is_named_at_once():
    assert list(errors(read_visit, {})) == [
        "visit_id", "end_readout", "instrument", "survey_block", "band", "on_sky", "dome_open",
    ]  # fmt: skip


def test_a_visit_may_lie_a_day_beside_the_night_it_names():
    assert read_visit(VISIT | {"visit_id": 2027061900123}, latest=LATEST).day_obs == 20270619
    assert read_visit(VISIT | {"visit_id": 2027062100123}, latest=LATEST).day_obs == 20270621


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"sent_within_limit": 9801}, "sent_within_limit", "9801 is more than sent, 9800."),
        ({"first_sent_at": None}, "first_sent_at", "Missing, but 9800 were sent."),
        ({"last_sent_at": "2027-06-21T07:00:39Z"}, "last_sent_at", "is before first_sent_at"),
        ({"first_sent_at": "2027-06-19T11:59:59Z"}, "first_sent_at", "is before the night 20270620 of its visit"),
        ({"stage": "done"}, "stage", "Send one of none, isr, single_frame, ap_pipe, sent."),
        ({"ended": "maybe"}, "ended", "Send one of complete, failed."),
    ],
)
def test_a_wrong_field_of_a_delivery_is_named_with_its_remedy(change, field, says):
    found = errors(read_delivery, DELIVERY | change)

    assert list(found) == [field]
    assert says in found[field][0]


def test_where_nothing_was_sent_there_is_no_instant():
    nothing = DELIVERY | {"sent": 0, "sent_within_limit": 0}

    assert list(errors(read_delivery, nothing)) == ["first_sent_at", "last_sent_at"]


@pytest.mark.parametrize(
    ("change", "ended"), [({}, "complete"), ({"ended": "failed"}, "failed"), ({"ended": None}, "complete")]
)
def test_what_was_sent_is_complete_unless_they_say_otherwise(change, ended):
    assert read_delivery(DELIVERY | change, latest=LATEST).ended == ended


def test_where_nothing_was_sent_and_nothing_said_it_ended_failed():
    nothing = {"visit_id": 2027062000123, "sent": 0, "sent_within_limit": 0, "stage": "isr"}

    assert read_delivery(nothing, latest=LATEST).ended == "failed"
    assert read_delivery(nothing | {"ended": "complete"}, latest=LATEST).ended == "complete"


def test_a_next_visit_need_not_say_which_visit_it_will_be():
    assert read_next_visit(NEXT, latest=LATEST).visit_id is None
    assert read_next_visit(NEXT | {"visit_id": 2027062000123}, latest=LATEST).visit_id == 2027062000123
    assert list(errors(read_next_visit, NEXT | {"visit_id": 5})) == ["visit_id"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*VISIT.values(), *NEXT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(("read", "good"), [(read_visit, VISIT), (read_delivery, DELIVERY), (read_next_visit, NEXT)])
@given(data=st.data())
def test_whatever_is_sent_is_read_or_refused_in_words(read, good, data):
    change = data.draw(st.dictionaries(st.sampled_from([*good, "waived", "ended", "limit_s"]), anything, max_size=3))
    item = data.draw(st.one_of(anything, st.just(good | change)))

    found = None
    try:
        read(item, latest=LATEST)
    except Refused as refused:
        found = refused.errors

    if found is not None:
        assert json.dumps(found)
        assert all(texts and all(text.encode() for text in texts) for texts in found.values())
