"""The page with all rules of one urgency, quiet hours, codes, the contact card: what a press does and what is shown."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from icalendar.parser import Contentline, Contentlines

from oncall import clock
from oncall.paging import services, verification
from oncall.paging.models import ContactMethod, Notice, NotificationRule, Page, QuietHours
from tests.conftest import make_policy

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


@pytest.fixture
def phone(ada) -> ContactMethod:
    return ada.contact_methods.get()


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def lines(*rows: tuple[int, str], **buttons: str) -> dict[str, str]:
    """What a browser posts for these lines."""
    data = {"rule-TOTAL_FORMS": str(len(rows)), "rule-INITIAL_FORMS": "0"}
    for n, (delay_s, way) in enumerate(rows):
        data |= {f"rule-{n}-delay_s": str(delay_s), f"rule-{n}-way": way}
    return data | (buttons or {"save": "1"})


def kept() -> list[tuple[str, int, str]]:
    return list(NotificationRule.objects.values_list("urgency", "delay_s", "channel"))


def high(owner) -> str:
    return reverse("profile", args=[owner.pk, "high"])


def test_all_lines_are_saved_at_one_press(as_ada, ada, phone):
    as_ada.post(high(ada), lines((300, f"voice:{phone.pk}"), (0, f"sms:{phone.pk}"), (0, "")))
    assert kept() == [("high", 0, "sms"), ("high", 300, "voice")]


def test_saving_again_replaces_what_was_there(as_ada, ada, phone):
    as_ada.post(high(ada), lines((0, f"sms:{phone.pk}"), (60, f"voice:{phone.pk}")))
    as_ada.post(high(ada), lines((0, f"voice:{phone.pk}"), (60, "")))
    assert kept() == [("high", 0, "voice")]


def test_one_urgency_leaves_the_other_alone(as_ada, ada, phone):
    as_ada.post(high(ada), lines((0, f"sms:{phone.pk}")))
    as_ada.post(reverse("profile", args=[ada.pk, "low"]), lines((600, f"voice:{phone.pk}")))
    assert kept() == [("high", 0, "sms"), ("low", 600, "voice")]


def test_looking_at_what_would_happen_saves_nothing(as_ada, ada, phone):
    answer = as_ada.post(high(ada), lines((120, f"voice:{phone.pk}"), preview="1"))
    assert "Call after 2 minutes." in text_of(answer)
    assert kept() == []


def test_moving_a_line_exchanges_the_ways_and_keeps_the_times(as_ada, ada, phone):
    rows = ((0, f"sms:{phone.pk}"), (60, f"voice:{phone.pk}"))
    assert "SMS at once, call after 1 minute." in text_of(as_ada.post(high(ada), lines(*rows, preview="1")))
    assert "Call at once, SMS after 1 minute." in text_of(as_ada.post(high(ada), lines(*rows, up="1")))
    assert kept() == []


def test_without_rules_the_lines_show_what_happens_anyway(as_ada, ada):
    answer = as_ada.get(high(ada))
    assert [form.initial["delay_s"] for form in answer.context["rows"].initial_forms] == [0, 60, 180]
    assert "There are no rules yet: this is the usual way." in text_of(answer)


def test_all_rules_are_removed_at_one_press(as_ada, ada, phone):
    as_ada.post(high(ada), lines((0, f"voice:{phone.pk}")))
    as_ada.post(high(ada), lines(remove_all="1"))
    assert kept() == []


def test_a_line_to_a_foreign_number_is_refused_and_nothing_changes(as_ada, ada, grace, phone):
    as_ada.post(high(ada), lines((0, f"sms:{phone.pk}")))
    answer = as_ada.post(high(ada), lines((0, f"sms:{grace.contact_methods.get().pk}")))
    assert answer.status_code == 400
    assert "is not in use any more. Choose another." in text_of(answer)
    assert kept() == [("high", 0, "sms")]


def test_the_same_line_twice_is_refused_with_words(as_ada, ada, phone):
    answer = as_ada.post(high(ada), lines((0, f"sms:{phone.pk}"), (0, f"sms:{phone.pk}")))
    assert (answer.status_code, kept()) == (400, [])
    assert "Two of these rules are the same." in text_of(answer)


@pytest.mark.parametrize(
    "broken",
    [
        {"rule-TOTAL_FORMS": "x"},
        {"rule-0-delay_s": "soon"},
        {"rule-0-delay_s": "999999999999"},
        {"rule-0-way": "sms:"},
        {"up": "-1"},
        {"up": "99"},
        {"down": "²"},
    ],
)
def test_what_no_browser_sends_breaks_nothing(as_ada, ada, phone, broken):
    answer = as_ada.post(high(ada), lines((0, f"sms:{phone.pk}")) | broken)
    assert answer.status_code in (200, 400)
    assert kept() == []


def test_an_unknown_urgency_is_not_there(as_ada, ada):
    assert as_ada.get(reverse("profile", args=[ada.pk, "middle"])).status_code == 404


def test_a_line_that_the_policy_overtakes_is_warned_about_before_it_is_saved(as_ada, ada, grace, phone):
    make_policy("Night", ada, grace, wait_s=300)
    answer = as_ada.post(high(ada), lines((0, f"sms:{phone.pk}"), (600, f"voice:{phone.pk}"), preview="1"))
    assert (
        "SMS at once, call after 10 minutes; then, 5 minutes after the page began, the policy Night calls the next "
        "person." in text_of(answer)
    )
    assert (
        "What comes after 10 minutes may never come: step 1 of the policy Night calls the next person after 5 minutes"
        in text_of(answer)
    )


def test_quiet_hours_are_kept_and_given_up(as_ada, ada):
    as_ada.post(reverse("quiet_hours", args=[ada.pk]), {"starts": "23:00", "ends": "06:30"})
    assert str(QuietHours.objects.get()) == "23:00–06:30"
    assert "From 23:00 until 06:30 in Los Angeles, calls and texts of low urgency wait" in text_of(
        as_ada.get(reverse("me"))
    )
    as_ada.post(reverse("quiet_hours", args=[ada.pk]), {"none": "1"})
    assert not QuietHours.objects.exists()


def test_quiet_hours_without_an_end_are_refused(as_ada, ada):
    answer = as_ada.post(reverse("quiet_hours", args=[ada.pk]), {"starts": "22:00", "ends": "22:00"})
    assert (answer.status_code, QuietHours.objects.exists()) == (400, False)
    assert "would never end" in text_of(answer)


def test_a_code_is_sent_and_typed_on_the_page(as_ada, ada, phone):
    answer = as_ada.post(reverse("code_send", args=[phone.pk]), {"channel": "sms"}, follow=True)
    assert "A code is on its way to +14155550101 (SMS). Type it here." in text_of(answer)
    [code] = re.findall(r"\d{6}", Notice.objects.get().text)
    answer = as_ada.post(reverse("code_check", args=[phone.pk]), {"code": code}, follow=True)
    assert "+14155550101 is confirmed." in text_of(answer)
    assert ContactMethod.objects.get().proved


def test_a_wrong_code_is_told_beside_its_field(as_ada, ada, phone):
    as_ada.post(reverse("code_send", args=[phone.pk]), {"channel": "sms"})
    answer = as_ada.post(reverse("code_check", args=[phone.pk]), {"code": "no"})
    assert answer.status_code == 400
    assert "That is not the code. 4 tries are left." in text_of(answer)


def test_a_number_that_sent_stop_is_told_where_to_text_start(as_ada, ada, phone, settings):
    settings.TWILIO_FROM = "+16502530000"
    services.disable_contact(contact=phone, reason="Its owner sent STOP; START turns it on again.", now=clock.now())
    assert "text the word START from this telephone to +16502530000" in text_of(as_ada.get(reverse("me")))


def test_a_test_page_to_one_contact_climbs_only_that_contact(as_ada, ada, phone):
    other = ContactMethod.objects.create(person=ada, kind="phone", address="+33612345678", created_at=clock.now())
    as_ada.post(reverse("page_me"), {"contact": str(other.pk)})
    page = Page.objects.get()
    assert {rung["address"] for rung in page.ladder} == {"+33612345678"}
    answer = as_ada.get(reverse("test_state"))
    assert f"Test page {page.reference}" in text_of(answer)
    assert 'hx-trigger="every 3s"' in answer.content.decode()


def test_a_test_page_to_a_foreign_contact_is_refused(as_ada, grace):
    as_ada.post(reverse("page_me"), {"contact": str(grace.contact_methods.get().pk)})
    assert not Page.objects.exists()


def test_the_contact_card_is_read_by_a_reader_of_such_cards(as_ada, settings):
    settings.TWILIO_FROM = "+16502530000"
    settings.TWILIO_SECOND_ACCOUNT_SID, settings.TWILIO_SECOND_FROM = "AC2", "+33755500000"
    settings.PAGING_NUMBERS = ["+56225550000", "+16502530000"]
    answer = as_ada.get(reverse("contact_card"))
    assert answer["Content-Type"] == "text/vcard; charset=utf-8"
    parts = [Contentline(line).parts() for line in Contentlines.from_ical(answer.content.decode()) if line]
    read = [(name, value) for name, _, value in parts]
    assert [value for name, value in read if name == "TEL"] == ["+16502530000", "+33755500000", "+56225550000"]
    assert ("VERSION", "3.0") in read
    assert ("FN", "oncall pages") in read
    assert (read[0], read[-1]) == (("BEGIN", "VCARD"), ("END", "VCARD"))


def test_a_code_that_waits_and_a_page_that_calls_cost_a_constant_number_of_queries(
    as_ada, ada, phone, django_assert_max_num_queries
):
    verification.send_code(contact=phone, channel="sms", now=clock.now() - timedelta(minutes=1))
    as_ada.post(reverse("page_me"))
    with django_assert_max_num_queries(30):
        as_ada.get(reverse("me"))


def test_a_line_that_is_added_begins_at_the_last_time(as_ada, ada, phone):
    answer = as_ada.post(high(ada), lines((0, f"sms:{phone.pk}"), (420, f"voice:{phone.pk}"), more="1"))
    assert [row["delay_s"].value() for row in answer.context["rows"].extra_forms] == [420, 420]
    assert not any(row.initial for row in answer.context["rows"].extra_forms)


def test_after_a_time_that_is_not_offered_it_begins_at_the_one_before(as_ada, ada, phone):
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=90, channel="sms", contact=phone)
    rows = as_ada.get(high(ada)).context["rows"]
    assert [row["delay_s"].value() for row in rows.extra_forms] == [60, 60]


def test_the_enter_key_only_shows_what_would_happen(as_ada, ada, phone):
    first = as_ada.get(high(ada)).content.decode().split("rule-TOTAL_FORMS")[-1].split("<button")[1].split(">")[0]
    assert 'name="preview"' in first
