from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.coverage.coverage import Tile, cover, ordinal, tile_at, why_override, why_shift
from rotations.schedule.handoffs import Shift


def at(hour: int) -> datetime:
    return datetime(2027, 3, 22 + hour // 24, hour % 24, tzinfo=UTC)


def tile(start: int, end: int, person: str, why: str = "") -> Tile:
    return Tile(at(start), at(end), person, why or f"turn of {person}", f"{person}{start}")


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
        ([tile(10, 12, "o")], [(0, 8, "ada"), (8, 10, "grace"), (10, 12, "o"), (12, 16, "grace"), (16, 24, "lise")]),
        ([tile(8, 16, "o")], [(0, 8, "ada"), (8, 16, "o"), (16, 24, "lise")]),
        ([tile(6, 18, "o")], [(0, 6, "ada"), (6, 18, "o"), (18, 24, "lise")]),
        ([tile(22, 30, "o")], [(0, 8, "ada"), (8, 16, "grace"), (16, 22, "lise"), (22, 30, "o")]),
        ([tile(26, 30, "o")], [(0, 8, "ada"), (8, 16, "grace"), (16, 24, "lise"), (26, 30, "o")]),
        (
            [tile(2, 6, "o"), tile(4, 9, "p")],
            [(0, 2, "ada"), (2, 4, "o"), (4, 9, "p"), (9, 16, "grace"), (16, 24, "lise")],
        ),
        ([tile(5, 5, "o")], [(0, 8, "ada"), (8, 16, "grace"), (16, 24, "lise")]),
    ],
)
def test_an_override_cuts_what_is_under_it(overrides, expected):
    assert spans(cover(DAY, overrides)) == expected


def test_the_remains_keep_their_own_reason():
    before, _, after = cover([tile(0, 8, "ada")], [tile(2, 4, "o")])
    assert (before.why, after.why) == ("turn of ada", "turn of ada")


def test_an_end_is_not_part_of_a_tile():
    assert tile_at(at(8), DAY).person == "grace"  # type: ignore[union-attr]
    assert tile_at(at(24), DAY) is None


overrides = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10), st.sampled_from("opq")), max_size=6)


@given(overrides)
def test_tiles_never_overlap_and_the_last_override_is_on_top(made):
    above = [tile(start, min(start + length, 47), person) for start, length, person in made]
    tiles = cover(DAY, above)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(tiles))
    for hour in range(48):
        wanted = [one.person for one in above if one.starts_at <= at(hour) < one.ends_at]
        wanted = wanted or [one.person for one in DAY if one.starts_at <= at(hour) < one.ends_at]
        found = tile_at(at(hour), tiles)
        assert (found.person if found else None) == (wanted[-1] if wanted else None)


def test_a_reason_names_place_rotation_and_week_in_the_rotations_zone():
    shift = Shift(at(23), at(24), turn=5, place=1, participant="ada")  # 00:00 on Tuesday in Paris
    zone = ZoneInfo("Europe/Paris")
    why = why_shift(shift, name="Triage West", of=4, zone=zone, unit="week", every=1)
    assert why == "2nd of 4 in Triage West, week from Tue 23 Mar"
    why = why_shift(shift, name="Triage West", of=4, zone=zone, unit="day", every=3)
    assert why == "2nd of 4 in Triage West, 3 days from Tue 23 Mar"


def test_an_override_says_who_made_it_and_why():
    assert why_override(by="Grace Hopper", reason="dentist") == "override by Grace Hopper: dentist"
    assert why_override(by="Grace Hopper", reason="") == "override by Grace Hopper"


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_ordinals(number, words):
    assert ordinal(number) == words
