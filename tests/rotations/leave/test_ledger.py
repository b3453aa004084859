"""The balance at any date, of one and of many, and what the database refuses."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from oncall.people.models import Person
from rotations.leave import approving, queries, services, taking
from rotations.leave.models import CallOut, LedgerEntry


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2027, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def story(tell, lise, manager):
    """Called on the 25th (3 h), confirmed and approved on the 26th, asked for 2 h on the 27th, approved on the 28th,
    corrected to four hours on the 29th, the leave broken off after an hour on the 30th.
    """
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    call_out = CallOut.objects.get()
    approving.confirm(call_out=call_out, by=lise, now=at(26))
    approving.approve(call_out=call_out, by=manager, now=at(26))
    asked = taking.ask(person=lise, by=lise, starts_at=at(30, 7), ends_at=at(30, 9), now=at(27))
    taking.approve(request=asked, by=manager, now=at(28))
    services.correct(
        call_out=call_out,
        by=lise,
        starts_at=call_out.starts_at,
        ends_at=call_out.starts_at + timedelta(hours=4),
        reason="Longer.",
        now=at(29),
    )
    taking.cancel(request=asked, by=lise, now=at(30, 8))


#       day  posted earned approved taken asked available, in hours
DAYS = [
    (24, 0, 0, 0, 0, 0, 0),
    (25, 3, 3, 0, 0, 0, 0),
    (26, 3, 3, 3, 0, 0, 3),
    (27, 3, 3, 3, 0, 2, 1),
    (28, 1, 3, 3, 2, 0, 1),
    (29, 4, 6, 3, 2, 0, 1),
    (30, 5, 6, 3, 1, 0, 2),
]


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(("day", "posted", "earned", "approved", "taken", "asked", "available"), DAYS)
def test_the_balance_at_each_date(lise, day, posted, earned, approved, taken, asked, available):
    found = queries.balance(lise, at=at(day, 23))
    hours = [found.credit_s, found.earned_s, found.approved_s, found.taken_s, found.asked_s, found.available_s]
    assert [seconds / 3600 for seconds in hours] == [posted, earned, approved, taken, asked, available]


@pytest.mark.usefixtures("story")
def test_the_balance_now_is_that_of_the_last_date(lise):
    assert queries.balance(lise) == queries.balance(lise, at=at(31))


@pytest.mark.usefixtures("story")
def test_the_balance_is_the_sum_of_the_ledger(lise):
    assert queries.balance(lise).credit_s == sum(LedgerEntry.objects.values_list("credit_s", flat=True))


@pytest.mark.usefixtures("story")
def test_many_people_cost_as_many_queries_as_one(lise, django_assert_num_queries):
    people = [Person.objects.create_user(f"p{number}", name=f"P {number}") for number in range(20)]
    with django_assert_num_queries(3):
        found = queries.balances([*people, lise])
    assert [one.credit_s for one in found] == [0] * 20 + [18000]


@pytest.mark.usefixtures("story")
def test_an_entry_is_neither_changed_nor_removed(lise):
    entry = LedgerEntry.objects.words().first()
    assert entry is not None
    for change in (lambda: LedgerEntry.objects.filter(pk=entry.pk).update(reason="x"), entry.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_taking_twice_for_one_request_is_refused_by_the_database(story, manager):
    take = LedgerEntry.objects.get(kind="take")
    take.pk = None
    take._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            person=take.person, request=take.request, kind="take", credit_s=-1, at=at(31), by=manager
        )


# --- On the screen


@pytest.fixture
def page(client, lise, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: at(31))
    client.force_login(lise)
    return lambda **asked: client.get("/leave/ledger/", asked)


@pytest.mark.usefixtures("story")
def test_each_line_has_the_balance_after_it(page):
    shown = page().context["rows"]
    assert [(entry.kind, entry.credit_s / 3600, after and after / 3600) for entry, after in shown] == [
        ("adjust", 1, 5),
        ("adjust", 3, 4),
        ("take", -2, 1),
        ("approve", 0, None),
        ("confirm", 0, None),
        ("earn", 3, 3),
    ]


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(
    ("show", "kinds", "hours"),
    [
        ("earned", ["adjust", "earn"], 6),
        ("taken", ["adjust", "take"], -1),
        ("expired", [], 0),
        ("words", ["approve", "confirm"], 0),
    ],
)
def test_lines_of_one_sort_sum_to_the_figure_of_that_name(page, show, kinds, hours):
    context = page(show=show).context
    assert [entry.kind for entry, _ in context["rows"]] == kinds
    assert context["shown_s"] == hours * 3600


@pytest.mark.usefixtures("story")
def test_as_of_a_date_later_lines_are_not_there(page):
    answer = page(at="2027-03-26T14:00")
    assert [entry.kind for entry, _ in answer.context["rows"]] == ["approve", "confirm", "earn"]
    assert answer.context["balance"].available_s == 10800


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(
    "asked", [{"at": "soon"}, {"show": "all of it"}, {"person": "\x00"}, {"at": "0001-01-01T00:00"}]
)
def test_an_odd_question_is_said_at_its_field(page, asked):
    answer = page(**asked)
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, list(asked))


@pytest.mark.usefixtures("story")
def test_more_lines_cost_no_more_queries(page, tell, django_assert_num_queries, lise):
    with django_assert_num_queries(10):
        page()
    tell("12:00 page B, 12:05 acknowledge B, 12:20 resolve B, 20:00 page C, 20:05 acknowledge C, 20:20 resolve C")
    with django_assert_num_queries(10):
        page()


@pytest.mark.usefixtures("story")
def test_the_ledger_of_another_is_for_their_managers_and_administrators_alone(client, lise, ada, pilot, manager):
    admin = Person.objects.create_superuser("root", name="Root Admin")
    seen = {}
    for who in (ada, pilot, manager, admin):
        client.force_login(who)
        answer = client.get("/leave/ledger/", {"person": lise.pk})
        rows = answer.context["rows"] if answer.status_code == 200 else ()
        seen[who.username] = (answer.status_code, len(rows))
    assert seen == {"ada": (404, 0), "petra": (404, 0), "max": (200, 6), "root": (200, 6)}


def test_lines_of_one_instant_stand_in_the_order_in_which_they_were_posted(page, tell, lise):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    call_out = CallOut.objects.get()
    LedgerEntry.objects.bulk_create(
        LedgerEntry(person=lise, call_out=call_out, kind="adjust", credit_s=seconds, at=at(26))
        for seconds in (600, -500, 400, -300, 200, -100)  # by chance right once in 720 times
    )

    rows = [(entry.credit_s, balance) for entry, balance in page().context["rows"]]
    assert rows == [
        (-100, 11100), (200, 11200), (-300, 11000), (400, 11300), (-500, 10900), (600, 11400), (10800, 10800),
    ]  # fmt: skip
    assert list(LedgerEntry.objects.values_list("credit_s", flat=True)) == [credit_s for credit_s, _ in rows]
