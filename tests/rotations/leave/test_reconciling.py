"""The ledger, the call-outs and the evidence say the same, to the second; and whoever changes one is found."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from oncall.limits import queries as limits
from rotations.leave import queries, services
from rotations.leave.auditing import books_differ
from rotations.leave.models import CallOut, Evidence, LedgerEntry
from rotations.leave.reconciling import check
from tests.rotations.leave.conftest import at

NOW = datetime(2027, 3, 25, 12, tzinfo=UTC)
STORY = (
    "02:00 page A, 02:05 acknowledge A, 04:00 resolve A, 04:30 page B, 04:31 acknowledge B, 05:00 hand_over B,"
    " 05:10 acknowledge C, 05:15 page D, 05:50 over D, 06:00 stand_down C, 21:00 acknowledge E"
)


@pytest.fixture
def book(tell, lise):
    tell(STORY)
    services.close_forgotten(now=datetime(2027, 3, 26, 12, tzinfo=UTC))
    return lise


def test_what_was_found_from_evidence_agrees(book):
    assert check(now=datetime(2027, 3, 26, 12, tzinfo=UTC)) == []


def test_what_was_corrected_added_split_and_merged_agrees(book, lise):
    now = datetime(2027, 3, 26, 12, tzinfo=UTC)
    first = CallOut.objects.earliest("starts_at")
    services.correct(
        call_out=first, by=lise, starts_at=at("01:00"), ends_at=at("04:45"), reason="Longer, into the next.", now=now
    )
    services.add(
        person=lise, by=lise, starts_at=at("22:30"), ends_at=at("23:00"), reason="A colleague telephoned.", now=now
    )
    first.refresh_from_db()
    services.split(
        call_out=first, by=lise, pause_starts_at=at("02:00"), pause_ends_at=at("02:30"), reason="Asleep.", now=now
    )
    assert CallOut.objects.filter(merged_into__isnull=False).exists()
    assert check(now=now) == []


def test_what_is_open_is_not_compared(tell, lise):
    tell("02:00 page A, 02:05 acknowledge A, 03:00 resolve A, 04:00 acknowledge B")
    assert check(now=at("05:00")) == []


def test_a_ledger_that_has_too_much_is_found_to_the_second(book, lise):
    call_out = CallOut.objects.earliest("starts_at")
    LedgerEntry.objects.create(
        person=lise, call_out=call_out, kind="adjust", out_of_hours_s=0, credit_s=1, at=NOW, reason="By mistake."
    )
    (found,) = check(now=datetime(2027, 3, 26, 12, tzinfo=UTC))
    assert (found.call_out, found.ledger, found.kept, found.evidence) == (
        call_out, (7200, 10801), (7200, 10800), (7200, 10800),
    )  # fmt: skip
    assert str(found) == (
        "Lise Girard, call-out of 2027-03-25 02:00:00 UTC: the ledger has 7200 s out of hours for 10801 s of leave,"
        " its hours and rule give 7200 s out of hours for 10800 s of leave,"
        " evidence and corrections say 7200 s out of hours for 10800 s of leave"
    )


def test_a_call_out_whose_hours_are_not_those_of_its_evidence_is_found(book):
    CallOut.objects.filter(starts_at=at("02:00")).update(ends_at=at("03:59:59"))
    (found,) = check(now=datetime(2027, 3, 26, 12, tzinfo=UTC))
    assert (found.ledger, found.kept, found.evidence) == ((7200, 10800), (7199, 10799), (7200, 10800))


def test_a_rule_that_was_changed_behind_the_ledger_is_found(book):
    call_out = CallOut.objects.earliest("starts_at")
    call_out.rule["multiplier"] = "2"
    call_out.save()
    (found,) = check(now=datetime(2027, 3, 26, 12, tzinfo=UTC))
    assert (found.ledger[1], found.kept[1]) == (10800, 14400)


def test_evidence_that_nobody_settled_is_found(book, lise):
    for when, kind in ((10, "acknowledge"), (20, "resolve")):
        Evidence.objects.create(
            person=lise, at=at("20:00") + timedelta(minutes=when), kind=kind, subject="alarm:X", created_at=NOW
        )
    (found,) = check(now=datetime(2027, 3, 26, 12, tzinfo=UTC))
    assert (found.call_out, found.ledger, found.kept, found.evidence) == (None, (0, 0), (0, 0), (600, 900))


def test_it_asks_about_these_people_alone(book, ada):
    CallOut.objects.filter(starts_at=at("02:00")).update(ends_at=at("03:59:59"))
    assert check([ada], now=NOW) == []
    assert len(check([book], now=datetime(2027, 3, 26, 12, tzinfo=UTC))) == 1


def test_it_asks_about_what_began_since_alone(book):
    CallOut.objects.filter(starts_at=at("02:00")).update(ends_at=at("03:59:59"))
    assert check(since=at("04:00"), now=datetime(2027, 3, 26, 12, tzinfo=UTC)) == []


def test_the_auditor_names_the_call_out(book):
    now = datetime(2027, 3, 26, 12, tzinfo=UTC)
    assert books_differ(now, limits.at(now)) == []
    CallOut.objects.filter(starts_at=at("02:00")).update(ends_at=at("03:59:59"))
    assert books_differ(now, limits.at(now)) == [str(CallOut.objects.earliest("starts_at").pk)]


def test_the_auditor_asks_little(book, django_assert_max_num_queries):
    now = datetime(2027, 3, 26, 12, tzinfo=UTC)
    held = limits.at(now)
    with django_assert_max_num_queries(10):
        books_differ(now, held)


def test_the_auditor_asks_once_when_nobody_was_called(db, django_assert_num_queries):
    held = limits.at(NOW)
    with django_assert_num_queries(1):
        books_differ(NOW, held)


def test_the_command_says_that_all_agrees(book, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: datetime(2027, 3, 26, 12, tzinfo=UTC))
    out = StringIO()
    call_command("reconcile_leave", stdout=out)
    assert out.getvalue() == "The ledger, 4 call-outs and their evidence agree to the second.\n"


def test_the_command_ends_with_1_and_says_where(book, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: datetime(2027, 3, 26, 12, tzinfo=UTC))
    CallOut.objects.filter(starts_at=at("02:00")).update(ends_at=at("03:59:59"))
    out = StringIO()
    with pytest.raises(CommandError, match="1 differ") as error:
        call_command("reconcile_leave", stdout=out)
    assert error.value.returncode == 1
    assert out.getvalue().startswith("Lise Girard, call-out of 2027-03-25 02:00:00 UTC: the ledger has 7200 s")


def test_the_sums_of_a_person_are_those_of_their_call_outs(book):
    rows = CallOut.objects.live().filter(ends_at__isnull=False)
    assert queries.balance(book).credit_s == sum(queries.credit_of(row, now=NOW).credit_s for row in rows)
