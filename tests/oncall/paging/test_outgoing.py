"""What waits is shown: to its person, beside its alarm, and to administrators, with what has been spent."""

from datetime import timedelta

import pytest
from django.urls import reverse

from oncall import clock
from oncall.paging import services
from oncall.paging.models import Notice, Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(ada):
    now = clock.now()
    page = services.page(
        key="k", person=ada, severity=4, title="Disk is full", text="", url="/alarms/x/", answer_path="/", now=now
    )
    Page.objects.filter(pk=page.pk).update(
        held_until=now + timedelta(minutes=5), held_why="one text a minute to this number"
    )
    services.notice(key="n", person=ada, text="secret words", now=now)
    Notice.objects.update(next_due=now + timedelta(minutes=5), held_why="5 texts in 15 minutes to this number")


def test_a_person_s_page_says_until_when_a_page_and_a_notice_wait_and_why(held, ada, client):
    client.force_login(ada)
    shown = client.get(reverse("person", args=[ada.pk])).content.decode()

    assert ": one text a minute to this number</span>" in shown
    assert ": 5 texts in 15 minutes to this number." in shown


def test_administrators_see_what_waits_and_what_is_spent_but_not_what_notices_say(held, ada, client):
    ada.is_superuser = True
    ada.save()
    ada.role_terms.create(role="pilot", starts_at=clock.now() - timedelta(days=1))
    client.force_login(ada)
    shown = client.get(reverse("outgoing")).content.decode()

    assert "Disk is full" in shown
    assert "5 texts in 15 minutes to this number" in shown
    assert "0.00</strong> of 100.00 USD" in shown
    assert "secret words" not in shown


def test_nobody_else_does(held, grace, client):
    client.force_login(grace)

    assert client.get(reverse("outgoing")).status_code == 403
