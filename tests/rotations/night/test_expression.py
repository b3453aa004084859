import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.night.expression import BadExpression, Choice, Ref, Shifted, Sun, Wall, is_name, parse, references

WALLS = st.builds(Wall, st.integers(0, 1440), st.sampled_from(["Europe/Paris", "America/Port-au-Prince", "Etc/GMT+5"]))
SUNS = st.builds(Sun, st.sampled_from(["sunset", "evening_12", "morning_18", "sunrise"]))
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", fullmatch=True).filter(is_name)
REFS = st.builds(Ref, NAMES, st.sampled_from(["start", "end"]))
MINUTES = st.integers(-720, 720).filter(bool)
BOUNDS = st.recursive(
    WALLS | SUNS | REFS,
    lambda inner: (
        st.builds(Shifted, inner, MINUTES)
        | st.builds(Choice, st.sampled_from(["max", "min"]), st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=5,
)


@given(BOUNDS.filter(lambda bound: len(str(bound)) <= 400))
def test_what_is_printed_reads_back_as_the_same(bound):
    assert parse(str(bound)) == bound


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evening_12 - 75 min", Shifted(Sun("evening_12"), -75)),
        ("evening_12-75min", Shifted(Sun("evening_12"), -75)),
        ("west-uk.start", Ref("west-uk", "start")),
        ("west-uk.start-30 min", Shifted(Ref("west-uk", "start"), -30)),
        ("europe.end + 1 h", Shifted(Ref("europe", "end"), 60)),
        ("7:05 UTC", Wall(425, "UTC")),
        ("24:00 America/Los_Angeles", Wall(1440, "America/Los_Angeles")),
        ("07:00 Etc/GMT+5 + 5 min", Shifted(Wall(420, "Etc/GMT+5"), 5)),
        ("  ( sunset )\n", Sun("sunset")),
        ("sunset + 5 min + 6 min", Shifted(Shifted(Sun("sunset"), 5), 6)),
        (
            "max(22:30 America/Los_Angeles, 07:00 Europe/Paris)",
            Choice("max", (Wall(1350, "America/Los_Angeles"), Wall(420, "Europe/Paris"))),
        ),
        (
            "min (uk.start + 30 min,24:00 UTC) - 1 min",
            Shifted(Choice("min", (Shifted(Ref("uk", "start"), 30), Wall(1440, "UTC"))), -1),
        ),
    ],
)
def test_bounds_are_read_as_people_write_them(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "a bound is missing"),
        ("22:30", 6, "Write a zone behind it, such as 22:30 Europe/Paris"),
        ("22:30 Pars", 7, "“Pars” is not a time zone"),
        ("25:00 UTC", 1, "25:00 is no time of day. Write 00:00 to 24:00"),
        ("24:01 UTC", 1, "24:01 is no time of day"),
        ("22:60 UTC", 1, "22:60 is no time of day"),
        ("evening_13", 1, "A sun instant is one of sunset, evening_6, evening_12"),
        ("europe", 1, "another window's bound is europe.start or europe.end"),
        ("europe.begin", 1, "“europe.begin” alone is no bound"),
        ("Europe.start", 1, "“Europe.start” is no bound"),
        ("sunset + ", 10, "a length of time is missing. Write minutes, such as 30 min"),
        ("sunset + 5", 10, "“5” is no length of time"),
        ("sunset + 0 min", 8, "Write 1 to 720 minutes"),
        ("sunset - 13 h", 8, "780 min is out of reach"),
        ("sunset sunrise", 8, "“sunrise” is left over"),
        ("max(sunset)", 11, "max chooses among two bounds or more"),
        ("max(sunset,", 12, "a bound is missing"),
        ("max(sunset, sunrise", 20, "where a comma or a closing bracket"),
        ("max(sunset; sunrise)", 11, "max chooses among two"),
        ("max(sunset, sunrise) sunset", 22, "“sunset” is left over"),
        ("(" * 21 + "sunset", 21, "too many brackets"),
        ("sunset" + " " * 400, 401, "too long"),
        ("٧:00 UTC", 1, "is no bound"),
    ],
)
def test_an_error_says_where_it_is_and_what_would_be_right(text, column, words):
    with pytest.raises(BadExpression) as caught:
        parse(text)

    assert caught.value.column == column
    assert str(caught.value).startswith(f"Column {column}: ")
    assert words in str(caught.value)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_read_or_refused_with_a_column(text):
    try:
        outcome = parse(str(parse(text))) == parse(text)
    except BadExpression as error:
        outcome = 1 <= error.column <= len(text) + 1

    assert outcome


@pytest.mark.parametrize("name", ["west", "west-uk", "early-night-chile", "a1", "tier-2"])
def test_names_of_windows(name):
    assert is_name(name)
    assert parse(f"{name}.end - 5 min") == Shifted(Ref(name, "end"), -5)


@pytest.mark.parametrize("name", ["", "West", "2nd", "west_uk", "west-", "-uk", "sunset", "sunset-shift", "max", "a b"])
def test_what_no_bound_could_mention_is_no_name(name):
    assert not is_name(name)


def test_references_are_found_wherever_they_stand():
    bound = parse("max(min(a.start, b.end + 5 min), a.end, sunset)")

    assert [str(ref) for ref in references(bound)] == ["a.start", "b.end", "a.end"]
