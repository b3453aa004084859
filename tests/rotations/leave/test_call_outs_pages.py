"""The screens on which call-outs are found, explained, corrected and added."""

from datetime import UTC, datetime, time

import pytest
from django.urls import reverse

from oncall.limits.models import Limit
from oncall.people.models import Membership, Person, Team, WorkCalendar
from rotations.leave import approving, queries, services
from rotations.leave.models import CallOut


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nine_in_the_morning(monkeypatch, _clock_stands_at_now):
    monkeypatch.setattr("oncall.clock.now", lambda: at("09:00"))


@pytest.fixture
def night(tell) -> CallOut:
    """Lise worked from 03:20 to 05:20 in Paris."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    return CallOut.objects.get()


@pytest.fixture
def as_lise(client, lise):
    client.force_login(lise)
    return client


def found(answer) -> list[CallOut]:
    return [row.call_out for row in answer.context["rows"]]


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_every_slice_has_its_time_its_multiplier_and_its_leave_to_the_second(as_lise, tell):
    tell("07:59:55 page A, 08:00:05 resolve A")  # five seconds before nine in Paris
    shown = text(as_lise.get(reverse("call_out", args=[CallOut.objects.get().pk])))
    cells = (("Time", "5 s"), ("Factor", "1.5"), ("Leave", "7.5 s"))
    assert "".join(f'<td data-label="{label}" class="number">{words}</td>' for label, words in cells) in shown
    assert (
        '<td data-label="Out of hours" class="number">5 s</td><td></td><td data-label="Leave" class="number">8 s</td>'
        in shown
    )


def test_a_pause_is_taken_out_in_the_viewers_zone(as_lise, lise, night):
    words = {"pause_starts_at": "2027-03-25T04:00", "pause_ends_at": "2027-03-25T04:30", "reason": "Waited."}
    answer = as_lise.post(reverse("call_out_split", args=[night.pk]), words, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("call_out", args=[night.pk])
    assert queries.balance(lise).out_of_hours_s == 5400
    assert "took away" in text(answer)


def test_the_part_after_the_pause_says_what_made_it(as_lise, lise, night):
    services.split(
        call_out=night, by=lise, pause_starts_at=at("03:00"), pause_ends_at=at("03:30"), reason="Ate.", now=at("08:00")
    )
    second = CallOut.objects.latest("starts_at")
    shown = text(as_lise.get(reverse("call_out", args=[second.pk])))
    assert "“Ate.”" in shown
    assert "acknowledge A" in shown


def test_a_call_out_that_was_none_counts_nothing_and_can_be_put_back(as_lise, lise, night):
    answer = as_lise.post(reverse("call_out_remove", args=[night.pk]), {"reason": "A drill."}, follow=True)
    assert queries.balance(lise).credit_s == 0
    shown = text(answer)
    assert "counts nothing" in shown
    assert "There were hours to count" in shown
    assert "It was none" not in shown


@pytest.mark.parametrize(
    ("name", "words", "form", "field"),
    [
        (
            "call_out_split",
            {"pause_starts_at": "2027-03-25T02:00", "pause_ends_at": "2027-03-25T04:30", "reason": "x"},
            "pause",
            "pause_starts_at",
        ),
        ("call_out_split", {"pause_starts_at": "soon", "pause_ends_at": "", "reason": "x"}, "pause", "pause_starts_at"),
        ("call_out_remove", {"reason": ""}, "removal", "reason"),
        ("call_out_remove", {"reason": "\x00"}, "removal", "reason"),
        ("call_out_correct", {"starts_at": "2027-03-25T04:00", "ends_at": "2099-03-25T04:30"}, "correction", "reason"),
    ],
)
def test_what_is_refused_is_said_at_its_field_and_nothing_typed_is_lost(as_lise, night, name, words, form, field):
    answer = as_lise.post(reverse(name, args=[night.pk]), words)
    assert answer.status_code == 400
    assert field in answer.context[form].errors
    assert answer.context[form].data["reason" if "reason" in words else "ends_at"] in words.values()


@pytest.mark.parametrize("name", ["call_out_correct", "call_out_split", "call_out_remove"])
def test_an_open_call_out_is_stood_down_from_before_anything_is_said(as_lise, tell, name):
    tell("08:00 page A, 08:01 acknowledge A")
    answer = as_lise.post(reverse(name, args=[CallOut.objects.get().pk]), {"reason": "x"}, follow=True)
    assert "Stand down first" in text(answer)


def test_a_forgotten_one_is_marked_until_its_person_has_said_something(as_lise, lise, tell, monkeypatch):
    tell("00:00 page A, 00:02 acknowledge A")
    services.close_forgotten(now=at("08:02"))
    call_out = CallOut.objects.get()
    page = reverse("call_out", args=[call_out.pk])
    assert "<h2>Nobody stood down</h2>" in text(as_lise.get(page))
    approving.confirm(call_out=call_out, by=lise, now=at("08:30"))
    assert "<h2>Nobody stood down</h2>" not in text(as_lise.get(page))


def test_hours_are_added_on_ones_own_clock(as_lise, lise):
    words = {"starts_at": "2027-03-25T03:00", "ends_at": "2027-03-25T04:00", "reason": "Ada telephoned."}
    answer = as_lise.post(reverse("call_out_add"), words)
    call_out = CallOut.objects.get()
    assert answer.url == reverse("call_out", args=[call_out.pk])
    assert (call_out.person, call_out.starts_at, call_out.ends_at) == (lise, at("02:00"), at("03:00"))


def test_added_hours_say_that_there_is_no_evidence(as_lise, lise):
    made = services.add(
        person=lise, by=lise, starts_at=at("02:00"), ends_at=at("03:00"), reason="Rang.", now=at("08:00")
    )
    shown = text(as_lise.get(reverse("call_out", args=[made.pk])))
    assert "None: the hours were added by hand." in shown
    assert "Lise Girard added" in shown


def test_hours_that_cannot_be_added_are_refused_at_their_field(as_lise):
    words = {"starts_at": "2027-03-25T03:00", "ends_at": "2027-03-25T11:00", "reason": "Ada telephoned."}
    answer = as_lise.post(reverse("call_out_add"), words)
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["ends_at"])


def test_a_manager_adds_hours_for_their_people_and_for_nobody_else(client, lise, ada, manager):
    client.force_login(manager)
    words = {"starts_at": "2027-03-25T03:00", "ends_at": "2027-03-25T04:00", "reason": "Was on the phone with me."}
    assert client.post(reverse("call_out_add"), words | {"person": ada.pk}).status_code == 400
    assert client.post(reverse("call_out_add"), words | {"person": lise.pk}).status_code == 302
    assert CallOut.objects.get().person == lise


def test_who_looks_after_nobody_is_not_asked_whose_and_adds_their_own(client, lise, ada):
    client.force_login(ada)
    words = {"starts_at": "2027-03-24T21:00", "ends_at": "2027-03-24T22:00", "reason": "Rang.", "person": lise.pk}
    client.post(reverse("call_out_add"), words)
    assert CallOut.objects.get().person == ada


def test_the_list_is_found_by_person_team_month_and_state(client, tell, lise, manager, night):
    tell("06:00 page B, 06:30 resolve B", manager)
    client.force_login(manager)
    page = reverse("call_outs")
    hers, his = night, CallOut.objects.get(person=manager)
    team = manager.role_terms.get().team
    assert found(client.get(page)) == [his, hers]
    assert found(client.get(page, {"person": lise.pk})) == [hers]
    assert found(client.get(page, {"team": team.pk})) == [hers]
    assert found(client.get(page, {"month": "2027-03"})) == [his, hers]
    assert found(client.get(page, {"month": "2027-04"})) == []
    approving.confirm(call_out=hers, by=lise, now=at("08:00"))
    assert found(client.get(page, {"state": "confirmed"})) == [hers]


@pytest.mark.parametrize("hours_of_the_team", [False, True])
def test_a_month_is_that_of_the_persons_own_clock(as_lise, lise, hours_of_the_team):
    Limit.objects.filter(name="out_of_hours_by_team").update(value=hours_of_the_team)
    pacific = WorkCalendar.objects.create(
        name="Pacific", work_days=[1], starts=time(9), ends=time(17), time_zone="America/Los_Angeles"
    )
    Team.objects.create(name="Pacific", slug="pacific", calendar=pacific).members.add(lise)
    late = datetime(2027, 3, 31, 22, 30, tzinfo=UTC)  # 00:30 on 1 April in Paris
    services.add(
        person=lise,
        by=lise,
        starts_at=late,
        ends_at=datetime(2027, 3, 31, 23, tzinfo=UTC),
        reason="Rang.",
        now=datetime(2027, 4, 1, 9, tzinfo=UTC),
    )
    months = {
        month: len(found(as_lise.get(reverse("call_outs"), {"month": month}))) for month in ("2027-03", "2027-04")
    }
    assert months == {"2027-03": 0, "2027-04": 1}


@pytest.mark.parametrize(
    "query", ["month=2027", "month=0000-01", "month=2027-13", "month=%00", "state=lost", "person=x", "team=%00"]
)
def test_an_odd_filter_is_told_and_not_obeyed(client, manager, query):
    client.force_login(manager)
    answer = client.get(f"{reverse('call_outs')}?{query}")
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, [query.split("=")[0]])


def test_a_long_list_has_pages_that_keep_the_filter(client, tell, manager, django_assert_max_num_queries):
    team = manager.role_terms.get().team
    for number in range(3):
        one = Person.objects.create_user(f"p{number}", name=f"Person {number}", time_zone="Europe/Paris")
        Membership.objects.create(person=one, team=team)
        for hour in range(9):
            tell(f"0{hour}:00 page A, 0{hour}:05 resolve A", one)
    client.force_login(manager)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rotations.leave.call_out_views.ON_A_PAGE", 20)
        with django_assert_max_num_queries(14):
            answer = client.get(reverse("call_outs"), {"month": "2027-03", "page": "2"})
    assert len(found(answer)) == 7
    assert 'href="?month=2027-03&amp;page=1"' in text(answer)
