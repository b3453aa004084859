"""What may look like missing alerts and is not, and what is and may look like nothing: through the whole system.

Each trap has a night of its own. Time is travelled a minute at a time: two images, and what was sent for the two
before.
"""

import hashlib
from datetime import datetime, timedelta
from itertools import count

import pytest
import requests

from tests import system as systems
from tests.system import until

SECRET = "the-summit-is-well"
MINUTE = timedelta(minutes=1)
NUMBERS = count(1)  # of images, of all nights


@pytest.fixture(scope="module")
def system():
    with systems.system(start=("simulator", "web", "pulse")) as running:
        yield running


class Night:
    """One night at 02:00 UTC, when it is dark at every time of the year."""

    def __init__(self, system):
        self.system, self.waiting = system, []
        now = system.now()
        start = now.replace(hour=2, minute=0, second=0, microsecond=0)
        system.travel_to(start if start > now else start + timedelta(days=1))
        self.day_obs = f"{system.now() - timedelta(hours=12):%Y%m%d}"

    def minute(self, *, sent="good", visits=2, announced=True, **fields):
        """Let a minute pass in which so many images are taken; report what was sent for those of the minute before.

        `sent`: what becomes of the images of this minute; `announced`: by a nextVisit before each.
        """
        self.system.travel(MINUTE)
        now = self.system.now()
        ends = [now - timedelta(seconds=30 * (visits - n) - 27) for n in range(visits)]
        reported = [one for one in (delivery(*one) for one in self.waiting) if one]
        self.waiting = []
        for end in ends:
            self.waiting.append((int(self.day_obs) * 100_000 + next(NUMBERS), end, sent))
        self.post("next_visits", [next_visit(id, end) for id, end, _ in self.waiting if announced])
        self.post("visits", [visit(id, end, fields) for id, end, _ in self.waiting])
        self.post("deliveries", reported)
        self.look()

    def post(self, what, items):
        if items:
            answer = self.system.post(f"/{what.replace('_', '-')}/", {what: items}, by="admin")
            assert answer["rejected"] == []

    def look(self):
        """Wait until the rules were asked with all of this known."""
        now = self.system.now()
        until(lambda: self.asked_at() >= now - timedelta(seconds=1), "a look of the latency rules")

    def asked_at(self):
        return self.system.rows("SELECT looked_at FROM latency_rulewatch WHERE looked_at IS NOT NULL")[0]["looked_at"]

    def minutes(self, count, **said):
        for _ in range(count):
            self.minute(**said)

    def quiet_minutes(self, count):
        """Nothing comes, of anything."""
        for _ in range(count):
            self.system.travel(MINUTE)
            self.look()

    def close(self):
        """The dome closes, and whatever is open is ended by hand."""
        self.minute(visits=1, sent="nothing", announced=False, dome_open=False, on_sky=False)
        for _ in range(2):  # what was held as part of another comes when that is resolved
            for alarm in alarms(self.system):
                self.system.post(f"/alarms/{alarm['id']}/resolve/", by="admin")
            self.quiet_minutes(1)

    @property
    def state(self):
        return self.system.get("/latency/tonight/")["state"]


def visit(id, end, fields):
    return {
        "visit_id": id,
        "instrument": "LSSTCam",
        "survey_block": "BLOCK-365",
        "band": "i",
        "end_readout": f"{end:%FT%TZ}",
        "on_sky": True,
        "dome_open": True,
        "expected_alerts": 9800,
    } | fields


def next_visit(id, end):
    announced = f"{end - timedelta(seconds=55):%FT%TZ}"
    named = {"group_id": f"group {id}", "visit_id": id}
    return named | {"instrument": "LSSTCam", "survey_block": "BLOCK-365", "announced_at": announced}


def delivery(id, end, sent):
    nothing = {"visit_id": id, "sent": 0, "sent_within_limit": 0}
    if sent == "template gap":
        return nothing | {"stage": "single_frame", "ended": "complete"}
    if sent == "crash":
        return nothing | {"stage": "single_frame", "ended": "failed"}
    if sent == "withheld":
        return nothing | {"stage": "ap_pipe", "ended": "complete"}
    if sent == "nothing":
        return None
    count = 45_000 if sent == "flood" else 9_800
    first, last = end + timedelta(seconds=40), end + timedelta(seconds=55)
    instants = {"first_sent_at": f"{first:%FT%TZ}", "last_sent_at": f"{last:%FT%TZ}"}
    return {"visit_id": id, "sent": count, "sent_within_limit": count, "stage": "sent", **instants}


def alarms(system):
    """Open alarms of the latency rules."""
    found = system.get("/alarms/", state="open")["results"]
    return [alarm for alarm in found if alarm["source"] == "latency watch"]


def firing(system):
    return {alarm["key"]: alarm["severity"] for alarm in alarms(system)}


@pytest.fixture
def night(system):
    one = Night(system)
    yield one
    one.close()


def test_the_first_visits_of_the_night_are_given_five_minutes(system, night):
    night.minutes(4, sent="nothing")  # four of these eight images are past two minutes; the last alert is of long ago
    assert firing(system) == {}
    ends = system.rows("SELECT visit_id, end_readout FROM latency_visit ORDER BY visit_id DESC LIMIT 8")
    night.post("deliveries", [delivery(one["visit_id"], one["end_readout"], "good") for one in ends])
    night.minutes(4, sent="good")

    assert firing(system) == {}
    assert night.state == "sending"


def test_a_consumer_that_lags_behind_a_broker_that_takes_alerts_is_no_incident_of_ours(system, night):
    night.minutes(8, sent="good")  # whatever becomes of them behind the broker

    assert firing(system) == {}
    assert night.state == "sending"


def test_next_visits_without_images_are_no_reason_to_page(system, night):
    night.minutes(3, sent="good")
    for n in range(8):
        system.travel(MINUTE)
        at = f"{system.now():%FT%TZ}"
        group = {"group_id": f"{night.day_obs} {n}", "instrument": "LSSTCam", "survey_block": "BLOCK-T250"}
        night.post("next_visits", [group | {"announced_at": at}])
        night.look()

    assert firing(system) == {}
    assert night.state == "not_expected"


def test_a_block_without_an_alert_pipeline_pages_nobody(system, night):
    answer = requests.put(
        f"{system.url}/api/v1/survey-blocks/BLOCK-T454/",
        json={"alerts_expected": False},
        headers={"Authorization": f"Token {system.cast['tokens']['admin']}"},
        timeout=30,
    )
    assert answer.ok, answer.text
    night.minutes(2, sent="good")
    night.minutes(8, sent="nothing", survey_block="BLOCK-T454")

    assert firing(system) == {}
    assert night.state == "not_expected"


def test_a_template_gap_pages_nobody_and_a_crash_at_the_same_stage_does(system, night):
    night.minutes(2, sent="good")
    night.minutes(8, sent="template gap")
    assert firing(system) == {}

    night.minutes(9, sent="crash")
    assert firing(system) == {"alerts.none": 2}
    [alarm] = alarms(system)
    assert "pipelines stop at single frame" in alarm["title"]
    assert night.state == "not_sending"
    system.wait_for_text("ada", "Images are taken and no alerts go out")

    night.minutes(6, sent="good")
    until(lambda: firing(system) == {}, "its end after five good visits")


def test_alerts_withheld_by_sattle_page_as_such_and_get_no_worse(system, night):
    night.minutes(2, sent="good")
    night.minutes(19, sent="withheld")

    assert firing(system) == {"alerts.withheld": 2}


def test_more_than_40_000_alerts_are_a_flood_and_not_missing(system, night):
    night.minutes(2, sent="good")
    night.minutes(8, sent="flood", expected_alerts=45_000)

    assert firing(system) == {"alerts.flood": 3}


def test_a_dome_that_closes_in_the_night_ends_what_is_expected(system, night):
    night.minutes(2, sent="good")
    night.minute(visits=1, sent="nothing", dome_open=False, on_sky=False)
    night.quiet_minutes(6)

    assert firing(system) == {}
    assert night.state == "not_expected"


def test_daytime_checkout_and_a_silent_day_page_nobody(system, night):
    night.minute(visits=1, sent="nothing", dome_open=False, on_sky=False)
    system.travel(timedelta(hours=15))  # 17:00 UTC: early afternoon at the summit
    night.day_obs = f"{system.now() - timedelta(hours=12):%Y%m%d}"
    night.minutes(7, sent="nothing", survey_block="BLOCK-CHECKOUT")
    night.quiet_minutes(4)

    assert firing(system) == {}
    assert night.state == "not_expected"


def test_a_catch_up_in_the_morning_neither_pages_nor_ends_an_alarm(system, night):
    night.minutes(2, sent="good")
    night.minutes(9, sent="crash")
    assert firing(system) == {"alerts.none": 2}
    lost = system.rows("SELECT visit_id FROM latency_visit ORDER BY visit_id DESC LIMIT 18")
    started: datetime = system.now()
    night.minute(visits=1, sent="nothing", dome_open=False, on_sky=False)

    system.travel(timedelta(hours=8))
    late = f"{started + timedelta(hours=7):%FT%TZ}"
    body = {"sent": 9_800, "sent_within_limit": 0, "first_sent_at": late, "last_sent_at": late, "stage": "sent"}
    night.post("deliveries", [body | one for one in lost])
    night.quiet_minutes(3)

    assert list(firing(system)) == ["alerts.none"]
    assert night.state == "not_expected"


def test_images_that_no_next_visit_announced_are_found_before_anybody_counts_minutes(system, night):
    night.minutes(2, sent="good")
    night.minutes(5, sent="nothing", announced=False)

    assert firing(system) == {"nextvisit.none": 2}


def test_a_cut_link_is_found_by_silence_and_is_over_when_visits_are_good_again(system, night):
    system.rows(
        "INSERT INTO signals_heartbeat (id, name, token_digest, severity, every_s, grace_s, watches_observing,"
        " at_night_only, is_enabled, created_at, failing, missing, said, paused_why) VALUES (gen_random_uuid(),"
        " 'Summit', %s, 3, 60, 60, true, false, true, %s, false, false, '', '') RETURNING id",
        hashlib.sha256(SECRET.encode()).hexdigest(), system.now(),
    )  # fmt: skip
    for _ in range(3):
        assert requests.post(f"{system.url}/beats/{SECRET}/", json={"dome_open": True}, timeout=30).ok
        night.minute(sent="good")
    night.quiet_minutes(2)
    assert firing(system) == {}
    assert night.state == "unknown"  # data of two minutes ago is old

    night.quiet_minutes(3)
    assert firing(system) == {"heartbeat.lost": 2}
    system.wait_for_text("ada", "Nothing is heard from the summit since")

    night.minutes(6, sent="good")
    until(lambda: firing(system) == {}, "its end after five good visits")
    assert night.state == "sending"
