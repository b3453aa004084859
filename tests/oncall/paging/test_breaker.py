"""A provider that fails is left alone, is tried now and then, and never keeps a page from being tried."""

from datetime import UTC, datetime, timedelta

from oncall.paging.breaker import Rules, State, choose, heard, lets_through, tripped

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
RULES = Rules(failures=5, among=6, window=timedelta(seconds=30), probe_every=timedelta(seconds=15))


def after(*answers: bool, every: float = 1.0, state: State | None = None) -> State:
    """The state after these answers, one every so many seconds from NOW on."""
    state = state or State()
    for n, good in enumerate(answers):
        state = heard(state, good=good, why="timeout", now=NOW + timedelta(seconds=n * every), rules=RULES)
    return state


NO, YES = False, True


def test_five_failures_within_half_a_minute_open_it():
    assert not after(NO, NO, NO, NO).open
    opened = after(NO, NO, NO, NO, NO)
    assert opened.opened_at == NOW + timedelta(seconds=4)
    assert opened.probe_at == NOW + timedelta(seconds=19)


def test_failures_older_than_half_a_minute_do_not_count():
    assert not after(NO, NO, NO, NO, NO, every=8).open
    assert after(NO, NO, NO, NO, NO, every=7).open


def test_one_lucky_answer_between_does_not_hide_an_outage():
    assert after(NO, NO, YES, NO, NO, NO).open


def test_one_page_in_five_that_fails_is_no_outage():
    assert not after(*([NO, YES, YES, YES, YES] * 6)).open


def test_a_provider_that_does_well_again_is_forgotten():
    late = NOW + timedelta(seconds=60)

    assert heard(after(NO, NO), good=YES, why="", now=late, rules=RULES) == State()


def test_credentials_that_are_refused_open_it_at_once():
    """F28."""
    state = tripped(State(), why="20003", now=NOW, rules=RULES)

    assert (state.opened_at, state.probe_at) == (NOW, NOW + timedelta(seconds=15))


def test_it_lets_a_probe_through_every_15_seconds():
    opened = tripped(State(), why="20003", now=NOW, rules=RULES)

    assert not lets_through(opened, now=NOW + timedelta(seconds=14))
    assert lets_through(opened, now=NOW + timedelta(seconds=15))


def test_the_first_good_answer_closes_it():
    opened = tripped(State(), why="20003", now=NOW, rules=RULES)

    assert heard(opened, good=YES, why="", now=NOW, rules=RULES) == State()


def test_a_probe_that_fails_leaves_it_open():
    opened = tripped(State(), why="20003", now=NOW, rules=RULES)

    assert heard(opened, good=NO, why="timeout", now=NOW, rules=RULES).open


OPEN = tripped(State(), why="20003", now=NOW, rules=RULES)
NAMES = ("twilio", "second")


def test_the_first_provider_that_lets_through_is_chosen():
    assert choose(NAMES, avoid=(), states={}, now=NOW) == "twilio"
    assert choose(NAMES, avoid=(), states={"twilio": OPEN}, now=NOW) == "second"
    assert choose(NAMES, avoid=(), states={"twilio": OPEN}, now=NOW + timedelta(seconds=15)) == "twilio"


def test_a_provider_that_has_failed_this_rung_is_avoided():
    assert choose(NAMES, avoid=("twilio",), states={}, now=NOW) == "second"


def test_with_every_provider_left_alone_pages_still_try():
    assert choose(NAMES, avoid=(), states={"twilio": OPEN, "second": OPEN}, now=NOW) == "twilio"
    assert choose(NAMES, avoid=("twilio",), states={"twilio": OPEN, "second": OPEN}, now=NOW) == "second"
