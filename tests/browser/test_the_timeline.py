"""The timeline by keyboard, on a phone, and without scripts."""

import pytest

from tests.browser.conftest import DESK, PHONE

TIMELINE = "/rotations/timeline/"


def focused(page) -> str:
    name: str = page.evaluate(
        "(document.activeElement.getAttribute('aria-label') || '').split(',').slice(0, 2).join(',')"
    )
    return name


def test_arrow_keys_go_from_shift_to_shift_and_enter_shows_one(system, visitor):
    """Ada is always on for Triage and Grace for Experts, in weeks that change at 09:00 on Monday in California."""
    ada = visitor(DESK).sign_in("ada").go(f"{TIMELINE}?reach=month")
    page = ada.page
    stops = page.locator("a.tl-shift[tabindex='0']")
    stops.first.wait_for()
    assert stops.count() == 1  # one stop of the Tab key, however many shifts

    stops.first.focus()
    page.keyboard.press("Home")
    assert focused(page) == "Grace Okafor, Experts primary"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Ada Moreno, Triage primary"
    first = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert second.startswith("Ada Moreno, Triage primary, Mon ")
    assert second != first
    page.keyboard.press("ArrowUp")
    assert focused(page) == "Grace Okafor, Experts primary"

    page.keyboard.press("Enter")
    ada.sees("1st of 1 in Experts")
    assert page.url.endswith("?reach=month")  # the chart stays where it is
    page.keyboard.press("Escape")
    assert focused(page) == "Grace Okafor, Experts primary"
    assert ada.complaints == []


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_without_scrolling_the_page_sideways(system, visitor, dark):
    ada = visitor(PHONE, dark=dark).sign_in("ada")
    for path in (TIMELINE, f"{TIMELINE}?as=chart&reach=month", f"{TIMELINE}?down=people", "/rotations/quality/"):
        ada.go(path)
        ada.sees("Ada Moreno")
        assert not ada.overflows(), path
        assert ada.complaints == [], path


def test_on_a_phone_the_days_go_down_as_a_list(system, visitor):
    ada = visitor(PHONE).sign_in("ada").go(TIMELINE)
    assert ada.page.locator(".tl-list > li").count() == 7
    assert ada.page.locator(".tl-list").is_visible()
    assert not ada.page.locator("table.tl").is_visible()
    ada.page.get_by_role("link", name="As a chart").click()
    ada.page.locator("table.tl").wait_for()
    names = ada.page.locator("table.tl tbody th").first
    before = names.bounding_box()
    ada.page.evaluate("document.querySelector('.tl-scroll').scrollLeft = 200")
    assert names.bounding_box() == before  # the names stay while the days move


def test_everything_is_a_link_without_scripts(system, visitor):
    ada = visitor(DESK, scripts=False).sign_in("ada").go(TIMELINE)
    ada.page.get_by_role("link", name="Fortnight").click()
    assert ada.page.locator("table.tl.reach-fortnight").count() == 1
    ada.page.get_by_role("link", name="Later").click()
    ada.page.get_by_role("link", name="UTC").click()
    ada.page.locator("a.tl-shift").last.click()
    ada.sees("1st of 1 in Triage")
