import pytest

from oncall.people.models import Site

NIGHTS, WINDOWS = "/api/v1/nights/", "/api/v1/windows/"


@pytest.fixture
def api(client, ada):
    client.force_login(ada)
    return client


def test_a_night_has_the_public_shape(api):
    answer = api.get(f"{NIGHTS}20271221/")

    assert answer.status_code == 200
    assert answer.json() == {
        "day_obs": "20271221",
        "sunset": "2027-12-21T23:44:00Z",
        "evening_6": "2027-12-22T00:12:00Z",
        "evening_12": "2027-12-22T00:45:00Z",
        "evening_18": "2027-12-22T01:21:00Z",
        "morning_18": "2027-12-22T08:01:00Z",
        "morning_12": "2027-12-22T08:37:00Z",
        "morning_6": "2027-12-22T09:11:00Z",
        "sunrise": "2027-12-22T09:38:00Z",
    }


@pytest.mark.parametrize("day", ["19900101", "20991231", "20280229"])
def test_every_night_from_1990_to_2099_is_answered(api, day):
    assert api.get(f"{NIGHTS}{day}/").json()["day_obs"] == day


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("20270230", "There is no day 30 in 2027-02. Write a night as YYYYMMDD."),
        ("20271301", "There is no month 13. Write a night as YYYYMMDD, such as 20270320."),
        ("19891231", "The year 1989 is out of reach. Write a night from 1990 to 2099."),
        ("21000101", "The year 2100 is out of reach. Write a night from 1990 to 2099."),
        ("tonight", "Write a night as YYYYMMDD, the date at UTC-12, such as 20270320."),
    ],
)
def test_what_is_no_night_is_refused_with_words(api, day, words):
    answer = api.get(f"{NIGHTS}{day}/")

    assert (answer.status_code, answer.json()) == (400, {"day_obs": [words]})


def test_where_nothing_observes_there_is_no_night(api):
    Site.objects.update(observing=False)

    answer = api.get(f"{NIGHTS}20270320/")

    assert answer.status_code == 404
    assert "No site is marked as observing" in answer.json()["detail"][0]


def test_windows_are_listed_by_name(api):
    answer = api.get(WINDOWS).json()

    assert [row["name"] for row in answer["results"]] == ["early-night-chile", "europe", "uk", "west", "west-uk"]
    west = answer["results"][3]
    assert (west.pop("id") != "", west.pop("note") != "") == (True, True)
    assert west == {
        "name": "west",
        "label": "West, with Europe",
        "kind": "night",
        "starts": "evening_12 - 75 min",
        "ends": "europe.start + 30 min",
        "time_zone": "",
        "since": None,
        "until": None,
        "weekdays": [],
        "edition": 1,
        "changed_at": "2020-01-01T00:00:00Z",
    }


@pytest.mark.parametrize("address", [f"{NIGHTS}20270320/", WINDOWS])
def test_a_stranger_gets_nothing(client, db, address):
    assert client.get(address).status_code in {401, 403}
