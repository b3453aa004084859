"""From a ringing telephone to the step that helps, by somebody who has never seen a playbook."""

import pytest

from tests.browser.conftest import DESK, PHONE


@pytest.fixture
def alarm(system) -> str:
    return f"/alarms/{system.raise_for('bea', 'nextvisit.none: end of readout without nextVisit')}/"


def test_a_newcomer_reaches_the_step_that_puts_the_registry_s_address_right_in_two_presses(system, visitor, alarm):
    """The link in the page's text message shows the alarm. One press opens P6; its first answer leads to the log that
    names the cause, with the cure beneath it on the same screen.
    """
    bea = visitor(PHONE).sign_in("bea").go(alarm)
    page, presses = bea.page, 0
    for words in (
        "Open the playbook: nextVisit is not arriving",
        "Yes 2. Does the fan-out log name the schema registry?",
    ):
        page.get_by_role("link", name=words, exact=True).first.click()
        presses += 1

    page.locator("#step-2").get_by_text("the registry's IP has changed after work on Sasquatch").wait_for()
    assert page.evaluate("document.querySelector('#step-2').getBoundingClientRect().top") < PHONE["height"] / 2
    cure = page.locator("#step-3")
    assert page.evaluate("document.querySelector('#step-3 h3').getBoundingClientRect().bottom") < PHONE["height"]
    assert presses == 2
    assert "page SQuaRE" in cure.inner_text()
    assert "kafka.schemaRegistryUrl" in cure.inner_text()
    assert not bea.overflows()
    assert bea.complaints == []


def test_a_command_is_copied_by_its_button(system, visitor):
    bea = visitor(DESK).sign_in("bea")
    bea.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    bea.go("/playbooks/p6/")
    bea.page.locator("#step-2").get_by_role("button", name="Copy").click()

    bea.page.locator("#step-2").get_by_role("button", name="Copied").wait_for()
    assert bea.page.evaluate("navigator.clipboard.readText()") == (
        "kubectl logs deployment/next-visit-fan-out -n next-visit-fan-out --tail=50"
    )


def test_without_scripts_the_steps_are_read_beside_the_alarm(system, visitor, alarm):
    bea = visitor(PHONE, scripts=False).sign_in("bea").go(alarm)
    bea.page.get_by_text("7 steps, here").click()

    bea.sees("Does the fan-out log name the schema registry?")
    assert not bea.overflows()


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("dark", [False, True])
def test_no_page_scrolls_sideways(system, visitor, size, dark):
    admin = visitor(size, dark=dark).sign_in("admin")

    for path in ("/playbooks/", "/playbooks/p1/", "/playbooks/p6/edit/", "/playbooks/p6/history/"):
        admin.go(path)
        assert admin.page.locator("h1").is_visible(), path
        assert not admin.overflows(), path
        assert admin.complaints == [], path
