"""Messages on screens: written from a template, looked at, sent; the clock and what waits on the incident's page."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.command import assigning
from incidents.command import services as incidents
from incidents.command.models import Entry
from incidents.updates import panels, services
from incidents.updates.models import Audience, Template, Update
from oncall.outside.mailing_models import Mailing
from tests.conftest import make_person, make_schedule
from tests.incidents.updates.conftest import message

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def words(response) -> str:
    """What a reader sees of a page, on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def form(**changes):
    usual = {
        "subject": "Late",
        "text": "{FINDING}, since {SINCE}.",
        "stage": "identified",
        "next_in": "20",
        "to_page": "on",
    }
    return usual | changes


def test_from_a_template_to_the_audience_in_three_presses(as_ada, declared, brokers, ada):
    incident = declared()
    page = as_ada.get(reverse("incident_update_new", args=[1]), {"template": "M3"})
    assert "What we believe it is" in words(page)

    fields = form(template="M3", fill_FINDING="A link is down", audiences=[str(brokers.pk)], once="k")
    preview = as_ada.post(reverse("incident_update_new", args=[1]), fields, follow=True)
    assert "A link is down, since 03:10 UTC. The next message comes by 03:30 UTC." in words(preview)
    update = Update.objects.get()
    as_ada.post(reverse("incident_update_send", args=[1, update.pk]), {"edition": "1"})

    assert Mailing.objects.count() == 2
    assert incident.entries.filter(kind=Entry.Kind.UPDATE, person=ada).count() == 1


def test_what_is_not_filled_in_is_said_at_its_own_field_and_nothing_is_lost(as_ada, declared):
    declared()

    fields = form(subject="{CONTEXT} again", text="{FINDING}, since {SINCE}.", fill_CONTEXT=" ")
    answer = as_ada.post(reverse("incident_update_new", args=[1]), fields)

    assert answer.status_code == 400
    assert dict(answer.context["form"].errors) == {
        "fill_CONTEXT": ["Fill this in, or take {CONTEXT} out of the subject and the message."],
        "fill_FINDING": ["Fill this in, or take {FINDING} out of the subject and the message."],
    }
    assert "{FINDING}, since {SINCE}." in words(answer)


@pytest.mark.parametrize(("move", "expected"), [("mitigate", "20"), ("resolve", "")])
def test_behind_the_message_that_it_is_over_no_other_is_announced(as_ada, declared, ada, now, move, expected):
    incidents.move(incident=declared(), move=move, by=ada, now=now)

    sheet = as_ada.get(reverse("incident_update_new", args=[1])).context["form"]

    assert sheet["next_in"].value() == expected


def test_a_form_sent_twice_keeps_one_message(as_ada, declared):
    declared()
    for _ in range(2):
        as_ada.post(reverse("incident_update_new", args=[1]), form(text="x", once="one"))

    assert Update.objects.count() == 1


def test_one_that_was_changed_meanwhile_is_not_sent(as_ada, declared, ada, grace, now):
    update = services.write_draft(incident=declared(), draft=message(), by=ada, now=now)
    services.change(update=update, draft=message(text="Otherwise."), edition=1, by=grace, now=now)

    answer = as_ada.post(reverse("incident_update_send", args=[1, update.pk]), {"edition": "1"})

    assert answer.status_code == 409
    assert "Somebody has changed it since you looked." in words(answer)
    assert not Mailing.objects.exists()


def test_the_brokers_are_told_by_one_press(as_ada, declared, brokers):
    declared()

    as_ada.post(reverse("incident_update_delayed", args=[1]), headers={"HX-Request": "true"})

    assert Update.objects.get().subject == "Alerts are delayed since 03:10 UTC"


def test_what_the_press_would_send_is_shown_and_once_pressed_what_it_sent(as_ada, declared, brokers):
    address = reverse("incident_update_delayed", args=[declared().number])
    assert "Alerts have been delayed since 03:10 UTC." in words(as_ada.get(address))

    as_ada.post(address)

    assert as_ada.get(address).headers["Location"] == Update.objects.get().path


def test_after_a_change_of_command_the_new_commander_can_be_asked(as_ada, commanded, ada, grace, now):
    update = services.write_draft(incident=commanded, draft=message(), by=ada, now=now)
    services.send(update=update, edition=1, by=ada, now=now)
    assert "was asked" in words(as_ada.get(update.path))
    assigning.release(incident=commanded, role="commander", by=grace, now=now)
    assigning.take(incident=commanded, role="commander", by=make_person("Mae Castillo"), now=now)

    page = words(as_ada.get(update.path))

    assert "was asked" not in page
    assert "Ask Mae for a yes" in page


def test_the_page_of_the_incident_says_when_the_first_message_is_due(as_ada, declared):
    incident = declared()

    assert "First message within 5 min" in words(as_ada.get(incident.path))


def test_the_panel_has_few_queries_however_many_messages(declared, brokers, ada, now, django_assert_max_num_queries):
    incident = declared()
    for n in range(4):
        one = services.write_draft(incident=incident, draft=message(audiences=[brokers]), by=ada, now=now)
        if n:
            services.send(update=one, edition=1, by=ada, now=now)

    with django_assert_max_num_queries(8):
        assert "a draft of Ada Moreno" in panels.on_incident(incident, person=ada, now=now)


def test_nothing_about_messages_is_seen_of_an_incident_that_one_may_not_see(client, declared, grace):
    declared(restricted=True)
    client.force_login(grace)

    assert client.get(reverse("incident_updates", args=[1])).status_code == 404
    assert client.get(reverse("incident_updates_panel", args=[1])).status_code == 404


def test_a_steward_changes_templates_and_audiences(client, db):
    steward = make_person("Sam Steward")
    schedule = make_schedule("Stewards", steward)
    schedule.skill = "support"
    schedule.save()
    client.force_login(steward)

    client.post(
        reverse("update_template", args=["M2"]), {"name": "N", "subject": "S", "text": "T", "stage": "", "version": "1"}
    )
    client.post(
        reverse("audience_new"), {"name": "Brokers", "addresses": "a@example.org", "kept_by": str(steward.pk)}
    )  # fmt: skip

    assert Template.objects.get(pk="M2").text == "T"
    assert Audience.objects.get().addresses == ["a@example.org"]


def test_others_read_them(as_ada, brokers):
    assert as_ada.get(reverse("update_template", args=["M2"])).status_code == 200
    assert as_ada.post(reverse("update_template", args=["M2"]), {"text": "x"}).status_code == 403
    assert as_ada.get(reverse("audience", args=[brokers.pk])).status_code == 403


def test_a_mail_that_failed_is_shown_and_sent_again_by_a_press(as_ada, declared, brokers, ada, now):
    update = services.write_draft(incident=declared(), draft=message(audiences=[brokers]), by=ada, now=now)
    services.send(update=update, edition=1, by=ada, now=now)
    failed = Mailing.objects.get(address__contains="fink")
    Mailing.objects.filter(pk=failed.pk).update(state="given_up", next_due=None, ended_at=now, error_text="550 nobody")
    assert "550 nobody" in words(as_ada.get(reverse("incident_updates", args=[1])))

    as_ada.post(reverse("incident_mail_again", args=[1, failed.pk]))

    failed.refresh_from_db()
    assert failed.state == "waiting"


def test_the_list_asks_as_often_for_four_messages_as_for_one(as_ada, declared, brokers, ada, now):
    incident = declared()
    asked = []
    for count in (1, 3):
        for _ in range(count):
            one = services.write_draft(incident=incident, draft=message(audiences=[brokers]), by=ada, now=now)
            services.send(update=one, edition=1, by=ada, now=now)
        with CaptureQueriesContext(connection) as queries:
            as_ada.get(reverse("incident_updates", args=[1]))
        asked.append(len(queries))

    assert asked[0] == asked[1]
