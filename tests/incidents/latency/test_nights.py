"""The pages of nights and budgets: what people see of them, with drawings and without."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.alarms import services as alarms
from incidents.alarms.models import LATENCY
from incidents.latency import budget_queries as queries
from incidents.latency.models import Visit
from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.limits.services import set_limit
from tests.incidents.latency.nights import night

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 6, 23, 15, 0, tzinfo=UTC)
BEGIN = datetime(2027, 6, 21, 2, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def page(client, ada):
    client.force_login(ada)
    return lambda address, **said: client.get(address, **said).content.decode()


def rows_of(answer: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer)))


def test_a_night_says_its_verdicts_and_what_it_used(page):
    night("g" * 20 + "f" * 243 + "g" * 20 + "n" * 3, begin=BEGIN, day_obs=20270620)

    shown = page("/nights/20270620/")

    assert "283 of 286 visits are eligible." in shown
    assert "3 without templates" in shown
    assert "4.1 %" in shown
    assert "81.0 %" in shown
    assert "2 h 29 min" in shown
    assert "Our reading of LSR-REQ-0025" in shown


def test_its_drawing_has_a_dot_for_each_eligible_visit_and_a_table_beside_it(page):
    night("gggdfn", begin=BEGIN, day_obs=20270620)

    shown = page("/nights/20270620/")

    assert shown.count('class="lb-dot in_time"') == 3
    assert shown.count('class="lb-dot delayed"') == 1
    assert shown.count('class="lb-dot failed"') == 1
    assert 'role="img" aria-label="Seconds from the end of readout' in shown
    assert "Hour by hour, as a table" in shown


def test_an_outage_that_may_still_be_caught_up_says_so(page):
    night("gg" + "p" * 30, begin=NOW - timedelta(minutes=30), day_obs=20270623)

    shown = page("/nights/20270623/")

    assert "goes on" in shown
    assert "If nothing more is sent" in shown


def test_a_night_links_to_the_nights_with_visits_beside_it(page):
    for day in (18, 20, 21):
        night("g", begin=datetime(2027, 6, day, 23, 0, tzinfo=UTC), day_obs=20270600 + day)

    shown = page("/nights/20270620/")

    assert 'href="/nights/20270618/" rel="prev"' in shown
    assert 'href="/nights/20270621/" rel="next"' in shown


def test_a_night_without_visits_is_a_page(page):
    assert "Nothing was reported of this night" in page("/nights/20270101/")


@pytest.mark.parametrize("day", ["2027", "20270230", "x", "99999999"])
def test_what_is_no_night_is_not_found(client, ada, day):
    client.force_login(ada)

    assert client.get(f"/nights/{day}/").status_code == 404


def test_a_night_asks_as_often_for_a_thousand_visits_as_for_ten(client, ada, django_assert_num_queries):
    client.force_login(ada)
    night("gggggggggd", begin=BEGIN, day_obs=20270620)
    night("g" * 400 + "d" * 30 + "f" * 70, begin=BEGIN + timedelta(days=1), day_obs=20270621)
    with django_assert_num_queries(10):
        client.get("/nights/20270620/")
    with django_assert_num_queries(10):
        client.get("/nights/20270621/")


def test_its_visits_as_a_table_file_hold_no_formula(page):
    night("gd", begin=BEGIN, day_obs=20270620)
    Visit.objects.filter(visit_id=2027062000002).update(survey_block='=HYPERLINK("http://x")', band="+r")

    first, second = rows_of(page("/nights/20270620/?as=csv"))

    assert (first["visit_id"], first["verdict"], first["last_sent_s"]) == ("2027062000001", "in_time", "50.0")
    assert (second["survey_block"], second["band"]) == ('\'=HYPERLINK("http://x")', "'+r")


def test_the_year_shows_what_is_used_and_left(page):
    night("g" * 20 + "f" * 243, begin=BEGIN, day_obs=20270620)

    shown = page("/nights/")

    assert "Year 2: 24 Feb 2027 to 23 Feb 2028" in shown
    assert "<strong>81.0 %</strong>" in shown
    assert "5,757" in shown
    assert 'class="lb-line failed_01"' in shown


def test_the_year_asks_as_often_for_a_hundred_nights_as_for_one(client, ada, django_assert_num_queries):
    client.force_login(ada)
    night("gd", begin=BEGIN, day_obs=20270620)
    with django_assert_num_queries(6):
        client.get("/nights/")
    for n in range(1, 29):
        night("gd", begin=datetime(2027, 5, n, 23, 0, tzinfo=UTC), day_obs=20270500 + n)
    with django_assert_num_queries(6):
        client.get("/nights/")


def test_a_month_lists_its_nights(page):
    night("g", begin=datetime(2027, 5, 3, 23, 0, tzinfo=UTC), day_obs=20270503)
    night("g", begin=BEGIN, day_obs=20270620)

    shown = page("/nights/?month=202705")

    assert "Nights of May 2027" in shown
    assert "/nights/20270503/" in shown
    assert "/nights/20270620/" not in shown


def test_nights_before_the_start_are_shown_apart(page):
    night("gd", begin=datetime(2026, 2, 1, 23, 0, tzinfo=UTC), day_obs=20260201)

    assert "/nights/20260201/" in page("/nights/?year=0")
    assert "/nights/20260201/" not in page("/nights/?year=1")


@pytest.mark.parametrize("query", ["year=3", "year=x", "year=9999", "year=-1", "year=%C2%B2"])
def test_a_year_that_is_none_is_not_found(client, ada, query):
    client.force_login(ada)

    assert client.get(f"/nights/?{query}").status_code == 404


@pytest.mark.parametrize("query", ["month=x", "month=202713", "month=%00", "month=" + "9" * 99])
def test_an_odd_month_shows_the_latest_nights(client, ada, query):
    client.force_login(ada)

    assert client.get(f"/nights/?{query}").status_code == 200


def test_the_year_as_a_table_file_has_the_shares_unrounded(page):
    night("ggd", begin=BEGIN, day_obs=20270620)

    (row,) = rows_of(page("/nights/?as=csv"))

    assert (row["day_obs"], row["counts"], row["eligible"], row["delayed"]) == ("20270620", "yes", "3", "1")
    assert float(row["late_2_of_year"]) == 0.000166667
    assert float(row["late_2_of_night"]) == 16.666666667
    assert row["failed_01_of_year"] == "0"


def test_a_month_in_which_the_year_turns_is_measured_with_all_its_nights_as_a_night_says(page):
    set_limit(name="budget_starts_on", value=20260615, effective_from=NOW - timedelta(days=1))
    night("d" * 100, begin=datetime(2027, 6, 11, 2, 0, tzinfo=UTC), day_obs=20270610)
    night("d" * 50, begin=BEGIN, day_obs=20270620)

    shown = page("/nights/")

    june = shown.split("month=202706")[1].split("</tr>")[0]
    assert re.findall(r"[\d.]+ %", june) == ["30.0 %", "60.0 %", "0.0 %", "0.8 %", "1.7 %", "0.0 %"]
    assert "1 night of another year" in june
    assert "<strong>0.8 %</strong>" in shown  # of the year, 50 of 6,000


def test_a_month_in_which_the_budget_starts_leaves_out_the_nights_before(page):
    set_limit(name="budget_starts_on", value=20270615, effective_from=NOW - timedelta(days=1))
    night("d" * 100, begin=datetime(2027, 6, 11, 2, 0, tzinfo=UTC), day_obs=20270610)
    night("d" * 50, begin=BEGIN, day_obs=20270620)

    june = page("/nights/").split("month=202706")[1].split("</tr>")[0]

    assert re.findall(r"[\d.]+ %", june)[:2] == ["10.0 %", "20.0 %"]


def test_a_month_without_nights_shows_the_latest_and_says_so(page):
    night("g", begin=BEGIN, day_obs=20270620)

    shown = page("/nights/?month=202705")

    assert "Latest nights" in shown
    assert "Nights of May" not in shown


def test_the_nights_of_a_year_are_counted_from_the_index_alone(db):
    with CaptureQueriesContext(connection) as asked:
        queries.counts_by_night(date(2027, 2, 24), date(2028, 2, 24))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")  # the table is empty here
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Only Scan using visit_of_night" in plan


def test_the_pilot_sets_when_the_budget_starts(client, pilot):
    client.force_login(pilot)

    client.post("/nights/start/", {"starts_on": "2027-03-01"})

    row = Limit.objects.filter(name="budget_starts_on").order_by("-effective_from").first()
    assert (row.value, row.effective_from, row.source) == (20270301, NOW, "Set by Petra Pilot")
    assert "Year 1: 1 Mar 2027" in client.get("/nights/").content.decode()


def test_nobody_else_sets_it(client, ada):
    client.force_login(ada)

    assert client.post("/nights/start/", {"starts_on": "2027-03-01"}).status_code == 403


@pytest.mark.parametrize("typed", ["", "x", "1027-03-01", "2127-03-01"])
def test_a_start_that_is_no_night_is_refused_at_its_field(client, pilot, typed):
    client.force_login(pilot)

    answer = client.post("/nights/start/", {"starts_on": typed})

    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()


@pytest.mark.parametrize(("typed", "status"), [("20261399", 400), ("7", 400), ("20270301", 302)])
def test_a_limit_that_is_a_night_is_checked_where_limits_are_set(client, pilot, typed, status):
    client.force_login(pilot)

    answer = client.post("/limits/budget_starts_on/", {"value": typed, "source": "x"})

    assert answer.status_code == status


def test_a_start_that_somehow_is_no_night_counts_everything(page):
    set_limit(name="budget_starts_on", value=1, effective_from=NOW - timedelta(days=1))
    night("gd", begin=BEGIN, day_obs=20270620)

    assert "Year 38" in page("/nights/")


def cut(fired: datetime, resolved: datetime | None):
    firing = alarms.Firing(title="Images and no alerts", severity=2, source_id=LATENCY, source="x", key="alerts.none")
    alarm = alarms.fire(firing=firing, policy=None, now=fired)
    if resolved:
        alarms.resolve(alarm=alarm, now=resolved)
    return alarm


def test_an_alarm_says_what_its_outage_cost_with_what_was_lost_before_it_fired(page, policy):
    night("g" * 20 + "f" * 243 + "g" * 20, begin=BEGIN, day_obs=20270620)
    alarm = cut(BEGIN + timedelta(minutes=18), BEGIN + timedelta(hours=3))

    shown = page(reverse("alarm_cost", args=[alarm.pk]))

    assert "<strong>243</strong> visits not in time" in shown
    assert "81.0 % of the year" in shown
    assert "/nights/20270620/" in shown


def test_an_outage_counts_whole_however_late_its_alarm_fired_and_however_early_it_was_resolved(page, policy):
    night("g" * 20 + "f" * 243 + "g" * 20, begin=BEGIN, day_obs=20270620)  # 02:22:20 to 04:52:11
    alarm = cut(BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=2, minutes=5))

    shown = page(reverse("alarm_cost", args=[alarm.pk]))

    assert "<strong>243</strong> visits not in time" in shown
    assert "Its outage is counted whole, from" in shown
    assert shown.count('datetime="2027-06-21T02:22:20') == 1
    assert shown.count('datetime="2027-06-21T04:52:11') == 1


def test_of_an_alarm_that_was_open_for_days_the_outages_of_the_first_24_hours_count(page, policy):
    night("d" * 10, begin=BEGIN, day_obs=20270620)
    night("d" * 7, begin=BEGIN + timedelta(hours=30), day_obs=20270622)
    alarm = cut(BEGIN, BEGIN + timedelta(days=2))

    shown = page(reverse("alarm_cost", args=[alarm.pk]))

    assert "<strong>10</strong> visits not in time" in shown
    assert "these are the outages of its first 24 hours" in shown


def test_what_an_alarm_cost_is_one_question_to_the_visits(policy, django_assert_num_queries):
    night("g" * 20 + "f" * 243 + "g" * 20, begin=BEGIN, day_obs=20270620)
    terms = queries.Terms.of(limits.at(NOW))

    with django_assert_num_queries(1):
        queries.cost_of(BEGIN, BEGIN + timedelta(hours=20), terms=terms, now=NOW)


def test_a_fragment_of_it_fits_into_the_page_of_the_alarm(client, ada, policy):
    client.force_login(ada)
    alarm = cut(BEGIN, BEGIN + timedelta(hours=2, minutes=30))

    shown = client.get(reverse("alarm_cost", args=[alarm.pk]), headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in shown
    assert "At the usual cadence 243 are taken" in shown


def test_the_page_of_a_latency_alarm_asks_for_its_cost(page, policy):
    firing = alarms.Firing(title="x", severity=2, source_id=LATENCY, source="latency watch", key="alerts.none")
    alarm = alarms.fire(firing=firing, policy=None, now=NOW)

    assert f'hx-get="{reverse("alarm_cost", args=[alarm.pk])}"' in page(f"/alarms/{alarm.pk}/")


def test_an_outage_of_another_hour_is_not_its(page, policy):
    night("dd" + "g" * 200, begin=BEGIN, day_obs=20270620)
    alarm = cut(BEGIN + timedelta(hours=1), BEGIN + timedelta(hours=2))

    assert "No visit that we know of was late" in page(reverse("alarm_cost", args=[alarm.pk]))
