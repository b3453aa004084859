"""Where things stand in the drawings: percent across, pixels down."""

import pytest

from rotations.reports.plots import counts, shares, stacked

HOUR = 3600


def test_the_highest_month_stands_under_a_round_line_and_parts_stack_upwards():
    drawn = stacked([("Mar", {"night": 2 * HOUR, "weekend": HOUR}), ("Apr", {})])
    first, second = drawn.columns
    # 3 h under 3 lines of 1 h; the room is 220 - 18 - 24 = 178 px high and ends at 196.
    assert [(line.words, line.y) for line in drawn.lines] == [
        ("0 h", 196),
        ("1 h", 136.67),
        ("2 h", 77.33),
        ("3 h", 18),
    ]
    assert [(piece.kind, piece.at, piece.length) for piece in first.pieces] == [
        ("night", 77.33, 118.67),
        ("weekend", 18, 59.33),
    ]
    assert (second.pieces, second.total_s) == ([], 0)


def test_a_span_without_months_or_hours_is_drawn_empty():
    assert stacked([]).columns == []
    assert [line.words for line in stacked([("Mar", {})]).lines] == ["0 h", "0.25 h"]


@pytest.mark.parametrize("hours", [4000, 9999])
def test_a_great_many_hours_have_few_lines(hours):
    assert len(stacked([("Mar", {"night": hours * HOUR})]).lines) <= 6


def test_a_bar_says_who_is_over_the_fair_share_and_where_that_lies():
    lise, ada = shares([("Lise", 30.0), ("Ada", 10.0)], fair=[20.0, 40.0])
    assert [(piece.kind, piece.length) for piece in lise.pieces] == [("over", 75.0)]
    assert (lise.mark, ada.mark) == (50.0, 100.0)
    assert [(piece.kind, piece.length) for piece in ada.pieces] == [("within", 25.0)]


def test_who_is_in_no_order_is_neither_over_nor_within():
    lise, ada = shares([("Lise", 5.0), ("Ada", 0.0)], fair=[0.0, 0.0])
    assert [(piece.kind, piece.length) for piece in (*lise.pieces, *ada.pieces)] == [("cover", 100.0), ("cover", 0.0)]


def test_counts_follow_each_other_and_the_longest_row_fills_the_width():
    first, second = counts([("Lise", [("honoured", 3), ("broken", 1)]), ("Ada", [("honoured", 0), ("given up", 1)])])
    assert [(piece.kind, piece.at, piece.length) for piece in first.pieces] == [("honoured", 0, 75), ("broken", 75, 25)]
    assert [(piece.kind, piece.at, piece.length) for piece in second.pieces] == [("given-up", 0, 25)]
