"""Two approvals, a correction and a recomputation at the same moment leave one consistent ledger; and so do two
managers who press the same button.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import connection

from oncall.limits.models import Limit
from oncall.people.models import Membership, Person, Team
from rotations.leave import accounts, approving, queries, reconciling, services, taking
from rotations.leave.models import CallOut, LeaveRequest, LedgerEntry
from rotations.leave.recompute import recompute
from rotations.leave.spans import Kind

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
FIRST = datetime(2027, 3, 1, 2, tzinfo=UTC)  # 03:00 in Paris
NOW = datetime(2027, 3, 29, 9, tzinfo=UTC)
ROUNDS = 20


@pytest.fixture
def lise() -> Person:
    return Person.objects.create_user("lise", name="Lise Girard", time_zone="Europe/Paris")


@pytest.fixture
def managers(lise) -> list[Person]:
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Membership.objects.create(person=lise, team=team)
    made = [Person.objects.create_user(name, name=f"{name.title()} Manager") for name in ("max", "mia")]
    for one in made:
        one.role_terms.create(role="manager", team=team, starts_at=FIRST - timedelta(days=400))
    return made


def night(person: Person, start: datetime) -> CallOut:
    """Two hours of work from `start` on: three hours of leave at 1.5."""
    acts: list[tuple[datetime, Kind]] = [(start, "acknowledge"), (start + timedelta(hours=2), "resolve")]
    for at, kind in acts:
        services.record(person=person, at=at, kind=kind, subject=f"a:{start:%d}", text="", url="", now=at)
    return CallOut.objects.get(person=person, starts_at=start)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do these in as many connections, all let go at the same moment; return what each returned or was refused."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            gate.wait(timeout=30)
            return act()
        except approving.ApprovalRefused as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_two_approvals_a_correction_and_a_recomputation_at_once_agree(lise, managers):
    call_outs = [night(lise, FIRST + timedelta(days=number)) for number in range(ROUNDS)]
    Limit.objects.create(
        name="credit_multiplier", value=2, unit="h/h", source="here", effective_from=FIRST - timedelta(days=1)
    )
    for number, call_out in enumerate(call_outs):
        start = call_out.starts_at
        approving.confirm(call_out=call_out, by=lise, now=NOW)
        approve = partial(approving.approve, call_out=call_out, now=NOW)
        correct = partial(
            services.correct,
            call_out=call_out,
            by=lise,
            starts_at=start,
            ends_at=start + timedelta(hours=3),
            reason="Three.",
            now=NOW,
        )
        until = start + timedelta(hours=1)
        anew = partial(recompute, people=[lise], since=start, until=until, by=None, reason="New rule.", now=NOW)
        acts: list[Callable[[], object]] = [partial(approve, by=by, stands_s=10800) for by in managers]
        acts += [correct, anew]
        turned = acts[number % 4 :] + acts[: number % 4]  # each goes first in turn
        answers = at_once(*turned)

        stands = accounts.standing(call_out)
        assert stands.posted_s == 6 * 3600  # three hours at 2
        approved = LedgerEntry.objects.filter(call_out=call_out, kind="approve")
        assert [entry.stands_s for entry in approved] in ([], [10800])  # before the figure moved, once, or not at all
        refused = [one for one in answers if isinstance(one, approving.ApprovalRefused)]
        assert all(one.conflict for one in refused)
        assert len(refused) in ({0, 1} if approved else {2})
        assert (stands.state, stands.approved_s) == ("changed", sum(entry.stands_s or 0 for entry in approved))

        approving.confirm(call_out=call_out, by=lise, stands_s=21600, now=NOW)
        again: list[Callable[[], object]] = [partial(approve, by=by, stands_s=21600) for by in managers]
        at_once(*again)
        assert list(
            LedgerEntry.objects.filter(call_out=call_out, kind="approve", stands_s=21600).values_list("stands_s")
        ) == [(21600,)]
        after = accounts.standing(call_out)
        assert (after.state, after.posted_s, after.approved_s) == ("approved", 21600, 21600)

    account = queries.balance(lise)
    assert account.credit_s == sum(LedgerEntry.objects.values_list("credit_s", flat=True)) == ROUNDS * 21600
    assert account.approved_s == account.available_s == ROUNDS * 21600
    assert reconciling.check([lise], now=NOW) == []


def test_two_managers_approve_a_month_at_once_and_it_is_approved_once(lise, managers):
    call_outs = [night(lise, FIRST + timedelta(days=number)) for number in range(6)]
    for call_out in call_outs:
        approving.confirm(call_out=call_out, by=lise, now=NOW)
    done = at_once(*(lambda by=by: approving.approve_month(by=by, month=date(2027, 3, 1), now=NOW) for by in managers))
    assert sorted(len(one.approved) for one in done if isinstance(one, approving.Month)) == [0, 6]
    assert LedgerEntry.objects.filter(kind="approve").count() == 6


def test_two_requests_at_once_do_not_take_the_same_credit(lise, managers):
    call_out = night(lise, FIRST)
    approving.confirm(call_out=call_out, by=lise, now=NOW)
    approving.approve(call_out=call_out, by=managers[0], now=NOW)

    def ask(day: int) -> Callable[[], object]:
        start = datetime(2027, 4, day, 7, tzinfo=UTC)

        def act() -> object:
            try:
                return taking.ask(person=lise, by=lise, starts_at=start, ends_at=start + timedelta(hours=2), now=NOW)
            except taking.LeaveRefused as refused:
                return refused

        return act

    answers = at_once(ask(6), ask(7))
    assert sorted(type(one).__name__ for one in answers) == ["LeaveRefused", "LeaveRequest"]
    assert queries.balance(lise).available_s == 3600


def test_two_managers_who_approve_one_leave_take_it_once(lise, managers):
    call_out = night(lise, FIRST)
    approving.confirm(call_out=call_out, by=lise, now=NOW)
    approving.approve(call_out=call_out, by=managers[0], now=NOW)
    start = datetime(2027, 4, 6, 7, tzinfo=UTC)
    asked = taking.ask(person=lise, by=lise, starts_at=start, ends_at=start + timedelta(hours=2), now=NOW)
    at_once(*(lambda by=by: taking.approve(request=asked, by=by, now=NOW) for by in managers))
    assert LeaveRequest.objects.get().state == "approved"
    assert queries.balance(lise).taken_s == 7200
