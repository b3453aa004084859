"""Parsers: every readable item becomes an item, every other is named, and nothing breaks them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.signals.payloads import alertmanager, generic
from incidents.signals.payloads.items import Item, Parsed, Unreadable, severity_of

ONE: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "AlertsNone", "severity": "critical", "instance": "usdf-prompt:9090"},
    "annotations": {"summary": "No alerts for three visits", "description": "Since visit 2027032200123."},
    "startsAt": "2027-03-23T03:09:50Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus/graph",
    "fingerprint": "c0ffee0123456789",
}
PAYLOAD = {"version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "oncall", "alerts": [ONE]}


def body(data) -> bytes:
    return json.dumps(data).encode()


def test_an_item_of_alertmanager_becomes_an_alarm_keyed_by_its_fingerprint():
    (item,) = alertmanager.parse(body(PAYLOAD)).items

    assert item == Item(
        firing=True,
        key="c0ffee0123456789",
        title="No alerts for three visits",
        severity=1,
        description="Since visit 2027032200123.",
        labels=ONE["labels"],
        link="http://prometheus/graph",
    )


def test_without_a_summary_the_rule_and_the_instance_are_the_title():
    (item,) = alertmanager.parse(body(PAYLOAD | {"alerts": [ONE | {"annotations": {}}]})).items

    assert item.title == "AlertsNone on usdf-prompt:9090"


@pytest.mark.parametrize("annotations", [{"summary": " \t"}, {"summary": "\x00"}, {"summary": " ", "title": "\u00a0"}])
def test_a_summary_of_blanks_is_none(annotations):
    (item,) = alertmanager.parse(body(PAYLOAD | {"alerts": [ONE | {"annotations": annotations}]})).items

    assert item.title == "AlertsNone on usdf-prompt:9090"


@pytest.mark.parametrize("odd", [{"labels": {}, "annotations": {}}, {"labels": [], "annotations": "none"}])
def test_what_alertmanager_calls_resolved_needs_only_its_fingerprint(odd):
    (item,) = alertmanager.parse(body(PAYLOAD | {"alerts": [ONE | {"status": "resolved"} | odd]})).items

    assert (item.firing, item.key, item.title) == (False, "c0ffee0123456789", "c0ffee0123456789")


def test_readable_items_are_taken_beside_unreadable_ones():
    broken = {key: value for key, value in ONE.items() if key != "fingerprint"}
    parsed = alertmanager.parse(body(PAYLOAD | {"alerts": [broken, ONE, "nonsense"]}))

    assert len(parsed.items) == 1
    assert [(one.index, list(one.errors)) for one in parsed.rejected] == [(0, ["fingerprint"]), (2, ["alerts"])]


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"not json", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"", "body"),
        (body(PAYLOAD | {"version": "3"}), "version"),
        (body({key: value for key, value in PAYLOAD.items() if key != "version"}), "version"),
        (body(PAYLOAD | {"alerts": {}}), "alerts"),
        (body(PAYLOAD | {"alerts": []}), "alerts"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "body"),
        (b"[" * 100_000, "body"),
    ],
)
def test_what_cannot_be_read_at_all_names_its_field(raw, field):
    with pytest.raises(Unreadable) as caught:
        alertmanager.parse(raw)

    assert list(caught.value.errors) == [field]


def test_json_needs_only_a_title():
    assert generic.parse(b'{"title": "Dome"}').items == [Item(firing=True, key="", title="Dome")]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x", "severity": 9}, "severity"),
        ({"title": "x", "severity": True}, "severity"),
        ({"title": "x", "status": "on fire"}, "status"),
        ({"title": "x", "labels": []}, "labels"),
        ({"title": "x", "status": "resolved"}, "key"),
        ({"title": {"a": 1}}, "title"),
    ],
)
def test_json_names_the_field_that_is_wrong(data, field):
    with pytest.raises(Unreadable) as caught:
        generic.parse(body(data))

    assert list(caught.value.errors) == [field]


@pytest.mark.parametrize(
    "odd", [{}, {"title": None}, {"title": " "}, {"severity": "ok"}, {"labels": []}, {"link": {}}, {"title": {"a": 1}}]
)
def test_what_is_resolved_in_json_needs_only_its_key(odd):
    (item,) = generic.parse(body({"key": "dome", "status": "resolved"} | odd)).items

    assert (item.firing, item.key, item.title) == (False, "dome", "dome")


@pytest.mark.parametrize("signal", [{"status": "over", "key": "dome"}, {"status": "resolved", "key": {"a": 1}}])
def test_a_resolve_whose_status_or_key_cannot_be_read_is_refused(signal):
    """Nothing may be resolved by a guess."""
    with pytest.raises(Unreadable):
        generic.parse(body(signal))


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", 1),
        ("Page", 1),
        ("warning", 3),
        ("SEV-2", 2),
        ("sev1", 1),
        (4, 4),
        ("info", 4),
        ("odd", None),
        (0, None),
        ("ok", None),
        ("not classified", None),
        (-1, None),
        (1.5, None),
        (True, None),
        ("p6", None),
        (1.0, 1),
        ("3.0", 3),
        ("P1", 1),
        ("p5", 5),
        ("P0", 1),
        ("Sev0", 1),
        ("s1", 1),
        ("sev 2", 2),
        ("Severity 3", 3),
        ("priority-4", 4),
        ("crit", 1),
        ("emerg", 1),
        ("alert", 1),
        ("err", 2),
        ("notice", 4),
        ("Informational", 4),
        ("disaster", 1),
        ("high", 2),
        ("average", 3),
        ("Information", 4),
        ("urgent", 1),
        ("severe", 1),
        ("moderate", 3),
        ("ticket", 3),
    ],
)
def test_severity_words(word, severity):
    assert severity_of(word) == severity


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from([*ONE, "severity", "title", "key", "link"])


def read(parse, raw: bytes) -> Parsed | None:
    """Parse, or make sure that what is wrong is named."""
    try:
        found: Parsed = parse(raw)
    except Unreadable as error:
        if not error.errors or not all(texts and all(texts) for texts in error.errors.values()):
            raise AssertionError("refused without a reason") from error
        return None
    return found


@given(st.lists(st.dictionaries(fields, json_values, max_size=8) | json_values, max_size=4), json_values)
def test_no_mutation_of_a_payload_is_lost_or_breaks_the_parser(rows, version):
    """F36"""
    mutated = [ONE | row if isinstance(row, dict) else row for row in rows]
    for parse, payload in (
        (alertmanager.parse, PAYLOAD | {"alerts": mutated}),
        (alertmanager.parse, PAYLOAD | {"version": version}),
        (generic.parse, {"signals": mutated}),
    ):
        parsed = read(parse, body(payload))
        if parsed is None:
            continue
        assert isinstance(parsed, Parsed)
        if "signals" in payload or payload["version"] == "4":
            given_rows = payload.get("signals") or payload["alerts"]
            assert len(parsed.items) + len(parsed.rejected) == len(given_rows)
        assert all(item.title and "\x00" not in item.title for item in parsed.items)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parsers(raw):
    """F36"""
    for parse in (alertmanager.parse, generic.parse):
        read(parse, raw)
