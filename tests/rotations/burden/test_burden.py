"""The arithmetic of burden, by hand. An hour weighs 0.2, 0.15, 0.1 or 0.05 waiting, 1.5 or 0.5 working; a page 1."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from rotations.burden.burden import Burden, Clock, Load, Weights, Work, load, relative, rounded, shares

PARIS, CALIFORNIA = ZoneInfo("Europe/Paris"), ZoneInfo("America/Los_Angeles")
H, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
WEIGHTS = Weights(*(Decimal(one) for one in ("0.2", "0.15", "0.1", "0.05", "1.5", "0.5", "1")))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def burden(*, on_call=(), work=(), pages=(), clocks) -> Burden:
    return Burden(load(on_call=on_call, work=work, pages=pages, clocks=clocks), WEIGHTS)


def year(zone: ZoneInfo, holidays=()) -> list[Clock]:
    return [Clock(at("2027-01-01T00:00"), at("2028-01-01T00:00"), zone, holidays)]


def test_a_week_on_call_weighs_seventeen_and_a_half_hours_of_work():
    """168 h from Monday 09:00: 49 after midnight (9.8), 34 of the weekend (3.4), 85 others (4.25)."""
    found = burden(on_call=[(at("2027-03-22T16:00"), at("2027-03-29T16:00"))], clocks=year(CALIFORNIA))
    assert found.load == Load(night=49 * H, weekend=34 * H, plain=85 * H)
    assert (found.number, found.shown) == (Fraction("17.45"), Decimal("17.5"))


def test_two_hours_of_work_at_night_and_the_page_that_woke_weigh_four():
    """Scenario (f): paged 03:20 in Paris, 2 h x 1.5 and one page."""
    found = burden(
        work=[Work(at("2027-03-25T02:20"), at("2027-03-25T04:20"), in_hours=False)],
        pages=[at("2027-03-25T02:20")],
        clocks=year(PARIS),
    )
    assert found.number == 4


def test_work_in_working_hours_weighs_half():
    found = burden(work=[Work(at("2027-03-25T09:00"), at("2027-03-25T10:00"), in_hours=True)], clocks=year(PARIS))
    assert found.number == Fraction("0.5")


def test_a_holiday_counts_from_seven_and_its_night_as_night():
    """14 July 2027, a Wednesday: 7 h x 0.2 and 17 h x 0.15."""
    span = (at("2027-07-13T22:00"), at("2027-07-14T22:00"))
    found = burden(on_call=[span], clocks=year(PARIS, {date(2027, 7, 14)}))
    assert (found.load.night, found.load.holiday, found.number) == (7 * H, 17 * H, Fraction("3.95"))


def test_the_night_on_which_clocks_go_forward_has_six_hours():
    span = (at("2027-03-27T23:00"), at("2027-03-28T05:00"))  # 00:00 to 07:00 in Paris
    assert burden(on_call=[span], clocks=year(PARIS)).load == Load(night=6 * H)


def test_an_hour_for_two_schedules_counts_once():
    one, other = (at("2027-03-23T10:00"), at("2027-03-23T14:00")), (at("2027-03-23T12:00"), at("2027-03-23T16:00"))
    assert burden(on_call=[one, other], clocks=year(PARIS)).load == Load(plain=6 * H)


def test_an_hour_worked_while_on_call_counts_as_both():
    start, end = at("2027-03-23T18:00"), at("2027-03-23T19:00")
    found = burden(on_call=[(start, end)], work=[Work(start, end, in_hours=False)], clocks=year(PARIS))
    assert found.number == Fraction("1.55")


def test_the_clock_that_held_then_says_what_was_night():
    """Until noon UTC in Paris, then in California: 23:00 UTC is 00:00 in Paris, and 16:00 in California."""
    clocks = [
        Clock(at("2027-03-23T00:00"), at("2027-03-24T12:00"), PARIS),
        Clock(at("2027-03-24T12:00"), at("2027-03-26T00:00"), CALIFORNIA),
    ]
    nights = [(at("2027-03-23T23:00"), at("2027-03-24T00:00")), (at("2027-03-24T23:00"), at("2027-03-25T00:00"))]
    pages = [at("2027-03-23T23:30"), at("2027-03-24T23:30")]
    assert burden(on_call=nights, pages=pages, clocks=clocks).load == Load(night=H, plain=H, asleep=1)


def test_a_page_at_seven_wakes_nobody_any_more():
    pages = [at("2027-03-23T05:59"), at("2027-03-23T06:00"), at("2027-03-23T22:59"), at("2027-03-23T23:00")]
    assert burden(pages=pages, clocks=year(PARIS)).load.asleep == 2  # 06:59 and 00:00


def test_the_parts_explain_the_number():
    found = Burden(Load(night=90 * MINUTE, out_of_hours=40 * MINUTE, asleep=2), WEIGHTS)
    told = {part.name: (part.amount, part.unit, part.weight, part.product) for part in found.parts if part.amount}
    assert told == {
        "night": (Fraction(3, 2), "h", Decimal("0.2"), Fraction("0.3")),
        "out_of_hours": (Fraction(2, 3), "h", Decimal("1.5"), Fraction(1)),
        "asleep": (Fraction(2), "page", Decimal(1), Fraction(2)),
    }
    assert found.number == Fraction("3.3")


def test_a_fair_share_goes_by_weight():
    """30 in all: 20 are fair for two turns a round, 10 for one."""
    numbers = {"ada": Fraction(15), "grace": Fraction(15), "cover": Fraction(0)}
    assert shares(numbers, {"ada": 2, "grace": 1}) == {"ada": Fraction(3, 4), "grace": Fraction(3, 2), "cover": None}


def test_where_nobody_carried_anything_nothing_is_fair():
    assert shares({"ada": Fraction(0)}, {"ada": 1}) == {"ada": None}


def test_half_the_turns_make_the_same_number_twice_as_much():
    assert [relative(Fraction(10), weight) for weight in (2, 1, 0)] == [Fraction(5), Fraction(10), Fraction(10)]


def test_a_number_is_shown_half_up():
    assert [rounded(Fraction(one)) for one in ("0.05", "0.04", "17.45", "3")] == [
        Decimal("0.1"), Decimal("0.0"), Decimal("17.5"), Decimal("3.0"),
    ]  # fmt: skip


MINUTES = st.integers(0, 14 * 24 * 60)
START = at("2027-03-20T00:00")  # both changes of clocks lie within two weeks of it
CLOCK = Clock(START, START + 14 * DAY, PARIS, {date(2027, 3, 29)})


def span(pair: tuple[int, int]) -> tuple[datetime, datetime]:
    low, high = sorted(pair)
    return START + low * MINUTE, START + (high + 1) * MINUTE


SPANS = st.lists(st.tuples(MINUTES, MINUTES).map(span), max_size=5)
WORK = st.lists(
    st.tuples(st.tuples(MINUTES, MINUTES).map(span), st.booleans()).map(lambda x: Work(*x[0], x[1])), max_size=4
)
PAGES = st.lists(MINUTES.map(lambda many: START + many * MINUTE), max_size=6)


@given(SPANS, WORK, PAGES, MINUTES)
def test_adjoining_spans_add_up_exactly(on_call, work, pages, cut):
    middle = START + cut * MINUTE
    first = Clock(CLOCK.starts_at, middle, PARIS, CLOCK.holidays)
    then = Clock(middle, CLOCK.ends_at, PARIS, CLOCK.holidays)
    parts = [load(on_call=on_call, work=work, pages=pages, clocks=[one]) for one in (first, then)]
    assert parts[0] + parts[1] == load(on_call=on_call, work=work, pages=pages, clocks=[CLOCK])


@given(SPANS, WORK, PAGES)
def test_order_and_repeated_spans_change_nothing(on_call, work, pages):
    told = load(on_call=on_call, work=work, pages=pages, clocks=[CLOCK])
    again = load(on_call=[*reversed(on_call), *on_call], work=work[::-1] * 2, pages=pages[::-1], clocks=[CLOCK])
    assert told == again


@given(SPANS, WORK, PAGES, SPANS, WORK, PAGES)
def test_more_never_weighs_less(on_call, work, pages, more_on_call, more_work, more_pages):
    less = burden(on_call=on_call, work=work, pages=pages, clocks=[CLOCK])
    more = burden(on_call=on_call + more_on_call, work=work + more_work, pages=pages + more_pages, clocks=[CLOCK])
    assert more.number >= less.number


@given(SPANS)
def test_the_parts_of_waiting_tile_the_time_on_call(on_call):
    minutes = {
        START + one * MINUTE
        for one in range(14 * 24 * 60)
        if any(low <= START + one * MINUTE < high for low, high in on_call)
    }
    assert load(on_call=on_call, work=(), pages=(), clocks=[CLOCK]).on_call == len(minutes) * MINUTE
