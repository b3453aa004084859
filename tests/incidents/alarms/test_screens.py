"""Alarms on screens: the buttons do what they say, and what goes wrong is said beside the button."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.alarms import engine, services, work
from incidents.alarms.models import PEOPLE, Alarm
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Page
from rotations.coverage.services import refresh_due
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


def fire(policy, key="k", title="No alerts for images"):
    firing = services.Firing(title=title, severity=2, source_id=PEOPLE, source="test", key=key)
    alarm = services.fire(firing=firing, policy=policy, now=clock.now())
    engine.escalate_due(now=clock.now(), limits=limits.at(clock.now()))
    return alarm


@pytest.fixture
def alarm(policy):
    return fire(policy)


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


@pytest.fixture
def as_grace(client, grace):
    client.force_login(grace)
    return client


def press(client, alarm, verb, **fields):
    return client.post(reverse(f"alarm_{verb}", args=[alarm.pk]), fields)


def test_the_page_says_who_is_called_why_and_who_is_next(as_ada, alarm):
    text = as_ada.get(alarm.path).content.decode()

    assert "Calling <strong>Ada Moreno</strong>" in text
    assert "Paging Ada Moreno: on call for Triage" in text
    assert re.search(r"If nobody answers, <strong>Tier 2</strong>: Grace Okafor at", text)


def test_the_live_part_is_the_same_address(as_ada, alarm):
    text = as_ada.get(alarm.path, headers={"HX-Request": "true"}).content.decode()

    assert text.strip().startswith('<div id="live"')
    assert "<html" not in text


def test_one_press_takes_it(as_ada, alarm, ada):
    press(as_ada, alarm, "acknowledge")

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada


def test_who_is_late_reads_who_has_it_beside_the_button(as_grace, alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    response = press(as_grace, alarm, "acknowledge")

    assert response.status_code == 409
    assert "Ada Moreno took this at 03:10 UTC." in response.content.decode()


def test_a_page_drawn_before_the_last_step_cannot_escalate_again(as_ada, alarm):
    drawn = clock.now()
    clock.travel(timedelta(minutes=5, seconds=1))
    engine.escalate_due(now=clock.now(), limits=limits.at(clock.now()))
    response = press(as_ada, alarm, "escalate", as_of=drawn.isoformat())

    assert response.status_code == 409
    assert "already" in response.content.decode()


@pytest.mark.parametrize("as_of", ["", "yesterday", "2027-13-45T99:00:00Z", "2027-03-23T03:10:00"])
def test_a_strange_instant_in_the_form_is_no_reason_not_to_escalate(as_ada, alarm, as_of):
    assert press(as_ada, alarm, "escalate", as_of=as_of).status_code == 302


def test_an_empty_note_is_refused_where_it_was_written(as_ada, alarm):
    response = press(as_ada, alarm, "note", text="   ")

    assert response.status_code == 400
    assert "The note is empty. Write what you saw or did." in response.content.decode()


def test_a_note_is_shown_escaped(as_ada, alarm):
    press(as_ada, alarm, "note", text="<script>x</script>\nsecond line\x00")
    text = as_ada.get(alarm.path).content.decode()

    assert "&lt;script&gt;x&lt;/script&gt;<br>second line" in text


def test_paging_nobody_is_refused(as_ada, alarm):
    response = press(as_ada, alarm, "reassign", then="call_in")

    assert response.status_code == 400
    assert "Choose whom to page." in response.content.decode()


def test_paging_somebody_unreachable_says_what_to_do(as_ada, alarm):
    nora = make_person("Nora Nophone")
    response = press(as_ada, alarm, "reassign", then="call_in", person=nora.pk)

    assert response.status_code == 400
    assert "No telephone number and no mail address for Nora Nophone." in response.content.decode()


def test_one_more_person_is_paged_and_the_alarm_stays_where_it_is(as_ada, alarm, grace):
    press(as_ada, alarm, "acknowledge")
    press(as_ada, alarm, "reassign", then="call_in", person=grace.pk)

    alarm.refresh_from_db()
    assert alarm.state == "acknowledged"
    assert Page.objects.get(state="calling").person == grace


def test_handing_over_pages_the_other(as_ada, alarm, grace):
    press(as_ada, alarm, "acknowledge")
    press(as_ada, alarm, "reassign", then="reassign", person=grace.pk)

    alarm.refresh_from_db()
    assert alarm.state == "firing"


def test_resolving_ends_it(as_ada, alarm):
    press(as_ada, alarm, "resolve")

    alarm.refresh_from_db()
    assert alarm.state == "resolved"


def test_raising_needs_only_a_title(as_ada, policy):
    response = as_ada.post(reverse("alarm_raise"), {"title": "Dome does not open", "severity": 1})

    assert response.status_code == 302
    assert Alarm.objects.get().raised_by.username == "ada"


def test_raising_without_a_title_says_so(as_ada, policy):
    response = as_ada.post(reverse("alarm_raise"), {"title": "", "severity": 1})

    assert response.status_code == 400
    assert not Alarm.objects.exists()


def test_the_list_filters_by_state_and_words(as_ada, policy):
    fire(policy, key="a", title="Dome")
    services.resolve(alarm=fire(policy, key="b", title="Mirror"), now=NOW)

    assert "Mirror" not in as_ada.get(reverse("alarms")).content.decode()
    found = as_ada.get(reverse("alarms"), {"state": "all", "q": "mirr\x00"}).content.decode()
    assert "Mirror" in found
    assert "Dome" not in found


@pytest.mark.parametrize("query", ["?page=9999", "?page=x", "?state=nonsense", "?q=%00"])
def test_strange_queries_still_draw_the_list(as_ada, alarm, query):
    assert as_ada.get(reverse("alarms") + query).status_code == 200


def test_the_list_costs_the_same_however_many_there_are(as_ada, policy, django_assert_max_num_queries):
    for n in range(30):
        fire(policy, key=str(n))
    with django_assert_max_num_queries(8):
        as_ada.get(reverse("alarms"))


def test_an_alarm_s_page_costs_the_same_however_long_its_story(as_ada, alarm, ada, django_assert_max_num_queries):
    for n in range(30):
        work.note(alarm=alarm, by=ada, text=f"note {n}", now=NOW)
    with django_assert_max_num_queries(32):  # 8 of them are its two panels: its incident, its runs
        as_ada.get(alarm.path)


def test_home_shows_what_is_open_and_who_is_on_call(as_ada, alarm, django_assert_max_num_queries):
    refresh_due(now=clock.now())
    with django_assert_max_num_queries(29):
        text = as_ada.get("/").content.decode()

    assert "No alerts for images" in text
    assert "Ada Moreno" in text


def test_an_alarm_somebody_else_has_is_taken_over_in_one_press(as_grace, alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=clock.now())
    assert "Take it over from Ada Moreno" in as_grace.get(alarm.path).content.decode()

    press(as_grace, alarm, "take_over", holder=ada.pk)

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == grace


def test_taken_over_by_a_third_meanwhile_the_press_says_who_has_it(as_grace, alarm, ada, pilot):
    work.acknowledge(alarm=alarm, by=pilot, now=clock.now())

    response = press(as_grace, alarm, "take_over", holder=ada.pk)

    assert response.status_code == 409
    assert "Petra Pilot took this at" in response.content.decode()


def test_home_without_a_beat_does_not_say_that_all_is_well(as_ada, db):
    text = as_ada.get("/").content.decode()

    assert "UNKNOWN" in text
    assert "Nothing is open that we know of." in text
    assert "Nothing is open.</p>" not in text


def test_page_me_rings_oneself_and_raises_no_alarm(as_ada, ada):
    as_ada.post(reverse("page_me"))

    assert Page.objects.get().person == ada
    assert not Alarm.objects.exists()


def test_a_link_of_a_source_is_only_a_link_when_it_is_a_web_address(as_ada, policy):
    firing = services.Firing(
        title="x", severity=3, source_id=PEOPLE, source="s", key="z", link="javascript:alert(1)//http"
    )
    alarm = services.fire(firing=firing, policy=policy, now=NOW)

    assert "javascript:" not in as_ada.get(alarm.path).content.decode()
