"""Kind `mapped`: paths of our own notation, and what a mapping makes of a payload of any shape."""

import json

import pytest

from incidents.signals.payloads import mapping, paths
from incidents.signals.payloads.items import Item
from incidents.signals.payloads.paths import BadPath, Path
from tests.incidents.signals.senders import MAPPED, MAPPING


def body(data) -> bytes:
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("name", Path(("name",))),
        ("data.hosts[0].name", Path(("data", "hosts", 0, "name"))),
        ("$.receiver", Path(("receiver",), whole=True)),
        ("$", Path((), whole=True)),
        ("$[3]", Path((3,), whole=True)),
        ('labels["odd name.with dots"]', Path(("labels", "odd name.with dots"))),
        ("@timestamp", Path(("@timestamp",))),
        ("data.0", Path(("data", "0"))),
        (" a-b.c_d ", Path(("a-b", "c_d"))),
        ("__import__('os')", Path(("__import__('os')",))),  # a name like any other: nothing is evaluated
    ],
)
def test_a_path_is_read_and_written(text, path):
    assert paths.parse(text) == path
    assert str(path) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", ".name", "a..b", "a[", "a[x]", "a[-1]", "a b", "$name", 'a["x]', "a.b.", "a" * 201, "a" + 12 * ".b"],
)
def test_what_is_no_path_is_refused_in_words(text):
    with pytest.raises(BadPath, match=r"\w+"):
        paths.parse(text)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("probes[1].text", "Rack B5 at 22 °C"),
        ("probes[2].text", None),
        ("probes.text", None),
        ("site[0]", None),
        ("$.site.room", "computer room"),
        ("nothing.here", None),
    ],
)
def test_nothing_stands_where_a_path_does_not_lead(path, value):
    assert paths.find(paths.parse(path), MAPPED, MAPPED) == value


def test_a_text_with_braces_joins_places():
    assert paths.fill("{name} ({room})", MAPPED["site"], MAPPED) == "Cerro Pachón (computer room)"


def test_a_text_with_braces_in_none_of_which_something_stands_is_empty():
    assert paths.fill("{nothing} ({here})", MAPPED, MAPPED) == ""


def test_the_places_of_a_payload_can_be_written_as_paths_and_show_what_stands_there():
    found = [(place.path, place.sample) for place in paths.places(MAPPED)]

    assert found[:6] == [
        ("site", "object of 2"),
        ("site.name", "Cerro Pachón"),
        ("site.room", "computer room"),
        ("probes", "list of 2"),
        ("probes[0]", "object of 4"),
        ("probes[0].sensor", "object of 2"),
    ]
    assert all(paths.find(paths.parse(path), MAPPED, MAPPED) is not None for path, _ in found)


def test_a_payload_of_a_million_fields_shows_150():
    assert len(paths.places({str(n): n for n in range(1_000_000)})) == 150


def test_a_mapping_finds_each_item_of_the_list():
    assert mapping.parse(body(MAPPED), MAPPING).items == [
        Item(
            firing=True,
            key="17",
            title="Rack B4 at 41 °C in the computer room",
            severity=2,
            labels={"rack": "B4", "site": "Cerro Pachón"},
            product="Cerro Pachón",
        ),
        Item(
            firing=False,
            key="18",
            title="Rack B5 at 22 °C in the computer room",
            severity=2,
            labels={"rack": "B5", "site": "Cerro Pachón"},
            product="Cerro Pachón",
        ),
    ]


def test_without_a_list_the_payload_is_one_item():
    (item,) = mapping.parse(b'{"what": "Dome"}', {"title": "what"}).items

    assert item == Item(firing=True, key="", title="Dome")


def test_without_a_mapping_the_whole_payload_is_rejected_and_nothing_of_it_lost():
    parsed = mapping.parse(body(MAPPED), {})

    assert parsed.items == []
    (rejected,) = parsed.rejected
    assert (rejected.index, rejected.raw) == (-1, MAPPED)
    assert rejected.errors["mapping"][0].startswith("No mapping yet.")


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"probes": ["Here is nothing; the mapping looks for a list of items."]}),
        ({"probes": []}, {"probes": ["Here is an empty list; the mapping looks for a list of items."]}),
        ({"probes": "x"}, {"probes": ["Here is “x”; the mapping looks for a list of items."]}),
    ],
)
def test_where_the_list_is_not_there_the_whole_payload_is_rejected(data, errors):
    (rejected,) = mapping.parse(body(data), MAPPING).rejected

    assert (rejected.index, rejected.errors) == (-1, errors)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({}, "text"),
        ({"text": "x", "state": "odd"}, "state"),
        ({"text": "x", "state": "fine"}, "key"),
        ("nonsense", "text"),
        (None, "text"),
    ],
)
def test_an_item_in_which_nothing_is_found_names_the_place(row, field):
    item, errors = mapping.read(row, {}, {"title": "text", "status": "state", "statuses": {"fine": "resolved"}})

    assert item is None
    assert list(errors) == [field]


def test_what_is_over_needs_only_its_key():
    item, errors = mapping.read({"k": 17, "s": "ok"}, {}, {"title": "t", "key": "k", "status": "s"})

    assert item is not None, errors
    assert (item.firing, item.key, item.title) == (False, "17", "17")


@pytest.mark.parametrize(
    ("words", "value", "firing"),
    [
        ({}, "ok", False),
        ({}, "Problem", True),
        ({}, None, True),
        ({"missing": "resolved"}, None, False),
        ({"*": "firing"}, "odd", True),
        ({"true": "resolved"}, True, False),
        ({"0": "resolved"}, 0, False),
        ({"ok": "firing"}, "OK", True),
    ],
)
def test_words_of_a_status(words, value, firing):
    item, _ = mapping.read(
        {"t": "x", "k": 1, "s": value}, {}, {"title": "t", "key": "k", "status": "s", "statuses": words}
    )

    assert item is not None
    assert item.firing is firing


@pytest.mark.parametrize(("value", "severity"), [("crit", 2), ("critical", 1), (4, 4), ("odd", None), (None, None)])
def test_words_of_a_severity(value, severity):
    item, _ = mapping.read({"t": "x", "s": value}, {}, {"title": "t", "severity": "s", "severities": {"crit": 2}})

    assert item is not None
    assert item.severity == severity


@pytest.mark.parametrize(
    ("row", "labels"),
    [
        ({"t": "x", "s": "rather bad"}, {"severity": "rather bad"}),
        ({"t": "x", "s": 9}, {"severity": "9"}),
        ({"t": "x", "s": "critical"}, {}),
        ({"t": "x", "s": " "}, {}),
        ({"t": "x", "s": "rather bad", "tags": {"severity": "theirs"}}, {"severity": "theirs"}),
    ],
)
def test_a_severity_word_that_nobody_knows_is_a_label(row, labels):
    item, _ = mapping.read(row, {}, {"title": "t", "severity": "s", "labels": ["tags"]})

    assert item is not None
    assert item.labels == labels


@pytest.mark.parametrize(
    ("stored", "fields"),
    [
        ({}, ["title"]),
        ({"title": "a..b"}, ["title"]),
        ({"title": "{}"}, ["title"]),
        ({"title": "{ }"}, ["title"]),
        ({"title": "a", "items": "{x}"}, ["items"]),
        ({"title": "a", "labels": ["a..b"]}, ["labels"]),
        ({"title": "a", "labels": "host"}, ["labels"]),
        ({"title": "a", "statuses": {"ok": "fine"}}, ["statuses"]),
        ({"title": "a", "severities": {"ok": 9}}, ["severities"]),
        ({"title": 3, "status": []}, ["status", "title"]),
    ],
)
def test_a_mapping_that_cannot_be_used_names_the_field(stored, fields):
    with pytest.raises(mapping.BadMapping) as caught:
        mapping.check(stored)

    assert list(caught.value.errors) == fields


@pytest.mark.parametrize(
    ("items", "whole", "wrapped"),
    [
        ("a.b", {"a": {"b": [1, 2]}, "c": 3}, {"a": {"b": [{"x": 1}]}, "c": 3}),
        ("$", [1, 2], [{"x": 1}]),
        ("a[0]", {"a": [[1], [2]]}, {"a": [[{"x": 1}], [2]]}),
        ("a", {"no": "list"}, {"a": [{"x": 1}]}),
        ("", {"a": 1}, {"x": 1}),
    ],
)
def test_one_item_is_sent_again_in_its_place_in_the_payload(items, whole, wrapped):
    again = mapping.wrap('{"x": 1}', whole=json.dumps(whole), mapping={"items": items})

    assert json.loads(again) == wrapped
