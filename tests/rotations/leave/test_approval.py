"""What stands after the person and their manager have spoken: the arithmetic alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.leave.approval import SAID, STATES, Word, approved_s, holding, state


def words(story: str) -> list[Word]:
    """Read "confirm 100, approve 100"."""
    kinds = {str(kind): kind for kind in SAID}
    return [Word(kinds[kind], int(stands)) for kind, stands in (one.split() for one in story.split(", ") if one)]


STORIES = [  # what was said, what is posted now, where it stands, how much of it is approved
    ("", 100, "to_confirm", 0),
    ("confirm 100", 100, "confirmed", 0),
    ("confirm 100", 150, "changed", 0),
    ("confirm 100, approve 100", 100, "approved", 100),
    ("confirm 100, approve 100", 150, "changed", 100),
    ("confirm 100, approve 100", 60, "changed", 60),
    ("confirm 100, approve 100", 0, "changed", 0),
    ("confirm 100, approve 100, confirm 150", 150, "confirmed", 100),
    ("confirm 100, approve 100, confirm 150, approve 150", 150, "approved", 150),
    ("confirm 100, approve 100, dispute 100", 100, "disputed", 0),
    ("confirm 100, approve 100, dispute 100, confirm 100", 100, "confirmed", 0),
    ("confirm 100, approve 100, dispute 100, approve 100", 100, "approved", 100),
    ("confirm 100, approve 100, dispute 100", 150, "changed", 0),
    ("confirm 100, ask_back 100", 100, "asked_back", 0),
    ("confirm 100, ask_back 100, confirm 100", 100, "confirmed", 0),
    ("confirm 100, ask_back 100", 60, "changed", 0),
    ("confirm 100, approve 100, ask_back 100", 100, "asked_back", 0),
]


@pytest.mark.parametrize(("said", "posted", "expected", "approved"), STORIES)
def test_where_a_call_out_stands(said, posted, expected, approved):
    assert (state(words(said), posted_s=posted, closed=True), approved_s(words(said), posted_s=posted)) == (
        expected,
        approved,
    )


def test_while_a_call_out_is_open_there_is_nothing_to_say_and_what_was_approved_holds():
    said = words("confirm 100, approve 100")
    assert state(said, posted_s=100, closed=False) == "open"
    assert approved_s(said, posted_s=100) == 100


kinds = st.sampled_from(["confirm", "approve", "ask_back", "dispute"])
seconds = st.integers(0, 400)
stories = st.lists(st.builds(Word, kinds, seconds), max_size=12)


@given(stories, seconds)
def test_no_more_is_approved_than_is_posted_nor_than_any_approval_was_of(said, posted):
    found = approved_s(said, posted_s=posted)
    most = max((word.stands_s for word in said if word.kind == "approve"), default=0)
    assert 0 <= found <= min(posted, most)


@given(stories, seconds)
def test_an_approved_call_out_is_approved_whole(said, posted):
    if state(said, posted_s=posted, closed=True) == "approved":
        assert approved_s(said, posted_s=posted) == posted


@given(stories, seconds, st.sampled_from(["ask_back", "dispute"]))
def test_nothing_is_approved_once_somebody_asked_back_or_disputed(said, posted, last):
    assert approved_s([*said, Word(last, posted)], posted_s=posted) == 0


@given(stories, seconds)
def test_approving_what_stands_makes_it_approved(said, posted):
    after = [*said, Word("approve", posted)]
    assert (state(after, posted_s=posted, closed=True), approved_s(after, posted_s=posted)) == ("approved", posted)


@given(stories, seconds)
def test_a_confirmation_neither_makes_nor_ends_an_approval(said, posted):
    assert holding([*said, Word("confirm", posted)]) == holding(said)


@given(stories, seconds, seconds)
def test_a_figure_that_moved_since_the_last_word_must_be_said_again(said, posted, moved):
    assert state([*said, Word("confirm", posted)], posted_s=moved, closed=True) == (
        "confirmed" if posted == moved else "changed"
    )


def test_every_state_can_come_about():
    found = {state(words(said), posted_s=posted, closed=True) for said, posted, _, _ in STORIES}
    assert found | {"open"} == set(STATES)
