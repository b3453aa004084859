from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from oncall.limits import services as limits
from oncall.people.models import WorkCalendar
from rotations.leave import queries, services
from rotations.leave.models import CallOut, Correction, Evidence, LedgerEntry

DAY = datetime(2027, 3, 25, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


def ledger() -> list[tuple[str, int, int]]:
    return [(row.kind, row.out_of_hours_s, row.credit_s) for row in LedgerEntry.objects.order_by("at", "id")]


def test_paged_at_03_20_in_paris_for_two_hours_gives_three_hours_of_leave(tell, lise):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    call_out = CallOut.objects.get()
    assert (call_out.person, call_out.starts_at, call_out.ends_at) == (lise, at("02:20"), at("04:20"))
    assert ledger() == [("earn", 7200, 10800)]
    assert queries.balance(lise).credit_s == 10800


def test_three_minutes_earn_270_seconds(tell):
    tell("02:20 page A, 02:23 resolve A")
    assert ledger() == [("earn", 180, 270)]


def test_an_open_call_out_posts_nothing_and_shows_what_it_would_be(tell, lise):
    tell("02:20 page A, 02:25 acknowledge A")
    assert ledger() == []
    call_out = queries.open_call_out(lise)
    assert call_out is not None
    assert queries.credit_of(call_out, now=at("03:20")).credit_s == 5400


def test_a_page_that_nobody_answered_is_no_call_out(tell):
    tell("02:20 page A, 02:50 over A")
    assert not CallOut.objects.exists()


def test_writing_the_same_evidence_again_is_nothing(tell):
    tell("02:20 page A, 02:23 resolve A, 02:20 page A, 02:23 resolve A")
    assert Evidence.objects.count() == 2
    assert ledger() == [("earn", 180, 270)]


def test_settling_again_posts_nothing(tell, lise):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    services.settle(person=lise, now=at("05:00"))
    services.settle(person=lise, now=at("05:00"))
    assert ledger() == [("earn", 7200, 10800)]


def test_evidence_that_arrives_late_posts_the_difference_and_keeps_the_call_out(tell):
    tell("02:25 acknowledge A, 03:25 resolve A")
    before = CallOut.objects.get()
    tell("02:20 page A")  # the provider's receipt came in after the answer
    assert CallOut.objects.get().pk == before.pk
    assert ledger() == [("adjust", 300, 450), ("earn", 3600, 5400)]  # posted as of 02:20 and 03:25


def test_alarms_that_ring_together_are_one_call_out(tell):
    tell("02:00 page A, 02:02 acknowledge A, 02:10 page B, 02:11 acknowledge B, 02:30 resolve A, 03:00 resolve B")
    assert CallOut.objects.get().subjects == ["alarm:A", "alarm:B"]
    assert ledger() == [("earn", 3600, 5400)]


def test_two_call_outs_that_turn_out_to_be_one_merge_without_counting_twice(tell, lise):
    tell("02:00 page A, 02:30 resolve A, 03:00 page B, 03:30 resolve B")
    first, second = CallOut.objects.order_by("starts_at")
    tell("02:15 acknowledge C, 03:10 resolve C")
    second.refresh_from_db()
    assert second.merged_into == first
    assert queries.balance(lise).out_of_hours_s == 5400  # 02:00 to 03:30, each second once
    assert [row.out_of_hours_s for row in second.entries.order_by("out_of_hours_s")] == [-1800, 1800]


def test_standing_down_ends_it_for_every_open_alarm(tell, lise):
    tell("02:00 page A, 02:02 acknowledge A, 02:10 page B, 02:11 acknowledge B")
    call_out = services.stand_down(person=lise, now=at("03:00"))
    assert (call_out.ends_at, call_out.lapses_at) == (at("03:00"), None)
    assert sorted(Evidence.objects.filter(kind="stand_down").values_list("subject", flat=True)) == [
        "alarm:A",
        "alarm:B",
    ]
    assert ledger() == [("earn", 3600, 5400)]


def test_who_is_not_called_out_cannot_stand_down(lise):
    with pytest.raises(services.NotCalledOut, match="Lise Girard is not on a call-out"):
        services.stand_down(person=lise, now=DAY)


def test_a_forgotten_stand_down_ends_half_an_hour_after_the_last_act(tell):
    tell("02:00 page A, 02:02 acknowledge A")
    assert services.close_forgotten(now=at("10:01:59")) == 0
    assert services.close_forgotten(now=at("10:02:00")) == 1
    call_out = CallOut.objects.get()
    assert (call_out.ends_at, call_out.forgotten) == (at("02:32"), True)
    assert ledger() == [("earn", 1920, 2880)]
    assert LedgerEntry.objects.get().reason == "Nobody stood down, so it ends a little after the last act."
    assert services.close_forgotten(now=at("11:00")) == 0


def test_asking_for_forgotten_ones_costs_one_query_when_none_is_due(tell, django_assert_num_queries):
    tell("02:00 page A, 02:02 acknowledge A")
    with django_assert_num_queries(1):
        services.close_forgotten(now=at("03:00"))


def test_the_limits_decide_what_counts(tell, lise):
    limits.set_limit(name="credit_multiplier", value=2, effective_from=at("00:00"))
    limits.set_limit(name="call_out_forgotten_cap_s", value=600, effective_from=at("00:00"))
    tell("02:00 page A, 02:00:30 acknowledge A")
    services.close_forgotten(now=at("12:00"))
    assert ledger() == [("earn", 630, 1260)]


def test_a_new_calendar_does_not_rewrite_what_was_earned(tell, lise):
    tell("02:00 page A, 02:30 resolve A")
    lise.calendar = WorkCalendar.objects.create(
        name="Nights", work_days=[1, 2, 3, 4, 5, 6, 7], starts=time(0), ends=time(12)
    )
    lise.save()
    services.settle(person=lise, now=at("04:00"))
    assert ledger() == [("earn", 1800, 2700)]
    tell("05:00 page B, 05:30 resolve B", lise)  # 06:00 in Paris, now inside the calendar
    assert ledger() == [("earn", 1800, 2700)]


def test_holidays_are_those_of_the_persons_country(lise):
    noon = datetime(2027, 12, 25, 11, tzinfo=UTC)
    lise.country = "US"  # 25 December 2027 is a Saturday; the holiday is also observed on Friday the 24th
    lise.save()
    friday = noon - timedelta(days=1)
    services.record(person=lise, at=friday, kind="page", subject="a", text="", url="", now=friday)
    end = friday + timedelta(hours=1)
    services.record(person=lise, at=end, kind="resolve", subject="a", text="", url="", now=end)
    entry = LedgerEntry.objects.get()
    assert entry.credit_s == 5400
    assert [piece["kind"] for piece in entry.slices] == ["holiday"]


def test_an_entry_explains_itself(tell):
    tell("07:00 page A, 07:05 acknowledge A, 09:00 resolve A")  # 08:00 to 10:00 in Paris
    entry = LedgerEntry.objects.get()
    assert entry.rule == (
        "1.5 times the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR), rule 1"
    )
    assert [(piece["starts_at"], piece["ends_at"], piece["kind"], piece["seconds"]) for piece in entry.slices] == [
        ("2027-03-25T07:00:00Z", "2027-03-25T08:00:00Z", "night", 3600),
        ("2027-03-25T08:00:00Z", "2027-03-25T09:00:00Z", "work", 3600),
    ]


@pytest.mark.parametrize(
    ("model", "change"),
    [(Evidence, {"text": "x"}), (LedgerEntry, {"credit_s": 1}), (Correction, {"reason": "x"})],
)
def test_the_database_refuses_to_change_or_remove_what_is_append_only(tell, lise, model, change):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    services.correct(
        call_out=CallOut.objects.get(),
        by=lise,
        starts_at=at("02:20"),
        ends_at=at("04:00"),
        reason="done earlier",
        now=at("09:00"),
    )
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.all().update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        model.objects.all()._raw_delete("default")


def test_the_database_refuses_evidence_twice_and_an_entry_of_nothing(tell, lise):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    call_out = CallOut.objects.get()
    with pytest.raises(IntegrityError, match="evidence_once"), transaction.atomic():
        Evidence.objects.create(person=lise, at=at("02:20"), kind="page", subject="alarm:A", created_at=DAY)
    with pytest.raises(IntegrityError, match="entry_moves_seconds_or_says_something"), transaction.atomic():
        LedgerEntry.objects.create(
            person=lise, call_out=call_out, kind="adjust", out_of_hours_s=0, credit_s=0, slices=[], rule="", at=DAY
        )


def test_evidence_of_one_instant_is_told_as_it_is_counted_whichever_came_first(tell):
    tell("02:20 page A, 04:20 resolve A, 02:25 note A, 02:25 acknowledge A")

    told = queries.evidence_of(CallOut.objects.get()).values_list("kind", flat=True)
    assert list(told) == ["page", "acknowledge", "note", "resolve"]
