"""What a rotation would be, for programs: exact shifts around clock changes, and every wrong field told apart."""

from datetime import UTC, datetime

import pytest

from oncall.people.services import create_token

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
PREVIEW = "/api/v1/rotations/preview/"
ASKED = {
    "time_zone": "America/Chicago",
    "first_handoff": "2020-10-30T01:30:00",
    "unit": "day",
    "every": 1,
    "participants": ["a", "b"],
    "from": "2020-10-31T12:00:00Z",
    "to": "2020-11-02T12:00:00Z",
}


@pytest.fixture
def ask(client, ada):
    client.force_login(ada)
    return lambda **fields: client.post(PREVIEW, ASKED | fields, content_type="application/json")


def listed(answer) -> list[tuple[str, str, str]]:
    assert answer.status_code == 200, answer.content
    return [(one["starts_at"], one["ends_at"], one["participant"]) for one in answer.json()["shifts"]]


def test_the_public_shape_is_whole_shifts_in_utc(ask):
    assert ask(to="2020-10-31T13:00:00Z").json() == {
        "shifts": [{"starts_at": "2020-10-31T06:30:00Z", "ends_at": "2020-11-01T06:30:00Z", "participant": "b"}]
    }


def test_a_repeated_handoff_is_its_first_occurrence_as_end_and_as_start(ask):
    assert listed(ask()) == [
        ("2020-10-31T06:30:00Z", "2020-11-01T06:30:00Z", "b"),
        ("2020-11-01T06:30:00Z", "2020-11-02T07:30:00Z", "a"),  # 25 hours: 01:30 CDT to 01:30 CST
        ("2020-11-02T07:30:00Z", "2020-11-03T07:30:00Z", "b"),
    ]


def test_hours_follow_the_wall_clock_and_a_repeated_hour_belongs_to_one_shift(ask):
    hourly = {"unit": "hour", "first_handoff": "2020-11-01T00:00:00", "from": "2020-11-01T05:00:00Z"}
    assert listed(ask(**hourly, to="2020-11-01T09:00:00Z")) == [
        ("2020-11-01T05:00:00Z", "2020-11-01T06:00:00Z", "a"),
        ("2020-11-01T06:00:00Z", "2020-11-01T08:00:00Z", "b"),
        ("2020-11-01T08:00:00Z", "2020-11-01T09:00:00Z", "a"),
    ]


def test_twenty_four_hours_are_a_day_on_the_wall_clock(ask):
    assert listed(ask(unit="hour", every=24)) == listed(ask())


def test_turns_before_the_first_handoff_are_counted_backwards(ask):
    span = {"from": "2020-10-28T12:00:00Z", "to": "2020-10-30T12:00:00Z"}
    assert listed(ask(**span, participants=["a", "b", "c"])) == [
        ("2020-10-28T06:30:00Z", "2020-10-29T06:30:00Z", "b"),
        ("2020-10-29T06:30:00Z", "2020-10-30T06:30:00Z", "c"),
        ("2020-10-30T06:30:00Z", "2020-10-31T06:30:00Z", "a"),
    ]


def test_the_end_of_the_span_is_outside_it(ask):
    assert len(listed(ask(**{"from": "2020-10-31T06:30:00Z", "to": "2020-11-01T06:30:00Z"}))) == 1


def test_months_and_weeks(ask):
    span = {"time_zone": "UTC", "first_handoff": "2020-01-31T08:00", "from": "2020-02-01T00:00:00Z"}
    assert [shift[0] for shift in listed(ask(**span, to="2020-05-01T00:00:00Z", unit="month"))] == [
        "2020-01-31T08:00:00Z",
        "2020-02-29T08:00:00Z",
        "2020-03-31T08:00:00Z",
        "2020-04-30T08:00:00Z",
    ]
    assert listed(ask(**span, to="2020-02-02T00:00:00Z", unit="week", every=4)) == [
        ("2020-01-31T08:00:00Z", "2020-02-28T08:00:00Z", "a")
    ]


def test_instants_of_any_offset_are_understood(ask):
    assert listed(ask(**{"from": "2020-10-31T07:00:00-05:00", "to": "2020-11-02T13:00:00+01:00"})) == listed(ask())


def test_weekdays_weights_several_at_once_and_names_in_order(ask):
    steady = {"time_zone": "UTC", "first_handoff": "2027-03-01T09:00:00", "from": "2027-03-01T09:00:00Z"}
    stewards = ask(**steady, to="2027-03-16T09:00:00Z", unit="week", every=2, at_once=2, participants=["b", "a", "c"])
    assert listed(stewards) == [
        ("2027-02-15T09:00:00Z", "2027-03-15T09:00:00Z", "b"),
        ("2027-03-01T09:00:00Z", "2027-03-29T09:00:00Z", "a"),
        ("2027-03-15T09:00:00Z", "2027-04-12T09:00:00Z", "c"),
    ]
    week = {**steady, "to": "2027-03-05T09:00:00Z"}
    assert [one[2] for one in listed(ask(**week, participants=["Zoé", "Ève", "eva"], order="alphabetical"))] == [
        "eva", "Ève", "Zoé", "eva"
    ]  # fmt: skip
    assert [one[2] for one in listed(ask(**week, participants=["a", "b", "c"], weights=[2, 1, 1]))] == list("abac")
    working = ask(**{**steady, "from": "2027-03-05T09:00:00Z"}, to="2027-03-08T10:00:00Z", weekdays=[1, 2, 3, 4, 5])
    assert listed(working) == [
        ("2027-03-05T09:00:00Z", "2027-03-06T09:00:00Z", "a"),
        ("2027-03-08T09:00:00Z", "2027-03-09T09:00:00Z", "b"),
    ]


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone", "“Mars/Olympus” is not a time zone. Write a name such as"),
        ({"time_zone": "america/chicago"}, "time_zone", "is not a time zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone", "is not a time zone"),
        ({"time_zone": "UTC\x00"}, "time_zone", "“UTC�” is not a time zone"),
        ({"time_zone": ""}, "time_zone", "is not a time zone"),
        ({"time_zone": 7}, "time_zone", "“7” is not a time zone"),
        ({"time_zone": None}, "time_zone", "null"),
        ({"time_zone": ["UTC"]}, "time_zone", "A list is not a time zone"),
        ({"first_handoff": "2020-10-30T01:30:00Z"}, "first_handoff", "without an offset"),
        ({"first_handoff": "2020-10-30T01:30:00-05:00"}, "first_handoff", "“2020-10-30T01:30:00-05:00” is not"),
        ({"first_handoff": "2020-10-30"}, "first_handoff", "such as 2020-10-30T01:30:00"),
        ({"time_zone": "localtime"}, "time_zone", "“localtime” is not a time zone"),
        ({"time_zone": "Factory"}, "time_zone", "“Factory” is not a time zone"),
        ({"time_zone": "posixrules"}, "time_zone", "“posixrules” is not a time zone"),
        ({"first_handoff": "2020-10-30T01:30:00.5"}, "first_handoff", "is not a day and a time"),
        ({"first_handoff": "2020-13-30T01:30:00"}, "first_handoff", "“2020-13-30T01:30:00” is in no calendar"),
        ({"first_handoff": "2021-02-29T01:30:00"}, "first_handoff", "is in no calendar"),
        ({"first_handoff": "2020-10-30T24:00:00"}, "first_handoff", "is in no calendar"),
        ({"first_handoff": "1989-12-31T01:30:00"}, "first_handoff", "from 1990 to 2099"),
        ({"first_handoff": "2100-01-01T00:00:00"}, "first_handoff", "from 1990 to 2099"),
        ({"first_handoff": 20201030}, "first_handoff", "“20201030” is not"),
        ({"unit": "fortnight"}, "unit", "“fortnight” is not one of them. Write hour, day, week or month."),
        ({"unit": {}}, "unit", "An object is not one of them"),
        ({"every": 0}, "every", "“0” does not do. Write a whole number from 1 to 10,000."),
        ({"every": -1}, "every", "from 1 to 10,000"),
        ({"every": 10001}, "every", "“10001” does not do"),
        ({"every": 10**30}, "every", "“1000000000000000000000000000000” does not do"),
        ({"every": "24"}, "every", "does not do"),
        ({"every": True}, "every", "true does not do"),
        ({"every": 1.5}, "every", "“1.5” does not do"),
        ({"participants": []}, "participants", "The list is empty"),
        ({"participants": "ab"}, "participants", "“ab” is not a list"),
        ({"participants": ["a", 7]}, "participants", "Item 2: “7” is not text"),
        ({"participants": ["a", None]}, "participants", "Item 2"),
        ({"participants": ["a", " "]}, "participants", "Item 2: “ ” is no name"),
        ({"participants": ["a\x00"]}, "participants", "Item 1: “a�” has characters that cannot be shown"),
        ({"participants": ["\ud800"]}, "participants", "cannot be shown"),
        ({"participants": ["a" * 201]}, "participants", "Write 1 to 200 characters"),
        ({"participants": ["a"] * 501}, "participants", "That is 501 items. Write at most 500."),
        ({"participants": ["a", "a"], "order": "alphabetical"}, "participants", "“a” is there twice"),
        ({"order": "random"}, "order", "Write given or alphabetical."),
        ({"weights": [1]}, "weights", "1 weights for 2 participants. Write one for each."),
        ({"weights": [1, 0]}, "weights", "Item 2: “0” does not do"),
        ({"weights": [2, 1], "order": "alphabetical"}, "weights", "has no weights"),
        ({"weekdays": [8]}, "weekdays", "Item 1: “8” does not do. Write a whole number from 1 to 7."),
        ({"weekdays": []}, "weekdays", "The list is empty"),
        ({"at_once": 3}, "at_once", "3 at once need as many people, and this order has 2"),
        ({"at_once": 2, "weights": [2, 1]}, "at_once", "a would be on twice at the same time"),
        ({"at_once": 0}, "at_once", "from 1 to 9"),
        ({"from": "2020-11-02T12:00:00Z"}, "to", "2020-11-02T12:00:00Z is not after `from`"),
        ({"from": "2020-10-31T12:00:00"}, "from", "Say in which zone"),
        ({"to": "2020-13-01T00:00:00Z"}, "to", "Write an instant such as"),
        ({"to": "2022-10-31T12:00:01Z"}, "to", "at most two years"),
        ({"from": "0001-01-01T00:00:00Z"}, "from", "between 1990 and 2099"),
        ({"to": "9999-12-31T23:59:59Z"}, "to", "between 1990 and 2099"),
        ({"to": 10**12}, "to", "Write an instant such as"),
    ],
)
def test_bad_input_is_told_which_field_is_wrong_and_what_would_be_right(ask, wrong, field, says):
    answer = ask(**wrong)
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    (told,) = answer.json()[field]
    assert says in told


@pytest.mark.parametrize("field", list(ASKED))
def test_every_field_of_the_contract_is_required(client, ada, field):
    client.force_login(ada)
    answer = client.post(PREVIEW, {k: v for k, v in ASKED.items() if k != field}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json() == {field: ["This field is required."]}


def test_two_years_are_not_too_long(ask):
    assert len(listed(ask(to="2022-10-31T12:00:00Z"))) == 731


def test_two_years_on_the_wall_clock_are_not_too_long(ask):
    year = {"from": "2020-03-10T00:00:00-05:00", "to": "2022-03-10T00:00:00-06:00"}  # clocks change on 8 and 13 March
    assert ask(**year, unit="week").status_code == 200


def test_ten_thousand_shifts_are_shown_and_one_more_is_refused(ask):
    hourly = {"unit": "hour", "time_zone": "UTC", "first_handoff": "2020-01-01T00:00", "from": "2020-01-01T00:00:00Z"}
    assert len(listed(ask(**hourly, to="2021-02-20T16:00:00Z"))) == 10_000
    answer = ask(**hourly, to="2021-02-20T16:00:01Z")
    assert answer.status_code == 400
    assert answer.json() == {
        "to": ["That is 10,001 shifts, and a preview shows at most 10,000. Choose a shorter span or longer turns."]
    }


def test_an_hour_each_for_two_years_is_refused(ask):
    answer = ask(unit="hour", time_zone="UTC", **{"from": "2025-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"})
    assert answer.status_code == 400
    assert "17,521 shifts" in answer.json()["to"][0]  # the first handoff is at half past


def test_turns_that_leave_the_calendar_are_refused(ask):
    answer = ask(unit="month", every=10_000, at_once=9, participants=list("abcdefghi"))
    assert answer.status_code == 400
    assert "beyond the calendar, years 1 to 9999" in answer.json()["every"][0]


def test_the_longest_turns_are_shown(ask):
    assert listed(ask(unit="month", every=10_000)) == [("2020-10-30T06:30:00Z", "2854-02-28T07:30:00Z", "a")]


def test_what_is_no_object_is_refused(client, ada):
    client.force_login(ada)
    for body in ("[]", "7", '"x"', "null", "{", ""):
        assert client.post(PREVIEW, body, content_type="application/json").status_code == 400


def test_nobody_is_answered_without_signing_in(client):
    assert client.post(PREVIEW, ASKED, content_type="application/json").status_code == 401


def test_nothing_is_stored_and_no_question_is_put_to_the_database(ask, django_assert_num_queries):
    ask()
    with django_assert_num_queries(2):  # the session and the person
        ask()


@pytest.mark.parametrize(("address", "status"), [(PREVIEW, 200), ("/api/v1/overrides/", 403)])
def test_a_token_that_may_only_read_may_ask_and_change_nothing(client, ada, address, status):
    _, secret = create_token(person=ada, name="reader", read_only=True, now=NOW)
    answer = client.post(address, ASKED, content_type="application/json", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == status
