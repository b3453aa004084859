"""The contact card, to the letter of RFC 2426."""

from oncall.paging.vcard import card, escaped, folded


def test_a_card_to_the_letter():
    made = card(
        name="oncall pages", numbers=["+16502530000", "+33755500000", "+16502530000"], note="Let it through.",
        url="https://oncall.example.org", uid="https://oncall.example.org/card",
    )  # fmt: skip
    assert made == (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:oncall pages;;;;\r\nFN:oncall pages\r\n"
        "TEL;TYPE=WORK,VOICE:+16502530000\r\nTEL;TYPE=WORK,VOICE:+33755500000\r\n"
        "URL:https://oncall.example.org\r\nNOTE:Let it through.\r\nUID:https://oncall.example.org/card\r\n"
        "END:VCARD\r\n"
    )


def test_a_value_cannot_begin_a_line_of_its_own():
    assert escaped("a;b,c\\d\r\nTEL:+1900") == "a\\;b\\,c\\\\d\\nTEL:+1900"


def test_a_long_line_is_folded_at_75_octets_and_no_character_is_split():
    pieces = folded("NOTE:" + "é" * 60).split("\r\n")
    assert [len(piece.encode()) for piece in pieces] == [75, 51]
    assert "".join(pieces).replace(" ", "") == "NOTE:" + "é" * 60
