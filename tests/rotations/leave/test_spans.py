import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.leave.spans import KINDS, Fact, Found, Limits, Replacement, find_spans, replace_spans

LIMITS = Limits(timedelta(hours=1), timedelta(hours=8), timedelta(minutes=30))
LATER = datetime(2027, 3, 26, tzinfo=UTC)


def held(instant: datetime) -> Limits:
    """These limits, at any instant."""
    return LIMITS


def at(text: str) -> datetime:
    """An instant of 25 March 2027, UTC."""
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


def facts(text: str) -> list[Fact]:
    """Read "03:00 page A, 03:04 acknowledge A"."""
    words = [line.split() for line in text.split(", ")]
    kinds = {str(kind): kind for kind in KINDS}
    return [Fact(at(when), kinds[kind], subject) for when, kind, subject in words]


def short(spans: list[Found]) -> list[str]:
    return [
        f"{one.starts_at:%H:%M:%S}-{f'{one.ends_at:%H:%M:%S}' if one.ends_at else 'open'}"
        f"{' forgotten' if one.forgotten else ''}"
        for one in spans
    ]


CASES = {
    "from page to resolve": ("03:00 page A, 03:04 acknowledge A, 05:00 resolve A", ["03:00:00-05:00:00"]),
    "resolved at once": ("03:00 page A, 03:03 resolve A", ["03:00:00-03:03:00"]),
    "acted an hour after the page: the page": (
        "03:00 page A, 04:00 acknowledge A, 05:00 resolve A",
        ["03:00:00-05:00:00"],
    ),
    "acted later than that: the act": ("03:00 page A, 04:00:01 acknowledge A, 05:00 resolve A", ["04:00:01-05:00:00"]),
    "the first page counts": (
        "03:00 page A, 03:05 page A, 03:06 acknowledge A, 04:00 resolve A",
        ["03:00:00-04:00:00"],
    ),
    "paged and never acted": ("03:00 page A, 03:05 page A", []),
    "paged, over before they acted": ("03:00 page A, 03:30 over A", []),
    "over ends it": ("03:00 page A, 03:01 acknowledge A, 03:40 over A", ["03:00:00-03:40:00"]),
    "lapsed: a little after the last act": (
        "03:00 page A, 03:01 acknowledge A, 04:01 lapsed A, 09:00 over A",
        ["03:00:00-03:31:00 forgotten"],
    ),
    "lapsed, and over before that little ended": (
        "03:00 page A, 03:01 acknowledge A, 03:05 lapsed A, 03:10 over A",
        ["03:00:00-03:10:00"],
    ),
    "lapsed, and theirs again: one call-out": (
        "03:00 page A, 03:01 acknowledge A, 03:05 lapsed A, 03:05 page A, 03:06 acknowledge A, 05:00 resolve A",
        ["03:00:00-05:00:00"],
    ),
    "lapsed, and acted soon: at it all along": (
        "00:00 page A, 00:01 acknowledge A, 01:01 lapsed A, 01:02 page A, 01:03 acknowledge A, 02:00 resolve A",
        ["00:00:00-02:00:00"],
    ),
    "lapsed, and acted an hour later": (
        "00:00 page A, 00:01 acknowledge A, 01:01 lapsed A, 02:01 stand_down A",
        ["00:00:00-02:01:00"],
    ),
    "lapsed, and acted later than that": (
        "00:00 page A, 00:01 acknowledge A, 01:01 lapsed A, 02:01:01 acknowledge A, 03:00 resolve A",
        ["00:00:00-00:31:00 forgotten", "02:01:01-03:00:00"],
    ),
    "lapsed, acted, lapsed and acted": (
        "00:00 acknowledge A, 01:00 lapsed A, 01:40 acknowledge A, 02:40 lapsed A, 02:50 note A, 03:00 over A",
        ["00:00:00-03:00:00"],
    ),
    "lapsed, over, and a note soon": (
        "00:00 page A, 00:01 acknowledge A, 01:01 lapsed A, 01:02 over A, 01:03 note A",
        ["00:00:00-00:31:00 forgotten"],
    ),
    "lapsed, over, undone, and acted soon": (
        "00:00 page A, 00:01 acknowledge A, 01:01 lapsed A, 01:02 over A, 01:03 undone A, 01:04 note A, 02:00 over A",
        ["00:00:00-02:00:00"],
    ),
    "lapsed, and paged again in vain": (
        "00:00 page A, 00:01 acknowledge A, 01:01 lapsed A, 01:02 page A, 01:30 over A",
        ["00:00:00-00:31:00 forgotten"],
    ),
    "lapsed, and never acted: nothing": ("03:00 page A, 04:00 lapsed A", []),
    "a resolve that is undone never happened": (
        "03:00 page A, 03:01 acknowledge A, 03:30 over A, 03:40 undone A, 05:00 resolve A",
        ["03:00:00-05:00:00"],
    ),
    "undone, and at it still": ("20:00 page A, 20:01 acknowledge A, 20:30 over A, 20:31 undone A", ["20:00:00-open"]),
    "their own resolve undone: pressing it was an act": (
        "03:00 page A, 03:02 resolve A, 03:03 undone A, 04:00 over A",
        ["03:00:00-04:00:00"],
    ),
    "undone after they stood down before it: nothing to resume": (
        "03:00 page A, 03:01 acknowledge A, 03:20 stand_down A, 03:30 over A, 03:31 undone A, 05:00 over A",
        ["03:00:00-03:20:00"],
    ),
    "undone after they stood down behind it: they said so themselves": (
        "03:00 page A, 03:01 acknowledge A, 03:30 over A, 03:35 stand_down A, 03:40 undone A, 05:00 over A",
        ["03:00:00-03:30:00"],
    ),
    "undone, and forgotten: as if it had never been resolved": (
        "03:00 page A, 03:01 acknowledge A, 05:00 over A, 05:10 undone A",
        ["03:00:00-03:31:00 forgotten"],
    ),
    "resolved, undone, resolved, undone": (
        "03:00 page A, 03:01 acknowledge A, 03:10 over A, 03:11 undone A, 03:20 over A, 03:21 undone A, 04:00 over A",
        ["03:00:00-04:00:00"],
    ),
    "handed over with one key": ("03:00 page A, 03:02 hand_over A", ["03:00:00-03:02:00"]),
    "came back after the hand-over": (
        "03:00 page A, 03:02 hand_over A, 03:30 page A, 03:31 acknowledge A, 04:00 stand_down A",
        ["03:00:00-03:02:00", "03:30:00-04:00:00"],
    ),
    "unpaged volunteer acknowledges": ("03:00 acknowledge A, 04:00 resolve A", ["03:00:00-04:00:00"]),
    "a note without a page": ("03:00 note A", []),
    "a note the morning after": ("03:00 page A, 03:10 resolve A, 09:00 note A", ["03:00:00-03:10:00"]),
    "called before, and at it from the act on": (
        "03:50 called A, 03:50 note A, 04:00 stand_down A",
        ["03:50:00-04:00:00"],
    ),
    "a note in answer to a page": ("03:00 page A, 03:10 note A, 03:20 stand_down A", ["03:00:00-03:20:00"]),
    "a resolve out of the blue takes no time": ("03:00 resolve A", []),
    "still open": ("20:00 page A, 20:01 acknowledge A", ["20:00:00-open"]),
    "forgotten: 30 min after the last act": (
        "03:00 page A, 03:05 acknowledge A, 03:20 note A",
        ["03:00:00-03:50:00 forgotten"],
    ),
    "forgotten, and resolved in the morning": (
        "00:00 page A, 00:05 acknowledge A, 09:00 resolve A",
        ["00:00:00-00:35:00 forgotten"],
    ),
    "an act just in time": ("00:00 page A, 00:05 acknowledge A, 08:04 resolve A", ["00:00:00-08:04:00"]),
    "two alarms that ring together": (
        "03:00 page A, 03:02 acknowledge A, 03:10 page B, 03:11 acknowledge B, 03:30 resolve A, 04:00 resolve B",
        ["03:00:00-04:00:00"],
    ),
    "one ends as the other begins": (
        "03:00 page A, 03:10 resolve A, 03:10 page B, 03:20 resolve B",
        ["03:00:00-03:20:00"],
    ),
    "two alarms apart": (
        "03:00 page A, 03:10 resolve A, 03:11 page B, 03:20 resolve B",
        ["03:00:00-03:10:00", "03:11:00-03:20:00"],
    ),
    "one forgotten inside a longer one": (
        "00:00 page A, 00:01 acknowledge A, 00:05 page B, 00:06 acknowledge B, 02:00 resolve B",
        ["00:00:00-02:00:00"],
    ),
}


@pytest.mark.parametrize(("story", "expected"), CASES.values(), ids=CASES)
def test_a_call_out_is(story, expected):
    assert short(find_spans(facts(story), limits_at=held, now=LATER)) == expected


def test_each_stint_is_judged_by_the_limits_in_force_at_its_start():
    def dated(instant: datetime) -> Limits:
        return LIMITS if instant < at("12:00") else Limits(timedelta(minutes=5), timedelta(hours=1), timedelta(hours=2))

    story = (
        "00:00 page A, 00:50 acknowledge A, 03:00 note A,"  # ends 30 min after the note
        " 11:50 page A, 12:20 acknowledge A, 12:30 stand_down A,"  # paged before noon
        " 14:00 page A, 14:06 acknowledge A"  # too late for the page, forgotten an hour later
    )
    found = find_spans(facts(story), limits_at=dated, now=LATER)
    assert short(found) == ["00:00:00-03:30:00 forgotten", "11:50:00-12:30:00", "14:06:00-16:06:00 forgotten"]


def test_an_open_one_knows_its_open_subjects_and_when_they_lapse():
    (found,) = find_spans(
        facts("03:00 page A, 03:01 acknowledge A, 03:05 page B, 03:06 acknowledge B, 03:30 resolve A"),
        limits_at=held,
        now=at("04:00"),
    )
    assert (found.subjects, found.open_subjects, found.lapses_at) == (("A", "B"), ("B",), at("11:06"))


def test_fractions_of_a_second_are_cut_off_both_ends():
    story = [Fact(at("03:00:00.900000"), "page", "A"), Fact(at("03:03:00.100000"), "resolve", "A")]
    assert short(find_spans(story, limits_at=held, now=LATER)) == ["03:00:00-03:03:00"]


def change(was: str, now: str) -> Replacement:
    return Replacement(*(at(text) for text in [*was.split("-"), *now.split("-")]))


@pytest.mark.parametrize(
    ("story", "changes", "expected"),
    [
        ("03:00 page A, 04:00 acknowledge A, 04:00 resolve A", ["03:00-04:00 03:00-04:20"], ["03:00:00-04:20:00"]),
        ("03:00 page A, 04:00 acknowledge A, 04:00 resolve A", ["03:00-04:00 03:10-03:40"], ["03:10:00-03:40:00"]),
        (
            "03:00 page A, 04:00 resolve A",
            ["03:00-04:00 03:00-05:00", "03:00-05:00 03:00-03:30"],
            ["03:00:00-03:30:00"],
        ),
        (  # evidence that came after the correction and reaches further
            "03:00 page A, 04:00 resolve A, 03:50 page B, 04:30 resolve B",
            ["03:00-04:00 03:00-03:30"],
            ["03:00:00-03:30:00", "04:00:00-04:30:00"],
        ),
        (  # a pause
            "03:00 page A, 04:00 acknowledge A, 08:00 resolve A",
            ["05:00-06:00 05:00-05:00"],
            ["03:00:00-05:00:00", "06:00:00-08:00:00"],
        ),
        ("03:00 page A, 04:00 resolve A", ["03:00-04:00 03:00-03:00"], []),  # a drill
        ("03:00 page A", ["04:00-04:00 04:00-04:30"], ["04:00:00-04:30:00"]),  # of which there is no evidence
        (  # added inside of a call-out: nothing is cut
            "20:00 page A, 20:01 acknowledge A",
            ["21:00-21:00 21:00-21:30"],
            ["20:00:00-open"],
        ),
        (  # a correction that reaches into another call-out: one, and no second twice
            "03:00 page A, 04:00 resolve A, 05:00 page B, 06:00 resolve B",
            ["03:00-04:00 03:00-05:30"],
            ["03:00:00-06:00:00"],
        ),
    ],
)
def test_a_correction_replaces_what_stood_before_it(story, changes, expected):
    found = find_spans(facts(story), limits_at=held, now=LATER)
    assert short(replace_spans(found, [change(*text.split()) for text in changes])) == expected


def begun(story: str, *changes: str) -> list[list[str]]:
    found = replace_spans(
        find_spans(facts(story), limits_at=held, now=LATER), [change(*text.split()) for text in changes]
    )
    return [[f"{instant:%H:%M} {subject}".strip() for instant, subject in one.begun] for one in found]


TOGETHER = "03:00 page A, 03:02 acknowledge A, 04:10 page B, 04:11 acknowledge B, 04:30 resolve A, 06:00 resolve B"


@pytest.mark.parametrize(
    ("story", "changes", "expected"),
    [
        (TOGETHER, [], [["03:00 A", "04:10 B"]]),
        ("20:00 page A, 20:01 acknowledge A", [], [["20:00 A"]]),
        (TOGETHER, ["04:00-05:00 04:00-04:00"], [["03:00 A"], ["03:00 A", "04:10 B"]]),  # a pause
        (TOGETHER, ["03:00-06:00 02:00-07:00"], [["03:00 A", "04:10 B"]]),
        (TOGETHER, ["08:00-08:00 08:00-09:00"], [["03:00 A", "04:10 B"], ["08:00"]]),  # added by hand
        (TOGETHER, ["06:00-06:00 06:00-07:00"], [["03:00 A", "04:10 B", "06:00"]]),
        (TOGETHER, ["03:00-06:00 03:00-03:00", "03:00-03:00 03:00-04:00"], [["03:00 A", "04:10 B"]]),  # put back
        (TOGETHER, ["03:00-06:00 01:00-06:00", "02:00-06:00 02:00-02:00"], [["01:00"]]),
    ],
)
def test_a_call_out_knows_how_each_piece_of_it_began(story, changes, expected):
    assert begun(story, *changes) == expected


@pytest.mark.parametrize("kind", ["note", "step", "role"])
def test_what_is_done_in_answer_to_a_page_is_an_act_and_opens_nothing_by_itself(kind):
    assert short(find_spans(facts(f"03:00 page A, 03:10 {kind} A, 03:20 stand_down A"), limits_at=held, now=LATER)) == [
        "03:00:00-03:20:00"
    ]
    assert find_spans(facts(f"03:00 {kind} A, 03:20 stand_down A"), limits_at=held, now=LATER) == []


stories = st.lists(
    st.builds(
        Fact,
        at=st.integers(0, 86_000).map(lambda s: datetime(2027, 3, 25, tzinfo=UTC) + timedelta(seconds=s)),
        kind=st.sampled_from(KINDS),
        subject=st.sampled_from("ABC"),
    ),
    max_size=30,
)


@given(stories, st.randoms(use_true_random=False))
def test_spans_are_disjoint_and_do_not_depend_on_the_order_of_arrival(story: list[Fact], shuffle: random.Random):
    found = find_spans(story, limits_at=held, now=LATER)
    other = list(story)
    shuffle.shuffle(other)
    assert find_spans(other, limits_at=held, now=LATER) == found
    assert all(one.ends_at and one.ends_at < two.starts_at for one, two in pairwise(found))
    assert all(one.ends_at is None or one.starts_at < one.ends_at for one in found)
