"""Other ways in and out: a group of two, an answer by text, the observer's button."""

import re

import requests

from tests.journeys.cast import PASSWORD
from tests.system import until

TRANSFER = {"service": "transfer", "severity": "critical"}
LATE = TRANSFER | {"alertname": "TransferLate", "summary": "Images arrive late"}
LOST = TRANSFER | {"alertname": "TransferLost", "summary": "Images are lost"}


def alarms(system):
    return {alarm["title"]: alarm for alarm in system.get("/alarms/")["results"]}


def states(system):
    return {alarm["state"] for alarm in alarms(system).values()}


def links(system):
    return system.rows("SELECT alarm_id, page_id FROM alarms_alarmpage")


def answer_the_next_text(system, person, *, nth):
    """Acknowledge by the code of the text number `nth` that pages somebody. When this returns, it has been done."""
    pages = until(lambda: [text for text in system.texts(person) if " SEV" in text][nth:], "a text that pages them")
    system.text_from(person, f"{pages[0].split()[1]} A")


def test_two_of_a_group_are_two_alarms_that_share_a_page_and_a_text_acknowledges(system, alertmanager):
    alertmanager.fires(LATE, LOST)
    until(lambda: len(links(system)) == 2, "both linked to a page")
    assert len({link["alarm_id"] for link in links(system)}) == 2
    assert len({link["page_id"] for link in links(system)}) == 1

    answer_the_next_text(system, "ada", nth=0)
    if states(system) != {"acknowledged"}:  # one that joined after the text had been sent has a text of its own
        answer_the_next_text(system, "ada", nth=1)
    system.wait_for_text("ada", "Acknowledged. You have Images ")

    assert {alarm["acknowledged_by"] for alarm in alarms(system).values()} == {"Ada Moreno"}
    paged = len(system.rows("SELECT 1 FROM paging_page"))
    counted = min(alarm["count"] for alarm in alarms(system).values())
    until(
        lambda: min(alarm["count"] for alarm in alarms(system).values()) >= counted + 2, "Alertmanager repeating itself"
    )
    assert set(alarms(system)) == {"Images arrive late", "Images are lost"}
    assert len(system.rows("SELECT 1 FROM paging_page")) == paged  # repeats only count up

    alertmanager.is_over(LATE, LOST)
    until(lambda: states(system) == {"resolved"}, "Alertmanager's resolve")


def test_an_observer_raises_an_alarm_by_the_button_and_triage_is_called(system):
    for alarm in system.get("/alarms/", state="open")["results"]:
        system.post(f"/alarms/{alarm['id']}/resolve/", by="admin")  # else it would join a page that is calling Ada
    browser = requests.Session()

    def submit(path, **fields):
        page = browser.get(system.url + path, timeout=30)
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[0]
        answer = browser.post(system.url + path, {**fields, "csrfmiddlewaretoken": token}, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer

    submit("/accounts/login/", username="olga", password=PASSWORD)
    shown = submit("/alarms/raise/", title="No images for ten minutes", severity="1")

    assert "No images for ten minutes" in shown.text
    system.wait_for_text("ada", "SEV1 No images for ten minutes. Reply")
    assert alarms(system)["No images for ten minutes"]["source"] == "Olga Rojas"
