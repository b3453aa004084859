"""Slack, a browser, mail and a webhook, through the whole system: told outside, answered from there."""

import re

import pytest
import requests

from tests.journeys.cast import PASSWORD
from tests.outside import StandIns
from tests.system import System, until


@pytest.fixture(scope="module")
def outside(system: System) -> StandIns:
    return StandIns(system.phones_url)


def alarm(system, id):
    return system.get(f"/alarms/{id}/")


def add_way(system, person, *, kind, address):
    """Give somebody a contact, and one rule: by that contact, at once."""
    now = system.now()
    contact = system.rows(
        "INSERT INTO paging_contactmethod (id, person_id, kind, address, label, details, disabled_reason, created_at,"
        " verified_at) VALUES (gen_random_uuid(), %s, %s, %s, '', '{}', '', %s, %s) RETURNING id",
        system.cast["ids"][person], kind, address, now, now,
    )[0]["id"]  # fmt: skip
    add_rule(system, person, channel=kind, contact=contact)


def add_rule(system, person, *, channel, contact):
    system.rows(
        "INSERT INTO paging_notificationrule (id, person_id, urgency, delay_s, channel, contact_id)"
        " VALUES (gen_random_uuid(), %s, 'high', 0, %s, %s) RETURNING id",
        system.cast["ids"][person], channel, contact,
    )  # fmt: skip


def signed_in(system, person) -> requests.Session:
    browser = requests.Session()
    login = f"{system.url}/accounts/login/"
    token = token_of(browser.get(login, timeout=30).text)
    form = {"username": person, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post(login, form, headers={"Referer": login}, timeout=30).ok
    return browser


def token_of(page: str) -> str:
    return str(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0])


def test_a_page_by_slack_is_acknowledged_by_its_button(system, outside):
    add_way(system, "bea", kind="slack", address="U0BEA")
    id = system.raise_for("bea", "Butler is slow")

    (message,) = until(lambda: outside.slack("D0BEA"), "a direct message")
    button = message["blocks"][-1]["elements"][0]
    pressed = {"user": "U0BEA", "action_id": button["action_id"], "value": button["value"]}
    assert outside.api("POST", "slack/press/", pressed)["status"] == 200

    assert alarm(system, id)["acknowledged_by"] == "Bea Singh"
    changed = until(lambda: [one for one in outside.slack("D0BEA") if one["edited"]], "the changed message")
    assert "Acknowledged. You have Butler is slow." in changed[0]["text"]
    assert "actions" not in [block["type"] for block in changed[0]["blocks"]]


def test_a_page_in_a_browser_is_delivered_goes_on_and_is_answered_by_its_link(system, outside):
    browser = outside.browser()
    carl = signed_in(system, "carl")
    page = f"{system.url}/me/"
    form = {"endpoint": browser["endpoint"], **browser["keys"], "csrfmiddlewaretoken": token_of(carl.get(page).text)}
    made = carl.post(f"{system.url}/me/push/", form, headers={"Referer": page}, timeout=30)
    assert made.status_code == 201, made.text
    add_rule(system, "carl", channel="push", contact=made.json()["id"])
    id = system.raise_for("carl", "Disk full")

    about = until(lambda: [one for one in outside.notifications(browser) if "Disk full" in str(one)], "a notification")
    (shown,) = about  # the first of all said that this browser shows pages
    until(lambda: [one for one in system.attempts("carl") if one["status"] == "delivered"], "the browser's receipt")
    assert alarm(system, id)["state"] == "firing"

    assert "Acknowledged. You have Disk full." in requests.post(shown["url"], {"what": "acknowledge"}, timeout=30).text
    assert alarm(system, id)["acknowledged_by"] == "Carl Ito"


def test_a_page_by_mail_is_answered_by_its_link_and_looking_at_it_is_no_answer(system):
    add_way(system, "dora", kind="email", address="dora@example.org")
    id = system.raise_for("dora", "Alerts late")

    mails = until(lambda: [one.read_text() for one in (system.place / "mail").glob("*")], "a mail")
    link = re.findall(r"^http\S+/answer/\S+$", "\n".join(mails).replace("=\n", ""), re.MULTILINE)[0]
    assert "Alerts late" in requests.get(link, timeout=30).text
    assert alarm(system, id)["state"] == "firing"

    requests.post(link, {"what": "acknowledge"}, timeout=30)
    assert alarm(system, id)["acknowledged_by"] == "Dora Walker"
    assert "answered this already" in requests.post(link, {"what": "acknowledge"}, timeout=30).text


def test_a_webhook_hears_of_an_alarm(system, outside):
    admin = signed_in(system, "admin")
    page = f"{system.url}/webhooks/"
    form = {
        "name": "Operations",
        "url": f"{outside.base}/received/journey",
        "events": ["alarm.fired", "alarm.resolved"],
        "csrfmiddlewaretoken": token_of(admin.get(page, timeout=30).text),
    }
    assert "shown this once" in admin.post(page, form, headers={"Referer": page}, timeout=30).text
    id = system.raise_for("finn", "Network is down")
    system.post(f"/alarms/{id}/resolve/", by="admin")

    until(lambda: len(outside.received("journey")) >= 2, "two deliveries")
    bodies = "".join(one["body"] for one in outside.received("journey"))
    assert '"type":"alarm.fired"' in bodies
    assert '"type":"alarm.resolved"' in bodies
