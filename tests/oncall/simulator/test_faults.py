"""What goes wrong on purpose does so, and stops when it is told to."""

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

NUMBER = "+15005550006"


@pytest.fixture
def send(twilio, number):
    def send(twilio=twilio, **more):
        return twilio.messages.create(**{"to": number, "from_": NUMBER, "body": "page"} | more)

    return send


def test_a_request_is_refused_as_told_and_nothing_is_sent(simulator, twilio, send, number):
    simulator.faults(messages={"mode": "status", "status": 429, "code": 20429, "retry_after_s": 2})
    with pytest.raises(TwilioRestException) as refused:
        send()
    assert (refused.value.status, refused.value.code) == (429, 20429)
    assert twilio.messages.list(to=number) == []


def test_a_refusal_can_say_when_to_come_back(simulator):
    simulator.faults(lookups={"mode": "status", "status": 503, "retry_after_s": 7})
    key = ("SK" + "b" * 32, "secret-of-the-key")
    assert requests.get(simulator.rest("Messages.json"), auth=key, timeout=5).headers["Retry-After"] == "7"


def test_a_text_can_be_sent_although_the_answer_is_an_error(simulator, twilio, send, number):
    simulator.faults(messages={"mode": "accept_then_status", "status": 500})
    with pytest.raises(TwilioRestException):
        send()
    assert [text.body for text in twilio.messages.list(to=number)] == ["page"]


def test_a_text_can_be_sent_although_the_connection_breaks(simulator, twilio, send, number):
    simulator.faults(messages={"mode": "accept_then_drop"})
    with pytest.raises(requests.ConnectionError):
        send()
    assert len(twilio.messages.list(to=number)) == 1


@pytest.mark.parametrize(("mode", "sent"), [("hang", 0), ("accept_then_hang", 1)])
def test_an_answer_can_fail_to_come(simulator, send, number, mode, sent):
    simulator.faults(messages={"mode": mode})
    with pytest.raises(requests.ReadTimeout):
        send(simulator.client(timeout=0.3))
    simulator.faults()
    assert len(simulator.client().messages.list(to=number)) == sent


def test_a_slow_answer_comes(simulator, send):
    simulator.faults(messages={"mode": "slow", "delay_s": 0.3})
    assert send().status == "queued"


def test_a_text_ends_undelivered_with_the_code_it_was_given(simulator, customer, send):
    simulator.faults(messages={"error_code": 30005})
    send(status_callback=customer.base + "/sms")
    assert customer.states("/sms", "MessageStatus", 2) == ["sent", "undelivered"]
    assert customer.at("/sms")[1].fields["ErrorCode"] == "30005"


def test_a_call_fails_with_the_code_it_was_given(simulator, customer, twilio, number):
    simulator.faults(calls={"error_code": 32017})
    twilio.calls.create(to=number, from_=NUMBER, twiml="<Response/>", status_callback=customer.base + "/status")
    assert customer.states("/status", "CallStatus", 1) == ["failed"]
    assert customer.at("/status")[0].fields["ErrorCode"] == "32017"


def test_callbacks_can_be_lost(simulator, customer, twilio, send):
    simulator.faults(messages={"drop_callbacks": True})
    sid = send(status_callback=customer.base + "/sms").sid
    simulator.until(lambda: twilio.messages(sid).fetch().status == "delivered")
    assert customer.at("/sms") == []


def test_callbacks_can_come_more_than_once(simulator, customer, send):
    simulator.faults(messages={"duplicate_callbacks": 2})
    send(status_callback=customer.base + "/sms")
    assert customer.states("/sms", "MessageStatus", 6) == ["sent"] * 3 + ["delivered"] * 3


def test_callbacks_can_come_last_first(simulator, customer, send):
    simulator.faults(messages={"reverse_callbacks": True})
    send(status_callback=customer.base + "/sms")
    assert customer.states("/sms", "MessageStatus", 2) == ["delivered", "sent"]


def test_callbacks_of_a_text_can_come_before_its_answer(simulator, customer, send):
    simulator.faults(messages={"callbacks_first": True})
    send(status_callback=customer.base + "/sms")
    assert [heard.fields["MessageStatus"] for heard in customer.at("/sms")] == ["sent", "delivered"]


def test_the_first_callback_of_a_call_can_come_before_its_answer(simulator, customer, twilio, number):
    simulator.faults(calls={"callbacks_first": True})
    asked = {"status_callback": customer.base + "/status", "status_callback_event": ["initiated"]}
    twilio.calls.create(to=number, from_=NUMBER, twiml="<Response/>", **asked)
    assert [heard.fields["CallStatus"] for heard in customer.at("/status")] == ["initiated"]


def test_a_share_of_the_requests_is_the_same_share_each_time(simulator, send):
    def fates():
        simulator.faults(messages={"mode": "status", "share": 0.5})
        found = []
        for _ in range(20):
            try:
                found.append(send().status)
            except TwilioRestException:
                found.append("refused")
        return found

    first = fates()
    assert set(first) == {"queued", "refused"}
    assert fates() == first


def test_a_list_can_lag(simulator, twilio, send, number):
    send()
    simulator.faults(messages={"list_lag_s": 60})
    assert twilio.messages.list(to=number) == []
    simulator.faults()
    assert len(twilio.messages.list(to=number)) == 1


def test_a_callback_is_tried_again_as_its_address_asks(customer, send):
    address = customer.says("/sms", "", 503)
    send(status_callback=address + "#rc=2&rp=5xx")
    assert customer.states("/sms", "MessageStatus", 6) == ["sent"] * 3 + ["delivered"] * 3


def test_a_wrong_plan_changes_nothing(simulator):
    told = simulator.api("PUT", "faults/", {"messages": {"mode": "rude"}, "faxes": {}})
    assert set(told) == {"messages.mode", "faxes"}
    assert simulator.api("GET", "faults/")["messages"]["mode"] == "none"
