"""Two people follow one playbook for one alarm, on a phone and on a desk."""

import pytest

from tests.browser.conftest import DESK, PHONE


@pytest.fixture
def alarm(system) -> str:
    return f"/alarms/{system.raise_for('bea', 'nextvisit.none: end of readout without nextVisit')}/"


def test_two_follow_one_run_and_nobody_loses_what_they_type(system, visitor, alarm):
    bea = visitor(PHONE, scripts=False).sign_in("bea").go(alarm)
    bea.press("Follow it, step by step")
    run = bea.page.url.removeprefix(bea.base)
    ada = visitor(DESK).sign_in("ada").go(run)
    ada.page.fill("#missing", "The address of the registry")

    bea.page.locator("#step-1").get_by_role("button", name="Yes 2. Does the fan-out log").click()
    assert bea.page.url.endswith("#step-2")
    ada.page.locator("#step-1 .badge", has_text="yes").wait_for()
    ada.page.locator("#step-2.run-next").wait_for()
    bea.page.locator("#step-2").get_by_role("button", name="Yes 3. Put the registry's new IP in").click()
    assert bea.page.locator("#step-3.run-next").get_by_role("button", name="Page SQuaRE").is_visible()
    bea.page.locator("#step-3").get_by_role("button", name="Yes 7. Do nextVisits arrive again?").click()
    ada.page.locator("#step-7.run-next").wait_for()
    ada.page.locator("#step-4.run-folded").wait_for()

    assert ada.page.input_value("#missing") == "The address of the registry"
    ada.page.locator("#step-7").get_by_role("button", name="Yes Over: solved").click()
    ada.page.wait_for_url("**#run-end")
    assert ada.page.input_value("#run-solved") == "3"  # the last step but the one that looks whether it helped
    ada.press("It is solved: end it")
    ada.sees("Over: solved")
    bea.go(alarm)
    bea.sees("solved, by step 3")
    assert not bea.overflows()
    assert not ada.overflows()
    assert ada.complaints == []
