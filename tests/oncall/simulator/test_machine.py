"""The machine interface for scripts, the pages for visitors, and what happens over a restart."""

import re
import subprocess
import sys
from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
import requests

NUMBER = "+15005550006"


def test_texts_are_listed_newest_first_in_the_public_shape(simulator, twilio, number):
    for body in ("first", "second"):
        twilio.messages.create(to=number, from_=NUMBER, body=body)
    told = simulator.api("GET", f"messages/?to={quote(number)}")
    assert [text["body"] for text in told["results"]] == ["second", "first"]
    newest = told["results"][0]
    assert (newest["to"], newest["from"]) == (number, NUMBER)
    assert set(newest) >= {"sid", "to", "from", "body", "state", "at"}
    assert datetime.fromisoformat(newest["at"]).utcoffset() == timedelta(0)
    assert newest["at"].endswith("Z")


def test_calls_are_listed_with_what_was_said(simulator, twilio, number):
    twilio.calls.create(to=number, from_=NUMBER, twiml="<Response><Say>One.</Say><Say>Two.</Say></Response>")
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    [call] = simulator.api("GET", f"calls/?to={quote(number)}")["results"]
    assert (call["to"], call["from"], call["said"], call["state"]) == (number, NUMBER, "One.\nTwo.", "completed")


def test_a_long_list_is_turned_over(simulator, twilio, number):
    for n in range(3):
        twilio.messages.create(to=number, from_=NUMBER, body=str(n))
    first = simulator.api("GET", f"messages/?to={quote(number)}&limit=2")
    second = requests.get(first["next"], timeout=5).json()
    assert [text["body"] for text in first["results"] + second["results"]] == ["2", "1", "0"]
    assert second["next"] is None


def test_an_address_that_lost_its_plus_is_understood(simulator, twilio, number):
    twilio.messages.create(to=number, from_=NUMBER, body="page")
    assert len(simulator.api("GET", f"messages/?to={number}")["results"]) == 1


def test_phones_have_their_names_and_appear_with_their_first_text(simulator, twilio, number):
    twilio.messages.create(to=number, from_=NUMBER, body="page")
    phones = simulator.api("GET", "phones/")["results"]
    assert [(phone["name"], phone["mode"]) for phone in phones if phone["number"] in {"+14155550199", number}] == [
        ("Ada", "answer"),
        ("", "answer"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "phones/+14155550199/", {"mode": "asleep"}, "mode"),
        ("PUT", "phones/mum/", {"mode": "off"}, "number"),
        ("POST", "messages/", {"from": "+14155550199", "to": NUMBER}, "body"),
        ("POST", "messages/", {"body": "hello"}, "from"),
        ("POST", "messages/", ["hello"], "detail"),
        ("POST", "calls/CAno/answer/", {"digits": "4"}, "detail"),
        ("POST", "calls/CAno/answer/", {"digits": "four"}, "digits"),
        ("GET", "messages/?limit=many", None, "limit"),
        ("GET", "nothing/", None, "detail"),
    ],
)
def test_a_wrong_request_is_told_the_field(simulator, method, path, body, field):
    assert list(simulator.api(method, path, body)) == [field]


def test_a_body_is_read_as_json_whatever_type_it_claims(simulator, number):
    claims = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{simulator.base}/api/phones/{number}/"
    assert requests.put(url, '{"mode": "busy"}', headers=claims, timeout=5).json()["mode"] == "busy"


def test_a_name_led_to_this_machine_is_not_answered(simulator):
    answer = requests.get(simulator.base + "/api/phones/", headers={"Host": "rebound.example"}, timeout=5)
    assert answer.status_code == 403


def test_another_websites_page_cannot_act(simulator, number):
    answer = requests.post(
        simulator.base + "/api/messages/",
        json={"from": number, "to": NUMBER, "body": "hello"},
        headers={"Origin": "https://evil.example"},
        timeout=5,
    )
    assert answer.status_code == 403


# --- Pages ------------------------------------------------------------------------------------------------------------


def visit(simulator, number, path="", **form):
    """As a browser without JavaScript does: get the page, or send its form and follow to the page."""
    url = f"{simulator.base}/phones/{number}/{path}"
    if not form and not path:
        return requests.get(url, timeout=30).text
    return requests.post(url, form, headers={"Origin": simulator.base}, timeout=30).text


def test_a_visitor_answers_keys_and_hears_it_all_by_plain_forms(simulator, customer, twilio, number):
    customer.says("/keys", "<Response><Say>Acknowledged &amp; noted.</Say></Response>")
    menu = f'<Response><Gather numDigits="1" action="{customer.base}/keys"><Say>Press 4.</Say></Gather></Response>'
    twilio.calls.create(to=number, from_=NUMBER, twiml=menu)
    sid = simulator.ringing(number)
    assert "is calling" in visit(simulator, number)
    assert "In a call with" in visit(simulator, number, f"calls/{sid}/answer/")
    assert "Acknowledged &amp; noted." in visit(simulator, number, f"calls/{sid}/keys/", keys="4")
    assert simulator.api("GET", f"calls/{sid}/")["state"] == "completed"


def test_a_visitor_lets_it_ring(simulator, twilio, number):
    twilio.calls.create(to=number, from_=NUMBER, twiml="<Response/>", timeout=100)
    sid = simulator.ringing(number)
    assert "rings, and you let it" in visit(simulator, number, f"calls/{sid}/ignore/")
    assert simulator.api("GET", f"calls/{sid}/")["state"] == "ringing"
    simulator.api("POST", f"calls/{sid}/hangup/")


def test_a_visitor_replies(simulator, customer, twilio, number):
    twilio.messages.create(to=number, from_="+15005550007", body="page")
    simulator.until(lambda: "page" in visit(simulator, number))
    [to] = re.findall(r'name="to" value="([^"]+)"', visit(simulator, number))
    visit(simulator, number, "texts/", to=to, body="K7Q2 A")
    assert [(one.fields["To"], one.fields["Body"]) for one in customer.at("/sms")] == [("+15005550007", "K7Q2 A")]


def test_a_visitor_switches_the_phone_off(simulator, number):
    visit(simulator, number, "mode/", mode="off")
    assert simulator.api("GET", f"phones/{number}/")["mode"] == "off"


def test_a_text_is_unread_until_somebody_looks(simulator, twilio, number):
    unread = 'class="badge unread"'
    twilio.messages.create(to=number, from_=NUMBER, body="page")

    def entry():
        page = requests.get(simulator.base + "/", timeout=5).text
        return next(item for item in page.split("<li") if number in item)

    simulator.until(lambda: unread in entry())
    visit(simulator, number)
    assert unread not in entry()


def test_what_people_write_is_text_on_the_page(simulator, twilio, number):
    twilio.messages.create(to=number, from_=NUMBER, body="<script>alert(1)</script>")
    assert "&lt;script&gt;alert(1)" in visit(simulator, number)


def test_a_form_from_elsewhere_is_refused(simulator, number):
    answer = requests.post(f"{simulator.base}/phones/{number}/mode/", {"mode": "off"}, timeout=5)
    assert answer.status_code == 403


# --- Stop and start ---------------------------------------------------------------------------------------------------


def test_what_was_under_way_is_taken_up_again_after_a_restart(own_simulator, customer, number):
    twilio = own_simulator.client()
    own_simulator.faults(messages={"queue_s": 60})
    asked = {"to": number, "from_": NUMBER}
    text = twilio.messages.create(**asked, body="page", status_callback=customer.base + "/sms")
    call = twilio.calls.create(**asked, twiml="<Response><Say>Hi.</Say></Response>", timeout=100)
    own_simulator.ringing(number)
    assert twilio.messages(text.sid).fetch().status == "queued"
    assert own_simulator.stop() == 0
    own_simulator.start()
    assert customer.states("/sms", "MessageStatus", 2) == ["sent", "delivered"]
    assert own_simulator.api("POST", f"calls/{call.sid}/answer/")["said"] == "Hi."


def test_a_call_in_progress_is_cut_when_the_company_stops(own_simulator, customer, number):
    twilio = own_simulator.client()
    menu = '<Response><Gather timeout="600"><Say>Press 4.</Say></Gather></Response>'
    call = twilio.calls.create(to=number, from_=NUMBER, twiml=menu, status_callback=customer.base + "/status")
    assert own_simulator.api("POST", f"calls/{own_simulator.ringing(number)}/answer/")["state"] == "in-progress"
    own_simulator.stop()
    own_simulator.start()
    assert customer.states("/status", "CallStatus", 1) == ["completed"]
    assert twilio.calls(call.sid).fetch().status == "completed"


def test_it_stops_at_once_even_while_it_lets_a_request_hang(own_simulator, number):
    own_simulator.faults(messages={"mode": "hang"})
    with pytest.raises(requests.ReadTimeout):
        own_simulator.client(timeout=0.2).messages.create(to=number, from_=NUMBER, body="page")
    assert own_simulator.stop() == 0


def test_a_taken_port_is_said_clearly(running):
    command = [sys.executable, "-m", "oncall.simulator", *running.options]
    second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert second.returncode == 2
    assert "Choose another with --port" in second.stderr
