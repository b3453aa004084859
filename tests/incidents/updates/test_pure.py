"""When messages are due, what stands in their braces, and what the public page may call itself."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.updates import placeholders, wording
from incidents.updates.cadence import Due, Reminders, Terms, Told, due, must_name, reminders
from incidents.updates.outlook import outlook

often = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
TERMS = Terms(timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=2))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-23T{text}+00:00")


SINCE = at("03:00")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([], Due(at("03:05"), "first")),
        ([Told(at("02:50"))], Due(at("03:05"), "first")),  # before it was major: not of this clock
        ([Told(at("03:04"))], Due(at("03:24"), "regular")),
        ([Told(at("03:04"), at("03:10"))], Due(at("03:10"), "named")),
        ([Told(at("03:04"), at("09:00"))], Due(at("03:24"), "regular")),  # within two hours no later than 20 min
        ([Told(at("04:40"), at("09:00"))], Due(at("05:00"), "regular")),
        ([Told(at("04:41"), at("09:00"))], Due(at("09:00"), "named")),
        ([Told(at("04:41"))], Due(at("05:01"), "regular")),
        ([Told(at("05:30"), at("09:00")), Told(at("03:04"))], Due(at("09:00"), "named")),
    ],
)
def test_the_next_message_is_due(told, expected):
    assert due(since=SINCE, told=told, terms=TERMS) == expected


@pytest.mark.parametrize(("sent", "expected"), [("03:00", False), ("04:40", False), ("04:41", True), ("07:00", True)])
def test_a_message_names_the_next_one_where_the_20_minutes_end_after_the_two_hours(sent, expected):
    assert must_name(since=SINCE, at=at(sent), terms=TERMS) is expected


MINUTES = st.integers(0, 600).map(lambda n: SINCE + timedelta(minutes=n))


@often
@given(st.lists(st.builds(Told, MINUTES, st.none()), min_size=1, max_size=6))
def test_within_two_hours_nobody_waits_longer_than_20_minutes(told):
    last = max(one.at for one in told)

    assert due(since=SINCE, told=told, terms=TERMS).at == last + timedelta(minutes=20)


@often
@given(MINUTES, MINUTES)
def test_what_a_message_names_puts_the_next_one_off_only_after_two_hours(sent, named):
    found = due(since=SINCE, told=[Told(sent, named)], terms=TERMS).at

    assert found == named or (found == sent + timedelta(minutes=20) and sent <= at("04:40"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("03:04", Reminders(None, None)),
        ("03:05", Reminders(0, None)),
        ("03:09", Reminders(0, None)),
        ("03:10", Reminders(0, 0)),
        ("03:25", Reminders(1, 0)),
        ("03:30", Reminders(1, 1)),
    ],
)
def test_an_overdue_message_reminds_the_liaison_at_once_and_the_commander_later(now, expected):
    five, twenty = timedelta(minutes=5), timedelta(minutes=20)

    assert reminders(due_at=at("03:05"), now=at(now), after=five, again=twenty) == expected


# --- Placeholders ----------------------------------------------------------------------------------------------------


def test_what_is_known_is_put_in_and_the_rest_stays():
    text = "Dear {NAME}, since {SINCE} {FINDING}. {NAME}!"

    assert placeholders.fill(text, {"NAME": "all", "SINCE": "02:10 UTC", "FINDING": ""}) == (
        "Dear all, since 02:10 UTC {FINDING}. all!"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all well", ""),
        (
            "{FINDING} since {TIME}",
            "{FINDING} is not filled in. Write what we believe it is in its place, or take it out.",
        ),
        ("in data {\"a\": 1}", ""),
    ],
)  # fmt: skip
def test_what_is_not_filled_in_is_said(text, expected):
    assert placeholders.left(text) == expected


@pytest.mark.parametrize("slip", ["{NAMES}", "{name}", "{ NAME}", "{XXX}", "{DÉBUT}", "{FINDING.}", "{1}", "{}"])
def test_a_slip_of_the_pen_is_no_placeholder(slip):
    assert placeholders.refusal(f"Dear {slip}").startswith(
        f"{slip} is no placeholder. Use one of {{NAME}}, {{CONTEXT}}"
    )
    assert placeholders.left(f"Dear {slip}").startswith(f"{slip} is no placeholder.")


@often
@given(
    st.lists(st.one_of(st.sampled_from([f"{{{name}}}" for name in placeholders.KNOWN]), st.text("ab .{}", max_size=9)))
)
def test_filled_with_everything_no_placeholder_of_ours_is_left(parts):
    text = "".join(parts)

    filled = placeholders.fill(text, dict.fromkeys(placeholders.KNOWN, "x"))

    assert not set(placeholders.named(filled)) & set(placeholders.KNOWN)


@often
@given(st.sampled_from(sorted(placeholders.KNOWN)), st.text())
def test_what_is_put_in_is_not_looked_at_again(name, value):
    assert placeholders.fill(f"<{{{name}}}>", {name: value}) == f"<{value}>" or not value


# --- Typed words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("by 20\u00a0min;\u202f10\u00a0000 visits", "by 20 min; 10 000 visits"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("de\u202elay\x1b[31m\x07ed\u200b", "delay[31med"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
    ids=["spaces", "lines", "unseen", "joined"],
)
def test_typed_words_keep_their_spaces_and_lose_what_nobody_sees(typed, kept):
    assert wording.plain(typed) == kept


# --- The public page -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "untold", "late", "latency", "expected"),
    [
        (0, False, False, "sending", "working"),
        (0, False, False, "not_expected", "idle"),
        (0, False, False, "unknown", "unknown"),
        (0, False, False, "late", "unknown"),
        (0, False, False, "not_sending", "unknown"),
        (0, False, True, "sending", "unknown"),
        (0, True, False, "sending", "unknown"),
        (0, True, False, "not_expected", "unknown"),
        (1, False, False, "sending", "disturbed"),
        (1, True, True, "unknown", "disturbed"),
    ],
)
def test_the_public_page_is_green_only_where_all_is_known_and_well(current, untold, late, latency, expected):
    assert outlook(current=current, untold=untold, late=late, latency=latency).state == expected
