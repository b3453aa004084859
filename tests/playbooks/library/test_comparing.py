"""Two revisions side by side."""

from playbooks.library.comparing import Pair, side_by_side


def test_a_changed_line_stands_beside_what_it_was_and_a_new_one_beside_nothing():
    assert side_by_side("a\nb\nc", "a\nB\nc\nd") == [
        Pair("same", 1, "a", 1, "a"),
        Pair("changed", 2, "b", 2, "B"),
        Pair("same", 3, "c", 3, "c"),
        Pair("new", 0, "", 4, "d"),
    ]


def test_a_line_that_is_gone_stands_beside_nothing():
    assert side_by_side("a\nb", "b") == [Pair("gone", 1, "a"), Pair("same", 2, "b", 1, "b")]


def test_far_from_a_change_lines_are_only_counted():
    assert side_by_side("1\n2\n3\n4\n5", "1\n2\n3\n4\n6", around=1) == [
        Pair("skipped", 3),
        Pair("same", 4, "4", 4, "4"),
        Pair("changed", 5, "5", 5, "6"),
    ]
