"""Notifications in a real browser: the button under Me, and our worker, given what the push service was given.

Only the push service itself is a stand-in: a browser's own stands outside, where no test goes.
"""

import json

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.cast import PASSWORD
from tests.journeys.test_outside import add_rule
from tests.outside import StandIns
from tests.system import System, until

AGREES = """(() => {
  const agreement = %s;
  PushManager.prototype.subscribe = async () => (
    { endpoint: agreement.endpoint, toJSON: () => agreement, unsubscribe: async () => true });
})()"""
SHOWN = """navigator.serviceWorker.getRegistrations()
  .then((all) => Promise.all(all.map((one) => one.getNotifications())))
  .then((found) => found.flat().map((one) => [one.title, one.data.url]))"""


@pytest.fixture
def page(browser: Browser, system: System):
    context = browser.new_context()
    context.grant_permissions(["notifications"], origin=system.url)
    page = context.new_page()
    page.goto(f"{system.url}/accounts/login/")
    page.fill("[name=username]", "carl")
    page.fill("[name=password]", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.wait_for_load_state()
    yield page
    context.close()


def about(words: str, notifications: list[dict]) -> list[dict]:
    """Return those that tell of `words`: a browser is also greeted when it agrees, before or after its first page."""
    return [one for one in notifications if words in json.dumps(one)]


def test_a_page_is_shown_as_a_notification_that_leads_to_its_answer_and_is_reported(page: Page, system: System):
    outside = StandIns(system.phones_url)
    agreement = outside.browser()
    outside.browser_is(agreement, "off")  # the real browser shows and reports it
    tools, workers = page.context.new_cdp_session(page), []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda event: workers.extend(event["registrations"]))
    tools.send("ServiceWorker.enable")

    page.add_init_script(AGREES % json.dumps(agreement))
    page.goto(f"{system.url}/me/")
    page.click("[data-push-on]:not([hidden])")
    contact = until(lambda: system.rows("SELECT id FROM paging_contactmethod WHERE kind = 'push'"), "the agreement")
    add_rule(system, "carl", channel="push", contact=contact[0]["id"])
    system.raise_for("carl", "Disk full")
    (sent,) = until(lambda: about("Disk full", outside.notifications(agreement)), "what the push service is given")
    until(lambda: workers, "our worker")
    tools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": system.url, "registrationId": workers[-1]["registrationId"], "data": json.dumps(sent)},
    )

    until(lambda: [one for one in system.attempts("carl") if one["status"] == "delivered"], "the worker's receipt")
    assert page.evaluate(SHOWN) == [["[SEV-2] Disk full", sent["url"]]]
