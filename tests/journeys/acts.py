"""What people and machines do in the scenarios: at screens without scripts, by text, as programs; and what they report.

Each takes the system first (tests/system.py).
"""

import html
import re
from datetime import UTC, datetime, time, timedelta

import requests

from tests.journeys.cast import PASSWORD
from tests.system import until

MINUTE = timedelta(minutes=1)
CADENCE = timedelta(seconds=37)  # from one visit to the next


class Browser:
    """Somebody at a screen, without scripts: pages, and forms as they stand there."""

    def __init__(self, system, username):
        self.system, self.session = system, requests.Session()
        self.open("/accounts/login/")
        self.submit("/accounts/login/", username=username, password=PASSWORD)

    def open(self, path):
        self.page = self._shown(self.session.get(self.system.url + path, timeout=30))
        return self.page

    def submit(self, path, **fields):
        """Send a form of the page that is open, to `path`; return the page that comes of it."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.page).group(1)
        body = {"csrfmiddlewaretoken": token, **fields}
        self.page = self._shown(self.session.post(self.system.url + path, data=body, timeout=30))
        return self.page

    def _shown(self, answer):
        assert answer.ok, f"{answer.status_code} {answer.url} {answer.text[:2000]}"
        self.path = answer.url.removeprefix(self.system.url)
        return html.unescape(answer.text)


class Link:
    """The link to the summit: its heartbeat, as the administrator enters it, comes as long as the link is there."""

    def __init__(self, system):
        self.system = system
        admin = Browser(system, "admin")
        admin.open("/heartbeats/new/")
        page = admin.submit(
            "/heartbeats/new/", name="Summit", every_s=60, grace_s=60, severity=2, watches_observing="on"
        )
        self.url = re.search(r"http://[\w.:]+/beats/[\w-]+/", page).group(0)

    def beats(self, count):
        for _ in range(count):
            assert requests.post(self.url, json={"dome_open": True}, timeout=30).ok
            self.passes(1)

    def passes(self, minutes):
        """Let minutes pass, the rules of latency being asked in each."""
        for _ in range(minutes):
            self.system.travel(MINUTE)
            self._is_looked_at(self.system.now())

    def _is_looked_at(self, now):
        asked = "SELECT 1 FROM latency_rulewatch WHERE looked_at >= %s"
        until(lambda: self.system.rows(asked, now), "a look of the latency rules")


def anonymous(system, path):
    answer = requests.get(system.url + path, timeout=30)
    assert answer.ok, f"{answer.status_code} {path}"
    return answer


def patch(system, path, payload, *, by):
    headers = {"Authorization": f"Token {system.cast['tokens'][by]}"}
    answer = requests.patch(f"{system.url}/api/v1{path}", json=payload, headers=headers, timeout=30)
    assert answer.ok, f"{answer.status_code} {answer.text}"
    return answer.json()


def refused(system, path, payload, *, by):
    """Return what the API says to something that may not be."""
    headers = {"Authorization": f"Token {system.cast['tokens'][by]}"}
    answer = requests.post(f"{system.url}/api/v1{path}", json=payload, headers=headers, timeout=30)
    assert answer.status_code in (400, 409), f"{answer.status_code} {answer.text[:500]}"
    return " ".join(words for many in answer.json().values() for words in many)


def utc(day, hour, minute=0, second=0):
    return datetime.combine(day, time(hour, minute, second), UTC)


def tonight(system, hour, minute=0):
    """Travel to this time, UTC, of the next day."""
    system.travel_to(utc(system.now().date() + timedelta(days=1), hour, minute))


def fires(system, title, *, key, severity):
    """A machine says so; return the alarm."""
    answer = system.hook("checks", {"title": title, "key": key, "severity": severity})
    assert answer.status_code == 202, answer.text
    return answer.json()["alarms"][0]


def answers_by_text(system, person, title, alarm):
    """Whoever was paged acknowledges with the code of the text."""
    text = system.wait_for_text(person, title)
    system.text_from(person, f"{text.split()[1]} A")
    until(lambda: system.get(f"/alarms/{alarm}/")["state"] == "acknowledged", "an acknowledgement by text")


def incident(system, number, path="", *, by, **said):
    return system.post(f"/incidents/{number}/{path}", said, by=by)


def roles(body):
    return [(one["role"], one["person"]["name"]) for one in body["roles"]]


def lines(system, number, kind):
    found = system.get(f"/incidents/{number}/timeline/")["results"]
    return [line["text"] for line in found if line["kind"] == kind]


def visits(first, count):
    """`count` visits of the night of `first`, the first of which ends its readout then."""
    night = int(f"{first - timedelta(hours=12):%Y%m%d}")
    ends = [first + n * CADENCE for n in range(count)]
    second = utc(first.date(), 0)
    return [
        {
            "visit_id": night * 100_000 + 20_000 + int((end - second).total_seconds()) // 37,
            "instrument": "LSSTCam", "survey_block": "BLOCK-365", "band": "i", "end_readout": f"{end:%FT%TZ}",
            "on_sky": True, "dome_open": True, "expected_alerts": 9800,
        }
        for end in ends
    ]  # fmt: skip


def sent(visit, *, at=None, within=9800):
    """What was sent for a visit: all of it 40 s after it, unless it was caught up with `at` another time."""
    at = at or datetime.fromisoformat(visit["end_readout"]) + timedelta(seconds=40)
    instants = {"first_sent_at": f"{at:%FT%TZ}", "last_sent_at": f"{at:%FT%TZ}"}
    return {"visit_id": visit["visit_id"], "sent": 9800, "sent_within_limit": within, "stage": "sent", **instants}


def nothing_sent(visit):
    return {"visit_id": visit["visit_id"], "sent": 0, "sent_within_limit": 0, "stage": "none", "ended": "failed"}


def report(system, what, items):
    assert system.post(f"/{what}/", {what: items}, by="admin")["rejected"] == []
