import pytest

from oncall.people.models import Site
from rotations.night.models import Window
from tests.rotations.conftest import signed_in

LIST, NEW = "/nights/windows/", "/nights/windows/new/"


def typed(**fields) -> dict:
    return {
        "name": "late",
        "label": "Late",
        "kind": "night",
        "starts": "22:30 America/Los_Angeles",
        "ends": "sunrise",
        **fields,
    }


def address(name: str) -> str:
    return f"{LIST}{Window.objects.get(name=name).pk}/"


def test_everybody_sees_the_windows_and_what_they_are_tonight(client, ada):
    page = signed_in(client, ada).get(LIST).content.decode()

    assert "evening_12 - 75 min to europe.start + 30 min" in page
    assert "Mon 15:28 to 23:30" in page  # West on 22 March, in California
    assert "Tue 07:00 to 11:26" in page  # Europe, in Paris
    assert NEW not in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_who_may_configure_changes_windows(client, ada, method):
    browser = signed_in(client, ada)

    assert getattr(browser, method)(NEW, typed()).status_code == 403
    assert getattr(browser, method)(address("west"), typed()).status_code == 403
    assert browser.post(f"{address('west')}delete/").status_code == 403
    assert Window.objects.count() == 5


def test_the_pilot_makes_a_window(client, pilot):
    answer = signed_in(client, pilot).post(NEW, typed(), follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert "Late is saved." in answer.content.decode()
    assert Window.objects.get(name="late").starts == "22:30 America/Los_Angeles"


def test_the_pilot_makes_a_clock_window(client, pilot):
    clock = {"kind": "clock", "time_zone": "Europe/Paris", "since": "09:00", "until": "17:00", "weekdays": ["1", "2"]}

    signed_in(client, pilot).post(NEW, typed(**clock))

    assert (Window.objects.get(name="late").weekdays, Window.objects.get(name="late").starts) == ([1, 2], "")


def test_a_warning_names_empty_nights(client, pilot):
    answer = signed_in(client, pilot).post(NEW, typed(starts="evening_12", ends="00:45 UTC"), follow=True)

    assert "late is empty on" in answer.content.decode()


def test_a_refused_window_says_why_at_its_field_and_changes_nothing(client, pilot):
    answer = signed_in(client, pilot).post(NEW, typed(ends="europa.start"))

    assert answer.status_code == 400
    assert answer.context["form"].errors["ends"][0].startswith("europa.start: there is no window “europa”.")
    assert not Window.objects.filter(name="late").exists()


def test_what_is_typed_is_shown_before_it_is_saved(client, pilot):
    answer = signed_in(client, pilot).get(NEW, typed(name=""), headers={"HX-Request": "true"})

    page = answer.content.decode()
    assert page.lstrip().startswith("<h2>What it means</h2>")
    # Night of 22 March 2027: 22:30 Pacific is 05:30 UTC; the sun rises at 10:47 UTC.
    assert "Mon 22 Mar 2027" in page
    assert "Mon 22:30 to Tue 03:48" in page
    assert "Sat 20 Mar 2027" in page
    assert "The 21 nights of 2027 on which American and European clocks disagree" in page


def test_a_mistake_is_shown_while_typing(client, pilot):
    answer = signed_in(client, pilot).get(NEW, typed(starts="22:30 Pars"), headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "Starts: Column 7: “Pars” is not a time zone." in answer.content.decode()


def test_a_circle_is_shown_while_typing(client, pilot):
    answer = signed_in(client, pilot).get(
        address("europe"),
        typed(name="europe", starts="west.end"),
        headers={"HX-Request": "true"},
    )

    assert "europe.start → west.end → europe.start" in answer.content.decode()


def test_without_script_a_button_shows_the_same_and_saves_nothing(client, pilot):
    answer = signed_in(client, pilot).post(address("west"), typed(name="west", ends="sunset", show="1"))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<h1>Edit West, with Europe</h1>" in page
    assert "The next 7 nights" in page
    assert Window.objects.get(name="west").ends == "europe.start + 30 min"


def test_the_edit_page_shows_what_the_window_means_now(client, pilot):
    page = signed_in(client, pilot).get(address("west")).content.decode()

    assert "Mon 15:28 to 23:30" in page
    assert "8 h 2 min" in page


def test_a_window_others_mention_stays_and_the_reason_is_said(client, pilot):
    answer = signed_in(client, pilot).post(f"{address('europe')}delete/", follow=True)

    assert "west refers to europe. Give it other bounds first." in answer.content.decode()
    assert Window.objects.filter(name="europe").exists()


def test_a_window_nobody_needs_is_removed(client, pilot):
    answer = signed_in(client, pilot).post(f"{address('early-night-chile')}delete/", follow=True)

    assert "Early night, Chile is gone." in answer.content.decode()
    assert not Window.objects.filter(name="early-night-chile").exists()


def test_without_an_observing_site_the_screens_say_so(client, pilot):
    Site.objects.update(observing=False)
    browser = signed_in(client, pilot)

    for page in (browser.get(LIST), browser.get(address("west")), browser.post(NEW, typed())):
        assert "No site is marked as observing" in page.content.decode()
