"""The screens of phones: who sees them, what a wrong entry is told, and the whole way of one phone by buttons."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from oncall.phones import services
from oncall.phones.models import Loan
from tests.conftest import make_person
from tests.oncall.phones.conftest import NUMBER

pytestmark = pytest.mark.django_db


def text_of(answer) -> str:
    return answer.content.decode()


@pytest.fixture
def press(client):
    """Post a button of a phone's page as somebody."""

    def press(person, name, loan, **data):
        client.force_login(person)
        return client.post(reverse(name, args=[loan.pk]), data, follow=True)

    return press


def test_a_phone_goes_all_its_way_by_buttons(client, press, ada, max_):
    client.force_login(ada)
    client.post(reverse("my_phone"), {"why": "Mine is private.", "special": "Loud."})
    loan = Loan.objects.get(person=ada)
    press(max_, "phone_decide", loan, approve="1", words="Good.")
    press(max_, "phone_issue", loan, device="Nokia 105, no. 12", number="+33 6 12 34 56 78")
    loan.refresh_from_db()
    assert (loan.state, loan.number) == ("issued", NUMBER)
    press(max_, "phone_take_back", loan, words="")

    loan.refresh_from_db()
    assert loan.state == "returned"


def test_an_empty_reason_is_told_and_nothing_is_lost(client, ada, max_):
    client.force_login(ada)
    answer = client.post(reverse("my_phone"), {"why": "", "special": "Loud."})

    assert answer.status_code == 400
    assert "This field is required." in text_of(answer)
    assert "Loud." in text_of(answer)


def test_a_wrong_number_is_told_and_what_was_typed_stays(press, max_, approved):
    answer = press(max_, "phone_issue", approved, device="Nokia", number="06 12 34 56 78")

    assert answer.status_code == 400
    assert "Write it with its country code" in text_of(answer)
    assert 'value="06 12 34 56 78"' in text_of(answer)


def test_a_refusal_without_words_is_told_at_the_field(press, max_, asked):
    answer = press(max_, "phone_decide", asked, refuse="1", words="")

    assert answer.status_code == 400
    assert "say why not, so that they know what to do instead" in text_of(answer)


def test_taking_the_only_way_asks_first_and_then_says_what_it_did(press, max_, ada, issued):
    ada.contact_methods.exclude(address=NUMBER).delete()
    first = press(max_, "phone_take_back", issued, words="")
    assert first.status_code == 400
    assert "It is the only way to reach Ada Moreno" in text_of(first)

    second = press(max_, "phone_take_back", issued, words="", confirmed="yes")
    assert "Now there is no way to reach Ada Moreno" in text_of(second)


def test_a_manager_sees_the_number_masked_and_an_administrator_and_the_owner_whole(client, issued, ada, max_, rosa):
    seen = {}
    for person in (max_, rosa, ada):
        client.force_login(person)
        seen[person.username] = NUMBER in text_of(client.get(reverse("phone", args=[issued.pk])))

    assert seen == {"max": False, "rosa": True, "ada": True}


def test_the_list_masks_numbers_for_managers(client, issued, max_, rosa):
    client.force_login(max_)
    masked = text_of(client.get(reverse("phones") + "?show=issued"))
    client.force_login(rosa)

    assert "+33 •••• 5678" in masked
    assert NUMBER not in masked
    assert NUMBER in text_of(client.get(reverse("phones") + "?show=issued"))


@pytest.mark.parametrize("name", ["phone", "phone_decide", "phone_issue", "phone_lose", "phone_take_back"])
def test_the_phone_of_somebody_elses_people_is_not_there(client, asked, grace, name):
    client.force_login(grace)
    ask = client.get if name == "phone" else client.post

    assert ask(reverse(name, args=[asked.pk])).status_code == 404


def test_the_pilot_sees_no_phones_of_others(client, asked, pilot):
    client.force_login(pilot)

    assert client.get(reverse("phones")).status_code == 404
    assert client.get(reverse("phone", args=[asked.pk])).status_code == 404


def test_ones_own_phone_offers_no_decision(client, rosa, now):
    own = services.ask(person=rosa, why="Mine is private.", special="", now=now)
    client.force_login(rosa)
    page = text_of(client.get(reverse("phone", args=[own.pk])))

    assert "Approve" not in page
    assert "Withdraw the request" in page


def test_approving_ones_own_by_hand_is_refused(press, rosa, now):
    own = services.ask(person=rosa, why="Mine is private.", special="", now=now)
    answer = press(rosa, "phone_decide", own, approve="1", words="")

    assert "Nobody approves a phone for themselves." in text_of(answer)
    own.refresh_from_db()
    assert own.state == "requested"


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", ["Ada Moreno"]),
        ("?show=open&team=data-facility", ["Ada Moreno"]),
        ("?show=open&q=ada", ["Ada Moreno"]),
        ("?show=open&q=zoe", []),
        ("?show=issued", []),
        ("?show=all&page=999", ["Ada Moreno"]),
        ("?show=%00&q=%00&team=%00&page=x", ["Ada Moreno"]),
        ("?show=nonsense&team=nobody", ["Ada Moreno"]),
    ],
)
def test_the_list_is_filtered_by_its_address_and_survives_nonsense(client, asked, max_, query, seen):
    client.force_login(max_)
    answer = client.get(reverse("phones") + query)

    assert [loan.person.name for loan, *_ in answer.context["rows"]] == seen


def test_the_list_costs_the_same_for_one_and_for_many(client, asked, rosa, now, django_assert_max_num_queries):
    for n in range(12):
        person = make_person(f"P{n} Nobody")
        services.ask(person=person, why="Mine is private.", special="", now=now + timedelta(seconds=n))
    client.force_login(rosa)

    with django_assert_max_num_queries(11):
        answer = client.get(reverse("phones"))
    assert len(answer.context["rows"]) == 13


def test_an_unknown_phone_is_not_there(client, rosa):
    client.force_login(rosa)

    assert client.get(reverse("phone", args=[uuid.uuid4()])).status_code == 404


def test_a_lost_phone_is_reported_by_whoever_carries_it(press, ada, issued):
    answer = press(ada, "phone_lose", issued, words="In a taxi.")

    assert "No page goes there any more." in text_of(answer)
    assert not ada.contact_methods.usable().filter(address=NUMBER).exists()
