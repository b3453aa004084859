"""Words for telephones: one segment, safe codes, and no word that the provider takes for itself."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.paging import text


def test_a_page_says_who_what_how_bad_and_how_to_answer():
    body = text.sms_body(reference="KZQT", severity=1, title="Dome shutter fault")

    assert body == "oncall KZQT SEV1 Dome shutter fault. Reply KZQT A=ack E=escalate R=resolve"


@given(st.text(max_size=400))
def test_a_page_is_one_gsm_segment_whatever_the_title(title):
    """F54"""
    body = text.sms_body(reference="KZQT", severity=2, title=title)

    assert text.septets(body) <= 160
    assert all(char in text.GSM_BASIC or char in text.GSM_EXTENDED for char in body)
    assert "\n" not in body
    assert body.endswith("Reply KZQT A=ack E=escalate R=resolve")


def test_typographic_characters_become_plain_ones():
    assert text.gsm("“Señal” – perdida…\u00a0Ω Ł 日") == '"Señal" - perdida... Ω ? ?'


def test_links_and_control_characters_from_outside_are_not_in_a_page():
    """F54."""
    title = "Pay at HTTPS://evil.example/x?y=1 or www.evil.example\r\n\x00now\u202e"
    body = text.sms_body(reference="KZQT", severity=1, title=title)

    assert body == "oncall KZQT SEV1 Pay at (link) or (link) now. Reply KZQT A=ack E=escalate R=resolve"


def test_no_text_of_ours_is_a_single_word_that_the_provider_takes_for_itself():
    body = text.sms_body(reference="KZQT", severity=1, title="STOP")

    assert not any(sentence.strip().upper() in text.RESERVED for sentence in (body, *body.split(".")))
    assert len(body.split()) > 1


@given(st.uuids(), st.integers(0, 49))
def test_a_code_never_spells_a_word(page, nth):
    code = text.reference(page, nth=nth)

    assert len(code) == 4
    assert not set(code) & set("AEIOUY0123456789")


def test_the_same_page_has_the_same_code_even_after_a_restore():
    page = uuid.UUID("12345678-1234-5678-1234-567812345678")

    assert text.reference(page) == text.reference(page)
    assert text.reference(page) != text.reference(page, nth=1)


def test_our_verbs_are_none_of_the_provider_s_words():
    assert not text.RESERVED & set(text.VERBS)
    assert not any(text.is_code(word) for word in text.RESERVED)


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ("KZQT A", ("KZQT", "acknowledge")),
        ("a kzqt", ("KZQT", "acknowledge")),
        ("  kzqt ack.", ("KZQT", "acknowledge")),
        ("KZQT:E", ("KZQT", "escalate")),
        ("KZQTR", ("KZQT", "resolve")),
        ("res KZQT please", ("KZQT", "resolve")),
        ("KZQT", None),
        ("A", None),
        ("yes", None),
        ("what is KZQT A", None),
        ("", None),
    ],
)
def test_a_reply_needs_a_code_and_a_verb(body, meaning):
    assert text.parse_reply(body) == meaning


@given(st.text(max_size=200))
def test_no_reply_breaks_the_reader(body):
    meaning = text.parse_reply(body)

    assert meaning is None or text.is_code(meaning[0])


def test_a_title_that_was_cut_ends_in_three_dots_and_no_fourth():
    body = text.sms_body(reference="KZQT", severity=1, title="x" * 200)

    assert body.endswith("xxx... Reply KZQT A=ack E=escalate R=resolve")
