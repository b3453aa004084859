"""Raising an alarm by telephone: a known number, a key, a PIN; once, and never without the PIN."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth.hashers import check_password
from django.db import OperationalError
from twilio.request_validator import RequestValidator

from incidents.alarms import sms_answers, summit
from incidents.alarms.models import PEOPLE, Alarm
from incidents.alarms.summit_models import CallerPin, SummitCall, SummitLine
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.paging.models import InboundSms, Notice
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN, BASE = "AC" + "a" * 32, "the-token", "https://oncall.example.org"
ROOM, PIN, ADA = "+56512205200", "918273", "+14155550101"
VOICE, TEXT = "/hooks/twilio/voice/inbound/", "/hooks/twilio/sms/inbound/"


@pytest.fixture(autouse=True)
def _account(settings, db):
    clock.travel(NOW - clock.now())
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_AUTH_TOKENS = [TOKEN]
    settings.PUBLIC_BASE_URL = BASE
    settings.PUBLISHED_ALTERNATIVES = "Call the control room."


@pytest.fixture
def room(policy, pilot) -> SummitLine:
    line = SummitLine(name="Control room", number=ROOM, severity=2)
    summit.save_line(line=line, pin=PIN, by=pilot, now=NOW)
    return line


@pytest.fixture
def post(client):
    def send(path, **fields):
        form = {"AccountSid": ACCOUNT, "From": ROOM} | fields
        signature = RequestValidator(TOKEN).compute_signature(BASE + path, form)
        return client.post(path, form, headers={"X-Twilio-Signature": signature})

    return send


class Telephone:
    """Somebody's telephone, calling our number: `press` sends keys to where the last words wait for them."""

    def __init__(self, post, sid: str, number: str) -> None:
        self.post, self.fields = post, {"CallSid": sid, "From": number}
        self._hear(post(VOICE, **self.fields))

    def _hear(self, response) -> None:
        assert response.status_code == 200
        self.root = ElementTree.fromstring(response.content)
        self.said = " ".join("".join(say.itertext()) for say in self.root.iter("Say"))
        gather = self.root.find("Gather")
        self.gather = gather
        self.action = gather.attrib["action"].removeprefix(BASE) if gather is not None else ""

    def press(self, keys: str) -> str:
        self._hear(self.post(self.action, **self.fields, Digits=keys))
        return self.said


@pytest.fixture
def call(post):
    return lambda sid="CA1", number=ROOM: Telephone(post, sid, number)


@pytest.fixture
def text(post):
    def send(body: str, *, number: str = ROOM, sid: str = "SM1") -> str:
        assert post(TEXT, MessageSid=sid, From=number, Body=body).status_code == 200
        notice = Notice.objects.filter(key=f"reply:{sid}").first()
        return notice.text if notice else ""

    return send


def test_a_key_a_pin_and_a_key_raise_the_alarm_and_say_who_is_called(room, call):
    phone = call()
    assert "Press 1: images are taken and no alerts go out." in phone.said
    phone.press("1")
    assert phone.gather.attrib["numDigits"] == "6"
    assert "You raise an alarm: Images are taken, no alerts go out." in phone.press(PIN)
    assert not Alarm.objects.exists()

    said = phone.press("1")

    assert "Raised. Images are taken, no alerts go out. Calling now: Ada Moreno." in said
    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.severity, alarm.source_id) == ("Images are taken, no alerts go out", 2, PEOPLE)
    assert (alarm.source, alarm.state) == ("Control room", "firing")


def test_two_is_something_else(room, call):
    phone = call()
    phone.press("2")
    phone.press(PIN)
    phone.press("1")

    assert Alarm.objects.get().title == "Control room calls for help"


def test_no_key_after_the_pin_raises_too(room, call):
    phone = call()
    phone.press("1")
    phone.press(PIN)

    redirect = phone.root.find("Redirect")
    assert redirect is not None
    phone._hear(phone.post((redirect.text or "").removeprefix(BASE), **phone.fields))

    assert Alarm.objects.count() == 1


def hang_up(room, call, *keys: str, then: int) -> None:
    """Somebody calls, presses these keys and hangs up; the chore looks `then` seconds later."""
    phone = call()
    for one in keys:
        phone.press(one)
    now = clock.now() + timedelta(seconds=then)
    summit.raise_left(now=now, limits=limits.at(now))
    summit.raise_left(now=now, limits=limits.at(now))


def test_who_hangs_up_after_the_pin_raises_all_the_same_a_minute_later_and_once(room, call):
    hang_up(room, call, "1", PIN, then=61)

    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.count) == ("Images are taken, no alerts go out", 1)


@pytest.mark.parametrize(
    ("keys", "then"),
    [(("1", PIN), 55), (("1",), 61), (("1", "111111"), 61), (("1", PIN, "*"), 61)],
    ids=["still being read back", "no PIN", "a wrong PIN", "star"],
)
def test_who_hangs_up_otherwise_raises_nothing(room, call, keys, then):
    hang_up(room, call, *keys, then=then)

    assert not Alarm.objects.exists()


def test_who_confirms_after_the_chore_raises_no_second_one(room, call):
    phone = call()
    phone.press("1")
    phone.press(PIN)
    now = clock.now() + timedelta(seconds=61)
    summit.raise_left(now=now, limits=limits.at(now))

    assert "Raised." in phone.press("1")
    assert Alarm.objects.get().count == 1


def test_one_call_that_breaks_keeps_no_other_from_being_raised(room, call, monkeypatch):
    for sid in ("CA1", "CA2"):
        phone = call(sid)
        phone.press("1")
        phone.press(PIN)
    raised = summit.raise_of_call

    def breaks(*, call, now):
        if call.sid == "CA1":
            raise RuntimeError("a mistake of ours")
        raised(call=call, now=now)

    monkeypatch.setattr(summit, "raise_of_call", breaks)
    now = clock.now() + timedelta(seconds=61)
    summit.raise_left(now=now, limits=limits.at(now))

    assert SummitCall.objects.filter(alarm__isnull=False).values_list("sid", flat=True).get() == "CA2"


def test_star_comes_twice_and_raises_nothing(room, call):
    phone = call()
    phone.press("1")
    phone.press(PIN)
    confirm = phone.action
    phone.press("*")

    phone._hear(phone.post(confirm, **phone.fields))  # again, without its key

    assert not Alarm.objects.exists()


def test_star_raises_nothing(room, call):
    phone = call()
    phone.press("1")
    phone.press(PIN)

    assert "Nothing was raised." in phone.press("*")
    assert not Alarm.objects.exists()


def test_a_request_that_comes_twice_raises_once(room, call):
    phone = call()
    phone.press("1")
    phone.press(PIN)
    confirm = phone.action
    first = phone.press("1")
    Alarm.objects.update(state="resolved", resolved_at=NOW, next_due=None)  # and it does not come back

    phone._hear(phone.post(confirm, **phone.fields, Digits="1"))

    assert phone.said == first
    assert Alarm.objects.get().state == "resolved"


def test_confirming_without_a_pin_raises_nothing(room, call, post):
    phone = call()
    phone.press("1")

    post("/hooks/twilio/summit/confirm/", **phone.fields, Digits="1")

    assert not Alarm.objects.exists()


def test_another_call_does_not_inherit_the_pin(room, call):
    first = call("CA1")
    first.press("1")
    first.press(PIN)
    second = call("CA2")
    second.press("1")

    second.action = "/hooks/twilio/summit/confirm/"
    second.press("1")

    assert not Alarm.objects.exists()


def test_three_wrong_pins_end_the_call_and_are_said(room, call):
    phone = call()
    phone.press("1")
    assert "That PIN is wrong." in phone.press("111111")
    assert "That PIN is wrong." in phone.press("222222")

    said = phone.press("333333")

    assert phone.gather is None
    assert said == "That PIN is wrong. Call the control room. Good bye."
    assert Trouble.objects.get(kind="pin").text.startswith("Wrong PINs by telephone, from the number of Control room.")


def test_the_trouble_is_over_an_hour_later(room):
    caller = summit.caller_at(ROOM)
    assert caller is not None
    summit.say_trouble(caller, now=NOW)

    summit.forget_wrong(now=NOW + timedelta(minutes=59), limits=limits.at(NOW))
    assert Trouble.objects.filter(until=None).exists()
    summit.forget_wrong(now=NOW + timedelta(minutes=61), limits=limits.at(NOW))
    assert not Trouble.objects.filter(until=None).exists()


def test_after_six_wrong_pins_an_hour_the_right_one_waits_too(room, call):
    for sid in ("CA1", "CA2"):
        phone = call(sid)
        phone.press("1")
        for _ in range(3):
            phone.press("111111")
    phone = call("CA3")
    phone.press("1")

    assert "Too many wrong PINs from this number." in phone.press(PIN)
    clock.travel(timedelta(minutes=61))
    phone = call("CA4")
    phone.press("1")
    assert "You raise an alarm" in phone.press(PIN)


def test_wrong_pins_by_text_keep_nobody_from_calling(room, call, text):
    for number in range(7):
        text("111111 1", sid=f"SM{number}")
    phone = call()
    phone.press("1")

    assert "You raise an alarm" in phone.press(PIN)


def test_wrong_pins_by_call_keep_nobody_from_texting(room, call, text):
    for sid in ("CA1", "CA2"):
        phone = call(sid)
        phone.press("1")
        for _ in range(3):
            phone.press("111111")
    text(f"{PIN} 1")

    assert Alarm.objects.count() == 1


def test_a_stranger_hears_what_is_published_and_no_more(room, call):
    assert call(number="+19995550000").said == (
        "This number calls people on duty. Nobody answers here. Call the control room. Good bye."
    )


def test_a_closed_line_is_a_stranger(room, call):
    SummitLine.objects.update(is_enabled=False)

    assert "Nobody answers here." in call().said


def test_a_person_without_a_pin_hears_how_to_get_one(policy, call):
    assert "set a PIN under Me" in call(number=ADA).said


def test_a_person_raises_from_their_own_telephone(policy, ada, call):
    summit.set_pin(person=ada, pin=PIN, now=NOW)
    phone = call(number=ADA)
    phone.press("1")
    phone.press(PIN)
    phone.press("1")

    assert Alarm.objects.get().raised_by == ada


def test_whoever_is_being_called_is_told_that_first(policy, ada, call, post):
    summit.set_pin(person=ada, pin=PIN, now=NOW)
    paging.page(
        key="k",
        person=ada,
        severity=1,
        title="x",
        text="x",
        url="/",
        answer_path="/hooks/twilio/voice/",
        now=clock.now(),
    )

    assert "1 page is calling you." in call(number=ADA).said


def test_where_the_database_fails_a_pin_stands_in_no_address(room, call, monkeypatch):
    phone = call()
    phone.press("1")

    def broken(**kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(summit, "check_pin", broken)
    phone.press(PIN)

    redirect = phone.root.find("Redirect")
    assert redirect is not None
    assert PIN not in ElementTree.tostring(phone.root, encoding="unicode")
    assert "This was not recorded." in phone.said


def test_the_pin_is_kept_hashed(room):
    room.refresh_from_db()

    assert PIN not in room.pin
    assert check_password(PIN, room.pin)


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567", "123456", "987654", "111111", "121212", "918918", "１２３４５６", "abcdef"]
)
def test_a_pin_that_would_be_guessed_is_refused(ada, pin):
    with pytest.raises(summit.BadPin):
        summit.set_pin(person=ada, pin=pin, now=NOW)


# Texts -------------------------------------------------------------------------------------------------------------


def test_a_text_of_pin_and_one_raises(room, text):
    reply = text(f"{PIN} 1")

    alarm = Alarm.objects.get()
    assert alarm.title == "Images are taken, no alerts go out"
    assert reply == (
        f"Raised SEV-2 Images are taken, no alerts go out. Calling now: Ada Moreno. Alarm {str(alarm.pk)[:8]}."
    )


def test_a_text_may_say_what_is_wrong(room, text):
    text(f"{PIN}: the dome\nis stuck")

    assert Alarm.objects.get().title == "the dome is stuck"


def test_a_text_that_comes_twice_raises_once(room, text):
    text(f"{PIN} 1")
    text(f"{PIN} 1")

    assert Alarm.objects.get().count == 1


def test_a_pin_is_not_kept_in_the_text(room, text):
    text(f"{PIN} 1")

    assert InboundSms.objects.get().body == "•••••• 1"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (f"PIN {PIN} 1", "PIN •••••• 1"),
        (f"{PIN}1", "•••••••"),
        ("918 273 1", "••• ••• 1"),
        (f"1 {PIN}", "• ••••••"),
        ("9-1-8-2-7-3", "•-•-•-•-•-•"),
        ("bay 12345 at 3", "bay 12345 at 3"),
        ("12345 is stuck", "12345 is stuck"),
    ],
)
def test_no_six_digits_of_somebody_known_are_kept(room, text, body, kept):
    text(body)

    assert InboundSms.objects.get().body == kept


def test_a_text_that_breaks_is_kept_without_its_pin(room, text, monkeypatch):
    def gone(**kwargs):
        raise OperationalError("gone")

    def broken(**kwargs):
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(summit, "check_pin", gone)
    text(f"{PIN} 1")
    monkeypatch.setattr(summit, "check_pin", broken)
    now = clock.now() + timedelta(seconds=6)
    sms_answers.take_left(now=now, limits=limits.at(now))

    assert (InboundSms.objects.get().body, InboundSms.objects.get().outcome) == (
        "•••••• 1",
        "could not be acted on: ValueError",
    )


def test_a_wrong_pin_raises_nothing(room, text):
    assert text("111111 1") == "That PIN is wrong. Nothing was raised."
    assert not Alarm.objects.exists()


def test_after_too_many_wrong_pins_a_text_is_told_to_call_and_it_is_said(room, text):
    for number in range(6):
        text("111111 1", sid=f"SM{number}")

    assert text(f"{PIN} 1", sid="SM9") == (
        "Too many wrong PINs from this number. Nothing was raised. Call this number instead, or try again in an hour."
    )
    assert not Alarm.objects.exists()
    assert Trouble.objects.filter(kind="pin", until=None).count() == 1


def test_a_text_without_a_pin_from_a_line_hears_how(room, text):
    assert text("hello?").startswith("To raise an alarm, text your PIN and 1")


def test_a_stranger_gets_no_reply(room, text):
    assert text(f"{PIN} 1", number="+19995550000") == ""
    assert not Alarm.objects.exists()


def test_a_code_of_a_page_wins_over_everything(policy, ada, text):
    summit.set_pin(person=ada, pin=PIN, now=NOW)

    assert text("BCDF A", number=ADA).startswith("Not understood: no page with the code BCDF")


def test_a_person_raises_by_a_text(policy, ada, text):
    summit.set_pin(person=ada, pin=PIN, now=NOW)
    text(f"{PIN} 1", number=ADA)

    assert Alarm.objects.get().raised_by == ada


def test_a_person_without_a_pin_is_told_where(policy, ada, text):
    assert text(f"{PIN} 1", number=ADA).startswith("You have no PIN.")


# Screens -----------------------------------------------------------------------------------------------------------


def test_my_pin_is_set_and_never_shown(client, ada):
    client.force_login(ada)

    assert client.post("/me/pin/", {"pin": PIN}).status_code == 302
    assert PIN not in client.get("/me/pin/").content.decode()
    assert check_password(PIN, CallerPin.objects.get().pin)


def test_a_bad_pin_says_why_at_its_field(client, ada):
    client.force_login(ada)

    response = client.post("/me/pin/", {"pin": "123456"})

    assert response.status_code == 400
    assert "would be guessed first" in response.content.decode()


def test_my_pin_is_taken_away(client, ada):
    summit.set_pin(person=ada, pin=PIN, now=NOW)
    client.force_login(ada)
    client.post("/me/pin/", {"then": "remove"})

    assert not CallerPin.objects.exists()


LINE = {"name": "Control room", "number": "+56 51 220 5200", "severity": 2, "is_enabled": "on", "pin": PIN}


def test_the_pilot_enters_a_line(client, pilot):
    client.force_login(pilot)

    assert client.post("/summit-lines/new/", LINE).status_code == 302
    line = SummitLine.objects.get()
    assert (line.number, line.kept_by) == (ROOM, pilot)
    assert check_password(PIN, line.pin)


def test_an_edit_without_a_pin_keeps_it(client, pilot, room):
    client.force_login(pilot)
    client.post(f"/summit-lines/{room.pk}/", LINE | {"pin": "", "severity": 1})

    room.refresh_from_db()
    assert (room.severity, check_password(PIN, room.pin)) == (1, True)


@pytest.mark.parametrize("wrong", [{"pin": ""}, {"pin": "1"}, {"number": "nonsense"}, {"name": ""}])
def test_a_line_that_cannot_be_says_why(client, pilot, wrong):
    client.force_login(pilot)

    response = client.post("/summit-lines/new/", LINE | wrong)

    assert response.status_code == 400
    assert "errorlist" in response.content.decode()


def test_only_who_configures_changes_lines_and_numbers_are_masked(client, ada, room):
    client.force_login(ada)

    assert client.post("/summit-lines/new/", LINE).status_code == 403
    assert ROOM not in client.get("/summit-lines/").content.decode()


# The button --------------------------------------------------------------------------------------------------------


def test_one_press_says_that_no_alerts_go_out(client, ada, policy):
    client.force_login(ada)

    response = client.post("/alarms/raise/", {"what": "no_alerts"}, follow=True)

    alarm = Alarm.objects.get()
    assert (alarm.title, alarm.severity, alarm.raised_by) == ("Images are taken, no alerts go out", 2, ada)
    assert "Raised. Calling now: Ada Moreno." in response.content.decode()


def test_a_press_made_twice_raises_once(client, ada, policy):
    client.force_login(ada)
    once = "6f6e6361-6c6c-4000-8000-706167657321"
    for _ in range(2):
        client.post("/alarms/raise/", {"what": "no_alerts", "once": once})
    client.post("/alarms/raise/", {"title": "Dome is stuck", "severity": 2, "once": once})

    assert sorted(Alarm.objects.values_list("title", "count")) == [
        ("Dome is stuck", 1),
        ("Images are taken, no alerts go out", 2),
    ]


def test_calls_leave_a_trace(room, call):
    call().press("1")

    assert (SummitCall.objects.get().line, SummitCall.objects.get().said) == (room, "no_alerts")
