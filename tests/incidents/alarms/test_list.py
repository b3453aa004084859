"""The list of alarms: what the URL asks for, pages cut by position, one verb over many, saved views, causes."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.http import QueryDict

from incidents.alarms import causes, lists, saved, services, work
from incidents.alarms.models import Alarm, SavedView
from oncall import clock
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
PROMETHEUS, SCRIPTS = UUID(int=5), UUID(int=6)


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def fire(policy, key, *, at=NOW, severity=2, source=PROMETHEUS, title="", product="", stage=""):
    firing = services.Firing(
        title=title or f"alarm {key}", severity=severity, source_id=source, source="Prometheus" if source == PROMETHEUS
        else "Scripts", key=key, product=product, stage=stage,
    )  # fmt: skip
    return services.fire(firing=firing, policy=policy, now=at)


def titles(client, query):
    page = client.get(f"/alarms/?{query}").context["page"]
    return [alarm.title for alarm in page.rows]


def test_each_filter_of_the_url_narrows_the_list(as_ada, policy, ada):
    fire(policy, "a", severity=1, product="DM/Prompt", stage="ap_pipe")
    fire(policy, "b", severity=3, source=SCRIPTS, product="DM/Prompt/Fan Out")
    held = fire(policy, "c", product="DM/Promptness", at=NOW - timedelta(days=3))
    work.acknowledge(alarm=held, by=ada, now=NOW)
    over = fire(policy, "d")
    services.resolve(alarm=over, by=ada, cause="network", now=NOW)

    assert sorted(titles(as_ada, "")) == ["alarm a", "alarm b", "alarm c"]
    assert titles(as_ada, "severity=1&severity=2") == ["alarm a", "alarm c"]
    assert titles(as_ada, f"source={SCRIPTS}") == ["alarm b"]
    assert sorted(titles(as_ada, "product=DM/Prompt")) == ["alarm a", "alarm b"]
    assert titles(as_ada, "stage=ap_pipe") == ["alarm a"]
    assert titles(as_ada, "held=me") == ["alarm c"]
    assert titles(as_ada, "q=ALARM%20B") == ["alarm b"]
    assert sorted(titles(as_ada, "last=24h")) == ["alarm a", "alarm b"]
    assert titles(as_ada, "until=2027-03-21T00:00:00Z") == ["alarm c"]
    assert titles(as_ada, "state=all&cause=network") == ["alarm d"]
    assert titles(as_ada, "state=resolved&cause=none") == []


@pytest.mark.parametrize(
    ("query", "field", "remedy"),
    [
        ("state=odd", "state", "open, firing"),
        ("severity=6", "severity", "1 (worst) to 5"),
        ("source=x", "source", "from the list"),
        ("cause=gremlins", "cause", "network"),
        ("since=yesterday", "since", "2027-03-20T23:45:00Z"),
        ("until=9999-12-31T23:59:59-14:00", "until", "1990 to 2099"),
    ],
)
def test_what_makes_no_sense_in_the_url_is_said_and_the_rest_counts(as_ada, policy, query, field, remedy):
    fire(policy, "a")
    answer = as_ada.get(f"/alarms/?{query}&q=alarm")

    assert answer.status_code == 200
    assert [alarm.title for alarm in answer.context["page"].rows] == ["alarm a"]
    (error,) = answer.context["wrong"]
    assert error.startswith(f"{field}: ")
    assert remedy in error


def test_the_url_says_what_was_asked_and_is_read_back_the_same(policy):
    wanted = lists.Wanted(
        state="resolved", severities=(1, 2), source=SCRIPTS, product="DM/Prompt", stage="isr", cause="network",
        words="a & b", last="7d", since=NOW, until=NOW + timedelta(days=1), held=True,
    )  # fmt: skip

    assert lists.wanted_from(QueryDict(wanted.query)) == (wanted, [])


def test_pages_hold_every_alarm_once_also_those_of_one_instant_and_lead_back(as_ada, policy):
    for n in range(120):
        fire(policy, f"{n:03}", at=NOW - timedelta(seconds=n // 3))

    seen, query, sizes = [], "", []
    while True:
        page = as_ada.get(f"/alarms/?{query}").context["page"]
        seen += [alarm.key for alarm in page.rows]
        sizes.append(len(page.rows))
        if not page.older:
            break
        query = page.older
    assert sizes == [50, 50, 20]
    assert sorted(seen) == [f"{n:03}" for n in range(120)]
    back = as_ada.get(f"/alarms/?{page.newer}").context["page"]
    assert [alarm.key for alarm in back.rows] == seen[50:100]


def test_a_page_costs_the_same_queries_for_one_alarm_and_for_fifty(as_ada, policy, django_assert_num_queries, ada):
    first = fire(policy, "first")
    work.acknowledge(alarm=first, by=ada, now=NOW)
    as_ada.get("/alarms/")
    with django_assert_num_queries(6):  # session, reader, page, views, sources, clock
        as_ada.get("/alarms/")
    for n in range(49):
        work.acknowledge(alarm=fire(policy, f"{n}"), by=ada, now=NOW)
    with django_assert_num_queries(6):
        as_ada.get("/alarms/")


def test_sources_are_named_by_their_last_alarm(policy):
    fire(policy, "a")
    fire(policy, "b", source=SCRIPTS)

    assert lists.sources() == [(PROMETHEUS, "Prometheus"), (SCRIPTS, "Scripts")]


def press(client, *alarms, **fields):
    boxes = [f"{alarm.pk}:{alarm.cycle}" for alarm in alarms]
    return client.post("/alarms/bulk/", {"alarm": boxes, "query": "state=all", **fields}, follow=True)


def test_everything_ticked_is_acknowledged_and_who_was_first_is_named(as_ada, policy, ada, grace):
    mine, theirs = fire(policy, "a"), fire(policy, "b")
    work.acknowledge(alarm=theirs, by=grace, now=NOW)
    text = press(as_ada, mine, theirs, then="acknowledge").content.decode()

    assert Alarm.objects.get(pk=mine.pk).acknowledged_by == ada
    assert Alarm.objects.get(pk=theirs.pk).acknowledged_by == grace
    assert "1 alarm yours now." in text
    assert "Grace Okafor took this at 03:10 UTC." in text


def test_everything_ticked_is_resolved_with_its_cause(as_ada, policy):
    one, other = fire(policy, "a"), fire(policy, "b")
    answer = press(as_ada, one, other, then="resolve", cause="database")

    assert list(Alarm.objects.values_list("state", "cause")) == [("resolved", "database")] * 2
    assert answer.redirect_chain == [("/alarms/?state=all", 302)]


def test_a_press_after_it_began_anew_resolves_nothing(as_ada, policy):
    alarm = fire(policy, "a", severity=3)
    fire(policy, "a", severity=1)
    text = press(as_ada, alarm, then="resolve").content.decode()

    assert Alarm.objects.get(pk=alarm.pk).state == "firing"
    assert "has begun anew since that page" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"then": "acknowledge", "alarm": ["x", ":", "0:0"]}, "No alarm is ticked"),
        ({"then": "dance"}, "Nothing was done"),
        ({"then": "resolve", "cause": "gremlins"}, "Nothing was done"),
        ({"then": "note", "text": "  "}, "The note is empty"),
    ],
)
def test_an_odd_press_changes_nothing_and_says_so(as_ada, policy, fields, words):
    alarm = fire(policy, "a")
    before = Alarm.objects.values().get(pk=alarm.pk)

    assert words in press(as_ada, alarm, **fields).content.decode()
    assert Alarm.objects.values().get(pk=alarm.pk) == before


def test_a_list_is_saved_under_a_name_and_only_its_owner_removes_it(as_ada, client, ada, grace):
    as_ada.post("/alarms/views/", {"name": " My  nights ", "query": "severity=1&state=all&odd=1", "shared": "yes"})
    (view,) = SavedView.objects.all()
    client.force_login(grace)
    text = client.get("/alarms/").content.decode()
    refused = client.post(f"/alarms/views/{view.pk}/remove/")

    assert (view.name, view.query, view.person) == ("My nights", "state=all&severity=1", ada)
    assert '<a href="/alarms/?state=all&amp;severity=1">My nights <span class="muted">(Ada)</span></a>' in text
    assert refused.status_code == 404
    assert SavedView.objects.count() == 1


def test_a_view_of_the_same_name_takes_the_place_of_the_one_before(ada):
    for query in ("severity=1", "severity=2"):
        saved.save(person=ada, name="Mine", query=query, shared=False, now=NOW)

    assert list(SavedView.objects.values_list("query", flat=True)) == ["severity=2"]


def test_the_cause_is_said_later_and_is_a_line_in_the_log(as_ada, policy, ada):
    alarm = fire(policy, "a")
    services.resolve(alarm=alarm, now=NOW)
    as_ada.post(f"/alarms/{alarm.pk}/cause/", {"cause": "service"})

    alarm.refresh_from_db()
    assert alarm.cause == "service"
    assert alarm.log.last().text == "Cause: service."


def test_an_open_alarm_has_no_cause_and_one_that_comes_back_has_none_any_more(policy, ada):
    alarm = fire(policy, "a")
    with pytest.raises(causes.NotOver, match="when you resolve it"):
        causes.say(alarm=alarm, cause="service", by=ada, now=NOW)
    services.resolve(alarm=alarm, by=ada, cause="network", now=NOW)
    fire(policy, "a", at=NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert (alarm.cycle, alarm.cause) == (2, "")


def test_causes_are_counted_by_the_year_in_utc_in_which_alarms_fired(as_ada, policy, ada):
    for key, at, severity, cause in (
        ("a", NOW, 1, "network"), ("b", NOW, 2, "network"), ("c", NOW, 2, ""), ("d", NOW, 3, "service"),
        ("e", NOW.replace(year=2026, month=12, day=31, hour=23), 2, "database"),
    ):  # fmt: skip
        alarm = fire(policy, key, at=at, severity=severity)
        services.resolve(alarm=alarm, by=ada, cause=cause, now=at + timedelta(minutes=10))

    assert [(year.year, [(one.cause, one.count, one.lasted) for one in year.shares]) for year in causes.by_year()] == [
        (2027, [("network", 2, timedelta(minutes=20)), ("", 1, timedelta(minutes=10))]),
        (2026, [("database", 1, timedelta(minutes=10))]),
    ]
    text = as_ada.get("/alarms/causes/").content.decode()
    assert "2027: network 2, nobody has said 1" in text
    assert "66.7 %" in text


def test_the_api_filters_by_what_is_below_a_product(as_ada, policy):
    fire(policy, "a", product="DM/Prompt")
    fire(policy, "b", product="DM/Prompt/Fan Out")
    fire(policy, "c", product="DM/Promptness")
    found = as_ada.get("/api/v1/alarms/", {"product": "DM/Prompt"}).json()["results"]

    assert sorted(one["key"] for one in found) == ["a", "b"]


def test_older_and_newer_carry_the_filters_along(as_ada, policy):
    for n in range(51):
        fire(policy, f"{n}", severity=1)
    older = as_ada.get("/alarms/?severity=1&q=alarm").context["page"].older

    assert {name: values for name, values in parse_qs(urlsplit(f"?{older}").query).items() if name != "older"} == {
        "severity": ["1"],
        "q": ["alarm"],
    }


def test_the_tabs_of_states_keep_every_other_filter(as_ada, policy):
    text = as_ada.get("/alarms/?severity=1&q=kafka&last=7d").content.decode()

    assert '<a href="?state=resolved&amp;severity=1&amp;q=kafka&amp;last=7d">Resolved</a>' in text


def test_enter_in_the_note_adds_the_note_since_its_button_is_the_first_of_the_form(as_ada, policy):
    fire(policy, "a")
    text = as_ada.get("/alarms/").content.decode()
    form = text[text.index('action="/alarms/bulk/"') :]

    assert re.findall(r'<button[^>]* name="then" value="(\w+)"', form) == ["note", "acknowledge", "resolve", "note"]
