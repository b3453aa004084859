"""Hours of which there is no evidence: a colleague telephoned, nobody was paged."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall.limits import services as limits
from rotations.leave import queries, services
from rotations.leave.models import CallOut, Correction, LedgerEntry


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.fixture
def add(lise):
    def add(**changes) -> CallOut:
        words = {"person": lise, "by": lise, "starts_at": at("02:00"), "ends_at": at("03:00")}
        return services.add(**words | {"reason": "Ada telephoned me.", "now": at("09:00")} | changes)

    return add


def test_added_hours_earn_as_any_others_and_say_why(add, lise):
    call_out = add()
    assert (call_out.starts_at, call_out.ends_at, call_out.subjects) == (at("02:00"), at("03:00"), [])
    entry = LedgerEntry.objects.get()
    assert (entry.kind, entry.out_of_hours_s, entry.credit_s) == ("earn", 3600, 5400)
    assert (entry.by, entry.reason) == (lise, "Ada telephoned me.")


def test_added_hours_survive_every_later_settlement(add, tell, lise):
    before = add()
    tell("04:00 page A, 04:30 resolve A")
    services.settle(person=lise, now=at("10:00"))
    services.settle(person=lise, now=at("10:00") + timedelta(days=300), since=at("00:00"))
    assert CallOut.objects.live().earliest("starts_at") == before
    assert queries.balance(lise).out_of_hours_s == 3600 + 1800
    assert LedgerEntry.objects.count() == 2


def test_added_hours_earn_by_the_rule_at_their_start(add):
    limits.set_limit(name="credit_multiplier", value=2, effective_from=at("05:00"))
    assert queries.credit_of(add(), now=at("09:00")).credit_s == 5400
    later = add(starts_at=at("05:00"), ends_at=at("06:00"))
    assert queries.credit_of(later, now=at("09:00")).credit_s == 7200


def test_hours_beside_a_call_out_become_part_of_it_and_count_once(add, tell, lise):
    tell("02:30 page A, 02:31 acknowledge A, 04:00 resolve A")
    (known,) = CallOut.objects.all()
    assert add() == known
    known.refresh_from_db()
    assert (known.starts_at, known.ends_at, known.subjects) == (at("02:00"), at("04:00"), ["alarm:A"])
    assert queries.balance(lise).out_of_hours_s == 7200


def test_evidence_that_comes_later_counts_no_second_twice(add, tell, lise):
    add()
    tell("02:30 page A, 02:31 acknowledge A, 04:00 resolve A")
    assert CallOut.objects.live().count() == 1
    assert queries.balance(lise).out_of_hours_s == 7200


def test_a_manager_may_add_them_for_somebody_and_stands_in_the_ledger(add, lise, manager):
    add(by=manager)
    assert (LedgerEntry.objects.get().person, LedgerEntry.objects.get().by) == (lise, manager)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"ends_at": at("02:00")}, "ends_at", "must be after the start"),
        ({"ends_at": at("09:00:01")}, "ends_at", "lies in the future"),
        ({"starts_at": at("02:00") - timedelta(days=31)}, "ends_at", "over 31 days"),
        ({"reason": " "}, "reason", "Say why"),
        ({"reason": "x" * 301}, "reason", "over 300 characters"),
    ],
)
def test_what_cannot_be_added_is_refused_at_its_field(add, change, field, words):
    with pytest.raises(services.CorrectionRefused, match=words) as refused:
        add(**change)
    assert refused.value.field == field
    assert not Correction.objects.exists()


def test_hours_of_an_open_call_out_are_not_added(add, tell):
    tell("02:30 page A, 02:31 acknowledge A")
    with pytest.raises(services.CorrectionRefused, match="Lise Girard is on a call-out in these hours"):
        add()


def test_hours_before_an_open_call_out_are_added(add, tell):
    tell("04:00 page A, 04:01 acknowledge A")
    assert add().ends_at == at("03:00")


def test_hours_that_are_counted_already_are_not_added(add, tell):
    tell("01:00 page A, 01:01 acknowledge A, 03:00 resolve A")
    with pytest.raises(
        services.CorrectionRefused, match="counted already, in the call-out from 25 Mar 2027 01:00:00 to"
    ):
        add()
