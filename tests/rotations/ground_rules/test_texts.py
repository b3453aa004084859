"""A text in blocks, and what is new in it. No database."""

from rotations.ground_rules.blocks import Block, blocks
from rotations.ground_rules.difference import Line, difference, differs


def test_a_text_is_read_in_headings_paragraphs_lists_and_quotations():
    text = (
        "# Best effort\nFirst line\nsecond line\n\n- one\n- two\n  goes on\n\n1. first\n2) second\n> said so\n> again"
    )

    assert blocks(text) == [
        Block("heading", ("Best effort",)),
        Block("paragraph", ("First line", "second line")),
        Block("bullets", ("one", "two goes on")),
        Block("numbered", ("first", "second")),
        Block("quote", ("said so", "again")),
    ]


def test_an_empty_line_parts_paragraphs_and_not_words():
    assert blocks("one\n\n\ntwo") == [Block("paragraph", ("one",)), Block("paragraph", ("two",))]


def test_two_headings_in_a_row_are_two():
    assert blocks("# a\n## b") == [Block("heading", ("a",)), Block("heading", ("b",))]


def test_what_only_looks_like_a_list_stays_as_it_is():
    assert blocks("-5 degrees\n1.5 hours") == [Block("paragraph", ("-5 degrees", "1.5 hours"))]


def test_markup_stays_words():
    assert blocks("<script>x</script> **bold** [a](javascript:b)") == [
        Block("paragraph", ("<script>x</script> **bold** [a](javascript:b)",))
    ]


def test_nothing_has_no_blocks():
    assert blocks(" \n\r\n ") == []


def test_what_is_gone_stands_before_what_came_in_its_place():
    old, new = "one\ntwo\nthree", "one\n2\nthree\nfour"

    assert difference(old, new) == [
        Line("same", "one"),
        Line("gone", "two"),
        Line("new", "2"),
        Line("same", "three"),
        Line("new", "four"),
    ]


def test_empty_lines_and_white_space_at_the_end_are_no_difference():
    assert not differs(difference("one\n\ntwo", "one  \r\ntwo\n"))


def test_a_space_in_front_is_one():
    assert differs(difference("one", " one"))
