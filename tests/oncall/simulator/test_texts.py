"""Texts, outwards and inwards, through the real client and signed callbacks."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

TOKEN = "token-of-the-account"
ACCOUNT = "AC" + "a" * 32
NUMBER = "+15005550006"


@pytest.fixture
def send(twilio, number):
    def send(**more):
        return twilio.messages.create(**{"to": number, "from_": NUMBER, "body": "OBS1 [K7Q2] dome fault"} | more)

    return send


def test_a_text_is_queued_then_delivered(simulator, twilio, send):
    sent = send()
    assert (sent.status, sent.direction, sent.num_segments, sent.date_sent) == ("queued", "outbound-api", "1", None)
    assert simulator.until(lambda: twilio.messages(sent.sid).fetch().status == "delivered")


def test_the_callbacks_of_a_text_come_in_order_and_signed(customer, send, number):
    sent = send(status_callback=customer.base + "/sms/7f#rc=3&rp=all")
    assert customer.states("/sms/7f", "MessageStatus", 2) == ["sent", "delivered"]
    heard = customer.at("/sms/7f")[1]
    assert heard.fields == {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": NUMBER,
        "MessageSid": sent.sid,
        "MessageStatus": "delivered",
        "SmsSid": sent.sid,
        "SmsStatus": "delivered",
        "To": number,
    }
    assert RequestValidator(TOKEN).validate(heard.url, heard.fields, heard.headers["X-Twilio-Signature"])


def test_a_text_through_a_service_is_accepted_without_a_sender_yet(customer, twilio, send):
    service = "MG" + "c" * 32
    sent = send(from_=None, messaging_service_sid=service, status_callback=customer.base + "/sms")
    assert (sent.status, sent.from_) == ("accepted", None)
    customer.states("/sms", "MessageStatus", 2)
    assert customer.at("/sms")[0].fields["MessagingServiceSid"] == service
    assert twilio.messages(sent.sid).fetch().from_ == NUMBER


def test_a_text_waits_for_a_phone_that_is_off_until_it_is_on(simulator, customer, twilio, send, number):
    simulator.phone(number, "off")
    sent = send(status_callback=customer.base + "/sms")
    customer.states("/sms", "MessageStatus", 1)
    assert twilio.messages(sent.sid).fetch().status == "sent"
    simulator.phone(number, "answer")
    assert customer.states("/sms", "MessageStatus", 2) == ["sent", "delivered"]


def test_a_text_is_undelivered_when_its_validity_ends_at_a_phone_that_is_off(simulator, customer, twilio, send, number):
    simulator.phone(number, "off")
    sent = send(status_callback=customer.base + "/sms", validity_period=6)
    assert customer.states("/sms", "MessageStatus", 2) == ["sent", "undelivered"]
    assert customer.at("/sms")[1].fields["ErrorCode"] == "30003"
    assert twilio.messages(sent.sid).fetch().error_code == 30003


def test_a_text_that_waits_too_long_in_the_queue_is_never_sent(simulator, customer, send):
    simulator.faults(messages={"queue_s": 0.5})
    send(status_callback=customer.base + "/sms", validity_period=1)
    assert customer.states("/sms", "MessageStatus", 1) == ["failed"]
    assert customer.at("/sms")[0].fields["ErrorCode"] == "30036"


def test_what_a_person_texts_reaches_the_customer_signed(simulator, customer, number):
    told = simulator.api("POST", "messages/", {"from": number, "to": NUMBER, "body": "K7Q2 A"})
    assert (told["state"], told["problem"]) == ("received", "")
    [heard] = customer.at("/sms")
    assert heard.fields | {"NumSegments": "1"} == heard.fields
    assert {name: heard.fields[name] for name in ("MessageSid", "From", "To", "Body", "AccountSid", "NumMedia")} == {
        "MessageSid": told["sid"],
        "From": number,
        "To": NUMBER,
        "Body": "K7Q2 A",
        "AccountSid": ACCOUNT,
        "NumMedia": "0",
    }
    assert RequestValidator(TOKEN).validate(heard.url, heard.fields, heard.headers["X-Twilio-Signature"])


def test_what_the_customer_answers_is_texted_back(simulator, customer, twilio, number):
    customer.says("/sms", "<Response><Message>Acknowledged.</Message></Response>")
    simulator.api("POST", "messages/", {"from": number, "body": "K7Q2 A"})
    [reply] = twilio.messages.list(to=number)
    assert (reply.body, reply.from_, reply.direction) == ("Acknowledged.", NUMBER, "outbound-reply")


def test_a_customer_that_fails_is_named_to_whoever_texted(simulator, customer, number):
    customer.says("/sms", "oops", 500)
    told = simulator.api("POST", "messages/", {"from": number, "body": "hello"})
    assert told["problem"].endswith("/inbound/sms answered 500.")


@pytest.mark.parametrize("word", ["STOP", " stop ", "End", "OPTOUT"])
def test_stop_closes_the_door_until_start_opens_it(simulator, customer, send, number, word):
    simulator.api("POST", "messages/", {"from": number, "to": NUMBER, "body": word})
    with pytest.raises(TwilioRestException) as refused:
        send()
    assert (refused.value.status, refused.value.code) == (400, 21610)
    simulator.api("POST", "messages/", {"from": number, "to": NUMBER, "body": "START"})
    assert send().status == "queued"
    assert [heard.fields["Body"] for heard in customer.at("/sms")] == [word, "START"]
    assert len(simulator.api("GET", f"messages/?to={number}")["results"]) == 3  # a farewell, a welcome, a page


def test_stop_to_a_service_closes_the_whole_service(simulator, customer, send, number):
    service = {"from_": None, "messaging_service_sid": "MG" + "d" * 32}
    send(**service)
    simulator.api("POST", "messages/", {"from": number, "to": NUMBER, "body": "STOP"})
    with pytest.raises(TwilioRestException) as refused:
        send(**service)
    assert refused.value.code == 21610
    assert customer.at("/sms")[0].fields["OptOutType"] == "STOP"
    assert send().status == "queued"  # the bare number was not told to stop


@pytest.mark.parametrize("body", ["STOP it", "please stop", "K7Q2 END", "YES"])
def test_a_reserved_word_counts_only_alone_and_yes_only_after_stop(simulator, twilio, send, number, body):
    simulator.api("POST", "messages/", {"from": number, "to": NUMBER, "body": body})
    assert twilio.messages.list(to=number) == []
    assert send().status == "queued"


def test_help_is_answered_by_the_company(simulator, twilio, number):
    simulator.api("POST", "messages/", {"from": number, "to": NUMBER, "body": "help"})
    [reply] = twilio.messages.list(to=number)
    assert "STOP" in reply.body
