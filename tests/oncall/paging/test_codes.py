"""The telephone company's codes, one by one: what each means for the page, the number and us (paging.md 2.9; F29)."""

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oncall.paging.codes import BY_CODE, TABLE, Fault, Number, Then, pause, row_of

# code: what comes next, what becomes of the number, which trouble, and what else
EXPECTED = {
    "20003": (Then.OTHER_PROVIDER, Number.KEPT, Fault.ACCOUNT, {"opens_breaker"}),
    "20429": (Then.WAIT, Number.KEPT, Fault.NONE, set()),
    "10004": (Then.WAIT, Number.KEPT, Fault.NONE, set()),
    "63017": (Then.WAIT, Number.KEPT, Fault.NONE, set()),
    "21211": (Then.NEXT_WAY, Number.DEAD, Fault.NONE, set()),
    "21214": (Then.NEXT_WAY, Number.DEAD, Fault.NONE, set()),
    "13224": (Then.NEXT_WAY, Number.DEAD, Fault.NONE, set()),
    "21614": (Then.NEXT_WAY, Number.NO_TEXTS, Fault.NONE, set()),  # no mobile telephone can still be called
    "21635": (Then.NEXT_WAY, Number.NO_TEXTS, Fault.NONE, set()),
    "30006": (Then.NEXT_WAY, Number.NO_TEXTS, Fault.NONE, set()),
    "21610": (Then.NEXT_WAY, Number.OPTED_OUT, Fault.NONE, set()),
    "21408": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "21215": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "60605": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "21606": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "21212": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "21659": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "21609": (Then.WITHOUT_CALLBACKS, Number.KEPT, Fault.PROVIDER, set()),
    "11100": (Then.WITHOUT_CALLBACKS, Number.KEPT, Fault.PROVIDER, set()),
    "21611": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, {"crowded"}),
    "30001": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, {"crowded"}),
    "30002": (Then.OTHER_PROVIDER, Number.KEPT, Fault.ACCOUNT, {"opens_breaker"}),
    "30003": (Then.NEXT_WAY, Number.KEPT, Fault.NONE, {"again_later"}),
    "30004": (Then.OTHER_PROVIDER, Number.KEPT, Fault.REPEATED, {"never_same_words"}),
    "30007": (Then.OTHER_PROVIDER, Number.KEPT, Fault.REPEATED, {"never_same_words"}),
    "30450": (Then.OTHER_PROVIDER, Number.KEPT, Fault.REPEATED, {"never_same_words"}),
    "32017": (Then.OTHER_PROVIDER, Number.KEPT, Fault.REPEATED, {"never_same_words"}),
    "30005": (Then.NEXT_WAY, Number.SUSPECT, Fault.NONE, set()),
    "30008": (Then.OTHER_PROVIDER, Number.KEPT, Fault.NONE, set()),
    "30410": (Then.OTHER_PROVIDER, Number.KEPT, Fault.NONE, set()),
    "30009": (Then.OTHER_PROVIDER, Number.KEPT, Fault.NONE, set()),
    "30022": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "30034": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "30032": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, set()),
    "30036": (Then.NEXT_WAY, Number.KEPT, Fault.NONE, set()),
    "14107": (Then.NEXT_WAY, Number.KEPT, Fault.NONE, {"silence"}),
    "11200": (Then.NEXT_WAY, Number.KEPT, Fault.PROVIDER, set()),
    "11205": (Then.NEXT_WAY, Number.KEPT, Fault.PROVIDER, set()),
    "12100": (Then.NEXT_WAY, Number.KEPT, Fault.PROVIDER, set()),
    "12300": (Then.NEXT_WAY, Number.KEPT, Fault.PROVIDER, set()),
    "connection": (Then.ELSEWHERE, Number.KEPT, Fault.NONE, {"fails"}),
    "dns": (Then.ELSEWHERE, Number.KEPT, Fault.NONE, {"fails"}),
    "tls": (Then.ELSEWHERE, Number.KEPT, Fault.NONE, {"fails"}),
    "timeout": (Then.LOOK, Number.KEPT, Fault.NONE, {"fails"}),
    "reset": (Then.LOOK, Number.KEPT, Fault.NONE, {"fails"}),
    "garbled": (Then.LOOK, Number.KEPT, Fault.NONE, {"fails"}),
    "settings": (Then.OTHER_PROVIDER, Number.KEPT, Fault.PROVIDER, {"opens_breaker"}),
}
FLAGS = ("opens_breaker", "fails", "again_later", "never_same_words", "crowded", "silence")


@pytest.mark.parametrize(("code", "expected"), EXPECTED.items())
def test_each_code_has_its_consequences(code, expected):
    """F29, F55."""
    row = row_of(code)

    assert (row.then, row.number, row.fault) == expected[:3]
    assert {flag for flag in FLAGS if getattr(row, flag)} == expected[3]
    assert row.known


@pytest.mark.parametrize("code", ["20500", "20501", "20502", "20503", "20504", "21211", "99999", "0"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_looked_up_whatever_code_it_bears(code, status):
    """F24: it may have been accepted."""
    row = row_of(code, status=status)

    assert row.then is Then.LOOK
    assert row.number is Number.KEPT
    assert row.fails


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused_open_the_breaker_even_with_a_code_nobody_knows(status):
    """F28."""
    row = row_of("77777", status=status)

    assert (row.then, row.fault, row.opens_breaker) == (Then.OTHER_PROVIDER, Fault.ACCOUNT, True)


def test_a_number_that_is_refused_with_403_is_the_number_s_fault_and_not_ours():
    assert row_of("21610", status=403).number is Number.OPTED_OUT
    assert not row_of("21610", status=403).opens_breaker


def test_429_asks_for_patience_whatever_code_it_bears():
    """F25."""
    assert row_of("99999", status=429).then is Then.WAIT


def test_a_code_nobody_knows_closes_this_way_alone_and_is_said_to_be_unknown():
    row = row_of("99999")

    assert (row.then, row.number, row.fault, row.known) == (Then.NEXT_WAY, Number.KEPT, Fault.NONE, False)


@given(st.integers(0, 99999).map(str), st.integers(400, 599))
@example("30003", 400)
@example("21610", 400)
def test_no_code_known_or_unknown_leads_to_no_further_step(code, status):
    """F29: whatever comes, something is tried next or looked up."""
    assert row_of(code, status=status).then in {
        Then.LOOK, Then.WAIT, Then.ELSEWHERE, Then.OTHER_PROVIDER, Then.WITHOUT_CALLBACKS, Then.NEXT_WAY
    }  # fmt: skip


def test_the_words_for_what_comes_next_are_all_steps():
    assert {then.name for then in Then} == {
        "LOOK", "WAIT", "ELSEWHERE", "OTHER_PROVIDER", "WITHOUT_CALLBACKS", "NEXT_WAY"
    }  # fmt: skip


def test_no_code_stands_in_two_rows():
    codes = [code for row in TABLE for code in row.codes]

    assert len(codes) == len(set(codes)) == len(BY_CODE)


def test_every_code_fits_its_column():
    assert max(len(code) for code in BY_CODE) <= 10


def waited(asked=None, tries=1, waited=0.0, luck=0.5):
    return pause(
        asked=None if asked is None else timedelta(seconds=asked),
        tries=tries,
        most=3,
        waited=timedelta(seconds=waited),
        patience=timedelta(seconds=15),
        luck=luck,
    )


def test_told_to_slow_down_without_a_time_it_waits_1_then_2_seconds():
    """F25."""
    assert [waited(tries=tries) for tries in (1, 2)] == [timedelta(seconds=1), timedelta(seconds=2)]


def test_those_who_were_sent_away_together_do_not_come_back_together():
    assert [waited(luck=luck) for luck in (0, 1)] == [timedelta(seconds=0.8), timedelta(seconds=1.2)]


def test_the_third_send_is_the_last_to_a_provider_that_asks_for_patience():
    assert waited(tries=3) is None


def test_nobody_waits_longer_than_15_seconds_in_all():
    assert waited(asked=15) == timedelta(seconds=15)
    assert waited(asked=16) is None
    assert waited(asked=8, waited=8, tries=2) is None
