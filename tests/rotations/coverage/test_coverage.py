from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.coverage.coverage import (
    Away,
    Cover,
    Tile,
    once_each,
    ordinal,
    put_over,
    stack,
    take_out,
    tiles_at,
    why_override,
    why_shift,
)
from rotations.schedule.handoffs import Shift


def at(hour: int) -> datetime:
    return datetime(2027, 3, 22 + hour // 24, hour % 24, tzinfo=UTC)


def tile(start: int, end: int, person: str, why: str = "") -> Tile:
    return Tile(at(start), at(end), person, why or f"turn of {person}", f"{person}{start}")


def over(start: int, end: int, person: str, replaces: str | None = None) -> Cover:
    return Cover(f"{person}{start}", "primary", person, replaces, at(start), at(end), "asked")


def cover(tiles: list[Tile], covers: list[Cover]) -> list[Tile]:
    for one in covers:
        tiles = put_over(tiles, one)
    return tiles


def spans(tiles: list[Tile]) -> list[tuple[int, int, str]]:
    return [
        (one.starts_at.hour + 24 * (one.starts_at.day - 22), one.ends_at.hour + 24 * (one.ends_at.day - 22), one.person)
        for one in tiles
    ]


DAY = [tile(0, 8, "ada"), tile(8, 16, "grace"), tile(16, 24, "lise")]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], [(0, 8, "ada"), (8, 16, "grace"), (16, 24, "lise")]),
        ([over(10, 12, "o")], [(0, 8, "ada"), (8, 10, "grace"), (10, 12, "o"), (12, 16, "grace"), (16, 24, "lise")]),
        ([over(8, 16, "o")], [(0, 8, "ada"), (8, 16, "o"), (16, 24, "lise")]),
        ([over(6, 18, "o")], [(0, 6, "ada"), (6, 18, "o"), (18, 24, "lise")]),
        ([over(22, 30, "o")], [(0, 8, "ada"), (8, 16, "grace"), (16, 22, "lise"), (22, 30, "o")]),
        ([over(26, 30, "o")], [(0, 8, "ada"), (8, 16, "grace"), (16, 24, "lise"), (26, 30, "o")]),
        (
            [over(2, 6, "o"), over(4, 9, "p")],
            [(0, 2, "ada"), (2, 4, "o"), (4, 9, "p"), (9, 16, "grace"), (16, 24, "lise")],
        ),
        ([over(5, 5, "o")], [(0, 8, "ada"), (8, 16, "grace"), (16, 24, "lise")]),
    ],
)
def test_an_override_cuts_what_is_under_it(overrides, expected):
    assert spans(cover(DAY, overrides)) == expected


def test_the_remains_keep_their_own_reason():
    before, _, after = cover([tile(0, 8, "ada")], [over(2, 4, "o")])
    assert (before.why, after.why) == ("turn of ada", "turn of ada")


def test_an_end_is_not_part_of_a_tile():
    assert [one.person for one in tiles_at(at(8), DAY)] == ["grace"]
    assert tiles_at(at(24), DAY) == []


overrides = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10), st.sampled_from("opq")), max_size=6)


@given(overrides)
def test_tiles_never_overlap_and_the_last_override_is_on_top(made):
    above = [over(start, min(start + length, 47), person) for start, length, person in made]
    tiles = cover(DAY, above)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(tiles))
    for hour in range(48):
        wanted = [one.person for one in above if one.starts_at <= at(hour) < one.ends_at]
        wanted = wanted or [one.person for one in DAY if one.starts_at <= at(hour) < one.ends_at]
        assert [one.person for one in tiles_at(at(hour), tiles)] == wanted[-1:]


def test_who_covers_a_person_takes_their_turns_and_leaves_the_gaps():
    gappy = [tile(0, 4, "ada"), tile(8, 12, "ada"), tile(12, 16, "grace"), tile(20, 24, "ada")]
    assert spans(put_over(gappy, over(2, 22, "o", "ada"))) == [
        (0, 2, "ada"),
        (2, 4, "o"),
        (8, 12, "o"),
        (12, 16, "grace"),
        (20, 22, "o"),
        (22, 24, "ada"),
    ]


def test_who_covers_a_neighbour_on_at_the_same_time_is_one_person_still():
    beside = [tile(0, 8, "ada"), tile(4, 12, "grace")]
    assert spans(once_each(put_over(beside, over(0, 24, "grace", "ada")))) == [(0, 8, "grace"), (8, 12, "grace")]


def test_a_cover_of_a_cover_is_a_cover():
    twice = cover([tile(0, 8, "ada")], [over(0, 8, "o", "ada"), over(2, 4, "p", "o")])
    assert spans(twice) == [(0, 2, "o"), (2, 4, "p"), (4, 8, "o")]


def test_a_higher_level_cuts_lower_ones_and_equal_ones_stand_side_by_side():
    layers = [(0, DAY), (0, [tile(6, 10, "zoe")]), (2, [tile(7, 9, "high")]), (1, [tile(8, 12, "middle")])]
    assert spans(stack(layers)) == [
        (0, 7, "ada"),
        (6, 7, "zoe"),
        (7, 9, "high"),
        (9, 12, "middle"),
        (12, 16, "grace"),
        (16, 24, "lise"),
    ]


def test_who_is_away_is_taken_out_and_their_pieces_are_named():
    away = [Away("grace", at(10), at(12), "absent"), Away("grace", at(11), at(13), "absent")]
    present, missing = take_out(DAY, away, frozenset({"lise"}))
    assert spans(present) == [(0, 8, "ada"), (8, 10, "grace"), (13, 16, "grace")]
    assert [(*span, one.why) for span, one in zip(spans(missing), missing, strict=True)] == [
        (10, 12, "grace", "absent"),
        (12, 13, "grace", "absent"),
        (16, 24, "lise", "has left"),
    ]


def test_only_a_piece_that_was_cut_off_says_from_when():
    before, _, after = put_over([tile(0, 8, "ada")._replace(begun=at(0))], over(2, 4, "o"))
    assert (before.name, after.name) == ("ada0", "ada0 from 2027-03-22T04:00:00Z")


pieces = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10), st.sampled_from("abc")), max_size=8)


@given(pieces)
def test_nobody_is_there_twice_at_once_and_nobody_is_lost(made):
    tiles = sorted(
        (tile(start, min(start + length, 47), who) for start, length, who in made), key=lambda t: t.starts_at
    )
    once = once_each(tiles)
    for hour in range(48):
        found = [one.person for one in tiles_at(at(hour), once)]
        assert len(found) == len(set(found))
        assert set(found) == {one.person for one in tiles_at(at(hour), tiles)}


def test_a_reason_names_place_rotation_and_week_in_the_rotations_zone():
    shift = Shift(
        at(23), at(24), turn=5, place=1, of=4, participant="ada", origin="turn 5"
    )  # 00:00 on Tuesday in Paris
    zone = ZoneInfo("Europe/Paris")
    why = why_shift(shift, name="Triage West", zone=zone, unit="week", every=1)
    assert why == "2nd of 4 in Triage West, week from Tue 23 Mar"
    why = why_shift(shift, name="Triage West", zone=zone, unit="day", every=3)
    assert why == "2nd of 4 in Triage West, 3 days from Tue 23 Mar"


def test_an_override_says_who_made_it_and_why():
    assert why_override(by="Grace Hopper", reason="dentist") == "override by Grace Hopper: dentist"
    assert why_override(by="Grace Hopper", reason="") == "override by Grace Hopper"


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_ordinals(number, words):
    assert ordinal(number) == words
