"""A recorded night as a file: what is read gives back what was written, and what is wrong says where."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.latency.recording import KINDS, Record, UnreadableLine, in_order, read, shifted, write

AT = datetime(2027, 3, 23, 3, 0, 42, tzinfo=UTC)
LINE = (
    '{"kind":"delivery","at":"2027-03-23T03:00:42Z",'
    '"body":{"visit_id":2027032200123,"sent":1,"first_sent_at":"2027-03-23T03:00:40.500Z"}}'
)

bodies = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=4)
records = st.builds(
    Record, st.sampled_from(KINDS), st.datetimes(timezones=st.just(UTC)), bodies
)  # what a body holds is the portal's to judge


def test_a_line_is_a_record():
    (record,) = read([LINE])

    assert (record.kind, record.at, record.body["sent"]) == ("delivery", AT, 1)


def test_empty_lines_and_remarks_say_nothing():
    assert list(read(["# a night\n", "\n", "  \n"])) == []


@given(st.lists(records, max_size=5))
def test_what_was_written_is_read_again(night):
    assert list(read(write(night))) == night


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "Line 2: this is no JSON"),
        ("[]", "Line 2: this is no object. Write kind, at and body."),
        ('{"kind": "alarm"}', "Line 2: kind is 'alarm'; it must be one of visit, delivery, next_visit, beat."),
        ('{"kind": "beat", "body": 1}', "Line 2: body is no object."),
        ('{"kind": "beat", "body": {}}', "Line 2: at: None is no instant."),
        (
            '{"kind": "beat", "body": {}, "at": "2027-03-23T03:00:42"}',
            "has no offset. Write it as 2027-03-20T23:45:00Z.",
        ),
        ('{"kind": "beat", "body": {}, "at": "0001-01-01T00:00:00+14:00"}', "is out of reach"),
    ],
)
def test_a_line_that_is_no_record_says_where_and_why(line, says):
    with pytest.raises(UnreadableLine) as error:
        list(read([LINE, line]))

    assert says in str(error.value)


def test_records_are_put_as_they_arrived():
    late, early = Record("beat", AT, {}), Record("beat", AT - timedelta(seconds=1), {})

    assert in_order([late, early]) == [early, late]


def test_a_moved_night_keeps_its_visits_together():
    (record,) = read([LINE])

    moved = shifted(record, timedelta(days=9, hours=11))

    assert moved.at == datetime(2027, 4, 1, 14, 0, 42, tzinfo=UTC)
    assert moved.body == {
        "visit_id": 2027033100123,  # nine days, the nearest whole number of them
        "sent": 1,
        "first_sent_at": "2027-04-01T14:00:40.500000Z",
    }


def test_a_next_visit_that_is_moved_is_another():
    record = Record("next_visit", AT, {"group_id": "g1", "announced_at": "2027-03-23T03:00:00Z"})

    assert shifted(record, timedelta(minutes=1)).body == {
        "group_id": "g1 +60 s",
        "announced_at": "2027-03-23T03:01:00Z",
    }


@pytest.mark.parametrize("body", [{"end_readout": "soon"}, {"visit_id": 7}, {"visit_id": "x"}])
def test_a_body_that_cannot_be_moved_is_an_error(body):
    with pytest.raises(ValueError, match=r".+"):
        shifted(Record("visit", AT, body), timedelta(days=1))


def test_a_night_is_not_moved_beyond_the_calendar():
    with pytest.raises(ValueError, match="is beyond the calendar"):
        shifted(Record("beat", AT, {}), timedelta(days=4_000_000))
