"""Every parser against mutated real payloads: nothing but `Unreadable`, no item lost, every refusal readable (F36)."""

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.alarms.models import Alarm
from incidents.signals import services
from incidents.signals.models import Rejection, Signal, Source
from incidents.signals.payloads import paths
from incidents.signals.payloads.items import Item, Parsed, Unreadable
from tests.conftest import NOW
from tests.incidents.signals.senders import (
    ALERTMANAGER,
    ALERTMANAGER_ITEM,
    ERROR,
    GRAFANA,
    GRAFANA_ITEM,
    JSON,
    KAPACITOR,
    MAPPED,
    MAPPING,
    NO_DATA,
)

REAL: dict[str, list[Any]] = {
    "alertmanager": [ALERTMANAGER, ALERTMANAGER | {"alerts": [ALERTMANAGER_ITEM] * 3}],
    "grafana": [GRAFANA, GRAFANA | {"alerts": [GRAFANA_ITEM, NO_DATA, ERROR]}],
    "kapacitor": [KAPACITOR, KAPACITOR | {"level": "OK"}],
    "json": [JSON, {"signals": [JSON, {"title": "Dome"}]}],
    "mapped": [MAPPED],
}
REMEDY = re.compile(
    r"\b(wanted|write|send|sends|give|use|set|choose|mend|say|make|fewer|flatter|look there|looks for)\b", re.IGNORECASE
)
ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "\ud800",
    "a\nb",
    "é" * 400,
    "{}",
    "$",
    "1e999",
    "OK",
    "resolved",
    "firing",
    "<b>",
    "&#0;",
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(ODD_TEXTS)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TAGS = {"site", "product", "alertname", "rack", "link"}  # names that the sender chose
NEST = 25  # deeper than is read


def nodes(data: Any) -> list[tuple[Any, Any]]:
    """Every place of a payload: what holds it and its name there."""
    names = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    return [(data, name) for name in names] + [node for name in names for node in nodes(data[name])]


def tainted(data: Any, by: str) -> Any:
    if isinstance(data, dict):
        return {name + by if name in TAGS else name: tainted(value, by) for name, value in data.items()}
    if isinstance(data, list):
        return [tainted(value, by) for value in data]
    return data + by if isinstance(data, str) else data


def mutate(draw: st.DrawFn, data: Any) -> None:
    """Drop, replace, double, retype or nest one thing somewhere in it."""
    places = nodes(data)
    if not places:
        return
    holder, name = draw(st.sampled_from(places))
    value = holder[name]
    how = draw(st.sampled_from(["drop", "replace", "double", "text", "list", "object", "number", "nest", "taint"]))
    if how == "drop":
        del holder[name]
    elif how == "replace":
        holder[name] = draw(values)
    elif how == "double" and isinstance(holder, list):
        holder.insert(name, copy.deepcopy(value))
    elif how == "double":
        holder[draw(st.text(max_size=8))] = copy.deepcopy(value)
    elif how == "taint":  # every text of it at once, by what a database refuses
        holder[name] = tainted(value, draw(st.sampled_from(["\x00", "\ud800", " ", "\n", "x" * 300])))
    elif how == "text":
        holder[name] = json.dumps(value)
    elif how == "number":
        holder[name] = draw(st.sampled_from([0, -1, 7, 1.5, 2**64]))
    elif how == "nest":
        for _ in range(NEST):
            value = [value]
        holder[name] = value
    else:
        holder[name] = [value] if how == "list" else {"was": value}


@st.composite
def mutated(draw: st.DrawFn, kind: str) -> bytes:
    data = copy.deepcopy(draw(st.sampled_from(REAL[kind])))
    for _ in range(draw(st.integers(1, 5))):
        mutate(draw, data)
    raw = json.dumps(data).encode()
    if draw(st.integers(0, 9)) == 0:  # noise in the bytes themselves
        at = draw(st.integers(0, len(raw)))
        return raw[:at] + draw(st.binary(max_size=5)) + raw[at + draw(st.integers(0, 9)) :]
    return raw


def wanted(kind: str, raw: bytes) -> int | None:
    """How many items a payload has that a parser took for one of its kind; None: all of it is one rejection."""
    data = json.loads(raw)
    if kind == "mapped":
        rows = paths.find(paths.parse(MAPPING["items"]), data, data)
        return len(rows) if isinstance(rows, list) and rows else 1
    if kind == "kapacitor" or (kind == "json" and not isinstance(data.get("signals"), list)):
        return 1
    if kind == "json":
        return len(data["signals"])
    return len(data["alerts"]) + bool(data.get("truncatedAlerts"))


def check_errors(errors: dict[str, list[str]]) -> None:
    assert errors
    for name, texts in errors.items():
        assert name
        assert texts
        for text in texts:
            assert REMEDY.search(text), f"{name}: “{text}” does not say what to do"
            assert "\x00" not in text
            text.encode()


def check_item(item: Item) -> None:
    """What the database can keep and a person can read."""
    assert item.title.strip()
    assert len(item.title) <= 300
    assert len(item.key) <= 200
    assert item.firing or item.key
    assert item.severity in {None, 1, 2, 3, 4, 5}
    assert len(item.link) <= 1000
    assert len(item.product) <= 120
    texts = [item.title, item.key, item.description, item.link, item.product, *item.labels, *item.labels.values()]
    for text in texts:
        assert "\x00" not in text
        text.encode()


def parse(kind: str, raw: bytes) -> Parsed | None:
    source = Source(kind=kind, name=kind, mapping=MAPPING if kind == "mapped" else {})
    try:
        return services.parse(source, raw)
    except Unreadable as error:
        check_errors(error.errors)
        return None


@pytest.mark.parametrize("kind", REAL)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_mutation_of_a_real_payload_breaks_its_parser_or_is_lost(kind, data):
    raw = data.draw(mutated(kind))
    parsed = parse(kind, raw)

    if parsed is not None:
        assert len(parsed.items) + len(parsed.rejected) == wanted(kind, raw)
        for item in parsed.items:
            check_item(item)
        for rejected in parsed.rejected:
            check_errors(rejected.errors)


@pytest.mark.parametrize("kind", REAL)
@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=200))
def test_no_bytes_break_a_parser(kind, raw):
    parsed = parse(kind, raw)

    assert parsed is None or len(parsed.items) + len(parsed.rejected) >= 1


@pytest.mark.parametrize("kind", REAL)
def test_a_real_payload_as_it_is_has_no_rejection(kind):
    """What is mutated below is one that is read."""
    assert all(not services.parse(_source(kind), json.dumps(real).encode()).rejected for real in REAL[kind])


def _source(kind: str) -> Source:
    return Source(kind=kind, name=kind, mapping=MAPPING if kind == "mapped" else {})


@pytest.fixture
def address(policy):
    def of(kind: str) -> str:
        source, secret = services.create_source(name=kind, kind=kind, policy=policy, severity=3, now=NOW)
        if kind == "mapped":
            Source.objects.filter(pk=source.pk).update(mapping=MAPPING)
        return f"/hooks/{secret}/"

    return of


@pytest.mark.django_db
@pytest.mark.parametrize("kind", REAL)
def test_no_mutation_of_a_real_payload_is_a_500_and_each_is_kept(kind, address, client):
    url = address(kind)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(raw=mutated(kind))
    def send(raw: bytes) -> None:
        kept, refused = Signal.objects.count(), Rejection.objects.count()
        response = client.post(url, raw, content_type="application/json")
        answer = response.json()

        assert response.status_code in {202, 400}
        assert Signal.objects.count() == kept + 1
        accepted = answer.get("accepted", 0)
        assert accepted + (Rejection.objects.count() - refused) >= 1
        assert Alarm.objects.filter(pk__in=answer.get("alarms", [])).count() == len(set(answer.get("alarms", [])))

    send()
