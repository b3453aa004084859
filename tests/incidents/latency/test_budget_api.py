"""What programs are told of budgets; worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall import clock
from oncall.limits.services import set_limit
from oncall.people import services as people
from tests.incidents.latency.nights import night

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 6, 23, 15, 0, tzinfo=UTC)
BEGIN = datetime(2027, 6, 20, 23, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def get(client, ada):
    headers = {"Authorization": f"Token {people.create_token(person=ada, name='budget', now=NOW)[1]}"}
    return lambda address: client.get(f"/api/v1/{address}", headers=headers)


def test_a_night_of_a_thousand_visits_with_a_cut_of_243(get):
    night("g" * 300 + "f" * 243 + "g" * 417 + "d" * 20 + "n" * 20, begin=BEGIN, day_obs=20270620)

    answer = get("nights/20270620/budget/").json()

    counts = {
        "day_obs": "20270620", "eligible": 980, "in_time": 717, "delayed": 20, "failed": 243, "pending": 0,
        "unknown": 0, "not_eligible": 20, "template_gaps": 20, "counts": True,
        "year_first": "20270224", "year_last": "20280223",
    }  # fmt: skip
    assert {name: answer[name] for name in counts} == counts
    assert answer["used"] == {
        "late_2": {"night": 13.418367347, "month": 0.526, "year": 0.043833333},  # 263 of 19.6, of 500, of 6000
        "delayed_1": {"night": 2.040816327, "month": 0.08, "year": 0.006666667},  # 20 of 9.8, of 250, of 3000
        "failed_01": {"night": 247.959183673, "month": 9.72, "year": 0.81},  # 243 of 0.98, of 25, of 300
    }


def test_its_outages_say_what_each_cost(get):
    night("g" * 10 + "f" * 243 + "g" * 10 + "d" * 6 + "g" * 10, begin=BEGIN, day_obs=20270620)

    first, second = get("nights/20270620/budget/").json()["outages"]

    assert first == {
        "starts_at": "2027-06-20T23:06:10Z",
        "ends_at": "2027-06-21T01:36:01Z",
        "first_visit": 2027062000011,
        "last_visit": 2027062000253,
        "delayed": 0,
        "failed": 243,
        "pending": 0,
        "unknown": 0,
        "year_used": {"late_2": 0.0405, "delayed_1": 0.0, "failed_01": 0.81},
        "at_worst": {"late_2": 0.0405, "delayed_1": 0.0, "failed_01": 0.81},
    }
    assert second["year_used"] == {"late_2": 0.001, "delayed_1": 0.002, "failed_01": 0.0}


def test_month_and_year_are_sums_up_to_the_night(get):
    night("gd", begin=datetime(2027, 5, 31, 23, 0, tzinfo=UTC), day_obs=20270531)
    night("gf", begin=datetime(2027, 6, 1, 23, 0, tzinfo=UTC), day_obs=20270601)
    night("gd", begin=datetime(2027, 6, 2, 23, 0, tzinfo=UTC), day_obs=20270602)
    night("dd", begin=datetime(2027, 6, 3, 23, 0, tzinfo=UTC), day_obs=20270603)

    answer = get("nights/20270602/budget/").json()

    assert answer["used"]["late_2"]["year"] == 0.000166667
    assert answer["month_to_date"]["late_2"] == {"count": 2, "allowed": 500, "left": 498, "used": 0.004}
    assert answer["year_to_date"]["late_2"] == {"count": 3, "allowed": 6000, "left": 5997, "used": 0.0005}
    assert answer["year_to_date"]["failed_01"] == {"count": 1, "allowed": 300, "left": 299, "used": 0.003333333}


def test_a_month_in_which_the_year_turns_is_one_month(get):
    for day, letters in ((223, "d"), (224, "dd")):
        night(letters, begin=datetime(2027, 2, day % 100, 23, 0, tzinfo=UTC), day_obs=20270000 + day)

    answer = get("nights/20270224/budget/").json()

    assert answer["month_to_date"]["delayed_1"]["count"] == 3
    assert answer["year_to_date"]["delayed_1"]["count"] == 2


def test_a_night_before_the_start_is_shown_and_in_no_sum(get):
    set_limit(name="budget_starts_on", value=20270601, effective_from=NOW - timedelta(days=1))
    night("gd", begin=datetime(2027, 5, 31, 23, 0, tzinfo=UTC), day_obs=20270531)
    night("gd", begin=datetime(2027, 6, 1, 23, 0, tzinfo=UTC), day_obs=20270601)

    before, first = get("nights/20270531/budget/").json(), get("nights/20270601/budget/").json()

    assert (before["counts"], before["delayed"], before["year_to_date"]["late_2"]["count"]) == (False, 1, 0)
    assert (first["counts"], first["year_to_date"]["late_2"]["count"], first["year_first"]) == (True, 1, "20270601")


def test_a_night_without_visits_is_all_zeros(get):
    answer = get("nights/20270101/budget/").json()

    assert (answer["eligible"], answer["failed"], answer["outages"]) == (0, 0, [])
    assert answer["used"]["failed_01"] == {"night": 0.0, "month": 0.0, "year": 0.0}


def test_a_pending_visit_is_eligible_and_uses_nothing(get):
    night("ggpp", begin=NOW - timedelta(hours=1), day_obs=20270623)

    answer = get("nights/20270623/budget/").json()

    assert (answer["eligible"], answer["pending"], answer["used"]["late_2"]["night"]) == (4, 2, 0.0)
    assert answer["outages"][0]["at_worst"]["failed_01"] == 0.006666667


@pytest.mark.parametrize("day", ["2027062", "20271301", "20270230", "x", "00000000", "99999999", "２０２７０６２０"])
def test_a_date_that_is_none_is_refused(get, day):
    answer = get(f"nights/{day}/budget/")

    assert answer.status_code == 400
    assert list(answer.json()) == ["day_obs"]


def test_nights_in_a_row(get):
    night("gd", begin=datetime(2027, 6, 1, 23, 0, tzinfo=UTC), day_obs=20270601)
    night("ggf", begin=datetime(2027, 6, 3, 23, 0, tzinfo=UTC), day_obs=20270603)

    answer = get("budget/?from=20270601&to=20270603").json()

    assert [(one["day_obs"], one["eligible"], one["used"]["failed_01"]["year"]) for one in answer["nights"]] == [
        ("20270601", 2, 0.0),
        ("20270603", 3, 0.003333333),
    ]
    assert answer["total"]["late_2"]["count"] == 2


def test_without_a_span_it_is_this_year_of_the_budget(get):
    night("gd", begin=datetime(2027, 2, 23, 23, 0, tzinfo=UTC), day_obs=20270223)
    night("gd", begin=datetime(2027, 2, 24, 23, 0, tzinfo=UTC), day_obs=20270224)

    assert [one["day_obs"] for one in get("budget/").json()["nights"]] == ["20270224"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=x", "from"),
        ("to=20270230", "to"),
        ("from=%00&to=20270101", "from"),
        ("from=20270603&to=20270601", "to"),
        ("from=20200101&to=20270601", "to"),
    ],
)
def test_an_odd_span_is_refused(get, query, field):
    answer = get(f"budget/?{query}")

    assert answer.status_code == 400
    assert list(answer.json()) == [field]


def test_how_fast_it_burns_is_told(get):
    night("g" * 80 + "d" * 20, begin=NOW - timedelta(hours=2), day_obs=20270623)  # until 58 min ago

    fast, *slow = get("budget/").json()["burn"]

    assert (fast["limit"], fast["speed"], fast["long_bad"]) == ("late_2", "fast", 2)
    assert [(one["limit"], one["long_bad"], one["long_rate"]) for one in slow] == [
        ("late_2", 20, 10.0),
        ("delayed_1", 20, 20.0),
        ("failed_01", 0, 0.0),
    ]
