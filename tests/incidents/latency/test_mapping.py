"""A mapping file: what it makes of a message, and what it says of itself when it is wrong."""

import json

import pytest

from incidents.latency import mapping
from incidents.latency.mapping import BadMapping, Unmappable

SUMMIT = {
    "topics": {
        "summit.exposures": {
            "kind": "visit",
            "when": {"path": "obs.type", "is": ["science", "acq"]},
            "fields": {
                "visit_id": {"path": "obs.id", "as": "int"},
                "instrument": {"value": "LSSTCam"},
                "survey_block": "obs.programs.0",
                "band": {"path": "obs.filter", "default": ""},
                "end_readout": {"path": "end", "as": "tai_s"},
                "on_sky": {"path": "obs.sky", "as": "bool"},
                "dome_open": {"path": "dome.open", "default": True},
            },
        }
    }
}
MESSAGE = {
    "obs": {"type": "science", "id": "2027062000123", "programs": ["BLOCK-365"], "filter": None, "sky": "yes"},
    "end": 1813561237.5,
}


def topic():
    return mapping.read(json.dumps(SUMMIT))["summit.exposures"]


def test_a_message_becomes_a_report():
    assert topic().read(json.dumps(MESSAGE).encode()) == {
        "visit_id": 2027062000123,
        "instrument": "LSSTCam",
        "survey_block": "BLOCK-365",
        "band": "",
        "end_readout": "2027-06-21T07:00:00.500000Z",  # 37 s behind TAI
        "on_sky": True,
        "dome_open": True,
    }


def test_a_message_that_is_otherwise_is_passed_over():
    assert topic().read(json.dumps(MESSAGE | {"obs": {"type": "dark"}}).encode()) is None


def test_a_field_that_leads_nowhere_is_left_out():
    body = topic().read(b'{"obs": {"type": "acq", "programs": []}}')

    assert body == {"instrument": "LSSTCam", "band": "", "dome_open": True}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (None, "It is no JSON in UTF-8"),
        (b"\xff", "It is no JSON in UTF-8"),
        (b"[" * 100_000, "It is no JSON in UTF-8"),
        (b"[]", "It is no object."),
        (b'{"obs": {"type": "acq"}, "end": "soon"}', "end_readout: what stands at end cannot be converted."),
        (b'{"obs": {"type": "acq"}, "end": 1e400}', "end_readout: what stands at end cannot be converted."),
        (b'{"obs": {"type": "acq", "id": 1.5}}', "visit_id: what stands at obs.id cannot be converted."),
        (b'{"obs": {"type": "acq", "sky": "perhaps"}}', "on_sky: what stands at obs.sky cannot be converted."),
    ],
)
def test_a_message_that_is_none_says_why(raw, says):
    with pytest.raises(Unmappable) as error:
        topic().read(raw)

    assert says in str(error.value)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("{", "The mapping is no JSON"),
        ("[]", "The mapping names no topics."),
        ('{"topics": {}}', "The mapping names no topics."),
        ('{"topics": {"t": {"kind": "alarm"}}}', "t: kind must be one of visit, delivery, next_visit."),
        ('{"topics": {"t": {"kind": "visit"}}}', "t: fields is no object, or empty."),
        ('{"topics": {"t": {"kind": "visit", "fields": {"sent": "a"}}}}', "t: a visit has no sent. It has band,"),
        ('{"topics": {"t": {"kind": "visit", "fields": {"band": {}}}}}', "t: band must be a path, or an object"),
        ('{"topics": {"t": {"kind": "visit", "fields": {"band": {"path": 7}}}}}', "t: band: path must be a text"),
        (
            '{"topics": {"t": {"kind": "visit", "fields": {"band": {"path": "a", "as": "colour"}}}}}',
            "t: band: as is 'colour'; it must be one of text, int, bool, unix_s, unix_ms, tai_s.",
        ),
        (
            '{"topics": {"t": {"kind": "visit", "when": {"path": "a"}, "fields": {"band": "b"}}}}',
            't: when must be {"path": …, "is": …}.',
        ),
    ],
)
def test_a_mapping_that_is_wrong_says_where(said, says):
    with pytest.raises(BadMapping) as error:
        mapping.read(said)

    assert says in str(error.value)


def test_the_mapping_that_the_documentation_shows_can_be_used():
    shown = mapping.__doc__.split("\n\n")[2]

    assert list(mapping.read(shown)) == ["visits"]
