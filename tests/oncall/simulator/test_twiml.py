"""The language of calls, read and obeyed without a network, a thread or a clock."""

import pytest

from oncall.simulator import twiml
from oncall.simulator.twiml import Collect, Fetch, Fetched, Gather, Keys, Note, Pause, Say, Speak, Wait, taken

START = Fetch("http://portal/voice/7/start")
MENU = """<Response><Say>Alarm.</Say><Gather numDigits="1" timeout="8" action="keys" actionOnEmptyResult="true">
<Say>Press 4 to acknowledge.</Say></Gather></Response>"""


def perform(conversation, *answers):
    """Run the conversation, answering fetches and gathers in order; return its effects and how it ended."""
    effects, queue, answer = list[twiml.Effect](), list(answers), None
    while True:
        try:
            effect = conversation.send(answer)
        except StopIteration as end:
            return effects, end.value
        effects.append(effect)
        answer = queue.pop(0) if isinstance(effect, Fetch | Collect) else None


def page(body):
    return Fetched(f"<Response>{body}</Response>")


def test_a_call_is_spoken_keyed_and_hung_up():
    effects, end = perform(
        twiml.conversation(START), Fetched(MENU), Keys("4"), page("<Say>Acknowledged.</Say><Hangup/>")
    )
    gather = Gather(
        prompts=(Say("Press 4 to acknowledge."),), digits=1, timeout_s=8, action="keys", action_on_empty=True
    )
    assert effects == [
        START,
        Speak("Alarm."),
        Speak("Press 4 to acknowledge."),
        Collect(gather, 6 / 15 + 23 / 15 + 8),  # letters at 15 a second, then the timeout
        Fetch("http://portal/voice/7/keys", "POST", {"Digits": "4", "msg": "Gather End"}),
        Speak("Acknowledged."),
    ]
    assert end == "hangup"


def test_no_keys_go_to_the_action_only_where_the_gather_asks_for_that():
    effects, end = perform(twiml.conversation(START), page("<Gather action='keys'/><Say>Goodbye.</Say>"), Keys())
    assert effects[2:] == [Speak("Goodbye.")]
    assert end == "end of document"


def test_no_keys_are_sent_as_empty_digits_where_the_gather_asks_for_that():
    effects, _ = perform(twiml.conversation(START), Fetched(MENU), Keys(), page(""))
    assert effects[-1] == Fetch("http://portal/voice/7/keys", "POST", {"Digits": "", "msg": "Gather End"})


def test_a_gather_without_action_asks_its_own_document_again():
    effects, _ = perform(twiml.conversation(START), page('<Gather numDigits="1"/>'), Keys("*"), page(""))
    assert effects[-1].url == START.url


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("again", "http://portal/voice/7/again"),
        ("/other", "http://portal/other"),
        ("?round=2", "http://portal/voice/7/start?round=2"),
        ("https://elsewhere/x", "https://elsewhere/x"),
    ],
)
def test_a_redirect_is_seen_from_its_document(target, url):
    effects, _ = perform(twiml.conversation(START), page(f'<Redirect method="GET">{target}</Redirect>'), page(""))
    assert effects[-1] == Fetch(url, "GET")


def test_nothing_behind_a_redirect_is_obeyed():
    effects, _ = perform(twiml.conversation(START), page("<Redirect>a</Redirect><Say>Never.</Say>"), page(""))
    assert Speak("Never.") not in effects


def test_a_pause_waits():
    effects, _ = perform(twiml.conversation(START), page('<Pause length="3"/>'))
    assert effects[1:] == [Wait(3)]


def test_what_is_not_simulated_is_passed_over_and_noted():
    effects, end = perform(twiml.conversation(START), page("<Dial>+1</Dial><Say>Still here.</Say>"))
    assert effects[1:] == [Note("<Dial> is not simulated and was passed over."), Speak("Still here.")]
    assert end == "end of document"


def test_a_rejected_call_ends():
    assert perform(twiml.conversation(START), page("<Reject/><Say>Never.</Say>")) == ([START], "rejected")


def test_a_failing_document_is_heard_as_an_application_error():
    effects, end = perform(twiml.conversation(START), Fetched(problem="POST answered 500.", code="11200"))
    assert effects[1:] == [Note("POST answered 500."), Speak(twiml.APPLICATION_ERROR)]
    assert end == "application error"


def test_a_failing_document_is_replaced_by_the_fallback():
    effects, end = perform(
        twiml.conversation(START, fallback=Fetch("http://backup/say")),
        Fetched(problem="POST answered 500.", code="11200"),
        page("<Say>Open the portal.</Say>"),
    )
    assert effects[2:] == [
        Fetch("http://backup/say", "POST", {"ErrorCode": "11200", "ErrorUrl": START.url}),
        Speak("Open the portal."),
    ]
    assert end == "end of document"


def test_a_call_that_runs_in_circles_ends():
    circles = [page("<Redirect/>")] * twiml.MOST_DOCUMENTS
    assert perform(twiml.conversation(START), *circles)[1] == "application error"


def test_a_document_given_whole_is_obeyed():
    assert perform(twiml.conversation("<Response><Say>Hi</Say></Response>")) == ([Speak("Hi")], "end of document")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("", "not XML"),
        ("<Response>", "not XML"),
        ("<html/>", "must be a <Response>"),
        ('<Response><Gather timeout="soon"/></Response>', 'timeout="soon" of <Gather> is not a number'),
        ("<!DOCTYPE x><Response/>", "DOCTYPE"),
        ("<Response>" + " " * 70000 + "</Response>", "64 KiB"),
    ],
)
def test_a_document_that_cannot_be_obeyed_says_why(document, problem):
    with pytest.raises(twiml.BadDocument, match=problem):
        twiml.read(document)


def test_text_is_read_with_its_escapes_and_without_its_line_breaks():
    assert twiml.read("<Response><Say>A &amp; B\n   &lt;C&gt;</Say><Pause/></Response>") == (Say("A & B <C>"), Pause(1))


@pytest.mark.parametrize(
    ("keys", "gather", "got"),
    [
        ("", Gather(digits=1), None),
        ("4", Gather(digits=1), (Keys("4"), "")),
        ("46", Gather(digits=1), (Keys("4"), "6")),
        ("12", Gather(digits=3), None),
        ("12#9", Gather(), (Keys("12", "#"), "9")),
        ("#", Gather(digits=1), (Keys("", "#"), "")),
        ("*", Gather(digits=1), (Keys("*"), "")),
        ("#", Gather(digits=1, finish_on=""), (Keys("#"), "")),
    ],
)
def test_a_gather_takes_its_keys_and_leaves_the_rest(keys, gather, got):
    assert taken(keys, gather) == got


@pytest.mark.parametrize(
    ("document", "texts"),
    [
        ("", ()),
        ("<Response/>", ()),
        ("<Response><Message>Noted.</Message></Response>", ("Noted.",)),
        ("<Response><Message><Body>One.</Body></Message><Message>Two.</Message></Response>", ("One.", "Two.")),
    ],
)
def test_texts_are_read_from_a_messaging_document(document, texts):
    assert twiml.read_replies(document) == texts
