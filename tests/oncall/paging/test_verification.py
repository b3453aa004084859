"""Codes by which somebody proves that a number is theirs: how they travel, how often, and what a wrong one is told."""

import re
from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, services, verification
from oncall.paging.models import Attempt, ContactMethod, Notice, Verification
from oncall.paging.verification import CannotSend, WrongCode
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def phone(ada) -> ContactMethod:
    return ada.contact_methods.get()


def send(contact, channel="sms", at=NOW) -> str:
    """Send a code; return the six digits that travel."""
    sent = verification.send_code(contact=contact, channel=channel, now=at)
    return re.sub(r"\D", "", Notice.objects.get(key=f"verify:{sent.pk}").text.replace("10 min", ""))[:6]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def check(contact, code, at=NOW):
    return verification.check_code(contact=contact, code=code, now=at)


def refused(contact, code, at=NOW) -> str:
    with pytest.raises(WrongCode) as caught:
        check(contact, code, at)
    return str(caught.value)


def test_the_right_code_proves_the_number(phone):
    code = send(phone)
    assert check(phone, code, NOW + 9 * MINUTE).verified_at == NOW + 9 * MINUTE


def test_a_code_typed_with_spaces_is_the_same_code(phone):
    code = send(phone)
    assert check(phone, f" {code[:3]} {code[3:]} ").proved


def test_the_code_goes_to_the_number_as_a_notice_by_the_way_of_pages(phone):
    send(phone)
    note = Notice.objects.get()
    assert (note.channel, note.address, note.next_due) == ("sms", "+14155550101", NOW)
    [(attempt, order)] = claims.claim_notices(now=NOW, limits=limits.at(NOW), at_most=1)
    assert (attempt.channel, order.address) == ("sms", "+14155550101")
    assert re.fullmatch(
        r"oncall: your code is \d{6}\. Type it on your contacts page within 10 min\. Tell it to nobody\.", order.body
    )


def test_a_landline_is_called_and_never_texted(phone):
    ContactMethod.objects.update(no_texts_since=NOW)
    phone.refresh_from_db()
    assert verification.ways_to_verify(phone) == ["voice"]
    with pytest.raises(CannotSend, match="takes no code that way"):
        send(phone, "sms")
    send(phone, "voice")
    [(_, order)] = claims.claim_notices(now=NOW, limits=limits.at(NOW), at_most=1)
    assert (order.channel, order.answer_path) == ("voice", "/hooks/twilio/notice/")


def test_a_mail_address_is_proved_by_mail(ada):
    box = ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)
    assert check(box, send(box, "email")).proved


def test_only_a_keyed_hash_of_the_code_is_kept(phone):
    code = send(phone)
    row = Verification.objects.get()
    assert code not in "".join(str(getattr(row, field.name)) for field in Verification._meta.concrete_fields)
    assert len(row.code_hash) == 64


def test_each_send_is_a_new_code_and_the_one_before_is_good_no_longer(phone):
    codes = [send(phone, at=NOW + n * MINUTE) for n in range(3)]
    assert len(set(codes)) > 1  # three alike come once in 10^12 runs
    if codes[0] != codes[2]:
        refused(phone, codes[0], NOW + 3 * MINUTE)
    assert check(phone, codes[2], NOW + 3 * MINUTE).proved


def test_a_replaced_code_that_has_not_left_does_not_leave(phone):
    send(phone)
    send(phone, at=NOW + MINUTE)
    assert list(Notice.objects.order_by("created_at").values_list("next_due", flat=True)) == [None, NOW + MINUTE]


def test_a_code_is_good_for_ten_minutes(phone):
    code = send(phone)
    assert refused(phone, code, NOW + 10 * MINUTE) == "This code is too old. Send a new one."
    assert not ContactMethod.objects.get(pk=phone.pk).proved


def test_a_code_is_good_once(phone):
    code = send(phone)
    check(phone, code)
    assert refused(phone, code) == "No code is waiting to be typed. Send a new one."


def test_after_five_wrong_tries_the_right_code_is_refused_too(phone):
    code = send(phone)
    said = [refused(phone, wrong(code)) for _ in range(5)]
    assert said[0] == "That is not the code. 4 tries are left."
    assert said[3] == "That is not the code. 1 try is left."
    assert said[4] == "That was wrong 5 times, so the code is good no longer. Send a new one."
    assert refused(phone, code) == "No code is waiting to be typed. Send a new one."


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "0" * 5000])
def test_what_is_no_code_counts_as_a_wrong_one(phone, typed):
    send(phone)
    assert refused(phone, typed) == "That is not the code. 4 tries are left."


def test_three_codes_an_hour_go_to_one_number(phone):
    for n in range(3):
        send(phone, at=NOW + n * MINUTE)
    with pytest.raises(CannotSend) as caught:
        send(phone, at=NOW + 59 * MINUTE)
    assert str(caught.value) == (
        "3 codes were sent to +14 •••• 0101 in the last hour, and no more are. "
        "Type the last one, or ask again after 04:10 UTC."
    )
    send(phone, at=NOW + 60 * MINUTE)


def test_removing_a_number_and_adding_it_again_begins_no_new_count(ada, phone):
    for n in range(3):
        send(phone, at=NOW + n * MINUTE)
    phone.delete()
    again = ContactMethod.objects.create(person=ada, kind="phone", address="+14155550101", created_at=NOW)
    with pytest.raises(CannotSend, match="3 codes were sent"):
        send(again, at=NOW + 5 * MINUTE)


def test_nobody_sends_codes_to_a_list_of_numbers(ada):
    numbers = [
        ContactMethod.objects.create(person=ada, kind="phone", address=f"+3361234567{n}", created_at=NOW)
        for n in range(10)
    ]
    for number in numbers[:9]:
        send(number)
        number.delete()
    with pytest.raises(CannotSend, match="9 codes were sent for Ada Moreno in the last hour"):
        send(numbers[9])


def test_a_number_out_of_use_gets_no_code(phone):
    services.disable_contact(contact=phone, reason="Its owner sent STOP.", now=NOW)
    with pytest.raises(CannotSend, match=r"is out of use, so no code can reach it: Its owner sent STOP\."):
        send(phone)


def test_a_code_of_one_number_does_not_prove_another(ada, phone):
    other = ContactMethod.objects.create(person=ada, kind="phone", address="+33612345678", created_at=NOW)
    assert refused(other, send(phone)) == "No code is waiting to be typed. Send a new one."


def test_a_suspect_number_is_trusted_again_once_proved(phone):
    ContactMethod.objects.update(confirmed_at=NOW - MINUTE, suspect_since=NOW)
    phone.refresh_from_db()
    assert not phone.proved
    assert check(phone, send(phone)).proved


def test_an_answered_page_proves_a_number_as_a_code_does(phone, ada):
    ContactMethod.objects.update(suspect_since=NOW)
    page = services.page(
        key="t", person=ada, severity=1, title="t", text="", url="", answer_path="/hooks/twilio/voice/", now=NOW
    )
    [(attempt, _)] = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=1)
    services.answer(page=page, attempt=attempt, why="", now=NOW)
    phone.refresh_from_db()
    assert (phone.proved, phone.proved_at) == (True, NOW)


def test_the_words_are_wiped_when_the_text_has_arrived(phone):
    code = send(phone)
    claims.claim_notices(now=NOW, limits=limits.at(NOW), at_most=1)
    assert verification.wipe_codes(now=NOW, limits=limits.at(NOW)) == 0  # still under way: it is looked up by its words
    Attempt.objects.update(state="accepted", sid="SM1", accepted_at=NOW)
    assert verification.wipe_codes(now=NOW, limits=limits.at(NOW)) == 1
    kept = f"{Notice.objects.get().text} {Attempt.objects.get().body}"
    assert code not in kept
    assert check(phone, code).proved  # the hash is what it is checked against


def test_a_call_keeps_its_words_until_it_is_over(phone):
    send(phone, "voice")
    claims.claim_notices(now=NOW, limits=limits.at(NOW), at_most=1)
    Attempt.objects.update(state="accepted", sid="CA1", accepted_at=NOW)
    assert verification.wipe_codes(now=NOW, limits=limits.at(NOW)) == 0
    Attempt.objects.update(state="finished", look_at=None, ended_at=NOW)
    assert verification.wipe_codes(now=NOW, limits=limits.at(NOW)) == 1


def test_a_code_past_its_time_never_leaves(phone):
    send(phone)
    late = NOW + 10 * MINUTE
    verification.wipe_codes(now=late, limits=limits.at(late))
    assert claims.claim_notices(now=late, limits=limits.at(late), at_most=1) == []
    assert Verification.objects.get().closed_why == "expired"
