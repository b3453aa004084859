"""The search box: one key from every screen."""

import re

from tests.browser.conftest import DESK, PHONE


def test_a_slash_leads_to_the_box_and_the_hit_opens(system, visitor):
    system.raise_for("bea", "Sextant drifts at dusk/dawn")
    bea = visitor(DESK).sign_in("bea")
    focused = "document.activeElement.matches('[data-search]')"

    bea.page.keyboard.press("/")
    assert bea.page.evaluate(focused)
    bea.page.keyboard.press("Escape")
    assert not bea.page.evaluate(focused)
    bea.page.keyboard.press("Control+/")
    assert not bea.page.evaluate(focused)
    bea.page.keyboard.press("/")
    bea.page.keyboard.type("dusk/dawn sextants")
    bea.page.keyboard.press("Enter")
    bea.page.wait_for_url(re.compile(r"/search/\?q="))

    assert bea.page.input_value("main [data-search]") == "dusk/dawn sextants"
    assert bea.page.locator("mark").all_inner_texts() == ["Sextant", "dusk", "dawn"]
    bea.page.get_by_role("link", name="Sextant drifts at dusk/dawn").click()
    bea.page.wait_for_url(re.compile(r"/alarms/[0-9a-f-]{36}/$"))
    assert bea.complaints == []


def test_on_a_phone_without_scripts_the_box_stands_on_every_screen(system, visitor):
    bea = visitor(PHONE, scripts=False).sign_in("bea")
    bea.page.get_by_label("Search everything").fill("P6")
    bea.page.keyboard.press("Enter")
    bea.page.get_by_role("link", name="nextVisit is not arriving").click()

    assert bea.page.url.endswith("/playbooks/p6/")
    assert not bea.overflows()
