"""Absences, their month and the swap board on screens."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from rotations.changes import services
from rotations.changes.models import Absence, Override, Swap
from tests.rotations.changes.conftest import EVENING, GRACES, NIGHT, accept
from tests.rotations.conftest import NOW

DAYS = {"kind": "leave", "first_day": "2027-03-24", "last_day": "2027-03-25"}


@pytest.fixture
def get(client):
    def get(who, name, *args, **query):
        client.force_login(who)
        answer = client.get(reverse(name, args=args), query)
        assert answer.status_code == 200
        return answer

    return get


@pytest.fixture
def post(client):
    def post(who, name, *args, **data):
        client.force_login(who)
        return client.post(reverse(name, args=args), data, follow=True)

    return post


def errors(answer) -> dict[str, list[str]]:
    assert answer.status_code == 400
    return {name: list(texts) for name, texts in answer.context["form"].errors.items()}


def absent(person, **about) -> Absence:
    words = {"kind": "sick", "starts_at": EVENING, "ends_at": NIGHT, "note": "knee", "by": person, "now": NOW}
    return services.add_absence(person=person, **words | about)


# An override instead of one person


def test_an_override_instead_of_one_person_is_made(post, schedule, ada, grace):
    span = {"role": "primary", "starts_at": "2027-03-23T13:00", "ends_at": "2027-03-23T16:00", "reason": ""}
    post(grace, "override", schedule.pk, person=grace.pk, replaces=ada.pk, **span)
    assert Override.objects.get().replaces == ada


# Absences


def test_whole_days_are_those_of_the_persons_calendar(post, pilot, ada, lise):
    post(pilot, "absence_new", person=lise.pk, **DAYS)
    made = Absence.objects.get()
    assert (made.starts_at, made.ends_at) == (
        datetime(2027, 3, 23, 23, tzinfo=UTC),
        datetime(2027, 3, 25, 23, tzinfo=UTC),
    )


def test_times_are_on_the_persons_clock(post, lise):
    post(lise, "absence_new", person=lise.pk, from_time="12:00", until_time="18:30", **DAYS)
    made = Absence.objects.get()
    assert (made.starts_at, made.ends_at) == (
        datetime(2027, 3, 24, 11, tzinfo=UTC),
        datetime(2027, 3, 25, 17, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"last_day": "2027-03-23"}, "last_day"),
        ({"first_day": "2027-03-01", "last_day": "2027-03-02"}, "last_day"),
        ({"first_day": "9999-12-31", "last_day": "9999-12-31"}, "first_day"),
        ({"first_day": "soon"}, "first_day"),
        ({"kind": "party"}, "kind"),
        ({"last_day": "2027-03-24", "from_time": "10:00", "until_time": "09:00"}, "last_day"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(post, ada, change, field):
    assert list(errors(post(ada, "absence_new", person=ada.pk, **DAYS | change))) == [field]
    assert not Absence.objects.exists()


def test_an_overlap_is_said_at_the_first_day(post, ada):
    absent(ada)
    text = errors(post(ada, "absence_new", person=ada.pk, **DAYS))["first_day"][0]
    assert text.startswith("Ada Moreno is absent Wed 24 Mar 20:00 to 23:00 UTC already.")


def test_one_is_not_offered_to_enter_anothers(post, ada, grace):
    assert list(errors(post(grace, "absence_new", person=ada.pk, **DAYS))) == ["person"]


def test_an_absence_is_changed_on_its_page(post, get, ada):
    made = absent(ada)
    page = get(ada, "absence", made.pk).context["form"].initial
    assert (page["first_day"].isoformat(), f"{page['from_time']:%H:%M}") == ("2027-03-24", "13:00")
    post(ada, "absence", made.pk, kind="leave", first_day="2027-03-26", last_day="2027-03-26", note="")
    made.refresh_from_db()
    assert (made.starts_at, made.kind) == (datetime(2027, 3, 26, 7, tzinfo=UTC), "leave")


def test_the_start_of_one_that_has_begun_stays(post, ada):
    made = absent(ada, starts_at=NOW - timedelta(seconds=7))
    about = {"kind": "sick", "note": "", "first_day": "2027-03-01", "last_day": "2027-03-24"}
    post(ada, "absence", made.pk, **about)
    made.refresh_from_db()
    assert (made.starts_at, made.ends_at) == (
        NOW - timedelta(seconds=7),
        datetime(2027, 3, 25, 7, tzinfo=UTC),
    )


def test_only_those_who_may_see_why_open_it(client, ada, grace, pilot, manager):
    made = absent(ada)
    seen = {}
    for who in (ada, grace, pilot, manager):
        client.force_login(who)
        seen[who.username] = client.get(reverse("absence", args=[made.pk])).status_code
    assert seen == {"ada": 200, "grace": 403, "petra": 200, "max": 200}


def test_an_absence_is_ended_by_a_button(post, ada, grace):
    made = absent(ada)
    assert "Only Ada Moreno, the pilot or a manager" in post(grace, "absence_cancel", made.pk).content.decode()
    assert "Ada Moreno is available again." in post(ada, "absence_cancel", made.pk).content.decode()


def test_the_month_shows_who_is_absent_on_the_readers_days_and_hides_why(get, schedule, ada, grace):
    absent(ada)  # 13:00 to 16:00 in California
    absent(ada, starts_at=datetime(2027, 3, 26, 7, tzinfo=UTC), ends_at=datetime(2027, 3, 28, 7, tzinfo=UTC))
    answer = get(grace, "absences", month="2027-03")
    cells = {
        person.username: [(day.day.day, away) for day, away in row if away] for person, row in answer.context["rows"]
    }
    assert cells == {"ada": [(24, "some"), (26, "all"), (27, "all")], "grace": [], "lise": []}
    assert "knee" not in answer.content.decode()
    assert "Sick" not in answer.content.decode()


def test_those_who_may_arrange_see_everybodys(get, ada, pilot):
    absent(ada)
    assert "knee" in get(pilot, "absences").content.decode()


@pytest.mark.parametrize("month", ["", "2027-13", "x", "0001-01", "9999-12", "\x00"])
def test_an_odd_month_is_some_month(get, ada, month):
    assert get(ada, "absences", month=month)


def test_the_month_takes_as_many_queries_for_many(client, schedule, ada, grace, lise, django_assert_max_num_queries):
    for number, person in enumerate([ada, grace, lise] * 3):
        day = timedelta(days=number)
        absent(person, starts_at=EVENING + day, ends_at=NIGHT + day)
    client.force_login(grace)
    with django_assert_max_num_queries(10):
        client.get(reverse("absences"))


# The swap board


def test_the_board_says_what_one_takes_on_in_hours_and_on_ones_own_clock(get, ask, lise):
    ask(reason="concert")
    page = get(lise, "swaps").content.decode()
    assert "Wed 24 Mar 21:00 CET · 20:00 UTC" in page
    assert "Take 3 h</button>" in page
    assert "concert" in page


def test_the_board_sorts_by_what_is_mine(get, ask, ada, grace, pilot):
    ask(to=[grace])
    boards = {who.username: get(who, "swaps").context["board"] for who in (ada, grace, pilot)}
    found = {
        name: [len(lines) for lines in (board.to_answer, board.asked, board.others)] for name, board in boards.items()
    }
    assert found == {"ada": [0, 1, 0], "grace": [1, 0, 0], "petra": [0, 0, 1]}


def test_one_press_accepts(post, ask, ada, grace):
    swap = ask()
    page = post(grace, "swap_accept", swap.pk).content.decode()
    assert "You take Triage from Ada Moreno." in page
    assert Swap.objects.get().accepted_by == grace
    assert "Undo" in page


def test_the_one_who_comes_second_is_told(post, ask, grace, lise):
    accept(swap := ask(), grace)
    assert "Grace Hopper took this at 03:10 UTC." in post(lise, "swap_accept", swap.pk).content.decode()


def test_who_is_on_call_then_already_is_warned(get, ask, schedule, grace):
    schedule.rotations.create(
        role="secondary", name="Second", unit="week", first_on="2027-03-01", handoff_time="09:00"
    ).participants.create(person=grace, position=0)
    ask()
    assert "You are on call then already" in get(grace, "swaps").content.decode()


def test_what_the_asker_lost_since_cannot_be_pressed(get, ask, schedule, ada, grace, lise):
    ask()
    about = {"role": "primary", "starts_at": EVENING, "ends_at": NIGHT, "reason": "", "by": lise, "now": NOW}
    services.override(schedule=schedule, person=lise, replaces=ada, **about)
    page = get(grace, "swaps").content.decode()
    assert "is not on call in that span any more" in page
    assert "swaps/" + str(Swap.objects.get().pk) + "/accept/" not in page


def test_declined_withdrawn_and_undone_by_buttons(post, get, ask, ada, grace, lise):
    swap = ask()
    post(grace, "swap_decline", swap.pk)
    assert get(grace, "swaps").context["board"].to_answer == []
    post(ada, "swap_withdraw", swap.pk)
    accept(again := ask(), lise)
    post(lise, "swap_undo", again.pk)
    states = [line.swap.state for line in get(ada, "swaps").context["board"].history]
    assert sorted(states) == ["undone", "withdrawn"]


def test_a_swap_is_asked_by_choosing_a_shift(client, get, post, schedule, ada, grace):
    page = get(grace, "swap_choose")
    (shift, *_) = page.context["shifts"]
    assert (shift.schedule, shift.starts_at) == (schedule, datetime(2027, 3, 29, 16, tzinfo=UTC))
    form = get(grace, "swap_ask", schedule.pk, role="primary", **{"from": "2027-03-29T16:00:00Z", "to": "x"})
    assert form.context["form"].initial["starts_at"] == shift.starts_at
    span = {"starts_at": "2027-03-30T13:00", "ends_at": "2027-03-30T16:00"}
    post(grace, "swap_ask", schedule.pk, asker=grace.pk, role="primary", to=[ada.pk], reason="", **span)
    made = Swap.objects.get()
    assert (made.starts_at, made.asker, made.offers.get().person) == (GRACES, grace, ada)


def test_those_of_the_order_and_the_team_are_offered_to_be_asked(get, schedule, manager, grace, pilot):
    offered = [person.username for person in get(grace, "swap_ask", schedule.pk).context["form"].fields["to"].queryset]
    assert offered == ["ada", "lise"]
    schedule.team = manager.role_terms.get().team
    schedule.save()
    manager.memberships.create(team=schedule.team)
    offered = [person.username for person in get(pilot, "swap_ask", schedule.pk).context["form"].fields["to"].queryset]
    assert offered == ["ada", "grace", "lise", "max"]


def test_a_refused_swap_is_said_at_its_field(post, schedule, ada, grace):
    words = {"asker": ada.pk, "role": "primary", "starts_at": "2027-03-30T13:00", "ends_at": "2027-03-30T16:00"}
    assert errors(post(ada, "swap_ask", schedule.pk, **words))["starts_at"][0].startswith("Ada Moreno is not on call")
    one_end = words | {"return_starts_at": "2027-03-30T13:00"}
    assert list(errors(post(ada, "swap_ask", schedule.pk, **one_end))) == ["return_ends_at"]
    assert list(errors(post(grace, "swap_ask", schedule.pk, **words))) == ["asker"]


@pytest.mark.parametrize("who", ["grace", "petra"])
def test_the_board_takes_as_many_queries_for_five_as_for_one(client, ask, grace, pilot, who):
    client.force_login({"grace": grace, "petra": pilot}[who])
    took = []
    for day in range(5):
        ask(starts_at=EVENING + timedelta(days=day), ends_at=NIGHT + timedelta(days=day))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("swaps"))
        took.append(len(queries))
    assert took[1:] == took[:1] * 4


def test_what_an_absent_asker_would_have_had_can_be_pressed(get, ask, ada, grace):
    ask()
    absent(ada)
    assert "Take 3 h</button>" in get(grace, "swaps").content.decode()


def test_who_has_that_very_role_then_is_told_why_they_cannot_take_it(get, ask, schedule, ada, grace):
    swap = ask(to=[grace])
    schedule.rotations.create(
        role="primary", name="Beside", unit="week", first_on="2027-03-01", handoff_time="09:00"
    ).participants.create(person=grace, position=0)
    page = get(grace, "swaps").content.decode()
    assert "You would count once, so you cannot take it." in page
    assert f"swaps/{swap.pk}/accept/" not in page


def test_undo_is_not_offered_to_who_owes_the_other_half(get, ask, ada, grace, monkeypatch):
    swap = accept(ask(to=[grace], in_return=(GRACES, GRACES + timedelta(hours=3))), grace)
    monkeypatch.setattr("oncall.clock.now", lambda: NIGHT)
    offered = {who.username: f"swaps/{swap.pk}/undo/" in get(who, "swaps").content.decode() for who in (ada, grace)}
    assert offered == {"ada": False, "grace": True}


def test_an_override_that_covers_nothing_is_refused_at_its_field(post, schedule, ada, grace):
    span = {"role": "primary", "starts_at": "2027-03-30T13:00", "ends_at": "2027-03-30T16:00", "reason": ""}
    answer = post(grace, "override", schedule.pk, person=grace.pk, replaces=ada.pk, **span)
    assert errors(answer)["replaces"][0].startswith("Ada Moreno has no turn in Triage (primary) Tue 30 Mar 20:00")


@pytest.mark.parametrize("team", ["\x00", "no-such"])
def test_an_odd_team_is_no_team(get, ada, team):
    assert get(ada, "absences", team=team).context["team"] is None


# The pager in one press


@pytest.mark.parametrize("role", ["\x00", "x" * 900])
def test_a_pager_of_no_known_role_is_not_taken(post, schedule, ada, grace, role):
    answer = post(grace, "pager_take", schedule.pk, role=role, **{"from": ada.pk})
    assert "They are not on call for Triage any more." in answer.content.decode()


def test_the_pager_is_taken_in_one_press_until_the_shift_ends(post, schedule, ada, grace):
    page = post(grace, "pager_take", schedule.pk, role="primary", **{"from": ada.pk})
    assert "You have the pager of Triage. Ada Moreno is told." in page.content.decode()
    made = Override.objects.get()
    assert (made.replaces, made.ends_at) == (ada, datetime(2027, 3, 29, 16, tzinfo=UTC))


@pytest.mark.parametrize("given", ["lise", "x", ""])
def test_a_pager_is_not_taken_from_somebody_who_has_it_not(post, schedule, lise, grace, given):
    answer = post(grace, "pager_take", schedule.pk, **{"from": lise.pk if given == "lise" else given})
    assert "They are not on call for Triage any more." in answer.content.decode()
    assert not Override.objects.exists()
