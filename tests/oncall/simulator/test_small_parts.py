import pytest

from oncall.simulator import guard, numbering
from oncall.simulator.callbacks import Overrides
from oncall.simulator.faults import BadPlan, Plan, read_plan


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),  # two places each
        ("€" * 81, 2),
        ("“" + "a" * 69, 1),
        ("“" + "a" * 70, 2),
        ("😀" * 35, 1),  # two units each
        ("😀" * 36, 2),
    ],
)
def test_a_text_travels_in_parts(body, parts):
    assert numbering.segments(body) == parts


@pytest.mark.parametrize(("text", "number"), [("+1 (415) 555-0123", "+14155550123"), ("+56912345678", "+56912345678")])
def test_a_number_is_read_with_its_ornaments(text, number):
    assert numbering.e164(text) == number


@pytest.mark.parametrize("text", ["", "12345", "+0155501234", "+1415", "+1415555012345678", "mum"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(numbering.BadNumber, match="is not a telephone number"):
        numbering.e164(text)


def test_a_plus_lost_in_an_address_is_put_back():
    assert numbering.loosely(" 14155550123") == "+14155550123"


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8001", True),
        ("localhost", True),
        ("[::1]:8001", True),
        ("127.0.0.1.example.org:8001", False),
        ("example.org", False),
        ("192.168.1.5:8001", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_answered_to(host, ours):
    assert guard.is_loopback(host) is ours


@pytest.mark.parametrize(
    ("headers", "foreign", "own"),
    [
        ({}, False, False),  # a script
        ({"Origin": "http://localhost:1"}, False, True),
        ({"Origin": "http://evil.example"}, True, False),
        ({"Origin": "null"}, True, False),
        ({"Sec-Fetch-Site": "same-origin"}, False, True),
        ({"Sec-Fetch-Site": "cross-site"}, True, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:1"}, True, False),
    ],
)
def test_a_browser_says_whose_page_asks(headers, foreign, own):
    assert guard.is_foreign(headers, origin="http://localhost:1") is foreign
    assert guard.is_own_page(headers, origin="http://localhost:1") is own


@pytest.mark.parametrize(
    ("url", "overrides"),
    [
        ("http://h/x", Overrides(1, frozenset({"ct"}), 5.0, 15.0)),
        ("http://h/x#rc=3&rp=all&ct=2000&rt=5000", Overrides(3, frozenset({"all"}), 2.0, 5.0)),
        ("http://h/x#rc=9&rp=5xx,rt", Overrides(1, frozenset({"5xx", "rt"}), 5.0, 15.0)),
    ],
)
def test_an_address_says_how_patient_to_be_with_it(url, overrides):
    assert Overrides.of(url) == overrides


def test_a_fault_plan_is_read_and_what_it_leaves_out_is_well():
    assert read_plan({"mode": "status", "status": 503}) == Plan(mode="status", status=503, share=1.0)


def test_a_wrong_fault_plan_names_each_field():
    with pytest.raises(BadPlan) as caught:
        read_plan({"mode": "rude", "status": 200, "color": 1})
    assert set(caught.value.errors) == {"mode", "status", "color"}
