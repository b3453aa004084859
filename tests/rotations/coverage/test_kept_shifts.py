"""Shifts are rows: stored a year ahead, their history kept; the past never changes by editing a rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from oncall.people import leaving
from oncall.people.models import Person
from oncall.people.queries import observing_site
from oncall.troubles.models import Trouble
from rotations.changes import services as changes
from rotations.changes.models import Override
from rotations.coverage import queries
from rotations.coverage.compute import compute
from rotations.coverage.models import Shift
from rotations.coverage.services import refresh_due, store
from rotations.night import services as nights
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Layer

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
BEFORE = datetime(2027, 2, 1, tzinfo=UTC)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(found):
    return [(one.person.name, f"{one.starts_at:%d %b %H:%M}", f"{one.ends_at:%d %b %H:%M}") for one in found]


def reorder(schedule: Schedule, *people: Person, now: datetime) -> None:
    services.set_participants(rotation=schedule.rotations.get(), people=people, now=now)


@pytest.fixture
def stored(schedule):
    refresh_due(now=NOW)
    return Schedule.objects.get(pk=schedule.pk)


def test_a_year_is_stored_and_says_what_the_rules_say(stored):
    start, end = BEFORE, NOW + timedelta(days=365)
    rows = Shift.objects.as_known(None).filter(schedule=stored).order_by("starts_at")
    tiles = compute([stored], start, end).by_schedule[stored.pk].tiles
    assert rows.count() == 56  # weeks from 1 March 2027; the last starts on 20 March 2028
    assert [(str(row.person_id), row.starts_at, row.ends_at) for row in rows] == [
        (tile.person, tile.starts_at, tile.ends_at) for tile in tiles
    ][:56]


def test_a_new_order_changes_what_is_to_come_and_nothing_before(stored, ada, grace, lise):
    reorder(stored, grace, lise, ada, now=NOW)
    refresh_due(now=NOW + timedelta(seconds=1))
    found = queries.shifts(schedule=stored, start=z("2027-03-15T17:00"), end=z("2027-04-05T16:00"))
    assert told(found) == [
        ("Lise Girard", "15 Mar 16:00", "22 Mar 16:00"),
        ("Ada Moreno", "22 Mar 16:00", "23 Mar 03:10"),
        ("Grace Hopper", "23 Mar 03:10", "29 Mar 16:00"),
        ("Lise Girard", "29 Mar 16:00", "05 Apr 16:00"),
    ]


def test_before_it_is_stored_a_change_is_answered_just_the_same(stored, ada, grace, lise):
    reorder(stored, grace, lise, ada, now=NOW)
    live = told(queries.shifts(schedule=stored, start=z("2027-03-15T17:00"), end=z("2027-04-05T16:00")))
    refresh_due(now=NOW + timedelta(seconds=1))
    assert live == told(queries.shifts(schedule=stored, start=z("2027-03-15T17:00"), end=z("2027-04-05T16:00")))


def test_who_was_on_call_at_an_instant_as_known_at_another(stored, ada, grace, lise):
    later = NOW + timedelta(hours=2)
    reorder(stored, grace, lise, ada, now=later)
    refresh_due(now=later)
    start, end = z("2027-03-30T00:00"), z("2027-03-30T01:00")
    assert [one.person for one in queries.shifts(schedule=stored, as_of=NOW, start=start, end=end)] == [grace]
    assert [one.person for one in queries.shifts(schedule=stored, as_of=later, start=start, end=end)] == [lise]
    assert [one.person for one in queries.shifts(schedule=stored, start=start, end=end)] == [lise]
    assert queries.shifts(schedule=stored, as_of=BEFORE - timedelta(seconds=1), start=start, end=end) == []


def test_rows_that_still_hold_are_left_alone(stored, grace):
    changes.override(
        schedule=stored,
        role="primary",
        person=grace,
        starts_at=z("2027-03-24T00:00"),
        ends_at=z("2027-03-24T08:00"),
        reason="",
        by=grace,
        now=NOW,
    )
    assert store(schedule_id=stored.pk, now=NOW) is not None
    written = Shift.objects.filter(known_from=NOW, schedule=stored).count()
    superseded = Shift.objects.filter(schedule=stored, known_until__isnull=False)
    assert told(superseded) == [("Ada Moreno", "22 Mar 16:00", "29 Mar 16:00")]
    assert written == 3  # Ada, Grace, Ada again


def test_a_shift_keeps_its_identity_when_it_is_stored_and_when_it_is_cut_short(schedule, grace):
    start, end = z("2027-03-22T16:00"), z("2027-03-29T16:00")
    (computed,) = queries.shifts(schedule=schedule, start=start, end=end)
    refresh_due(now=NOW)
    (row,) = queries.shifts(schedule=schedule, start=start, end=end)
    assert row.id == computed.id
    changes.override(
        schedule=schedule, role="primary", person=grace, starts_at=z("2027-03-28T00:00"),
        ends_at=z("2027-03-29T16:00"), reason="", by=grace, now=NOW,
    )  # fmt: skip
    refresh_due(now=NOW)
    cut, _ = queries.shifts(schedule=schedule, start=start, end=end)
    assert (cut.id, cut.ends_at) == (computed.id, z("2027-03-28T00:00"))


def test_an_edit_touches_no_other_schedule(stored, turns, grace, ada):
    other = services.create_schedule(name="Tier 2", now=BEFORE)
    services.create_rotation(schedule=other, role="primary", name="Tier 2", turns=turns, people=[grace], now=BEFORE)
    refresh_due(now=NOW)
    reorder(stored, ada, now=NOW)
    assert refresh_due(now=NOW) == 1
    assert not Shift.objects.filter(schedule=other, known_until__isnull=False).exists()


def test_who_leaves_is_off_the_rows_from_then_on_and_stays_in_the_past(stored, ada):
    ada.is_active = False
    ada.save()
    refresh_due(now=NOW)
    assert queries.on_call(schedule=stored, at=NOW + timedelta(hours=1)) == []
    assert [duty.person for duty in queries.on_call(schedule=stored, at=NOW - timedelta(hours=1))] == [ada]


def test_a_new_window_is_noticed(stored, turns, ada):
    layer = Layer(window=Window.objects.get(name="west"))
    services.edit_rotation(
        rotation=stored.rotations.get(), name="Triage West", turns=turns, people=[ada], now=NOW, layer=layer
    )
    refresh_due(now=NOW)
    Window.objects.filter(name="west").update(starts="evening_12 - 15 min", edition=7)
    refresh_due(now=NOW + timedelta(hours=1, seconds=1))
    (tomorrow,) = queries.on_call(schedule=stored, at=NOW + timedelta(days=1))
    assert tomorrow.since == z("2027-03-23T23:27")  # an hour later than 15:27 in California


def test_a_deleted_rotation_leaves_its_past(stored, ada):
    services.delete_rotation(rotation=stored.rotations.get(), now=NOW)
    assert [one.person for one in queries.on_call(schedule=stored, at=NOW - timedelta(hours=1))] == [ada]
    refresh_due(now=NOW)
    found = queries.shifts(schedule=stored, start=NOW - timedelta(hours=2), end=NOW + timedelta(days=30))
    assert told(found) == [("Ada Moreno", "22 Mar 16:00", "23 Mar 03:10")]


def test_beyond_the_stored_year_it_is_computed_and_joins_without_a_seam(stored):
    start = stored.stored_until - timedelta(days=20)
    found = queries.shifts(schedule=stored, start=start, end=start + timedelta(days=60))
    assert [one.ends_at for one in found[:-1]] == [one.starts_at for one in found[1:]]
    assert len({one.id for one in found}) == len(found) == 10


def test_what_cannot_be_stored_keeps_no_other_from_it_and_is_said_aloud(stored, turns, grace, monkeypatch):
    other = services.create_schedule(name="Tier 2", now=NOW)
    services.create_rotation(schedule=other, role="primary", name="Tier 2", turns=turns, people=[grace], now=NOW)
    services.touch(schedules=[stored], now=NOW)

    def broken(schedules, *span):
        if schedules[0].pk == stored.pk:
            raise ValueError("no such plan")
        return compute(schedules, *span)

    monkeypatch.setattr("rotations.coverage.services.compute", broken)
    assert refresh_due(now=NOW) == 1
    assert Trouble.objects.open().get(kind="shifts").key == str(stored.pk)
    monkeypatch.undo()
    assert refresh_due(now=NOW) == 1
    assert not Trouble.objects.open().filter(kind="shifts").exists()


def test_a_loop_whose_clock_was_read_before_the_edit_stores_it_all_the_same(stored, ada):
    reorder(stored, ada, now=NOW + timedelta(seconds=2))
    assert refresh_due(now=NOW + timedelta(seconds=1)) == 1
    assert refresh_due(now=NOW) == 0
    services.touch(schedules=[stored], now=NOW + timedelta(seconds=1))
    assert refresh_due(now=NOW) == 1


def test_nothing_changed_writes_nothing(stored):
    assert refresh_due(now=NOW + timedelta(minutes=1)) == 0
    services.touch(schedules=[stored], now=NOW + timedelta(minutes=2))
    kept = store(schedule_id=stored.pk, now=NOW + timedelta(minutes=2))
    assert kept is not None
    assert (kept.superseded, kept.written) == (0, 0)


def test_a_turn_handed_on_by_the_clock_of_a_later_store_keeps_its_row(stored):
    refresh_due(now=NOW + timedelta(days=2))
    kept = Shift.objects.filter(schedule=stored, starts_at=z("2027-03-22T16:00"))
    assert kept.get().known_until is None


def test_a_window_that_is_saved_counts_at_once(stored, turns, ada):
    layer = Layer(window=Window.objects.get(name="europe"))
    services.edit_rotation(
        rotation=stored.rotations.get(), name="Triage West", turns=turns, people=[ada], now=NOW, layer=layer
    )
    refresh_due(now=NOW)
    europe = Window.objects.get(name="europe")
    says = nights.Says(starts="sunset + 10 min", ends=europe.ends)
    nights.save_window(window=europe, name="europe", says=says, now=NOW + timedelta(hours=1))
    at = z("2027-03-23T23:10")  # long before 07:00 in Paris
    assert [duty.person for duty in queries.on_call(schedule=stored, at=at)] == [ada]
    refresh_due(now=NOW + timedelta(hours=1))
    assert [duty.person for duty in queries.on_call(schedule=stored, at=at)] == [ada]


def test_a_moved_site_is_noticed(stored, turns, ada):
    layer = Layer(window=Window.objects.get(name="west"))
    services.edit_rotation(
        rotation=stored.rotations.get(), name="Triage West", turns=turns, people=[ada], now=NOW, layer=layer
    )
    refresh_due(now=NOW)
    before = queries.on_call(schedule=stored, at=NOW + timedelta(days=1))[0].since
    site = observing_site()
    site.longitude += 10
    site.save()
    refresh_due(now=NOW + timedelta(minutes=1))
    after = queries.on_call(schedule=stored, at=NOW + timedelta(days=1))[0].since
    assert after == before - timedelta(minutes=40)  # four minutes a degree


def test_who_leaves_and_comes_back_is_on_call_again(stored, ada, pilot):
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    refresh_due(now=NOW)
    assert queries.on_call(schedule=stored, at=NOW) == []
    leaving.reactivate(person=ada, now=NOW + timedelta(minutes=1))
    at = NOW + timedelta(minutes=2)
    assert [duty.person for duty in queries.on_call(schedule=stored, at=at)] == [ada]
    refresh_due(now=at)
    assert [duty.person for duty in queries.on_call(schedule=stored, at=at)] == [ada]


def test_before_anything_is_stored_a_later_rule_says_nothing_of_earlier(ada, turns):
    schedule = services.create_schedule(name="New", now=NOW)
    services.create_rotation(
        schedule=schedule, role="primary", name="New", turns=turns, people=[ada], now=NOW + timedelta(hours=1)
    )
    assert queries.on_call(schedule=schedule, at=NOW - timedelta(hours=1)) == []
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=NOW + timedelta(hours=2))] == [ada]


def test_what_was_answered_between_an_edit_and_its_storing_stays_the_answer(stored, ada, lise):
    edited, at = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    reorder(stored, lise, now=edited)
    live = queries.shifts(schedule=stored, start=at, end=at + timedelta(minutes=1))
    refresh_due(now=NOW + timedelta(hours=3))
    span = {"schedule": stored, "start": at, "end": at + timedelta(minutes=1)}
    assert told(queries.shifts(**span, as_of=at)) == told(live)
    assert told(queries.shifts(**span, as_of=NOW)) == [("Ada Moreno", "22 Mar 16:00", "29 Mar 16:00")]


def test_an_edit_that_is_not_stored_yet_gives_nobody_the_shift_of_another(stored, ada, lise):
    (adas,) = queries.shifts(schedule=stored, start=NOW, end=NOW + timedelta(minutes=1))
    edited = NOW + timedelta(hours=1)
    reorder(stored, lise, now=edited)
    later = edited + timedelta(hours=1)
    (live,) = queries.shifts(schedule=stored, start=later, end=later + timedelta(minutes=1))
    assert (live.person, live.starts_at) == (lise, edited)
    assert live.id != adas.id
    refresh_due(now=later)
    (kept,) = queries.shifts(schedule=stored, start=later, end=later + timedelta(minutes=1))
    assert (kept.id, kept.starts_at) == (live.id, live.starts_at)


def test_history_is_answered_also_while_a_change_waits_to_be_stored(stored, grace, lise):
    reorder(stored, lise, now=NOW + timedelta(hours=1))
    start, end = z("2027-03-30T00:00"), z("2027-03-30T01:00")
    assert [one.person for one in queries.shifts(schedule=stored, start=start, end=end, as_of=NOW)] == [grace]


def test_a_change_that_waits_is_what_the_pager_is_told(stored, lise):
    reorder(stored, lise, now=NOW)
    assert [duty.person for duty in queries.on_call(schedule=stored, at=NOW)] == [lise]


def test_a_running_shift_that_is_cut_short_keeps_its_beginning(stored, ada, grace):
    changes.override(
        schedule=stored, role="primary", person=grace, starts_at=z("2027-03-28T00:00"),
        ends_at=z("2027-03-29T16:00"), reason="", by=grace, now=NOW,
    )  # fmt: skip
    refresh_due(now=NOW)
    (before,) = queries.on_call(schedule=stored, at=NOW - timedelta(hours=1))
    assert (before.person, before.since, before.until) == (ada, z("2027-03-22T16:00"), z("2027-03-28T00:00"))


def test_a_shift_that_only_touches_is_whole_also_where_a_higher_layer_cuts_it(stored, turns, ada, grace):
    above = replace(turns, unit="day", weekdays=(5,))
    services.create_rotation(
        schedule=stored, role="primary", name="Fridays", turns=above, people=[grace], now=NOW, layer=Layer(level=1)
    )
    (shift,) = queries.shifts(schedule=stored, start=NOW, end=NOW + timedelta(minutes=1))
    assert (shift.person, shift.ends_at) == (ada, z("2027-03-26T16:00"))


def test_a_turn_of_more_than_two_years_is_refused(stored, turns, ada):
    with pytest.raises(ValidationError, match="24 months at most, not 25"):
        services.edit_rotation(
            rotation=stored.rotations.get(),
            name="Long",
            turns=replace(turns, unit="month", every=25),
            people=[ada],
            now=NOW,
        )


def test_covers_of_covers_keep_the_identity_of_a_shift(stored, ada):
    start, end = z("2027-03-24T00:00"), z("2027-03-26T00:00")
    held = ada
    for nth in range(7):
        taker = Person.objects.create_user(f"taker{nth}", name=f"Taker {nth}")
        Override.objects.create(
            schedule=stored,
            person=taker,
            replaces=held,
            starts_at=start,
            ends_at=end,
            by=taker,
            created_at=NOW,
            nth=nth,
        )
        held = taker
    services.touch(schedules=[stored], now=NOW)
    refresh_due(now=NOW)
    (one,) = queries.shifts(schedule=stored, start=start, end=start + timedelta(minutes=1))
    services.touch(schedules=[stored], now=z("2027-03-25T00:00"))
    refresh_due(now=z("2027-03-25T00:00"))
    (other,) = queries.shifts(schedule=stored, start=start, end=start + timedelta(minutes=1))
    assert (one.person, one.ends_at, one.id) == (held, end, other.id)
    assert other.ends_at == end
