"""Each phone and its carrier have ways of their own, which the portal must meet sooner or later."""

import sqlite3

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.oncall.simulator.conftest import new_simulator

NUMBER = "+15005550006"
ASKING = '<Response><Gather numDigits="1" action="{}"><Say>Press a key.</Say></Gather></Response>'


@pytest.fixture
def carrier(simulator, number):
    def carrier(name, **more):
        assert simulator.api("PUT", f"phones/{number}/", {"carrier": name} | more)["carrier"] == name

    return carrier


@pytest.fixture
def send(twilio, customer, number):
    def send():
        return twilio.messages.create(to=number, from_=NUMBER, body="page", status_callback=customer.base + "/sms").sid

    return send


def test_a_carrier_without_receipts_leaves_a_text_sent_for_ever(simulator, twilio, carrier, send):
    carrier("no receipts")
    sid = send()
    simulator.until(lambda: twilio.messages(sid).fetch().status == "sent")
    later = twilio.messages.create(to="+14155550998", from_=NUMBER, body="page").sid
    simulator.until(lambda: twilio.messages(later).fetch().status == "delivered")
    assert twilio.messages(sid).fetch().status == "sent"


def test_a_slow_carrier_takes_forty_five_seconds(simulator, twilio, carrier, send):
    carrier("slow")  # a tenth of it, as the simulator of the tests is quick
    sid = send()
    simulator.until(lambda: twilio.messages(sid).fetch().status == "sent")
    simulator.until(lambda: twilio.messages(sid).fetch().status == "delivered")
    told = twilio.messages(sid).fetch()
    assert (told.date_updated - told.date_sent).total_seconds() >= 4


def test_a_disorderly_carrier_reports_the_end_first(customer, carrier, send):
    carrier("disorder")
    send()
    assert customer.states("/sms", "MessageStatus", 2) == ["delivered", "sent"]


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [("undelivered", None, "30005"), ("undelivered", 30007, "30007"), ("landline", None, "30006")],
)
def test_a_text_that_is_not_delivered_says_why(customer, carrier, send, name, code, told):
    carrier(name, code=code)
    send()
    assert customer.states("/sms", "MessageStatus", 2) == ["sent", "undelivered"]
    assert customer.at("/sms")[1].fields["ErrorCode"] == told


def test_a_landline_can_be_refused_when_the_text_is_ordered(carrier, send):
    carrier("landline", code=21614)
    with pytest.raises(TwilioRestException) as refused:
        send()
    assert (refused.value.status, refused.value.code) == (400, 21614)


def called(simulator, twilio, customer, number):
    """Call the phone with a question; return how the call ended and which keys came."""
    asks = customer.says("/asks", ASKING.format(customer.base + "/keys"))
    call = twilio.calls.create(to=number, from_=NUMBER, url=asks, timeout=25)
    simulator.until(lambda: twilio.calls(call.sid).fetch().status in {"completed", "no-answer", "busy"})
    return twilio.calls(call.sid).fetch().status, [heard.fields["Digits"] for heard in customer.at("/keys")]


def test_voicemail_picks_up_and_presses_nothing(simulator, twilio, customer, number):
    simulator.phone(number, "voicemail")
    assert called(simulator, twilio, customer, number) == ("completed", [])


def test_voicemail_does_not_pick_up_a_call_that_rings_for_less(simulator, twilio, number):
    simulator.phone(number, "voicemail")
    call = twilio.calls.create(to=number, from_=NUMBER, twiml="<Response/>", timeout=15)
    simulator.until(lambda: twilio.calls(call.sid).fetch().status == "no-answer")


@pytest.mark.parametrize("keys", ["4", "66"])
def test_an_automatic_phone_picks_up_and_presses_its_keys(simulator, twilio, customer, number, keys):
    simulator.phone(number, "automatic")
    simulator.api("PUT", f"phones/{number}/", {"keys": keys})
    assert called(simulator, twilio, customer, number) == ("completed", [keys[0]])


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"mode": "rude"}, "mode"), ({"carrier": "pigeon"}, "carrier"), ({"code": 7}, "code"), ({"keys": "x"}, "keys")],
)
def test_what_no_phone_is_like_changes_nothing(simulator, number, asked, field):
    assert list(simulator.api("PUT", f"phones/{number}/", asked)) == [field]
    assert simulator.api("GET", f"phones/{number}/") == {
        "number": number, "name": "", "mode": "answer", "carrier": "usual", "code": None, "keys": "4",
    }  # fmt: skip


def test_the_carrier_can_be_chosen_on_the_phones_page(simulator, number):
    page = f"{simulator.base}/phones/{number}/"
    answer = requests.post(page + "mode/", data={"carrier": "slow"}, headers={"Origin": simulator.base}, timeout=5)
    assert 'value="slow" aria-pressed="true"' in answer.text
    assert simulator.api("GET", f"phones/{number}/")["carrier"] == "slow"


def test_a_store_from_before_there_were_carriers_keeps_its_phones(tmp_path, reception):
    with sqlite3.connect(tmp_path / "store.sqlite3") as old:
        old.execute(
            "CREATE TABLE phones (number TEXT PRIMARY KEY, name TEXT NOT NULL, mode TEXT NOT NULL "
            "CHECK (mode IN ('answer', 'ignore', 'busy', 'off')))"
        )
        old.execute("INSERT INTO phones VALUES ('+14155550999', 'Grace', 'busy')")
    old.close()
    simulator = new_simulator(tmp_path, reception.base + "/inbound")
    simulator.start()
    try:
        simulator.phone("+14155550999", "voicemail")
        assert simulator.api("GET", "phones/+14155550999/")["name"] == "Grace"
    finally:
        simulator.stop()


def test_callbacks_can_come_late(simulator, customer, twilio, number):
    simulator.faults(messages={"callback_delay_s": 1})
    sid = twilio.messages.create(to=number, from_=NUMBER, body="page", status_callback=customer.base + "/sms").sid
    simulator.until(lambda: twilio.messages(sid).fetch().status == "delivered")
    assert customer.at("/sms") == []
    assert customer.states("/sms", "MessageStatus", 2) == ["sent", "delivered"]


def test_an_answer_can_trickle_in(simulator, twilio, number):
    simulator.faults(messages={"mode": "drip", "delay_s": 0.001})
    assert twilio.messages.create(to=number, from_=NUMBER, body="page").status == "queued"


def test_several_plans_share_the_requests(simulator, twilio, number):
    simulator.faults(
        messages=[{"mode": "status", "status": 429, "share": 0.4}, {"mode": "status", "status": 503, "share": 0.4}]
    )
    seen = []
    for _ in range(30):
        try:
            seen.append(str(twilio.messages.create(to=number, from_=NUMBER, body="page").status))
        except TwilioRestException as error:
            seen.append(str(error.status))
    assert set(seen) == {"429", "503", "queued"}


def test_plans_that_share_more_than_everything_change_nothing(simulator):
    told = simulator.api("PUT", "faults/", {"messages": [{"share": 0.6}, {"share": 0.6}]})
    assert list(told) == ["messages.share"]
