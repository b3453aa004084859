"""The pages about contacts and rules: who sees whole numbers, who changes them, what a wrong entry is told."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from oncall import clock
from oncall.paging.models import ContactMethod, Notice, NotificationRule, Page, QuietHours
from oncall.people.models import Person


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


@pytest.fixture
def boss(db) -> Person:
    return Person.objects.create_superuser("boss", "a long password", name="Bo Boss")


def text_of(answer) -> str:
    return answer.content.decode()


def test_others_see_a_number_masked(as_ada, grace):
    page = text_of(as_ada.get(reverse("person", args=[grace.pk])))
    assert "+14 •••• 0102" in page
    assert "4155550102" not in page


def test_a_label_does_not_unmask_a_number_in_the_rules_words(as_ada, grace, now):
    ContactMethod.objects.create(person=grace, kind="phone", address="+33612345678", created_at=now)
    page = text_of(as_ada.get(reverse("person", args=[grace.pk])))
    assert "SMS to +14 •••• 0102 at once" in page
    assert "612345678" not in page


@pytest.mark.parametrize("who", ["owner", "administrator"])
def test_the_owner_and_an_administrator_see_a_number_whole(client, grace, boss, who):
    client.force_login(grace if who == "owner" else boss)
    assert "+14155550102" in text_of(client.get(reverse("person", args=[grace.pk])))


def test_a_page_of_somebody_unknown_is_not_there(as_ada):
    assert as_ada.get(reverse("person", args=[uuid.uuid4()])).status_code == 404


def test_a_number_is_added_in_e164(as_ada, ada):
    as_ada.post(reverse("phone_add", args=[ada.pk]), {"address": "+56 9 8765 4321", "label": "Summit"})
    contact = ada.contact_methods.get(label="Summit")
    assert (contact.kind, contact.address, contact.confirmed_at) == ("phone", "+56987654321", None)


def test_a_number_of_an_unknown_range_is_added_with_a_warning(as_ada, ada):
    answer = as_ada.post(reverse("phone_add", args=[ada.pk]), {"address": "+56 9 1234 5678"}, follow=True)
    assert ada.contact_methods.filter(address="+56912345678").exists()
    assert "We know no numbers like +56912345678" in text_of(answer)


def test_a_wrong_number_is_refused_beside_its_field_with_what_would_be_right(as_ada, ada):
    answer = as_ada.post(reverse("phone_add", args=[ada.pk]), {"address": "12345"})
    page = text_of(answer)
    assert answer.status_code == 400
    assert 'id="phone_address_error"' in page
    assert "Write it with its country code, such as +56 9 8765 4321" in page
    assert 'value="12345"' in page


def test_a_mail_address_is_added(as_ada, ada):
    as_ada.post(reverse("mail_add", args=[ada.pk]), {"address": "ada@example.org"})
    assert ada.contact_methods.get(kind="email").address == "ada@example.org"


@pytest.mark.parametrize("name", ["phone_add", "mail_add", "quiet_hours"])
def test_nobody_changes_somebody_elses_contacts(as_ada, grace, name):
    typed = {"address": "+33612345678", "starts": "22:00", "ends": "07:00"}
    assert as_ada.post(reverse(name, args=[grace.pk]), typed).status_code == 404
    assert grace.contact_methods.count() == 1
    assert not QuietHours.objects.exists()


@pytest.mark.parametrize("name", ["contact_remove", "code_send", "code_check"])
def test_nobody_touches_somebody_elses_number(as_ada, grace, name):
    contact = grace.contact_methods.get()
    answer = as_ada.post(reverse(name, args=[contact.pk]), {"channel": "sms", "code": "123456"})
    assert answer.status_code == 404
    assert not Notice.objects.exists()
    assert as_ada.get(reverse("contacts", args=[grace.pk])).status_code == 404
    assert as_ada.get(reverse("profile", args=[grace.pk, "high"])).status_code == 404


def test_an_administrator_helps_with_somebodys_contacts(client, boss, ada):
    client.force_login(boss)
    answer = client.post(reverse("phone_add", args=[ada.pk]), {"address": "+33612345678"})
    assert answer["Location"] == f"/people/{ada.pk}/contacts/#contacts"
    assert ada.contact_methods.count() == 2


def test_removing_the_last_number_warns_that_nobody_can_be_reached(as_ada, ada):
    answer = as_ada.post(reverse("contact_remove", args=[ada.contact_methods.get().pk]), follow=True)
    assert "Now there is no way to reach Ada Moreno." in text_of(answer)
    assert not ada.contact_methods.exists()


def test_the_page_shows_pages_of_the_last_thirty_days_and_no_older_ones(as_ada, grace):
    now = clock.now()
    for days, title in ((29, "Distribution stopped"), (31, "Long ago")):
        Page.objects.create(
            id=uuid.uuid4(), key=title, person=grace, urgency="high", severity=1, reference="BCD" + title[0],
            title=title, answer_path="/x/", state="answered", ladder=[], created_at=now - timedelta(days=days),
            ended_at=now,
        )  # fmt: skip
    page = text_of(as_ada.get(reverse("person", args=[grace.pk])))
    assert "Distribution stopped" in page
    assert "Long ago" not in page


def test_a_busy_persons_page_costs_a_constant_number_of_queries(as_ada, grace, now, django_assert_max_num_queries):
    phone = grace.contact_methods.get()
    for n in range(10):
        ContactMethod.objects.create(person=grace, kind="phone", address=f"+3361234567{n}", created_at=now)
        NotificationRule.objects.create(person=grace, delay_s=60 * n, channel="sms", contact=phone)
    with django_assert_max_num_queries(20):
        as_ada.get(reverse("person", args=[grace.pk]))
    with django_assert_max_num_queries(20):
        as_ada.get(reverse("me"))
