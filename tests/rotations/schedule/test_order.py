from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.schedule.handoffs import (
    Alphabetical,
    EmptyRotation,
    Place,
    Plan,
    name_key,
    shift_at,
    shifts_at,
    shifts_between,
    spread,
)
from rotations.schedule.order import Roll

MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
WEEK = timedelta(weeks=1)


def place(name: str, joined: int | None = None, left: int | None = None) -> Place:
    """Somebody who joined and left so many weeks after the first handoff."""
    joined_at, left_at = (None if weeks is None else MONDAY + weeks * WEEK for weeks in (joined, left))
    return Place(name, name_key(name), joined_at, left_at)


def weekly(*places: Place, at_once: int = 1, every: int = 1) -> Plan:
    return Plan(ZoneInfo("UTC"), "week", every, date(2027, 3, 1), time(9), Alphabetical(places), at_once=at_once)


def is_there(one: Place, at: datetime) -> bool:
    return (one.joined_at is None or one.joined_at <= at) and (one.left_at is None or at < one.left_at)


def served(plan: Plan, weeks: int) -> str:
    """Who has each of the first terms; a dot where nobody has."""
    picks = (plan.pick(term) for term in range(weeks))
    return "".join(pick.participant if pick else "." for pick in picks)


# --- Names ---


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Édouard  O'Hara", "edouard o'hara"),
        ("ÅSA", "asa"),
        ("Łukasz Ørsted", "lukasz orsted"),
        ("Straße", "strasse"),
        ("Ðóra Þórðardóttir", "dora thordardottir"),
        ("E\u0301mile", "emile"),  # the accent as a letter of its own
        ("İpek Işık", "ipek isik"),
        ("  ", ""),
    ],
)
def test_names_sort_whatever_their_accents_and_case(name, key):
    assert name_key(name) == key


@given(st.text())
def test_the_key_of_a_key_is_the_key(name):
    assert name_key(name_key(name)) == name_key(name)


# --- Weights ---


@pytest.mark.parametrize(
    ("weights", "round_"),
    [
        ("a1 b1 c1", "abc"),
        ("c1 a1 b1", "cab"),
        ("a1 a1 b1", "aab"),  # as given
        ("a2 b1 c1", "abac"),
        ("a1 b2 c1", "abcb"),
        ("a1 b3", "abbb"),
        ("a2 b2", "abab"),
        ("a3 b3 c2", "ababcabc"),
        ("a5 b1 c1", "aaabaac"),
        ("a3", "aaa"),
        ("", ""),
    ],
)
def test_a_weight_is_the_number_of_turns_a_round_spread_evenly(weights, round_):
    assert "".join(spread([(word[0], int(word[1])) for word in weights.split()])) == round_


def test_a_weight_under_one_is_refused():
    with pytest.raises(ValueError, match="a has weight 0; a weight is the number of turns a round, 1 or more"):
        spread([("a", 0)])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=7))
def test_everybody_has_their_weight_in_turns_and_waits_about_equally_long_for_each(weights):
    names = "abcdefg"[: len(weights)]
    found = spread(list(zip(names, weights, strict=True)))
    assert found[0] == "a"
    for name, weight in zip(names, weights, strict=True):
        turns = [turn for turn, one in enumerate(found) if one == name]
        assert len(turns) == weight
        waits = [later - earlier for earlier, later in zip(turns, [*turns[1:], turns[0] + len(found)], strict=True)]
        even = len(found) / weight
        assert max(waits) <= 2 * even + 1
        if name == names[weights.index(max(weights))]:  # the heaviest choose first
            assert {int(even), -int(-even // 1)} >= set(waits)


# --- Alphabetical ---


def test_the_first_name_takes_the_first_turn_and_the_last_is_followed_by_the_first():
    assert served(weekly(place("c"), place("a"), place("b")), 7) == "abcabca"


def test_names_are_compared_without_accents_and_case():
    plan = weekly(place("Zoé"), place("Ève"), place("adam"), place("eva"))
    assert [plan.pick(term).participant for term in range(4)] == ["adam", "eva", "Ève", "Zoé"]


def test_equal_names_stand_in_the_order_of_their_ids():
    places = [Place(id, "sam lee", None, None) for id in ("2", "1", "3")]
    assert served(weekly(*places), 4) == "1231"


def test_a_joiner_is_slotted_in_at_their_name():
    assert served(weekly(place("a"), place("c"), place("b", joined=1)), 6) == "abcabc"
    assert served(weekly(place("a"), place("c"), place("b", joined=2)), 6) == "acabca"


def test_who_joins_after_a_term_has_begun_waits_for_the_next():
    late = Place("b", "b", MONDAY + WEEK + timedelta(seconds=1), None)
    assert served(weekly(place("a"), place("c"), late), 6) == "acabca"


def test_a_leaver_is_skipped_and_the_next_name_follows_whom_they_followed():
    assert served(weekly(place("a"), place("b", left=1), place("c")), 5) == "acaca"


def test_who_leaves_in_their_term_has_served_it():
    assert served(weekly(place("a"), place("b", left=2), place("c")), 6) == "abcaca"


def test_who_comes_back_is_slotted_in_again():
    assert served(weekly(place("a"), place("b", left=1), place("b", joined=3), place("c")), 7) == "acabcab"


def test_joining_and_leaving_change_no_term_that_has_begun():
    before = weekly(place("a"), place("c"), place("e"))
    after = weekly(place("a"), place("c", left=10), place("e"), place("b", joined=10), place("d", joined=10))
    assert served(after, 10) == served(before, 10) == "aceaceacea"
    assert served(after, 16) == "aceaceacea" + "bdeabd"


def test_while_nobody_is_there_nobody_is_on_and_then_the_next_name_follows_the_last():
    plan = weekly(place("a", left=3), place("b", left=3), place("c", joined=5), place("a", joined=5))
    assert served(plan, 9) == "aba..caca"
    assert [shift.participant for shift in shifts_between(MONDAY, MONDAY + 7 * WEEK, plan=plan)] == list("abaca")
    assert shift_at(MONDAY + 3 * WEEK, plan=plan) is None


def test_an_order_in_which_nobody_ever_was_is_refused():
    with pytest.raises(EmptyRotation, match="Put people in its order"):
        shifts_at(MONDAY, plan=weekly())


def test_place_and_number_are_among_those_who_were_there_when_the_term_began():
    plan = weekly(place("a"), place("b", joined=1), place("c"))
    shifts = shifts_between(MONDAY, MONDAY + 2 * WEEK, plan=plan)
    assert [(shift.participant, shift.place, shift.of) for shift in shifts] == [("a", 0, 2), ("b", 1, 3)]


def test_stewards_follow_one_another_by_name_while_one_joins():
    plan = weekly(place("a"), place("c"), place("d"), place("b", joined=3), at_once=2, every=2)
    pairs = [
        "".join(sorted(shift.participant for shift in shifts_at(MONDAY + week * WEEK, plan=plan)))
        for week in range(0, 12, 2)
    ]
    assert pairs == ["ac", "cd", "ad", "ab", "bc", "cd"]  # b is there when the term after a's begins


def test_nobody_relieves_themselves():
    """With three at once and z gone, the first name after q is p, who is still on: x, who has just joined, is next."""
    plan = weekly(place("p"), place("q"), place("z", left=2), place("r", joined=1), place("x", joined=2), at_once=3)
    for week in range(12):
        on = [shift.participant for shift in shifts_at(MONDAY + week * WEEK, plan=plan)]
        assert len(on) == len(set(on)) == 3


def test_with_fewer_there_than_are_to_be_on_a_place_stays_empty():
    plan = weekly(place("a"), place("b"), place("c", left=4), at_once=3)
    on = [
        "".join(sorted(shift.participant for shift in shifts_at(MONDAY + week * WEEK, plan=plan))) for week in range(9)
    ]
    assert on[:3] == ["abc", "abc", "abc"]
    assert on[6:] == ["ab", "ab", "ab"]


def test_before_the_first_handoff_the_first_round_is_counted_backwards():
    plan = weekly(place("a"), place("b"), place("c"), place("d", joined=5))
    found = shifts_between(MONDAY - 4 * WEEK, MONDAY + WEEK, plan=plan, backwards=True)
    assert [shift.participant for shift in found] == ["c", "a", "b", "c", "a"]


def test_a_change_beyond_the_calendar_never_comes():
    ever = datetime(9999, 12, 31, 23, tzinfo=UTC)
    plan = weekly(Place("a", "a", datetime(1, 1, 1, 1, tzinfo=UTC), ever), Place("b", "b", ever, None), place("c"))
    assert served(plan, 5) == "acaca"


def test_a_far_term_needs_no_walk():
    roll = Roll(
        Alphabetical((place("a"), place("b", left=9), place("c", joined=12))), 1, lambda at: (at - MONDAY) // WEEK
    )
    assert roll.pick(10**15).participant == "c"  # odd: a has the even terms from 10 on


@given(
    places=st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(-2, 30), st.integers(1, 30), st.booleans()),
        min_size=1,
        max_size=9,
    ),
    at_once=st.integers(1, 3),
)
def test_far_terms_are_whom_a_walk_from_the_first_term_finds(places, at_once):
    order = Alphabetical(
        tuple(place(name, joined, None if stays else joined + length) for name, joined, length, stays in places)
    )
    roll = Roll(order, at_once, lambda at: max(0, (at - MONDAY) // WEEK))
    last = ""
    terms: list[str | None] = [None] * (at_once - 1)
    for term in range(80):
        at = MONDAY + term * WEEK
        there = sorted({one.participant for one in order.places if is_there(one, at)})
        following = [name for name in there if name > last] + [name for name in there if name <= last]
        free = [name for name in following if name not in terms[len(terms) - at_once + 1 :]]
        found = next(iter(free), None)
        pick = roll.pick(term)
        assert (pick.participant if pick else None) == found
        last = found or last
        terms.append(found)
