"""What a call-out would earn, for programs: exact figures, and every wrong field told apart."""

from datetime import UTC, datetime

import pytest

from oncall.people.services import create_token
from rotations.leave.models import CallOut, Evidence, LedgerEntry

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
PREVIEW = "/api/v1/leave/preview/"
NIGHT = ["2027-03-25T02:20:00Z", "2027-03-25T04:20:00Z"]
ASKED = {
    "time_zone": "Europe/Paris",
    "country": "FR",
    "subdivision": None,
    "work_days": [1, 2, 3, 4, 5],
    "work_hours": ["09:00", "17:00"],
    "spans": [NIGHT],
}


@pytest.fixture
def ask(client, lise):
    client.force_login(lise)
    return lambda **fields: client.post(PREVIEW, ASKED | fields, content_type="application/json")


def test_the_public_shape(ask):
    assert ask().json() == {
        "out_of_hours_minutes": 120,
        "credit_minutes": 180,
        "out_of_hours_s": 7200,
        "rule": "1.5 times the time outside the work hours (Mon to Fri 09:00-17:00 Europe/Paris,"
        " public holidays FR), rule 1",
        "slices": [
            {
                "starts_at": "2027-03-25T02:20:00Z",
                "ends_at": "2027-03-25T04:20:00Z",
                "local_date": "2027-03-25",
                "kind": "night",
                "name": "",
                "in_hours": False,
                "seconds": 7200,
                "minutes": 120,
                "multiplier": 1.5,
                "credit_minutes": 180,
            }
        ],
    }


def test_fractions_of_a_minute_are_kept_as_a_number(ask):
    answer = ask(spans=[["2027-03-25T20:00:00+01:00", "2027-03-25T22:15:00+01:00"]])
    assert b'"out_of_hours_minutes":135,"credit_minutes":202.5' in answer.content


def test_only_zone_and_spans_are_needed(ask, client):
    spans = [["2026-12-25T07:30:00Z", "2026-12-25T10:00:00Z"]]  # Christmas, 08:30 to 11:00: no country, no holiday
    answer = client.post(PREVIEW, {"time_zone": "Europe/Paris", "spans": spans}, content_type="application/json")
    assert answer.json()["out_of_hours_minutes"] == 30


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_country_means_no_holidays(ask, nothing):
    answer = ask(country=nothing, subdivision=nothing, spans=[["2026-12-25T09:00:00Z", "2026-12-25T10:00:00Z"]])
    assert [piece["kind"] for piece in answer.json()["slices"]] == ["work"]


def test_a_subdivision_has_holidays_of_its_own(ask):
    good_friday = [["2027-03-26T09:00:00Z", "2027-03-26T10:00:00Z"]]
    assert ask(spans=good_friday).json()["out_of_hours_minutes"] == 0
    assert ask(spans=good_friday, subdivision="57").json()["out_of_hours_minutes"] == 60  # Moselle


@pytest.mark.parametrize("place", ["FR-57", "fr-57"])
def test_a_subdivision_may_be_written_as_screens_have_it_with_its_country(ask, place):
    good_friday = [["2027-03-26T09:00:00Z", "2027-03-26T10:00:00Z"]]
    assert ask(spans=good_friday, subdivision=place).json()["out_of_hours_minutes"] == 60


def test_an_instant_may_be_in_small_letters(ask):
    assert ask(spans=[[one.lower() for one in NIGHT]]).json()["out_of_hours_minutes"] == 120


def test_a_subdivision_is_read_in_small_letters_too_as_a_country_is(ask):
    second_of_january = [["2027-01-04T10:00:00Z", "2027-01-04T11:00:00Z"]]  # its substitute day, in Scotland alone
    answer = ask(time_zone="Europe/London", country="gb", subdivision="sct", spans=second_of_january).json()
    assert answer["out_of_hours_minutes"] == 60
    assert "public holidays GB-SCT" in answer["rule"]


@pytest.mark.parametrize("midnight", ["24:00", "00:00"])
def test_a_calendar_may_end_at_midnight(ask, midnight):
    answer = ask(work_hours=["16:00", midnight], spans=[["2027-03-25T22:30:00Z", "2027-03-25T23:30:00Z"]])
    assert answer.json()["out_of_hours_minutes"] == 30


def test_no_spans_earn_nothing(ask):
    assert ask(spans=[]).json()["credit_minutes"] == 0


def test_it_stores_nothing(ask):
    ask()
    assert [model.objects.count() for model in (CallOut, LedgerEntry, Evidence)] == [0, 0, 0]


def test_a_token_that_may_only_read_may_ask(client, lise):
    _, secret = create_token(person=lise, name="figures", now=NOW, read_only=True)
    answer = client.post(PREVIEW, ASKED, content_type="application/json", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == 200


def test_a_stranger_may_not(client, db):
    assert client.post(PREVIEW, ASKED, content_type="application/json").status_code == 401


LONG = ["2026-01-01T00:00:00Z", "2027-02-06T00:00:00Z"]  # 401 days


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("time_zone", "Europe/Lyon", "“Europe/Lyon” is not a time zone. Write a name such as"),
        ("time_zone", 7, "“7” is not a time zone"),
        ("time_zone", None, "null"),
        ("country", "XX", "Nobody knows the holidays of “XX”. Write an ISO 3166 code such as FR, or null."),
        ("country", "UK", "“UK” is no ISO 3166 code. Write GB instead."),
        ("country", "uk", "“uk” is no ISO 3166 code. Write GB instead."),
        ("country", "\u0000", "Null characters"),
        ("country", 7, "Nobody knows the holidays of “7”"),
        ("country", ["FR"], "Write an ISO 3166 code such as FR, as text, or null."),
        ("country", True, "Write an ISO 3166 code such as FR, as text, or null."),
        ("subdivision", [], "Write a code such as 57 or FR-57, as text, or null."),
        ("subdivision", "DE-57", "“DE-57” is none of FR's: "),
        ("country", "F" * 10_000, "Nobody knows the holidays of “FFF"),
        ("subdivision", "ZZ", "“ZZ” is none of FR's: "),
        ("work_days", [0], "Item 1: “0” does not do. Write a whole number from 1 to 7."),
        ("work_days", [1, 8], "Item 2: “8” does not do"),
        ("work_days", [10**400], "does not do. Write a whole number from 1 to 7."),
        ("work_days", [True], "Item 1: true does not do"),
        ("work_days", [1.5], "Item 1: “1.5” does not do"),
        ("work_days", "12345", "Write ISO weekdays in brackets"),
        ("work_days", [1] * 8, "Write ISO weekdays in brackets"),
        ("work_hours", ["09:00"], "Write from and until, such as"),
        ("work_hours", {"from": "09:00"}, "An object does not do"),
        ("work_hours", ["9:00", "17:00"], "“9:00” is no time on a wall clock. Write it as HH:MM, such as 09:00."),
        ("work_hours", ["09:00", "17"], "“17” is no time on a wall clock"),
        ("work_hours", ["09:00", "25:00"], "“25:00” is no time on a wall clock"),
        ("work_hours", ["24:00", "24:00"], "“24:00” is no time on a wall clock"),
        ("work_hours", ["09:00", None], "“None” is no time on a wall clock"),
        ("work_hours", ["٠٩:٠٠", "17:00"], "is no time on a wall clock"),
        ("work_hours", ["17:00", "09:00"], "“09:00” is not after “17:00”. Write a later end, 24:00 at the latest."),
        ("work_hours", ["09:00", "09:00"], "“09:00” is not after “09:00”"),
        ("work_hours", ["22:00", "06:00"], "Hours over midnight are two calendars: ask once with those until 24:00"),
        ("spans", "now", "“now” is not a list. Write pairs of instants"),
        ("spans", [NIGHT[0]], "Span 1: “2027-03-25T02:20:00Z” does not do. Write a start and an end"),
        ("spans", [NIGHT, [NIGHT[0]]], "Span 2: A list does not do"),
        ("spans", [[*NIGHT, NIGHT[0]]], "Span 1: A list does not do"),
        ("spans", [[7, 8]], "Span 1: “7” is no instant. Write one such as 2027-03-25T02:20:00Z."),
        ("spans", [[NIGHT[0], "2027-03-25T04:20:00"]], "Say in which zone"),
        ("spans", [[NIGHT[0], "tomorrow\u0000"]], "Write an instant such as"),
        ("spans", [["2027-W12-4T02:00:00Z", NIGHT[1]]], "Write an instant such as"),
        ("spans", [["20270325T020000Z", NIGHT[1]]], "Write an instant such as"),
        ("spans", [["2027-03-25T02:00:00,5Z", NIGHT[1]]], "Write an instant such as"),
        ("spans", [["2027-03-25T02:00:00+01", NIGHT[1]]], "Write an instant such as"),
        ("spans", [["1989-12-31T00:00:00Z", NIGHT[1]]], "Write an instant between 1990 and 2099."),
        ("spans", [[NIGHT[0], "2100-01-01T00:00:00Z"]], "Write an instant between 1990 and 2099."),
        ("spans", [["0001-01-01T00:00:00+14:00", NIGHT[1]]], "does not do"),
        ("spans", [NIGHT[::-1]], "is before “2027-03-25T04:20:00Z”. Write an end after the start."),
        ("spans", [NIGHT] * 1001, "That is 1,001 spans. Write at most 1,000."),
        ("spans", [LONG], "Together these last over 400 days. Ask about fewer at a time."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_with_a_remedy(ask, field, value, words):
    answer = ask(**{field: value})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert words in answer.json()[field][0]


def test_a_subdivision_without_a_country_is_of_no_place(ask):
    answer = ask(country=None, subdivision="57")
    assert answer.json() == {"subdivision": ["“57” has no country. Write `country` too, or null here."]}


@pytest.mark.parametrize("missing", ["time_zone", "spans"])
def test_what_is_missing_is_asked_for(ask, client, missing):
    body = {key: value for key, value in ASKED.items() if key != missing}
    answer = client.post(PREVIEW, body, content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, [missing])


@pytest.mark.parametrize("body", [b"[]", b"7", b"null", b"\xff", b'{"spans": NaN}', b"[" * 100_000])
def test_an_odd_body_is_refused(ask, client, body):
    assert client.post(PREVIEW, body, content_type="application/json").status_code == 400


def test_a_thousand_spans_that_overlap_are_answered(ask):
    assert ask(spans=[NIGHT] * 1000).json()["credit_minutes"] == 180
