"""An issued phone rings, and one that is back or lost does not: by real pages through the engine."""

from datetime import timedelta

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, contacts, outbox
from oncall.paging import services as paging
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.contacts import Rule
from oncall.paging.models import Attempt, ContactMethod, Notice, Page
from oncall.phones import queries, services
from oncall.troubles.models import Trouble
from rotations.coverage import services as coverage
from tests.conftest import NOW, make_schedule
from tests.oncall.phones.conftest import NUMBER

OWN = "+14155550101"


def page(person, key="test:1", now=NOW) -> Page:
    return paging.page(key=key, person=person, severity=1, title="Fault", text="", url="", answer_path="/x/", now=now)


def run(minutes: float, *, start=NOW) -> list[tuple[str, str, int]]:
    """Let the engine work for so long. Return (channel, address, seconds after the start) of what it sent."""
    sent = []
    for second in range(0, int(minutes * 60) + 1, 10):
        now = start + timedelta(seconds=second)
        while claimed := claims.claim_pages(now=now, limits=limits.at(now), at_most=20):
            for attempt, _ in claimed:
                assert attempt.lease_token is not None
                accepted = Outcome(Verdict.ACCEPTED, sid=f"S{attempt.pk.hex}"[:34], status="queued")
                outbox.record_outcome(
                    attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=now, limits=limits.at(now)
                )
                sent.append((attempt.channel, attempt.address, second))
    return sent


@pytest.fixture
def own(ada) -> ContactMethod:
    contact = ada.contact_methods.get()
    ContactMethod.objects.filter(pk=contact.pk).update(verified_at=NOW)
    contact.refresh_from_db()
    return contact


def test_an_issued_phone_is_a_confirmed_contact(issued, ada):
    contact = ada.contact_methods.get(address=NUMBER)

    assert (contact.kind, contact.label, contact.proved) == ("phone", "On-call phone", True)


def test_without_rules_it_is_texted_and_called_beside_their_own(own, issued, ada):
    page(ada)

    assert run(1) == [("sms", OWN, 0), ("sms", NUMBER, 0), ("voice", OWN, 60), ("voice", NUMBER, 60)]


def test_with_rules_it_rings_after_their_own_ways(own, approved, ada, max_, now):
    contacts.set_rules(person=ada, urgency="high", rules=[Rule(0, "sms", own), Rule(120, "voice", own)])
    services.issue(loan=approved, by=max_, device="Nokia", number=NUMBER, now=now)
    page(ada)

    assert run(3) == [("sms", OWN, 0), ("sms", NUMBER, 120), ("voice", OWN, 120), ("voice", NUMBER, 180)]


def test_whose_rules_are_full_is_told_that_it_does_not_ring(own, approved, ada, max_, now):
    rules = [Rule(60 * minute, "voice", own) for minute in range(12)]
    contacts.set_rules(person=ada, urgency="high", rules=rules)
    made = services.issue(loan=approved, by=max_, device="Nokia", number=NUMBER, now=now)

    assert made.warnings == [
        "Ada Moreno has 12 rules, which is the most, so none uses the phone. They must change one."
    ]
    assert queries.ring(made.loan).problem == "No rule for high urgency uses it, so no such page rings it. Add one."


def test_a_phone_that_is_back_rings_no_more(own, issued, ada, max_):
    services.take_back(loan=issued, by=max_, words="", confirmed=True, now=NOW)
    page(ada)

    assert run(1) == [("sms", OWN, 0), ("voice", OWN, 60)]


def test_a_page_that_calls_goes_on_without_it_and_what_was_sent_stays(own, issued, ada, max_):
    begun = page(ada)
    run(0)
    services.take_back(loan=issued, by=max_, words="", confirmed=True, now=NOW + timedelta(seconds=30))

    assert run(0.5, start=NOW + timedelta(seconds=60)) == [("voice", OWN, 0)]
    begun.refresh_from_db()
    assert begun.state == "calling"
    assert Attempt.objects.filter(page=begun, address=NUMBER, channel="sms").count() == 1


def test_a_number_of_their_own_is_not_issued_and_so_never_taken_away(own, approved, ada, max_, now):
    with pytest.raises(services.NumberTaken, match="is a contact of Ada Moreno already, and would be removed"):
        services.issue(loan=approved, by=max_, device="Nokia", number=OWN, now=now)

    approved.refresh_from_db()
    assert (approved.state, approved.number) == ("approved", "")
    assert ContactMethod.objects.usable().filter(person=ada, address=OWN).exists()


def test_a_number_of_their_own_that_is_out_of_use_is_not_issued_either(own, approved, ada, max_, now):
    ContactMethod.objects.filter(pk=own.pk).update(disabled_at=now, disabled_reason="They sent STOP.")
    with pytest.raises(services.NumberTaken, match="is a contact of Ada Moreno already"):
        services.issue(loan=approved, by=max_, device="Nokia", number=OWN, now=now)


def test_the_number_of_a_lost_phone_is_issued_again_and_goes_with_the_new_one(own, issued, ada, max_, now):
    services.lose(loan=issued, by=ada, words="In a taxi.", now=now)
    again = services.ask(person=ada, why="A new one with the old number.", special="", now=now)
    services.decide(loan=again, by=max_, approve=True, words="", now=now)
    services.issue(loan=again, by=max_, device="Nokia 2", number=NUMBER, now=now)
    assert ContactMethod.objects.usable().filter(person=ada, address=NUMBER).exists()
    services.take_back(loan=again, by=max_, words="", confirmed=True, now=now)

    assert list(ada.contact_methods.values_list("address", flat=True)) == [OWN]


def test_a_lost_phone_that_is_found_leaves_the_number_to_the_phone_issued_in_its_place(issued, ada, max_, now):
    services.lose(loan=issued, by=ada, words="In a taxi.", now=now)
    again = services.ask(person=ada, why="A new one with the old number.", special="", now=now)
    services.decide(loan=again, by=max_, approve=True, words="", now=now)
    services.issue(loan=again, by=max_, device="Nokia 2", number=NUMBER, now=now)
    services.take_back(loan=issued, by=max_, words="Found.", confirmed=False, now=now)  # nothing speaks against it

    again.refresh_from_db()
    assert queries.ring(again).problem == ""


def test_a_lost_phone_rings_no_more_at_once(own, issued, ada):
    page(ada)
    run(0)
    services.lose(loan=issued, by=ada, words="In a taxi.", now=NOW + timedelta(seconds=30))

    assert run(0.5, start=NOW + timedelta(seconds=60)) == [("voice", OWN, 0)]
    assert not Trouble.objects.open().exists()


def test_of_a_lost_phone_its_person_hears_by_other_ways_and_its_issuer_too(own, issued, ada, max_):
    services.lose(loan=issued, by=ada, words="", now=NOW)

    lost = Notice.objects.filter(key__contains=":lost").order_by("person__name")
    assert [(note.person, note.address, note.text) for note in lost] == [
        (ada, OWN, "Your on-call phone +33 •••• 5678 is reported lost by Ada Moreno. Pages do not ring it any more."),
        (
            max_,
            "+14155550104",
            "The on-call phone Nokia 105, no. 12 of Ada Moreno is lost: +33 •••• 5678. Have its number blocked.",
        ),
    ]


def test_a_lost_phone_that_was_the_only_way_is_a_trouble(issued, ada, max_):
    ada.contact_methods.exclude(address=NUMBER).delete()
    reachable = services.lose(loan=issued, by=max_, words="", now=NOW)

    assert reachable is False
    trouble = Trouble.objects.open().get()
    assert (trouble.kind, trouble.key) == ("unreachable", str(ada.pk))
    assert trouble.text.startswith("Nobody can page Ada Moreno: their on-call phone is lost")
    assert Notice.objects.get(key=f"phone:{issued.pk}:lost").address == "ada@example.org"


def test_a_lost_phone_that_is_found_comes_back(own, issued, ada, max_):
    services.lose(loan=issued, by=ada, words="", now=NOW)
    services.take_back(loan=issued, by=max_, words="Found.", confirmed=False, now=NOW + timedelta(days=1))

    assert not ada.contact_methods.filter(address=NUMBER).exists()


def test_the_only_way_is_taken_only_after_a_confirmation_and_is_then_a_trouble(issued, ada, max_):
    ada.contact_methods.exclude(address=NUMBER).delete()
    with pytest.raises(services.NeedsConfirmation, match="the only way to reach Ada Moreno"):
        services.take_back(loan=issued, by=max_, words="", confirmed=False, now=NOW)
    assert ada.contact_methods.filter(address=NUMBER).exists()
    services.take_back(loan=issued, by=max_, words="", confirmed=True, now=NOW)

    assert Trouble.objects.open().get().kind == "unreachable"


def test_where_only_mail_would_be_left_it_is_asked(issued, ada, max_):
    ada.contact_methods.exclude(address=NUMBER).delete()
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", created_at=NOW)

    with pytest.raises(services.NeedsConfirmation, match="only mail or a browser"):
        services.take_back(loan=issued, by=max_, words="", confirmed=False, now=NOW)


def test_while_somebody_is_on_call_it_is_asked(issued, ada, max_):
    make_schedule("Triage", ada)
    coverage.refresh_due(now=NOW)

    with pytest.raises(services.NeedsConfirmation, match=r"Ada Moreno is on call now: Triage until "):
        services.take_back(loan=issued, by=max_, words="", confirmed=False, now=NOW)


def test_who_removed_the_number_themselves_is_told_that_it_does_not_ring(own, issued, ada, now):
    contacts.remove(contact=ada.contact_methods.get(address=NUMBER), now=now)

    assert queries.ring(issued).problem.startswith("It is not among the contact methods")
