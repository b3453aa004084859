"""Policies on screens: who would be paged now, and changes that leave nobody without a policy."""

import pytest
from django.urls import reverse

from incidents.escalation.models import EscalationPolicy, Step
from incidents.signals import services as signals
from oncall import clock
from tests.conftest import NOW, make_policy, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


def form(*steps, **fields):
    data = {"name": "New", "description": "", "rounds": 2, "steps-TOTAL_FORMS": len(steps), "steps-INITIAL_FORMS": 0}
    for n, (target, wait) in enumerate(steps):
        data |= {f"steps-{n}-target": target, f"steps-{n}-wait_s": wait}
    return data | fields


def test_a_policy_says_who_would_be_paged_now_and_why(as_pilot, policy):
    text = as_pilot.get(reverse("policy", args=[policy.pk])).content.decode()

    assert "Ada Moreno" in text
    assert "on call for Triage" in text
    assert "5 min" in text


def test_a_step_that_reaches_nobody_says_so(as_pilot):
    policy = make_policy("P", make_schedule("Empty"))

    assert "Nobody" in as_pilot.get(reverse("policy", args=[policy.pk])).content.decode()


def test_the_pilot_writes_a_policy_step_by_step(as_pilot, ada, grace):
    as_pilot.post(reverse("policy_new"), form((f"person:{ada.pk}", 60), ("", 300), (f"person:{grace.pk}", 300)))

    steps = Step.objects.filter(policy__name="New").order_by("position")
    assert [(step.person, step.wait_s) for step in steps] == [(ada, 60), (grace, 300)]


def test_a_policy_without_steps_is_refused(as_pilot):
    response = as_pilot.post(reverse("policy_new"), form(("", 300)))

    assert response.status_code == 400
    assert "A policy needs at least one step" in response.content.decode()
    assert not EscalationPolicy.objects.exists()


def test_a_name_that_is_taken_is_refused_and_nothing_is_half_done(as_pilot, policy, ada):
    response = as_pilot.post(reverse("policy_new"), form((f"person:{ada.pk}", 60), name=policy.name))

    assert response.status_code == 400
    assert EscalationPolicy.objects.count() == 1


def test_there_is_one_default_policy(as_pilot, policy, ada):
    as_pilot.post(reverse("policy_new"), form((f"person:{ada.pk}", 60), make_default="on"))

    assert list(EscalationPolicy.objects.filter(is_default=True).values_list("name", flat=True)) == ["New"]


def test_the_default_policy_cannot_be_deleted(as_pilot, policy):
    response = as_pilot.post(reverse("policy_delete", args=[policy.pk]))

    assert response.status_code == 409
    assert "is the default policy" in response.content.decode()


def test_a_policy_in_use_cannot_be_deleted_and_says_by_whom(as_pilot, ada):
    policy = make_policy("P", ada)
    signals.create_source(name="Prometheus", kind="json", policy=policy, severity=3, now=NOW)
    response = as_pilot.post(reverse("policy_delete", args=[policy.pk]))

    assert response.status_code == 409
    assert "P is still used by Prometheus." in response.content.decode()


@pytest.mark.parametrize("name", ["policy_new", "source_new"])
def test_others_may_not_change_configuration(client, ada, name):
    client.force_login(ada)

    assert client.post(reverse(name), {}).status_code == 403


def test_a_source_is_changed_and_closed(as_pilot, client, policy, ada):
    source, secret = signals.create_source(name="Prometheus", kind="json", policy=policy, severity=3, now=NOW)
    other = make_policy("Other", ada)
    as_pilot.post(reverse("source_edit", args=[source.pk]), {"name": "Prom", "policy": other.pk, "severity": 2})

    source.refresh_from_db()
    assert (source.name, source.policy, source.severity, source.is_enabled) == ("Prom", other, 2, False)
    assert client.post(f"/hooks/{secret}/", b"{}", content_type="application/json").status_code == 404


def test_a_new_source_shows_its_address_once(as_pilot, client, policy):
    text = as_pilot.post(
        reverse("source_new"), {"name": "Prometheus", "kind": "alertmanager", "policy": "", "severity": 3}
    ).content.decode()
    url = text.split('<code class="secret">')[1].split("</code>")[0]
    path = "/hooks/" + url.split("/hooks/")[1]

    assert client.post(path, b"{}", content_type="application/json").status_code == 400
    again = as_pilot.get(reverse("sources")).content.decode()
    assert url not in again
