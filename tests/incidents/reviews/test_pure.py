"""The arithmetic of impact, the table of states, and words without names."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from incidents.latency.budget import Budget, Counts
from incidents.reviews.drafting import blameless, follow, in_words, length, lost, public
from incidents.reviews.drafting import effect as effect_in_words
from incidents.reviews.impact import (
    Change,
    Night,
    Seen,
    by_severity,
    changed,
    corrected,
    effect,
    figures,
    minutes,
    overlap,
    unseen,
    unsettled,
)
from incidents.reviews.plots import Bar, parts
from incidents.reviews.states import BADGES, MOVES, STATES, Facts, Move, NotAllowed, after


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-06-21T{text}:00").replace(tzinfo=UTC)


def test_the_effect_ends_when_it_is_mitigated_and_lasts_again_when_it_is_not():
    changes = [
        Change(at("02:30"), "investigating", "mitigated"),
        Change(at("03:00"), "mitigated", "identified"),
        Change(at("03:10"), "identified", "resolved"),
        Change(at("05:00"), "resolved", "investigating"),
    ]

    assert effect(at("03:05"), changes, ends=at("05:20"))[0] == (at("03:05"), at("03:10"))
    found = effect(at("02:10"), changes, ends=at("05:20"))

    assert found == [
        (at("02:10"), at("02:30")),
        (at("03:00"), at("03:10")),
        (at("05:00"), at("05:20")),
    ]


def test_each_severity_has_its_own_seconds():
    changes = [Change(at("02:45"), 2, 1), Change(at("04:00"), 1, 3)]

    found = by_severity(3, changes, [(at("02:10"), at("04:40"))])

    assert found == {1: 75 * 60, 2: 35 * 60, 3: 40 * 60}


def test_half_a_minute_counts_as_one():
    assert (minutes(89), minutes(90)) == (Decimal(1), Decimal(2))


def test_243_visits_are_4_1_percent_of_the_2_percent_and_81_of_the_0_1():
    counts = Counts(failed=243, in_time=7)
    night = Night("2027-06-20", counts, 1000)

    found = figures(Seen([(at("02:10"), at("04:40"))], {1: 9000}, [night], counts=counts), Budget())

    assert found["year"] == {"late_2": "4.1", "delayed_1": "0.0", "failed_01": "81.0"}
    assert found["nights"][0]["used"] == {"late_2": "1215.0", "delayed_1": "0.0", "failed_01": "24300.0"}
    assert found["nights"][0]["lost"] == "24.3"
    assert (found["eligible"], found["lost"], found["minutes_by_severity"]) == (250, 243, {"1": 150})


def test_what_catch_up_changed_is_named_with_both_numbers():
    was = figures(Seen([], {}, counts=Counts(failed=243)), Budget())
    now = figures(Seen([], {}, counts=Counts(delayed=240, failed=3)), Budget())

    assert changed(was, now) == [
        ("Visits delayed", 0, 240),
        ("Visits failed", 243, 3),
        ("Of the year's 1 %", "0.0 %", "8.0 %"),
        ("Of the year's 0.1 %", "81.0 %", "1.0 %"),
    ]


def test_a_night_that_went_on_has_changed_and_says_that_it_is_not_over():
    lost = Counts(failed=243)
    was = figures(Seen([], {}, [Night("2027-06-20", lost, 243, over=False)], counts=lost), Budget())
    now = figures(Seen([], {}, [Night("2027-06-20", lost, 1000)], counts=lost), Budget())

    assert changed(was, now)[:2] == [
        ("Night of 2027-06-20: eligible visits", 243, 1000),
        ("Night of 2027-06-20: not in time", "100.0 %", "24.3 %"),
    ]
    assert "which is not over: 100.0 % of its 243 eligible visits so far" in "".join(in_words(was))
    assert (unsettled(was), unsettled(now)) == (True, False)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({}, "Lasted 0 s."),
        ({1: 9000}, "Lasted 2 h 30 min as SEV-1."),
        ({1: 7200, 2: 1800}, "Lasted 2 h 30 min (2 h as SEV-1, 30 min as SEV-2)."),
    ],
)
def test_how_long_it_was_how_severe_is_said_once(seconds, expected):
    assert in_words(figures(Seen([], seconds), Budget()))[0] == expected


def test_where_no_page_went_out_it_says_so_and_not_that_nobody_came():
    assert in_words(figures(Seen([], {}), Budget()))[-1] == "Nobody was paged for it. Messages sent out: 0."


def test_what_is_not_known_yet_is_said_with_what_is_lost():
    counts = Counts(failed=1, pending=241, unknown=3)

    assert lost(figures(Seen([], {}, counts=counts, unseen=40), Budget())) == (
        "1 of 245 eligible visits were not in time so far: 0 delayed, 1 failed."
        " 241 more are pending: their alerts may still be sent, too late or not at all. Of 3 more it is not known."
        " At the usual cadence about 40 more would have been; nobody reported them."
    )


def test_sentences_follow_what_is_counted_and_what_somebody_wrote_stays():
    was = figures(Seen([], {1: 9000}, counts=Counts(pending=243)), Budget())
    now = figures(Seen([], {1: 9000}, counts=Counts(failed=243)), Budget())
    texts = {"overview": f"The fibre was cut. {effect_in_words(was)} We noticed.", "impact": "Little."}

    found = follow(texts, [was], now)

    assert found == {
        "overview": "The fibre was cut. The effect lasted 2 h 30 min. 243 of 243 eligible visits were not in time:"
        " 0 delayed, 243 failed. We noticed.",
        "impact": "Little.",
    }


@pytest.mark.parametrize(
    ("starts", "ends", "spans"),
    [
        ("02:00", None, [("02:00", "03:00"), ("04:00", "05:00")]),
        ("03:30", None, [("04:00", "05:00")]),  # it was mitigated then
        ("05:20", None, []),
        (None, "05:10", [("02:10", "03:00"), ("04:00", "05:10")]),
        (None, "03:20", [("02:10", "03:20")]),
        ("05:20", "05:40", [("05:20", "05:40")]),
    ],
)
def test_a_corrected_beginning_or_end_leaves_what_was_mitigated_in_between(starts, ends, spans):
    lasted = [(at("02:10"), at("03:00")), (at("04:00"), at("05:00"))]

    found = corrected(lasted, starts=starts and at(starts), ends=ends and at(ends))

    assert found == [(at(since), at(until)) for since, until in spans]


@pytest.mark.parametrize(("seen", "missing"), [(0, 100), (1, 99), (89, 11), (95, 0), (120, 0)])
def test_visits_nobody_reported_are_those_the_cadence_lets_expect_without_those_seen(seen, missing):
    observing = overlap([(at("08:00"), at("12:00"))], [(at("01:00"), at("09:00")), (at("23:00"), at("23:30"))])

    assert observing == [(at("08:00"), at("09:00"))]
    assert unseen(observing, seen, cadence_s=Decimal(36)) == missing


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("move", ["submit", "send_back", "approve", "rework", "close"])
def test_what_is_not_in_the_table_is_refused(state, move: Move):
    facts = Facts(may_close=True)

    if (state, move) in MOVES:
        assert after(state, move, facts) == MOVES[state, move]
    else:
        with pytest.raises(NotAllowed, match="cannot be pressed"):
            after(state, move, facts)


@pytest.mark.parametrize(
    ("state", "move", "facts", "words"),
    [
        ("draft", "submit", Facts(has_owner=False), "Name an owner first"),
        ("in_review", "approve", Facts(is_owner=True), "Nobody reviews their own"),
        ("in_review", "approve", Facts(may_review=False), "you are not one of them"),
        ("in_review", "approve", Facts(over=False), "Resolve it first"),
        ("in_review", "approve", Facts(wrote=True), "You changed its text last"),
        ("in_review", "approve", Facts(pending=243), "Of 243 visits nobody knows yet"),
        ("reviewed", "close", Facts(), "the pilot or an administrator closes it"),
        ("reviewed", "close", Facts(may_close=True, over=False), "Resolve it first"),
        ("closed", "rework", Facts(incident_closed=True), "Reopen the incident first"),
    ],
)
def test_a_press_depends_on_who_presses_and_what_is_so(state, move, facts, words):
    with pytest.raises(NotAllowed, match=words):
        after(state, move, facts)


def test_names_become_roles_and_addresses_and_numbers_go():
    people = {"Ada Moreno": "the incident commander", "Ada": "the incident commander", "may": "a responder"}
    text = "ADA MORENO (@ada, ada@example.org, +1 415 555 0101) said it may rain; Adamant Ada."

    found = blameless(text, people)

    assert found == (
        "the incident commander (the incident commander, (address), (number)) said it may rain;"
        " Adamant the incident commander."
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Noe\u0308l Dubreuil rolled back", "a responder rolled back"),
        ("Noël\u00a0Dubreuil, Noël\nDubreuil, Noël  Dubreuil", "a responder, a responder, a responder"),
        ("Noel Dubreuil or Dubreuil, Noël", "a responder or a responder"),
        ("N. Dubreuil, noel.dubreuil, Noël\u200b Dubreuil", "a responder, a responder, a responder"),
        ("ndubreuil restarted it", "a responder restarted it"),
        ("ndubreuil@sdflogin001:~$ kubectl", "(address):~$ kubectl"),
        ("/home/ndubreuil/x, /sdf/home/n/other/y", "/home/(somebody)/x, /sdf/home/n/(somebody)/y"),
        ("call 415-555-0100, (415) 555-0100 or 9 8765 4321", "call (number), (number) or (number)"),
        (
            "it will, on 2027-06-21 02:10:00, visit 2027062000123",
            "it will, on 2027-06-21 02:10:00, visit 2027062000123",
        ),
        ("Will and will", "a responder and will"),
    ],
)
def test_names_are_found_however_they_are_written(text, found):
    people = {"Noël Dubreuil": "a responder", "ndubreuil": "a responder", "will": "a responder"}

    assert blameless(text, people, {"ndubreuil", "will"}) == found


def test_a_report_for_all_has_neither_responders_nor_mail():
    found = public({"responders": "Ada", "internal_mail": "x", "lucky": "Ada slept"}, {"Ada": "a responder"})

    assert found["lucky"] == "a responder slept"
    assert not {"responders", "internal_mail", "external_message"} & set(found)


@pytest.mark.parametrize(("seconds", "words"), [(45, "45 s"), (60, "1 min"), (9000, "2 h 30 min"), (7200, "2 h")])
def test_lengths_are_said_in_hours_and_minutes(seconds, words):
    assert length(seconds) == words


def test_the_parts_of_a_bar_fill_it():
    found = parts({"network": 3, "": 1}, [("network", "network"), ("database", "database"), ("", "nobody has said")])

    assert found == [Bar("network", "network", 3, 0.0, 75.0), Bar("none", "nobody has said", 1, 75.0, 25.0)]


def test_each_state_has_one_sign_on_every_screen_and_none_is_that_of_what_nobody_knows():
    assert set(BADGES) == set(STATES)
    assert "unknown" not in BADGES.values()
