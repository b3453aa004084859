"""What the rules say, on screens and to programs; how the pilot changes and waives them."""

from datetime import timedelta

import pytest

from incidents.latency import ingest, watch
from incidents.latency.models import Rule, SurveyBlock
from incidents.latency.recording import DELIVERY, VISIT
from incidents.latency.tonight import tonight as state_of
from oncall import clock
from oncall.limits import queries as limits
from tests.incidents.latency import recorded

pytestmark = pytest.mark.django_db
NOW = recorded.at(37 * 20 + 70)  # visit 20 has had its alerts


@pytest.fixture(autouse=True)
def _at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def taken(visits, *, sent=True):
    """Visits as they are known now, with what was sent for them, and the rules asked."""
    in_force = limits.at(NOW)
    known = [one for n in visits for one in recorded.of_visit(n) if one.at <= NOW]
    ingest.take_visits(items=[one.body for one in known if one.kind == VISIT], now=NOW, limits=in_force)
    if sent:
        ingest.take_deliveries(items=[one.body for one in known if one.kind == DELIVERY], now=NOW, limits=in_force)
    watch.ask(now=NOW, limits=in_force)


def tonight(client):
    return client.get("/api/v1/latency/tonight/").json()


def test_fresh_images_whose_alerts_were_in_time_are_sending(as_ada):
    taken(range(21))

    said = tonight(as_ada)
    assert (said["state"], said["word"]) == ("sending", "SENDING")
    assert (said["visits"], said["in_time"]) == (21, 21)
    assert ">SENDING<" in as_ada.get("/").content.decode()


def test_home_is_unknown_as_soon_as_the_rules_were_not_asked_for_half_a_minute(as_ada, monkeypatch):
    taken(range(21))
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=31))

    said = tonight(as_ada)
    assert said["state"] == "unknown"
    assert said["text"].startswith("The latency rules were last asked at 20 Jun 23:03:30 UTC.")
    assert {one["says"] for one in said["rules"]} == {"blind"}
    page = as_ada.get("/").content.decode()
    assert ">SENDING<" not in page
    assert ">UNKNOWN<" in page


def test_where_nobody_ever_asked_it_is_unknown(as_ada):
    assert tonight(as_ada)["text"] == "The latency rules were never asked. Start the pulse or a worker."


def test_data_that_is_old_is_unknown(as_ada):
    taken(range(16))  # the last image is of 188 s ago

    assert tonight(as_ada)["state"] == "unknown"


def test_three_images_without_alerts_are_not_sending(as_ada):
    taken(range(21), sent=False)
    in_force = limits.at(NOW)
    later = NOW + timedelta(seconds=125)
    ingest.take_visits(items=[recorded.visit(n).body for n in range(21, 25)], now=later, limits=in_force)
    looked = watch.ask(now=later, limits=in_force)

    assert looked is not None
    assert state_of(looked).state == "not_sending"


def test_a_block_that_calls_for_no_alerts_is_not_expected(as_ada):
    SurveyBlock.objects.create(code="BLOCK-365", alerts_expected=False, first_seen_at=NOW, settled_at=NOW)
    taken(range(21))

    said = tonight(as_ada)
    assert (said["state"], said["text"]) == (
        "not_expected",
        "The last image is of 23:02:20 UTC; the survey block calls for no alerts.",
    )


def test_the_rules_are_listed_with_what_they_say(as_ada, django_assert_max_num_queries):
    taken(range(21))
    with django_assert_max_num_queries(8):
        page = as_ada.get("/latency/rules/").content.decode()

    assert [kind in page for kind in Rule.Kind.values] == [True] * 6
    assert "No nextVisit has come here for 7 days, so a missing one says nothing." in page
    assert ">BLIND<" in page


def edit(client, kind, **fields):
    row = Rule.objects.at(NOW).get(kind=kind)
    names = ("mode", "visits", "window_s", "severity", "worse_severity", "worse_after_s", "playbook", "product")
    said = {name: getattr(row, name) for name in names}
    said = {name: "" if value is None else value for name, value in said.items()}
    return client.post(f"/latency/rules/{kind}/", said | fields)


def test_the_pilot_changes_a_rule_and_what_was_before_stays(as_pilot, pilot):
    answer = edit(as_pilot, "alerts.none", window_s=240, mode="shadow", why="Fewer lost visits")

    assert answer.status_code == 302
    new, old = Rule.objects.filter(kind="alerts.none").order_by("-effective_from")
    assert (new.window_s, new.mode, new.by, new.why, new.effective_from) == (
        240, "shadow", pilot, "Fewer lost visits", NOW,
    )  # fmt: skip
    assert (old.window_s, old.mode, old.by) == (300, "paging", None)
    page = as_pilot.get("/latency/rules/alerts.none/").content.decode()
    assert "Fewer lost visits" in page
    assert "in shadow: pages nobody" in page


def test_a_severity_that_gets_no_worse_is_refused_beside_its_field(as_pilot):
    answer = edit(as_pilot, "alerts.none", worse_severity=3, why="x")

    assert answer.status_code == 400
    assert "SEV-3 is no worse than SEV-2. Choose a smaller number." in answer.content.decode()
    assert Rule.objects.filter(kind="alerts.none").count() == 1


def test_a_change_of_nothing_is_refused(as_pilot):
    answer = edit(as_pilot, "alerts.none", why="Just so")

    assert answer.status_code == 400
    assert "Nothing is different from the rule that is in force." in answer.content.decode()


def test_who_is_not_the_pilot_sees_rules_and_changes_none(as_ada):
    assert edit(as_ada, "alerts.none", window_s=240, why="x").status_code == 403
    assert as_ada.post("/latency/rules/alerts.none/waive/", {}).status_code == 403
    assert as_ada.post("/latency/rules/alerts.none/end-waiver/").status_code == 403
    assert "Let it be so" not in as_ada.get("/latency/rules/alerts.none/").content.decode()


@pytest.mark.parametrize(
    ("until", "why", "said"),
    [
        ("2027-06-22T06:00", "Release", "A waiver ends within 24 h, as a silence does."),
        ("2027-06-20T06:00", "Release", "A waiver ends within 24 h, as a silence does."),
        ("2027-06-21T06:00", "", "This field is required."),
        ("x", "Release", "Enter a valid date/time."),
    ],
)
def test_a_waiver_without_a_reason_or_a_near_end_is_refused(as_pilot, until, why, said):
    answer = as_pilot.post("/latency/rules/alerts.none/waive/", {"until": until, "waived_why": why})

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Rule.objects.filter(kind="alerts.none").count() == 1


def test_a_waiver_is_shown_with_its_reason_and_can_be_ended(as_pilot):
    posted = {"until": "2027-06-21T06:00", "waived_why": "New release"}
    assert as_pilot.post("/latency/rules/alerts.late/waive/", posted).status_code == 302
    page = as_pilot.get("/latency/rules/").content.decode()
    assert "Waived by Petra Pilot: New release" in page

    later = NOW + timedelta(minutes=1)
    clock.now, before = (lambda: later), clock.now
    try:
        assert as_pilot.post("/latency/rules/alerts.late/end-waiver/").status_code == 302
    finally:
        clock.now = before
    assert not Rule.objects.at(later).get(kind="alerts.late").is_waived(later)


@pytest.mark.parametrize("kind", ["alerts.some", "%00", "x" * 300])
def test_an_unknown_rule_is_not_there(as_ada, kind):
    assert as_ada.get(f"/latency/rules/{kind}/").status_code == 404
