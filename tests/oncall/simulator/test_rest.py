"""Twilio's REST interface: who is let in, what is refused with which code, how lists are turned over."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

ACCOUNT = "AC" + "a" * 32
KEY, SECRET, TOKEN = "SK" + "b" * 32, "secret-of-the-key", "token-of-the-account"
NUMBER = "+15005550006"


@pytest.mark.parametrize(("username", "password"), [(KEY, SECRET), (ACCOUNT, TOKEN)])
def test_the_account_and_its_key_are_let_in(simulator, number, username, password):
    assert simulator.client(username=username, password=password).messages.list(to=number) == []


@pytest.mark.parametrize("given", [None, (KEY, TOKEN), (ACCOUNT, SECRET), ("", ""), (ACCOUNT, ""), (KEY, "")], ids=str)
def test_nobody_else_is_let_in(simulator, given):
    answer = requests.get(simulator.rest("Messages.json"), auth=given, timeout=5)
    assert answer.status_code == 401
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "12"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "mum"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "soon"}, 21624),
        ({"StatusCallback": "portal"}, 21609),
    ],
)
def test_a_text_that_twilio_would_refuse_is_refused_with_its_code(simulator, number, changes, code):
    form = {"To": number, "From": NUMBER, "Body": "hello"} | changes
    answer = requests.post(simulator.rest("Messages.json"), form, auth=(KEY, SECRET), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21201),
        ({"To": "12"}, 21211),
        ({"From": ""}, 21213),
        ({"Url": ""}, 21205),
        ({"Url": "portal"}, 21205),
        ({"StatusCallbackEvent": "rang"}, 21626),
        ({"Timeout": "601"}, 20001),
        ({"Method": "PUT"}, 20001),
    ],
)
def test_a_call_that_twilio_would_refuse_is_refused_with_its_code(simulator, number, changes, code):
    form = {"To": number, "From": NUMBER, "Url": "http://127.0.0.1:9/x"} | changes
    answer = requests.post(simulator.rest("Calls.json"), form, auth=(KEY, SECRET), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("path", ["Messages/SMno.json", "Calls/CAno.json", "Calls/CAno/Events.json", "Faxes.json"])
def test_what_is_not_there_is_not_found_in_twilios_words(simulator, path):
    answer = requests.get(simulator.rest(path), auth=(KEY, SECRET), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_another_account_is_not_found(simulator):
    url = simulator.rest("Messages.json").replace(ACCOUNT, "AC" + "f" * 32)
    assert requests.get(url, auth=(KEY, SECRET), timeout=5).json()["code"] == 20404


def test_a_list_is_newest_first_and_turned_over_by_the_client(twilio, number):
    sent = [twilio.messages.create(to=number, from_=NUMBER, body=f"page {n}").sid for n in range(5)]
    assert [text.sid for text in twilio.messages.list(to=number, page_size=2)] == sent[::-1]


def test_a_page_of_a_list_says_where_the_others_are(simulator, twilio, number):
    for n in range(3):
        twilio.messages.create(to=number, from_=NUMBER, body=f"page {n}")
    query = {"To": number, "PageSize": "2"}
    page = requests.get(simulator.rest("Messages.json"), query, auth=(KEY, SECRET), timeout=5).json()
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B{number[1:]}&PageSize=2&Page="
    assert {name: value for name, value in page.items() if name != "messages"} == {
        "end": 1,
        "first_page_uri": path + "0",
        "next_page_uri": path + "1",
        "page": 0,
        "page_size": 2,
        "previous_page_uri": None,
        "start": 0,
        "uri": path + "0",
    }


def test_texts_are_found_by_sender(twilio, number):
    twilio.messages.create(to=number, from_="+15005550007", body="other")
    twilio.messages.create(to=number, from_=NUMBER, body="ours")
    assert [text.body for text in twilio.messages.list(to=number, from_=NUMBER)] == ["ours"]


def test_calls_are_found_by_status_and_by_the_time_they_began(simulator, twilio, number):
    simulator.phone(number, "busy")
    sid = twilio.calls.create(to=number, from_=NUMBER, twiml="<Response/>").sid
    simulator.until(lambda: twilio.calls(sid).fetch().status == "busy")
    now = datetime.now(UTC)
    asked = {"to": number, "start_time_after": now - timedelta(minutes=1)}
    assert [call.sid for call in twilio.calls.list(**asked, status="busy")] == [sid]
    assert twilio.calls.list(**asked, status="completed") == []
    assert twilio.calls.list(to=number, start_time_after=now + timedelta(minutes=1)) == []


def test_a_call_that_is_over_takes_no_more_changes(simulator, twilio, number):
    simulator.phone(number, "busy")
    sid = twilio.calls.create(to=number, from_=NUMBER, twiml="<Response/>").sid
    simulator.until(lambda: twilio.calls(sid).fetch().status == "busy")
    with pytest.raises(TwilioRestException) as refused:
        twilio.calls(sid).update(status="completed")
    assert refused.value.code == 21220
