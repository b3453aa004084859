"""Calls: rung, answered, keyed, redirected, refused, cut; the real client orders them, a script picks up."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

TOKEN = "token-of-the-account"
NUMBER = "+15005550006"
ALL = ["initiated", "ringing", "answered", "completed"]
MENU = """<Response><Gather numDigits="1" timeout="60" action="keys" actionOnEmptyResult="true">
<Say>Alarm. Press 4 to acknowledge, 6 to resolve.</Say></Gather></Response>"""
SURE = """<Response><Gather numDigits="1" timeout="60" action="sure"><Say>Press 1 if you are sure.</Say></Gather>
</Response>"""
BYE = "<Response><Say>Acknowledged.</Say><Hangup/></Response>"


@pytest.fixture
def ring(twilio, number, customer):
    def ring(**more):
        usual = {
            "to": number,
            "from_": NUMBER,
            "url": customer.base + "/voice/start",
            "status_callback": customer.base + "/status",
            "status_callback_event": ALL,
            "timeout": 60,
        }
        return twilio.calls.create(**usual | more)

    customer.says("/voice/start", MENU)
    customer.says("/voice/keys", BYE)
    return ring


def test_a_call_answered_and_keyed_is_heard_to_its_end(simulator, customer, ring, number):
    sid = ring().sid
    told = simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/", {"digits": "4"})
    assert told["sid"] == sid
    assert told["state"] == "completed"
    assert told["said"] == "Alarm. Press 4 to acknowledge, 6 to resolve.\nAcknowledged."
    assert customer.at("/voice/keys")[0].fields["Digits"] == "4"
    assert customer.states("/status", "CallStatus", 4) == ["initiated", "ringing", "in-progress", "completed"]
    assert customer.states("/status", "SequenceNumber", 4) == ["0", "1", "2", "3"]


def test_documents_are_asked_for_with_a_signature_and_the_calls_fields(simulator, customer, ring, number):
    sid = ring().sid
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    [heard] = customer.at("/voice/start")
    assert heard.method == "POST"
    assert heard.fields == {
        "AccountSid": "AC" + "a" * 32,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "CallStatus": "in-progress",
        "Called": number,
        "Caller": NUMBER,
        "Direction": "outbound-api",
        "From": NUMBER,
        "To": number,
    }
    assert RequestValidator(TOKEN).validate(heard.url, heard.fields, heard.headers["X-Twilio-Signature"])


def test_a_document_asked_for_by_get_carries_a_signed_query(simulator, customer, ring, number):
    ring(method="GET")
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    [heard] = customer.at("/voice/start")
    assert (heard.method, heard.fields) == ("GET", {})
    assert "CallStatus=in-progress" in heard.url
    assert RequestValidator(TOKEN).validate(heard.url, {}, heard.headers["X-Twilio-Signature"])


def test_a_call_waits_for_keys_and_takes_them_one_answer_at_a_time(simulator, customer, ring, number):
    customer.says("/voice/keys", SURE)
    customer.says("/voice/sure", BYE)
    ring()
    sid = simulator.ringing(number)
    states = [simulator.api("POST", f"calls/{sid}/answer/", {"digits": keys})["state"] for keys in ("", "6", "1")]
    assert states == ["in-progress", "in-progress", "completed"]


def test_keys_pressed_ahead_are_kept_for_the_next_gather(simulator, customer, ring, number):
    customer.says("/voice/keys", SURE)
    customer.says("/voice/sure", BYE)
    ring()
    told = simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/", {"digits": "61"})
    assert told["state"] == "completed"
    assert customer.at("/voice/sure")[0].fields["Digits"] == "1"


def test_a_gather_nobody_keys_goes_to_its_action_empty(simulator, customer, ring, number):
    customer.says("/voice/start", MENU.replace('timeout="60"', 'timeout="1"'))
    ring()
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    assert customer.states("/voice/keys", "Digits", 1) == [""]


def test_a_phone_that_nobody_answers_rings_until_the_timeout(customer, ring):
    ring(timeout=2)
    assert customer.states("/status", "CallStatus", 3) == ["initiated", "ringing", "no-answer"]


@pytest.mark.parametrize("fate", [("ignore", "no-answer"), ("busy", "busy"), ("off", "no-answer")])
def test_what_a_phone_is_set_to_decides_the_end(simulator, customer, ring, number, fate):
    mode, end = fate
    simulator.phone(number, mode)
    ring(timeout=2, status_callback_event=["completed"])
    assert customer.states("/status", "CallStatus", 1) == [end]
    assert customer.at("/status")[0].fields["CallDuration"] == "0"


def test_only_the_end_is_told_where_no_events_are_asked_for(simulator, customer, ring, number):
    ring(status_callback_event=None)
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/", {"digits": "4"})
    assert customer.states("/status", "CallStatus", 1) == ["completed"]


def test_a_failing_document_is_replaced_by_the_fallback(simulator, customer, ring, number):
    customer.says("/voice/start", "oops", 503)
    fallback = customer.says("/fallback", "<Response><Say>Open the portal.</Say></Response>")
    ring(fallback_url=fallback)
    told = simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    assert told["said"] == "Open the portal."
    assert customer.at("/fallback")[0].fields["ErrorCode"] == "11200"


def test_a_failing_document_without_fallback_is_heard_and_ends_the_call(simulator, customer, ring, number):
    customer.says("/voice/start", "<Response><Say>unclosed")
    ring()
    told = simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    assert told["state"] == "completed"
    assert told["said"] == "We are sorry, an application error has occurred. Goodbye."


def test_a_document_given_with_the_order_is_spoken(simulator, twilio, number):
    twilio.calls.create(to=number, from_=NUMBER, twiml="<Response><Say>Test of the pager.</Say></Response>")
    assert simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")["said"] == "Test of the pager."


def test_a_ringing_call_is_canceled(simulator, customer, twilio, ring, number):
    ring()
    assert twilio.calls(simulator.ringing(number)).update(status="canceled").status == "canceled"
    assert customer.states("/status", "CallStatus", 3)[-1] == "canceled"


def test_a_call_in_progress_is_completed_by_the_customer(simulator, twilio, ring, number):
    ring()
    sid = simulator.ringing(number)
    simulator.api("POST", f"calls/{sid}/answer/")
    assert twilio.calls(sid).update(status="completed").status == "completed"


def test_a_call_in_progress_cannot_be_canceled(simulator, twilio, ring, number):
    ring()
    sid = simulator.ringing(number)
    simulator.api("POST", f"calls/{sid}/answer/")
    with pytest.raises(TwilioRestException, match="complete it instead") as refused:
        twilio.calls(sid).update(status="canceled")
    assert refused.value.code == 21220


def test_a_call_in_progress_is_given_another_document(simulator, twilio, ring, number):
    ring()
    sid = simulator.ringing(number)
    simulator.api("POST", f"calls/{sid}/answer/")
    twilio.calls(sid).update(twiml="<Response><Say>Somebody else took it.</Say></Response>")
    told = simulator.until(
        lambda: (call := simulator.api("GET", f"calls/{sid}/"))["state"] == "completed" and call["said"]
    )
    assert told.endswith("\nSomebody else took it.")


def test_a_person_hangs_up(simulator, customer, ring, number):
    ring()
    sid = simulator.ringing(number)
    simulator.api("POST", f"calls/{sid}/answer/")
    assert simulator.api("POST", f"calls/{sid}/hangup/")["state"] == "completed"


def test_a_person_turns_a_ringing_call_away(simulator, ring, number):
    ring()
    assert simulator.api("POST", f"calls/{simulator.ringing(number)}/hangup/")["state"] == "busy"


def test_a_call_ends_at_its_time_limit(simulator, customer, ring, number):
    ring(time_limit=2)
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/")
    assert customer.states("/status", "CallStatus", 4)[-1] == "completed"
    assert customer.at("/status")[-1].fields["CallDuration"] == "2"


def test_a_call_that_is_over_cannot_be_answered(simulator, ring, number):
    sid = ring(timeout=1).sid
    simulator.until(lambda: simulator.api("GET", f"calls/{sid}/")["state"] == "no-answer")
    told = simulator.api("POST", f"calls/{sid}/answer/", {"digits": "4"})
    assert told == {"detail": ["This call does not ring any more. Answer the newest one, or order another."]}


def test_the_events_of_a_call_name_every_address_it_used(simulator, customer, twilio, ring, number):
    sid = ring().sid
    simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/", {"digits": "4"})
    customer.states("/status", "CallStatus", 4)
    events = simulator.until(lambda: len(found := twilio.calls(sid).events.list()) == 7 and found)
    order = events[0].request
    assert order["url"].endswith("/Calls.json")
    assert order["parameters"]["url"] == customer.base + "/voice/start"
    fetched = [event for event in events if event.request["url"] == customer.base + "/voice/start"]
    assert [(event.response["response_code"], event.response["response_body"]) for event in fetched] == [(200, MENU)]


def test_a_person_calls_the_customer(simulator, customer, number):
    customer.says("/voice", "<Response><Say>This is the pager of the observatory.</Say></Response>")
    told = simulator.api("POST", "calls/", {"from": number})
    assert (told["state"], told["said"]) == ("completed", "This is the pager of the observatory.")
    assert customer.at("/voice")[0].fields["Direction"] == "inbound"
