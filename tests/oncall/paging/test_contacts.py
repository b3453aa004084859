"""A person's numbers, addresses and rules: what is accepted, what is refused and why."""

from datetime import timedelta

import pytest

from oncall.paging import contacts, services
from oncall.paging.contacts import Rule
from oncall.paging.models import ContactMethod, NotificationRule
from oncall.paging.reach import reach
from oncall.troubles.models import Trouble

MINUTE = 60


@pytest.fixture
def phone(ada) -> ContactMethod:
    return ada.contact_methods.get()


@pytest.fixture
def second(ada, now) -> ContactMethod:
    return contacts.add(person=ada, kind="phone", address="+14155550109", label="", now=now)


@pytest.fixture
def mailbox(ada, now) -> ContactMethod:
    return contacts.add(person=ada, kind="email", address="ada@example.org", label="", now=now)


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+56 9 8765 4321", "", "+56987654321"),
        ("+1 (650) 253-0000", "", "+16502530000"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33612345678", "CL", "+33612345678"),
        ("+56912345678", "", "+56912345678"),
    ],
)
def test_a_number_is_kept_in_e164_however_it_is_typed(text, country, expected):
    assert contacts.e164(text, country=country) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("06 12 34 56 78", "is not a telephone number we can read. Write it with its country code"),
        ("call me", "is not a telephone number we can read"),
        ("+33 6 12", r"“\+33 6 12” has too few digits for \+33"),
        ("+1 650 253 00000", r"does not have the right number of digits for \+1"),
        ("+1 650 253 0000 ext. 12", "has an extension"),
        ("+1 900 555 1234", "costs its callers extra"),
    ],
)
def test_what_cannot_be_called_is_refused_with_the_reason(text, error):
    with pytest.raises(contacts.BadNumber, match=error):
        contacts.e164(text)


def test_the_same_number_twice_is_refused(ada, phone, now):
    with pytest.raises(contacts.AlreadyThere, match=r"\+14155550101 is among the contacts of Ada Moreno already\."):
        contacts.add(person=ada, kind="phone", address="+14155550101", label="", now=now)


def test_a_number_out_of_use_is_used_again_when_it_is_added_again(ada, phone, now):
    services.disable_contact(contact=phone, reason="STOP", now=now)
    contact = contacts.add(person=ada, kind="phone", address="+14155550101", label="", now=now + timedelta(days=1))
    assert (contact.pk, contact.disabled_at, contact.disabled_reason) == (phone.pk, None, "")
    assert not Trouble.objects.open().exists()


def test_a_first_number_ends_the_trouble_of_being_unreachable(ada, phone, now):
    phone.delete()
    Trouble.objects.create(kind="unreachable", key=str(ada.pk), text="Ada?", since=now, seen_at=now)
    contacts.add(person=ada, kind="phone", address="+14155550177", label="", now=now)
    assert not Trouble.objects.open().exists()


def test_removing_a_number_removes_its_rules_and_says_whether_any_way_is_left(ada, phone, mailbox, now):
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", phone)])
    assert contacts.remove(contact=phone, now=now) is True
    assert contacts.remove(contact=mailbox, now=now) is False
    assert not NotificationRule.objects.exists()


def test_rules_are_set_as_a_whole(ada, phone, mailbox):
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", phone)])
    contacts.set_rules(person=ada, urgency="low", rules=[Rule(0, "email", mailbox)])
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(60, "voice", phone), Rule(0, "email", mailbox)])
    kept = NotificationRule.objects.values_list("urgency", "delay_s", "channel")
    assert list(kept) == [("high", 0, "email"), ("high", 60, "voice"), ("low", 0, "email")]


@pytest.mark.parametrize(
    ("channel", "kind", "delay_s", "error"),
    [
        ("email", "phone", 0, "mail needs an e-mail address"),
        ("sms", "email", 0, "Texts and calls need a telephone number"),
        ("sms", "phone", 3601, "A rule may wait an hour at most."),
        ("sms", "phone", -1, "A rule may wait an hour at most."),
    ],
)
def test_a_rule_that_cannot_work_is_refused(ada, phone, mailbox, channel, kind, delay_s, error):
    contact = phone if kind == "phone" else mailbox
    with pytest.raises(contacts.BadRule, match=error):
        contacts.set_rules(person=ada, urgency="high", rules=[Rule(delay_s, channel, contact)])


def test_a_rule_to_somebody_elses_number_is_refused(ada, grace):
    with pytest.raises(contacts.BadRule, match="is not a contact of Ada Moreno"):
        contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", grace.contact_methods.get())])


def test_a_rule_to_a_number_out_of_use_is_refused(ada, phone, now):
    services.disable_contact(contact=phone, reason="STOP was sent.", now=now)
    phone.refresh_from_db()
    with pytest.raises(contacts.BadRule, match=r"is out of use: STOP was sent\."):
        contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", phone)])


def test_the_same_rule_twice_is_refused(ada, phone):
    with pytest.raises(contacts.BadRule, match="Two of these rules are the same"):
        contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", phone)] * 2)


def test_a_set_with_one_bad_rule_changes_nothing(ada, phone):
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", phone)])
    with pytest.raises(contacts.BadRule, match="Two of these rules are the same"):
        contacts.set_rules(person=ada, urgency="high", rules=[Rule(60, "voice", phone)] * 2)
    assert NotificationRule.objects.get().delay_s == 0


def test_twelve_rules_are_the_most(ada, phone):
    with pytest.raises(contacts.BadRule, match="13 rules are too many; 12 is the most"):
        contacts.set_rules(person=ada, urgency="high", rules=[Rule(n * MINUTE, "sms", phone) for n in range(13)])


def test_without_rules_the_page_says_what_would_happen(ada, phone, now):
    high, low = reach(ada, now=now).ways
    assert high.words == low.words == "SMS at once, call after 1 minute, call again after 3 minutes"
    assert high.why == "No rules; this is what happens without any."


def test_without_rules_for_low_urgency_those_for_high_count(ada, phone, now):
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(300, "voice", phone)])
    high, low = reach(ada, now=now).ways
    assert (high.words, high.why) == ("Call after 5 minutes", "")
    assert (low.words, low.why) == ("Call after 5 minutes", "No rules of their own; as for high urgency.")


def test_who_cannot_be_reached_is_warned_about(ada, phone, now):
    phone.delete()
    assert reach(ada, now=now).warnings == [
        "There is no way to reach Ada Moreno. Pages to them go to the next step at once. Add a number."
    ]


def test_a_number_nobody_confirmed_is_warned_about(ada, phone, now):
    assert reach(ada, now=now).warnings == [
        "No number is confirmed yet. Send it a code and type it here, or answer a page there."
    ]


def test_a_single_confirmed_way_is_warned_about(ada, phone, mailbox, now):
    ContactMethod.objects.filter(pk=phone.pk).update(confirmed_at=now)
    [warning] = reach(ada, now=now).warnings
    assert warning == (
        "Only one confirmed way beside mail and browsers leads to Ada Moreno. "
        "Confirm a second: telephones break and get lost."
    )


@pytest.mark.parametrize("kind", ["email", "push"])
def test_mail_and_browsers_are_no_second_way(ada, phone, now, kind):
    ContactMethod.objects.create(person=ada, kind=kind, address="x@example.org", created_at=now)
    ContactMethod.objects.update(verified_at=now)
    [warning] = reach(ada, now=now).warnings
    assert warning.startswith("Only one confirmed way beside mail and browsers leads to Ada Moreno.")


@pytest.mark.parametrize("proof", ["confirmed_at", "verified_at"])
def test_two_confirmed_ways_are_not_warned_about(ada, phone, second, now, proof):
    ContactMethod.objects.update(**{proof: now})
    assert reach(ada, now=now).warnings == []


def test_a_number_confirmed_over_a_year_ago_is_asked_for_again(ada, phone, second, mailbox, now):
    ContactMethod.objects.update(verified_at=now - timedelta(days=366))
    ContactMethod.objects.exclude(pk=mailbox.pk).update(confirmed_at=now - timedelta(days=365))
    assert reach(ada, now=now).warnings == [
        "a•••@example.org was confirmed more than 12 months ago, and numbers change hands. Confirm it again."
    ]


def test_a_suspect_number_is_asked_for_again(ada, phone, mailbox, now):
    ContactMethod.objects.update(verified_at=now)
    ContactMethod.objects.filter(pk=phone.pk).update(suspect_since=now)
    assert (
        "+14 •••• 0101 may not be theirs any more: texts to it find no telephone. Confirm it with a code."
        in reach(ada, now=now).warnings
    )


def test_rules_without_any_noise_are_warned_about(ada, phone, second, mailbox, now):
    ContactMethod.objects.update(verified_at=now)
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "email", mailbox)])
    assert reach(ada, now=now).warnings == [
        "The rules for high urgency make no noise: no call and no text. Nobody wakes from the rest."
    ]


def test_a_rule_to_a_number_nobody_confirmed_goes_to_the_confirmed_one_and_says_so(ada, phone, second, now):
    ContactMethod.objects.update(verified_at=now)
    new = contacts.add(person=ada, kind="phone", address="+33612345678", label="new", now=now)
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "voice", new), Rule(60, "voice", phone)])
    ladder = services.ladder_for(person=ada, urgency="high", now=now)
    assert [(rung.after, rung.address) for rung in ladder] == [(0, "+14155550101"), (60, "+14155550101")]
    assert reach(ada, now=now).warnings == [
        "+33 •••• 5678 is not confirmed, so a confirmed one is used in its place. Confirm it with a code."
    ]


def test_with_no_confirmed_number_at_all_the_rules_are_climbed_as_they_are(ada, phone, now):
    new = contacts.add(person=ada, kind="phone", address="+33612345678", label="new", now=now)
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "voice", new), Rule(60, "voice", phone)])
    ladder = services.ladder_for(person=ada, urgency="high", now=now)
    assert [rung.address for rung in ladder] == ["+33612345678", "+14155550101"]


def test_without_rules_all_that_is_quiet_goes_at_once_beside_the_text(ada, phone, mailbox, now):
    for kind, address in (("slack", "U024BE7LH"), ("push", "9f" * 32)):
        ContactMethod.objects.create(person=ada, kind=kind, address=address, created_at=now)
    ladder = services.ladder_for(person=ada, urgency="high", now=now)
    assert sorted(rung.channel for rung in ladder if not rung.after) == ["email", "push", "slack", "sms"]


def test_mail_alone_is_warned_about(ada, phone, mailbox, now):
    phone.delete()
    [warning] = reach(ada, now=now).warnings
    assert "nobody wakes from mail" in warning


def test_rules_that_all_lead_to_numbers_out_of_use_are_warned_about(ada, phone, mailbox, now):
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", phone)])
    services.disable_contact(contact=phone, reason="STOP", now=now)
    reached = reach(ada, now=now)
    assert reached.ways[0].words == "E-mail at once"
    assert any("Set the rules anew" in warning for warning in reached.warnings)
