"""Routes: the first that fits says where a signal goes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.firing import Firing
from incidents.signals import route_services, services
from incidents.signals.matching import BadMatcher, Matcher, as_json, fit, from_json, read_lines
from incidents.signals.models import Source
from incidents.signals.routes import Route
from incidents.signals.routing import route
from oncall.catalogue.services import import_table
from tests.conftest import NOW, make_policy

pytestmark = pytest.mark.django_db
KAFKA = [{"label": "alertname", "op": "=~", "value": "Kafka*"}]


@pytest.fixture
def source():
    return services.create_source(name="Prometheus", kind="alertmanager", policy=None, severity=3, now=NOW)[0]


def firing(source: Source, **changes) -> Firing:
    said: dict[str, Any] = {
        "title": "Disk is full",
        "severity": 3,
        "labels": {"alertname": "KafkaDisk", "team": "df"},
    } | changes
    return Firing(source_id=source.pk, source=source.name, **said)


def make_route(source: Source, name: str = "Kafka", matchers=KAFKA, **fields) -> Route:
    return route_services.save_route(route=Route(source=source, name=name, matchers=matchers, **fields))


def routed(source: Source, said: Firing):
    return route(said, source=Source.objects.get(pk=source.pk), now=NOW)


def test_a_source_without_routes_asks_nothing(source, ada, django_assert_num_queries):
    policy = make_policy("Straight", ada)
    Source.objects.filter(pk=source.pk).update(policy=policy)
    row, said = Source.objects.get(pk=source.pk), firing(source)

    with django_assert_num_queries(0):
        found = route(said, source=row, now=NOW)

    assert (found.firing, found.policy_id, found.route) == (said, policy.pk, None)


def test_the_routes_of_a_source_are_asked_for_once_however_many_signals_come(source, django_assert_num_queries):
    make_route(source, severity=1)
    row = Source.objects.get(pk=source.pk)

    with django_assert_num_queries(1):
        found = [route(firing(source, key=str(n)), source=row, now=NOW).firing.severity for n in range(50)]

    assert found == [1] * 50


def test_a_route_says_product_severity_policy_playbook_stage_and_tier(source, ada):
    import_table(text="path\nDM\nDM/Broker\n", now=NOW)
    from oncall.catalogue.models import Product

    policy = make_policy("Straight", ada)
    broker = Product.objects.get(path="DM/Broker")
    made = make_route(
        source, product=broker, severity=2, policy=policy, playbook="P4", stage="broker", tier="real_time"
    )

    found = routed(source, firing(source))

    assert (found.policy_id, found.route) == (policy.pk, made)
    said = found.firing
    assert (said.product, said.severity, said.playbook, said.stage, said.tier) == (
        "DM/Broker", 2, "P4", "broker", "real_time",
    )  # fmt: skip


def test_what_a_route_leaves_open_stays(source):
    make_route(source, stage="broker")
    said = firing(source, product="Mine", playbook="P1", severity=4)

    found = routed(source, said).firing

    assert (found.product, found.severity, found.playbook, found.stage, found.tier) == ("Mine", 4, "P1", "broker", "")


def test_the_first_that_fits_wins(source):
    make_route(source, "first", severity=1)
    make_route(source, "second", [], severity=5)

    assert routed(source, firing(source)).firing.severity == 1
    assert routed(source, firing(source, labels={"alertname": "Redis"})).firing.severity == 5


def test_a_route_that_does_not_count_is_passed_over(source):
    made = make_route(source, severity=1)
    made.is_enabled = False
    route_services.save_route(route=made)

    assert routed(source, firing(source)).firing.severity == 3
    assert not Source.objects.get(pk=source.pk).has_routes


def test_moving_up_changes_who_is_asked_first(source):
    make_route(source, "first", [], severity=1)
    second = make_route(source, "second", [], severity=2)

    route_services.move(route=second, up=True)

    assert routed(source, firing(source)).firing.severity == 2


def test_moving_the_first_up_changes_nothing(source):
    first = make_route(source, "first", [], severity=1)
    make_route(source, "second", [], severity=2)

    route_services.move(route=first, up=True)

    assert list(Route.objects.values_list("name", "position")) == [("first", 0), ("second", 1)]


def test_saving_a_route_that_another_has_moved_meanwhile_leaves_it_where_it_is_by_now(source):
    make_route(source, "first", [])
    mine = Route.objects.get(pk=make_route(source, "second", []).pk)
    route_services.move(route=mine, up=True)

    mine.severity = 1
    route_services.save_route(route=mine)

    found = Route.objects.order_by("position").values_list("name", "position", "severity")
    assert list(found) == [("second", 0, 1), ("first", 1, None)]


def test_a_route_that_somebody_has_deleted_meanwhile_does_not_come_back(source):
    made = make_route(source, "first", [])
    route_services.delete(route=Route.objects.get(pk=made.pk))

    with pytest.raises(route_services.RouteGone, match="Somebody has deleted the route first of Prometheus"):
        route_services.save_route(route=made)

    assert Route.objects.count() == 0


def test_deleting_a_route_that_another_has_moved_meanwhile_keeps_the_others_in_order(source):
    mine = make_route(source, "first", [])
    for name in ("second", "third"):
        make_route(source, name, [])
    for _ in range(2):
        route_services.move(route=Route.objects.get(pk=mine.pk), up=False)

    route_services.delete(route=mine)

    assert list(Route.objects.order_by("position").values_list("name", "position")) == [("second", 0), ("third", 1)]


def test_deleting_the_last_one_leaves_a_source_without_routes(source):
    first, second = make_route(source, "first"), make_route(source, "second", [])

    route_services.delete(route=first)

    assert list(Route.objects.values_list("name", "position")) == [("second", 0)]
    assert Source.objects.get(pk=source.pk).has_routes
    route_services.delete(route=Route.objects.get(pk=second.pk))
    assert not Source.objects.get(pk=source.pk).has_routes


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("alertname = KafkaDisk", True),
        ("alertname = Kafka", False),
        ("alertname != KafkaDisk", False),
        ("alertname != Redis", True),
        ("alertname =~ Kafka*", True),
        ("alertname =~ *Disk", True),
        ("alertname =~ Redis*|Kafka?isk", True),
        ("alertname =~ Redis*|Kafka????*k", False),
        ("alertname !~ Kafka*", False),
        ("alertname !~ Redis*|Postgres*", True),
        ("missing = ", True),
        ("missing =~ *", True),
        ("missing = x", False),
        ('team="df"', True),
        ("title =~ Disk*", True),
        ("severity = 3", True),
    ],
)
def test_a_condition_looks_at_labels_and_at_the_signal_itself(line, fits):
    said = {"title": "Disk is full", "severity": "3", "alertname": "KafkaDisk", "team": "df"}

    assert fit(read_lines(line), said) is fits


def test_a_label_goes_before_the_signals_own_word(source):
    make_route(source, matchers=[{"label": "severity", "op": "=", "value": "critical"}], stage="broker")

    assert routed(source, firing(source, labels={"severity": "critical"})).firing.stage == "broker"


@pytest.mark.parametrize(
    "line", ["alertname", "= x", "a ~ b", "\n".join("a = b" for _ in range(21)), "a = " + "x" * 201]
)
def test_a_line_that_is_no_condition_is_refused_in_words(line):
    with pytest.raises(BadMatcher):
        read_lines(line)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_conditions_or_a_reason(line):
    try:
        found = read_lines(line)
    except BadMatcher:
        return
    assert from_json(as_json(found)) == found
    assert read_lines("\n".join(map(str, found))) == found


def test_many_stars_take_no_more_than_both_lengths():
    pattern = Matcher("title", "=~", "*a" * 90 + "b")

    assert not pattern.fits({"title": "a" * 300})


def test_what_can_wait_is_held_until_working_hours_and_says_why(source):
    import_table(text="path,tier\nDM,operational\n", now=NOW)

    said = routed(source, firing(source, product="DM")).firing

    assert said.hold_until == datetime(2027, 3, 23, 16, tzinfo=UTC)  # 20:10 on Monday in California: Tuesday 09:00
    assert said.hold_why == ("Operational tier: waits for working hours (Monday to Friday 09:00-17:00 Pacific).")


def test_real_time_is_never_held(source, django_assert_num_queries):
    import_table(text="path,tier\nDM,operational\nDM/AP,real_time\n", now=NOW)
    said = firing(source, product="DM/AP")

    with django_assert_num_queries(1):
        found = route(said, source=source, now=NOW)

    assert found.firing == said
