"""Routes on screens: make, order, try, take away."""

import json

import pytest
from django.urls import reverse

from incidents.alarms.models import Alarm
from incidents.signals import route_services, services
from incidents.signals.models import Source
from incidents.signals.routes import Route
from oncall import clock
from oncall.catalogue.models import Product
from oncall.catalogue.services import import_table
from tests.conftest import NOW, make_policy

pytestmark = pytest.mark.django_db
PAYLOAD = json.dumps(
    {
        "version": "4",
        "alerts": [
            {"status": "firing", "labels": {"alertname": "KafkaDisk"}, "annotations": {}, "fingerprint": "a1"},
            {"status": "firing", "labels": {"alertname": "Redis"}, "annotations": {}, "fingerprint": "a2"},
            {"status": "resolved", "labels": {"alertname": "Old"}, "annotations": {}, "fingerprint": "a3"},
        ],
    }
)


@pytest.fixture(autouse=True)
def _that_night(db):
    clock.travel(NOW - clock.now())


@pytest.fixture
def source(policy):
    return services.create_source(name="Prometheus", kind="alertmanager", policy=policy, severity=3, now=NOW)[0]


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


def test_the_pilot_makes_a_route(as_pilot, source):
    import_table(text="path\nDM\nDM/Broker\n", now=NOW)
    broker = Product.objects.get(path="DM/Broker")
    data = {
        "name": "Brokers", "conditions": "alertname =~ Kafka*\nteam = df", "product": str(broker.pk), "severity": "2",
        "policy": "", "playbook": "P4", "stage": "broker", "tier": "", "is_enabled": "on",
    }  # fmt: skip

    answer = as_pilot.post(reverse("route_new", args=[source.pk]), data)

    assert answer.status_code == 302
    made = Route.objects.get()
    assert [str(one) for one in made.matches] == ["alertname =~ Kafka*", "team = df"]
    assert (made.product, made.severity, made.policy, made.playbook) == (broker, 2, None, "P4")
    page = as_pilot.get(answer.url).content.decode()
    assert "alertname =~ Kafka*" in page
    assert "DM/Broker; SEV-2; calls as the source says; playbook P4; stage broker" in page


def test_a_bad_condition_is_said_beside_the_box_and_nothing_is_lost(as_pilot, source):
    data = {"name": "Brokers", "conditions": "alertname ~ Kafka", "is_enabled": "on", "severity": "", "tier": ""}

    answer = as_pilot.post(reverse("route_new", args=[source.pk]), data)

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "“alertname ~ Kafka” is no condition. Write label = value" in page
    assert "alertname ~ Kafka</textarea>" in page


def test_a_route_is_shown_again_as_it_was_typed(as_pilot, source):
    made = Route(source=source, name="B", matchers=[{"label": "a", "op": "!~", "value": "x*"}], severity=4)
    route_services.save_route(route=made)

    page = as_pilot.get(reverse("route", args=[source.pk, made.pk])).content.decode()

    assert "a !~ x*</textarea>" in page
    assert '<option value="4" selected>SEV-4</option>' in page


def test_only_the_pilot_and_administrators_change_routes(client, ada, source):
    client.force_login(ada)
    made = route_services.save_route(route=Route(source=source, name="A"))

    answers = [
        client.post(reverse("route_new", args=[source.pk]), {"name": "B"}),
        client.post(reverse("route_move", args=[source.pk, made.pk]), {"to": "up"}),
        client.post(reverse("route_delete", args=[source.pk, made.pk])),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert Route.objects.count() == 1


def test_up_and_down_change_the_order(as_pilot, source):
    first = route_services.save_route(route=Route(source=source, name="A"))
    route_services.save_route(route=Route(source=source, name="B"))

    as_pilot.post(reverse("route_move", args=[source.pk, first.pk]), {"to": "down"})

    assert list(Route.objects.order_by("position").values_list("name", flat=True)) == ["B", "A"]


def test_trying_shows_the_route_what_comes_out_and_whom_it_would_call(as_pilot, source, grace):
    straight = make_policy("Straight", grace)
    matchers = [{"label": "alertname", "op": "=~", "value": "Kafka*"}]
    route_services.save_route(
        route=Route(source=source, name="Brokers", matchers=matchers, severity=1, policy=straight, stage="broker")
    )

    page = as_pilot.post(reverse("routes_try", args=[source.pk]), {"body": PAYLOAD}).content.decode()
    rows = page.split("<tbody>")[1].split("<tr>")[1:]

    assert "Brokers" in rows[0]
    assert "SEV-1, stage broker" in rows[0]
    assert "Straight:" in rows[0]
    assert "Grace Okafor" in rows[0]
    assert "none fits" in rows[1]
    assert "Ada Moreno" in rows[1]  # on call for triage, the first step of the source's policy
    assert "says that something is over" in rows[2]
    assert Alarm.objects.count() == 0


def test_labels_alone_can_be_tried(as_pilot, source):
    matchers = [{"label": "team", "op": "=", "value": "df"}]
    route_services.save_route(route=Route(source=source, name="Facility", matchers=matchers))

    page = as_pilot.post(reverse("routes_try", args=[source.pk]), {"body": "team = df"}).content.decode()

    assert "<td>Facility</td>" in page


def test_what_would_wait_for_working_hours_says_so(as_pilot, source):
    import_table(text="path,tier\nDM,operational\n", now=NOW)
    route_services.save_route(route=Route(source=source, name="All", product=Product.objects.get()))

    page = as_pilot.post(reverse("routes_try", args=[source.pk]), {"body": "a = b"}).content.decode()

    assert "for working hours, until" in page


def test_what_cannot_be_read_is_said_beside_the_box(as_pilot, source):
    answer = as_pilot.post(reverse("routes_try", args=[source.pk]), {"body": "{not json"})

    assert answer.status_code == 400
    assert "Not JSON" in answer.content.decode()


def test_the_list_takes_the_same_queries_however_many_routes(as_pilot, source, django_assert_max_num_queries):
    for nth in range(30):
        route_services.save_route(route=Route(source=source, name=f"R{nth}"))

    with django_assert_max_num_queries(12):
        as_pilot.get(reverse("routes", args=[source.pk]))


def test_routes_of_another_source_are_not_found(as_pilot, source):
    other = Source.objects.create(name="Other", kind="json", token_digest="x", created_at=NOW)
    made = route_services.save_route(route=Route(source=source, name="A"))

    assert as_pilot.get(reverse("route", args=[other.pk, made.pk])).status_code == 404
