import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oncall.people.models import Site
from rotations.changes.models import Absence
from rotations.coverage import services as stored
from rotations.coverage.strip import now_and_next
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Layer, Place, Turns

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
NOON = datetime(2027, 3, 23, 17, 0, tzinfo=UTC)  # 10:00 in California, bright day at the summit


def always(role: str, schedule: Schedule, *people, at_once: int = 1) -> None:
    """A rotation of weeks from Monday 1 March 2027."""
    turns = Turns("America/Los_Angeles", "week", 1, date(2027, 3, 1), time(9), at_once=at_once)
    services.create_rotation(
        schedule=schedule, role=role, name=f"{role} {len(people)}", turns=turns, people=people, now=NOW
    )


def absent(person, hours: int = 48) -> Absence:
    return Absence.objects.create(
        person=person,
        kind="sick",
        note="a private matter",
        starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(hours=hours),
        by=person,
        created_at=NOW - timedelta(hours=1),
    )


def test_every_schedule_shows_who_is_on_now_and_next(client, schedule, grace):
    client.force_login(grace)
    page = client.get(reverse("rotations")).content.decode()
    assert "Ada Moreno</strong> until" in page
    assert "Mon 29 Mar 09:00 PDT · 16:00 UTC" in page
    assert "then</span> Grace Hopper from" in page


def test_a_schedule_without_rotations_says_that_nobody_is_on_call(client, ada):
    made = Schedule.objects.create(name="Empty", slug="empty")
    client.force_login(ada)
    assert (
        "Nobody</strong>: no rotation yet, so nobody is on call." in client.get(reverse("rotations")).content.decode()
    )
    assert "No rotation yet, so nobody is on call." in client.get(reverse("schedule", args=[made.pk])).content.decode()


def test_a_schedule_shows_its_order_and_four_weeks_of_shifts(client, schedule, lise):
    client.force_login(lise)
    answer = client.get(reverse("schedule", args=[schedule.pk]))
    assert [shift.person.name for shift in answer.context["shifts"]] == [
        "Ada Moreno",
        "Grace Hopper",
        "Lise Girard",
        "Ada Moreno",
        "Grace Hopper",
    ]
    page = answer.content.decode()
    assert (
        "Handoff every week on Mon at 09:00 America/Los_Angeles, first on Mon 1 Mar 2027; in the order below." in page
    )
    assert "Mon 29 Mar 18:00 CEST · 16:00 UTC" in page


def test_only_who_may_configure_is_offered_to_edit(client, schedule, ada, pilot):
    page = reverse("schedule", args=[schedule.pk])
    client.force_login(ada)
    assert "Edit rotation" not in client.get(page).content.decode()
    client.force_login(pilot)
    assert "Edit rotation" in client.get(page).content.decode()


def test_a_turn_of_somebody_who_left_stands_out(client, schedule, ada, grace):
    ada.is_active = False
    ada.save()
    client.force_login(grace)
    page = client.get(reverse("schedule", args=[schedule.pk])).content.decode()
    assert "has left: nobody is on call in this turn" in page
    assert "Nobody</strong>" in page


def test_a_schedule_that_is_not_there_is_not_found(client, ada):
    client.force_login(ada)
    assert client.get(reverse("schedule", args=[uuid.uuid4()])).status_code == 404


def test_a_visitor_is_asked_to_sign_in(client, schedule):
    for page in (reverse("rotations"), reverse("schedule", args=[schedule.pk])):
        assert client.get(page).status_code == 302


def test_everybody_who_is_on_at_once_is_shown(client, ada, grace, lise):
    stewards = services.create_schedule(name="Stewards", now=NOW)
    always("primary", stewards, ada, grace, lise, at_once=2)
    client.force_login(ada)
    page = client.get(reverse("rotations")).content.decode()
    assert "Ada Moreno</strong> until" in page
    assert "Grace Hopper</strong> until" in page  # the fourth pair: ab, bc, ca, ab


def test_a_shadow_is_marked_as_told_and_not_paged(client, schedule, grace):
    always("shadow", schedule, grace)
    client.force_login(grace)
    page = client.get(reverse("rotations")).content.decode()
    assert "shadow (told, not paged)" in page


def test_nobody_is_red_and_says_who_is_absent_but_never_why(client, schedule, ada, grace):
    absent(ada)
    client.force_login(grace)
    for name in (reverse("rotations"), reverse("schedule", args=[schedule.pk])):
        page = client.get(name).content.decode()
        assert '<strong class="error">Nobody</strong>: Ada Moreno is absent' in page
        assert "private" not in page
        assert "sick" not in page


@pytest.mark.parametrize(
    ("at", "state", "reason"),
    [
        (NOON, "planned", "it is not night, and only observing minutes need somebody"),
        (
            datetime(2027, 3, 23, 10, 45, tzinfo=UTC),
            "planned",
            "it is not night, and only observing minutes need somebody",
        ),
        (datetime(2027, 3, 23, 9, 0, tzinfo=UTC), "nobody", ""),
    ],
)
def test_nobody_by_day_is_as_planned_and_at_night_is_not(ada, turns, at, state, reason):
    triage = services.create_schedule(name="Triage", needs="night", now=NOW)
    west = Layer(window=Window.objects.get(name="west"))  # until 23:30 in California, 06:30 UTC
    services.create_rotation(
        schedule=triage, role="primary", name="West", turns=turns, people=[ada], now=NOW, layer=west
    )
    (found,) = now_and_next(at=at, until=at)
    assert [(role.state, role.reason) for role in found.roles] == [(state, reason)]


@pytest.fixture
def stewards(ada, grace, lise):
    """Ada and Grace are on at NOW."""

    def make(**promise) -> Schedule:
        made = services.create_schedule(name="Stewards", now=NOW, **promise)
        always("primary", made, ada, grace, lise, at_once=2)
        return made

    return make


@pytest.mark.parametrize(
    ("promise", "state", "reason"),
    [
        ({"needs": "always", "at_least": 2, "at_most": 2}, "covered", ""),
        ({"needs": "always", "at_least": 3}, "short", "2 of 3"),
        ({"needs": "always", "at_most": 1}, "many", "2 of 1 at most"),
        ({"needs": "nobody", "at_least": 3}, "covered", ""),
    ],
)
def test_how_many_are_on_is_held_against_what_is_promised(stewards, promise, state, reason):
    (found,) = now_and_next(at=NOW, until=NOW, schedules=[stewards(**promise)])
    assert [(role.state, role.reason) for role in found.roles] == [(state, reason)]


@pytest.mark.parametrize(("at", "state"), [(NOON, "covered"), (datetime(2027, 3, 23, 9, 0, tzinfo=UTC), "short")])
def test_too_few_at_night_are_enough_by_day(stewards, at, state):
    (found,) = now_and_next(at=at, until=at, schedules=[stewards(needs="night", at_least=3)])
    assert [role.state for role in found.roles] == [state]


def test_without_an_observing_site_whether_they_are_too_few_is_unknown(stewards):
    Site.objects.update(observing=False)
    (found,) = now_and_next(at=NOW, until=NOW, schedules=[stewards(needs="night", at_least=3)])
    assert [(role.state, role.reason) for role in found.roles] == [
        ("unknown", "2 of 3 at night, and no site is marked as observing, so whether it is night is unknown")
    ]


def test_secondaries_and_shadows_do_not_count(stewards, ada, manager):
    made = stewards(needs="always", at_least=3)
    always("secondary", made, manager)
    always("shadow", made, manager)
    (found,) = now_and_next(at=NOW, until=NOW, schedules=[made])
    assert [(role.role, role.state) for role in found.roles] == [
        ("primary", "short"),
        ("secondary", "covered"),
        ("shadow", "covered"),
    ]


def test_whoever_is_on_in_two_rotations_counts_once(ada):
    made = services.create_schedule(name="Stewards", needs="always", at_least=2, now=NOW)
    always("primary", made, ada)
    services.create_rotation(
        schedule=made,
        role="primary",
        name="Another",
        turns=Turns("UTC", "day", 1, date(2027, 3, 1), time(9)),
        people=[ada],
        now=NOW,
    )
    (found,) = now_and_next(at=NOW, until=NOW, schedules=[made])
    assert [(role.state, role.reason) for role in found.roles] == [("short", "1 of 2")]


@pytest.mark.parametrize("page", ["home", "rotations", "schedule"])
@pytest.mark.parametrize(
    ("promise", "words"),
    [
        ({"at_least": 3}, '<span class="badge bad">TOO FEW</span> <strong class="error">2 of 3</strong>'),
        ({"at_most": 1}, '<span class="badge warn">TOO MANY</span> <strong>2 of 1 at most</strong>'),
    ],
)
def test_too_few_and_too_many_stand_in_words_on_every_page(client, stewards, ada, page, promise, words):
    made = stewards(needs="always", **promise)
    client.force_login(ada)
    text = client.get(reverse(page, args=[made.pk] if page == "schedule" else [])).content.decode()
    assert text.count(words) == 1
    assert "Ada Moreno</strong> until" in text


def test_without_an_observing_site_it_is_unknown_and_never_fine(client, ada):
    triage = services.create_schedule(name="Triage", needs="night", now=NOW)
    always("primary", triage, ada)
    absent(ada)
    Site.objects.update(observing=False)
    client.force_login(ada)
    page = client.get(reverse("rotations")).content.decode()
    assert "UNKNOWN: no site observes" in page
    assert '<span class="badge unknown">UNKNOWN</span> <strong>Nobody</strong>' in page
    assert "covered</span>" not in page
    assert "UNKNOWN" in client.get(reverse("schedule", args=[triage.pk])).content.decode()
    assert "UNKNOWN" in client.get(reverse("timeline")).content.decode()
    assert "UNKNOWN" in client.get(reverse("quality")).content.decode()


def test_a_layer_is_said_in_words(client, ada, grace, pilot):
    triage = services.create_schedule(name="Triage", now=NOW)
    turns = Turns("Europe/Paris", "day", 2, date(2027, 2, 1), time(6), weekdays=(1, 2, 3, 4, 5))
    europe = Layer(level=1, window=Window.objects.get(name="europe"))
    people = [Place(ada, 2), Place(grace)]
    services.create_rotation(
        schedule=triage, role="primary", name="Europe", turns=turns, people=people, now=NOW, layer=europe
    )
    client.force_login(pilot)
    page = client.get(reverse("schedule", args=[triage.pk])).content.decode()
    assert (
        "Handoff every 2 days at 06:00 Europe/Paris, first on Mon 1 Feb 2027; Mon to Fri only; only in Europe (France)"
        in page
    )
    assert "level 1: wins over what is below" in page
    assert "2 turns a round" in page


def test_gaps_of_what_is_promised_stand_on_the_schedules_page(client, schedule, ada):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    absent(ada)
    client.force_login(ada)
    page = client.get(reverse("schedule", args=[schedule.pk])).content.decode()
    assert "Too few people in the next 4 weeks" in page
    assert "Mon 22 Mar 20:10 PDT · Tue 03:10 UTC" in page
    assert "Wed 24 Mar 20:10 PDT · Thu 03:10 UTC" in page


def test_who_was_on_call_is_shown_as_it_was_known_then(client, schedule, ada, grace):
    stored.store(schedule_id=schedule.pk, now=NOW)
    rotation = schedule.rotations.get()
    services.set_participants(rotation=rotation, people=[grace], now=NOW + timedelta(hours=1))
    stored.store(schedule_id=schedule.pk, now=NOW + timedelta(hours=1))
    client.force_login(ada)
    page = reverse("schedule", args=[schedule.pk])
    since = "2027-03-22T18:00"  # in California: the week is Ada's
    then = client.get(page, {"since": since, "as_of": "2027-03-22T20:10"})
    assert [shift.person.name for shift in then.context["shifts"]][:2] == ["Ada Moreno", "Grace Hopper"]
    assert "As it was known at" in then.content.decode()


def test_what_is_not_known_yet_cannot_be_asked(client, schedule, ada):
    client.force_login(ada)
    answer = client.get(reverse("schedule", args=[schedule.pk]), {"as_of": "2027-03-24T00:00"})
    assert "Nobody knows yet what will be known then. Choose an instant that is past." in answer.content.decode()


@pytest.mark.parametrize("name", ["rotations", "timeline", "quality"])
@pytest.mark.parametrize("fresh", [True, False])
def test_pages_cost_a_constant_number_of_queries(client, schedule, grace, ada, name, fresh):
    def ask() -> int:
        if fresh:
            for one in Schedule.objects.all():
                stored.store(schedule_id=one.pk, now=NOW)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse(name)).status_code == 200
        return len(asked)

    Schedule.objects.filter(pk=schedule.pk).update(needs="night")
    absent(ada)
    client.force_login(grace)
    ask()  # what is looked up once in a process
    one = ask()
    for number in range(6):
        extra = services.create_schedule(name=f"Extra {number}", needs="night", now=NOW)
        always("primary", extra, ada, grace)
    assert ask() <= one + 1  # the first look ahead found somebody next for one and not for another
