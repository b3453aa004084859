"""A pause within a call-out, and a call-out that was none."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from rotations.leave import queries, services
from rotations.leave.models import CallOut, Correction, Evidence, LedgerEntry


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.fixture
def night(tell) -> CallOut:
    """Four hours: 02:00 to 06:00."""
    tell("02:00 page A, 02:05 acknowledge A, 06:00 resolve A")
    return CallOut.objects.get()


@pytest.fixture
def split(lise):
    def split(call_out: CallOut, **changes) -> CallOut:
        words = {"by": lise, "pause_starts_at": at("04:00"), "pause_ends_at": at("05:00"), "reason": "I slept."}
        return services.split(call_out=call_out, **words | {"now": at("09:00")} | changes)

    return split


@pytest.fixture
def remove(lise):
    def remove(call_out: CallOut, **changes) -> CallOut:
        words = {"by": lise, "reason": "It was a drill.", "now": at("09:00")}
        return services.remove(call_out=call_out, **words | changes)

    return remove


def spans() -> list[tuple[datetime, datetime | None]]:
    return [(row.starts_at, row.ends_at) for row in CallOut.objects.live().order_by("starts_at")]


def test_a_pause_makes_two_call_outs_and_the_first_keeps_the_address(night, split):
    first = split(night)
    assert (first.pk, first.starts_at, first.ends_at) == (night.pk, at("02:00"), at("04:00"))
    assert spans() == [(at("02:00"), at("04:00")), (at("05:00"), at("06:00"))]


def test_a_pause_posts_the_difference_with_its_reason(night, split, lise):
    split(night)
    entries = LedgerEntry.objects.order_by("credit_s").values_list("kind", "out_of_hours_s", "credit_s", "reason")
    assert list(entries) == [
        ("adjust", -7200, -10800, "I slept."),
        ("earn", 3600, 5400, "I slept."),
        ("earn", 14400, 21600, ""),
    ]
    assert queries.balance(lise).out_of_hours_s == 3 * 3600


def test_the_evidence_of_a_split_call_out_stays_with_both_parts(night, split):
    split(night)
    assert Evidence.objects.count() == 3
    assert [queries.evidence_of(part).count() for part in CallOut.objects.live()] == [3, 3]


def test_settling_after_a_pause_posts_nothing(night, split, lise):
    split(night)
    services.settle(person=lise, now=at("10:00"), since=at("00:00"))
    assert LedgerEntry.objects.count() == 3


def test_a_part_may_have_a_pause_too(night, split, lise):
    split(split(night), pause_starts_at=at("02:30"), pause_ends_at=at("03:00"))
    assert spans() == [(at("02:00"), at("02:30")), (at("03:00"), at("04:00")), (at("05:00"), at("06:00"))]
    assert queries.balance(lise).out_of_hours_s == 9000


def test_a_pause_that_was_none_is_put_back_by_correcting_a_part(night, split, lise):
    services.correct(
        call_out=split(night), by=lise, starts_at=at("02:00"), ends_at=at("05:00"), reason="No.", now=at("09:30")
    )
    assert spans() == [(at("02:00"), at("06:00"))]
    assert queries.balance(lise).credit_s == 21600


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"pause_ends_at": at("04:00")}, "pause_ends_at", "must end after it starts"),
        ({"pause_starts_at": at("02:00")}, "pause_starts_at", "inside the call-out"),
        ({"pause_ends_at": at("06:00")}, "pause_ends_at", "inside the call-out"),
        ({"reason": ""}, "reason", "Say why"),
    ],
)
def test_what_is_no_pause_is_refused_at_its_field(night, split, change, field, words):
    with pytest.raises(services.CorrectionRefused, match=words) as refused:
        split(night, **change)
    assert refused.value.field == field
    assert not Correction.objects.exists()


def test_an_open_call_out_has_no_pause_yet_and_is_not_removed(tell, split, remove):
    tell("02:00 page A, 02:05 acknowledge A")
    for verb in (split, remove):
        with pytest.raises(services.CorrectionRefused, match="Stand down first"):
            verb(CallOut.objects.get())


def test_a_removed_call_out_counts_nothing_and_keeps_its_address(night, remove, lise):
    removed = remove(night)
    assert (removed.pk, removed.starts_at, removed.ends_at) == (night.pk, at("02:00"), at("02:00"))
    assert queries.balance(lise).credit_s == 0
    entry = LedgerEntry.objects.get(kind="adjust")
    assert (entry.credit_s, entry.by, entry.reason) == (-21600, lise, "It was a drill.")


def test_what_was_removed_stays_removed(night, remove, lise, tell):
    remove(night)
    services.settle(person=lise, now=at("10:00"), since=at("00:00"))
    tell("03:00 note A")  # known late, within what was removed
    assert queries.balance(lise).credit_s == 0


def test_later_evidence_beyond_what_was_removed_is_kept(night, remove, lise, tell):
    remove(night)
    tell("05:30 page B, 05:31 acknowledge B, 07:00 resolve B")
    assert queries.balance(lise).out_of_hours_s == 3600  # 06:00 to 07:00


def test_hours_added_by_mistake_are_taken_away_again(lise, remove):
    added = services.add(
        person=lise, by=lise, starts_at=at("02:00"), ends_at=at("03:00"), reason="Called.", now=at("09:00")
    )
    remove(added)
    services.settle(person=lise, now=at("10:00"), since=at("00:00"))
    assert queries.balance(lise).credit_s == 0


def test_what_was_wrong_to_remove_is_put_back_and_explains_itself_again(night, remove, lise):
    back = services.correct(
        call_out=remove(night), by=lise, starts_at=at("02:00"), ends_at=at("06:00"), reason="No drill.", now=at("09:30")
    )
    assert (back.pk, back.subjects) == (night.pk, ["alarm:A"])
    assert queries.balance(lise).credit_s == 21600


def test_a_forgotten_call_out_that_is_removed_is_forgotten_no_more(tell, remove):
    tell("02:00 page A, 02:02 acknowledge A")
    services.close_forgotten(now=at("12:00"))
    assert not remove(CallOut.objects.get(), now=at("13:00")).forgotten


def test_nothing_is_not_removed_twice(night, remove):
    with pytest.raises(services.CorrectionRefused, match="Nothing is counted"):
        remove(remove(night))


def test_a_removal_says_why(night, remove):
    with pytest.raises(services.CorrectionRefused, match="Say why"):
        remove(night, reason="")


def test_the_database_refuses_a_correction_of_nothing_into_nothing(night, lise):
    point = dict.fromkeys(("was_starts_at", "was_ends_at", "starts_at", "ends_at"), at("02:00"))
    with pytest.raises(IntegrityError, match="correction_starts_before_it_ends"), transaction.atomic():
        Correction.objects.create(person=lise, call_out=night, by=lise, at=at("09:00"), reason="x", **point)
