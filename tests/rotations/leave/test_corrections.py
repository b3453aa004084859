from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from rotations.leave import queries, services
from rotations.leave.models import CallOut, Correction, LedgerEntry


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.fixture
def correct(lise):
    def correct(**changes) -> CallOut:
        words = {"by": lise, "starts_at": at("02:00"), "ends_at": at("05:00"), "reason": "Stayed on the bridge."}
        words |= {"now": at("09:00")} | changes
        return services.correct(
            call_out=words.pop("call_out", None) or CallOut.objects.live().earliest("starts_at"), **words
        )

    return correct


def test_a_correction_posts_the_difference_with_its_reason(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    corrected = correct()
    assert (corrected.starts_at, corrected.ends_at) == (at("02:00"), at("05:00"))
    entry = LedgerEntry.objects.get(kind="adjust")
    assert (entry.out_of_hours_s, entry.credit_s, entry.by, entry.reason) == (3600, 5400, lise, "Stayed on the bridge.")
    assert queries.balance(lise).credit_s == 16200


def test_a_correction_may_take_back(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    correct(ends_at=at("03:00"))
    assert queries.balance(lise).credit_s == 5400


def test_settling_after_a_correction_posts_nothing(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    correct()
    services.settle(person=lise, now=at("10:00"))
    assert LedgerEntry.objects.count() == 2


def test_a_second_correction_replaces_the_first(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    correct()
    correct(starts_at=at("02:30"), ends_at=at("03:00"), now=at("09:30"))
    assert queries.balance(lise).out_of_hours_s == 1800
    assert Correction.objects.count() == 2


def test_a_correction_that_reaches_into_another_call_out_makes_them_one(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A, 04:30 page B, 05:30 resolve B")
    corrected = correct()
    assert CallOut.objects.live().get() == corrected
    assert queries.balance(lise).out_of_hours_s == 12600  # 02:00 to 05:30


def test_later_evidence_beyond_the_correction_is_kept(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    correct(ends_at=at("03:00"))
    tell("03:50 page B, 04:30 resolve B")
    assert queries.balance(lise).out_of_hours_s == 3600 + 1800  # what the correction says, and 04:00 to 04:30


def test_an_old_call_out_can_still_be_corrected(tell, correct, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    correct(now=at("09:00") + timedelta(days=200))
    services.settle(person=lise, now=at("10:00") + timedelta(days=200))
    assert queries.balance(lise).out_of_hours_s == 10800
    assert LedgerEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"ends_at": at("02:00")}, "ends_at", "must be after the start"),
        ({"ends_at": at("09:00:01")}, "ends_at", "lies in the future"),
        ({"starts_at": at("02:00") - timedelta(days=40)}, "ends_at", "over 31 days"),
        ({"reason": "  "}, "reason", "Say why"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_changes_nothing(tell, correct, change, field, words):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    with pytest.raises(services.CorrectionRefused, match=words) as refused:
        correct(**change)
    assert refused.value.field == field
    assert not Correction.objects.exists()


def test_an_open_call_out_is_stood_down_from_first(tell, correct):
    tell("02:00 page A, 02:01 acknowledge A")
    with pytest.raises(services.CorrectionRefused, match="Stand down first"):
        correct()


def test_a_call_out_that_became_part_of_another_is_not_corrected(tell, correct):
    tell("02:00 page A, 02:30 resolve A, 03:00 page B, 03:30 resolve B, 02:15 acknowledge C, 03:10 resolve C")
    with pytest.raises(services.CorrectionRefused, match="became part of another"):
        correct(call_out=CallOut.objects.get(merged_into__isnull=False))


def test_the_database_itself_wants_a_reason(tell, lise):
    tell("02:00 page A, 02:05 acknowledge A, 04:00 resolve A")
    span = {"was_starts_at": at("02:00"), "was_ends_at": at("04:00"), "starts_at": at("02:00"), "ends_at": at("05:00")}
    with pytest.raises(IntegrityError, match="correction_says_why"), transaction.atomic():
        Correction.objects.create(
            person=lise, call_out=CallOut.objects.get(), by=lise, at=at("09:00"), reason="", **span
        )
