import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from rotations.leave import queries
from rotations.leave.models import CallOut


@pytest.fixture
def the_day_after(monkeypatch) -> None:
    monkeypatch.setattr("oncall.clock.now", lambda: datetime(2027, 3, 26, tzinfo=UTC))


@pytest.fixture
def page(client, lise):
    client.force_login(lise)

    def page(name: str, *args) -> str:
        shown: str = client.get(reverse(name, args=args)).content.decode()
        return shown

    return page


def test_my_leave_shows_balance_and_each_call_out(page, tell):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    shown = page("leave")
    assert "<strong>0 s</strong> of leave can be taken" in shown
    assert 'for 2 h worked out of hours</span></th><td class="number">3 h</td>' in shown
    assert reverse("call_out", args=[CallOut.objects.get().pk]) in shown


def test_an_open_call_out_offers_to_stand_down_and_the_button_ends_it(client, page, tell, lise, monkeypatch):
    tell("02:20 page A, 02:25 acknowledge A")
    monkeypatch.setattr("oncall.clock.now", lambda: datetime(2027, 3, 25, 4, 20, tzinfo=UTC))
    assert "I am standing down" in page("leave")
    answer = client.post(reverse("stand_down"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("call_out", args=[CallOut.objects.get().pk])
    assert queries.balance(lise).credit_s == 10800
    assert "I am standing down" not in page("leave")


def test_standing_down_from_nothing_says_so(client, lise):
    client.force_login(lise)
    answer = client.post(reverse("stand_down"), follow=True)
    assert "there is nothing to stand down from" in answer.content.decode()


def test_a_call_out_explains_every_figure(page, tell):
    tell("07:00 page A, 07:05 acknowledge A, 09:00 resolve A")
    shown = page("call_out", CallOut.objects.get().pk)
    assert "<strong>1 h</strong> out of hours earned <strong>1 h 30 min</strong> of leave." in shown
    assert "outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR)" in shown
    cells = (
        ("Day", "Thu 25 Mar 2027"),
        ("Europe/Paris", "08:00:00 to 09:00:00"),
        ("UTC", "07:00:00 to 08:00:00"),
        ("What", "night"),
    )
    assert "".join(f'<td data-label="{label}">{words}</td>' for label, words in cells) in shown
    in_hours = '<td data-label="Time" class="number">1 h</td><td data-label="Factor" class="number">0</td>'
    assert f"work hours</span></td>{in_hours}" in shown
    assert "page A</a>" in shown


def test_hours_are_corrected_in_the_viewers_zone_with_a_reason(client, page, tell, lise, monkeypatch):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    monkeypatch.setattr("oncall.clock.now", lambda: datetime(2027, 3, 26, tzinfo=UTC))
    call_out = CallOut.objects.get()
    words = {"starts_at": "2027-03-25T03:20:00", "ends_at": "2027-03-25T06:20:00", "reason": "Stayed on the bridge."}
    answer = client.post(reverse("call_out_correct", args=[call_out.pk]), words)
    assert answer.status_code == 302
    assert queries.balance(lise).out_of_hours_s == 3 * 3600
    assert "“Stayed on the bridge.”" in page("call_out", call_out.pk)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"reason": " "}, "reason"), ({"ends_at": "2027-03-25T03:00"}, "ends_at"), ({"starts_at": "soon"}, "starts_at")],
)
@pytest.mark.usefixtures("the_day_after")
def test_a_correction_that_cannot_be_is_said_at_its_field(client, lise, tell, change, field):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    client.force_login(lise)
    words = {"starts_at": "2027-03-25T03:20", "ends_at": "2027-03-25T06:20", "reason": "x"} | change
    answer = client.post(reverse("call_out_correct", args=[CallOut.objects.get().pk]), words)
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]


def test_an_old_address_leads_to_the_call_out_it_became_part_of(client, lise, tell):
    tell("02:00 page A, 02:30 resolve A, 03:00 page B, 03:30 resolve B, 02:15 acknowledge C, 03:10 resolve C")
    client.force_login(lise)
    merged = CallOut.objects.get(merged_into__isnull=False)
    answer = client.get(reverse("call_out", args=[merged.pk]))
    assert answer.url == reverse("call_out", args=[merged.merged_into_id])


def test_a_manager_sees_their_people_with_totals_and_one_of_them_in_depth(client, tell, lise, manager):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    client.force_login(manager)
    answer = client.get(reverse("leave"))
    assert [row.person.name for row in answer.context["balances"]] == ["Lise Girard", "Max Manager"]
    total = answer.context["total"]
    assert (total["out_of_hours_s"], total["earned_s"], total["approved_s"]) == (7200, 10800, 0)
    team = manager.role_terms.get().team
    answer = client.get(reverse("leave"), {"person": lise.pk, "team": team.pk})
    assert [row.person.name for row in answer.context["balances"]] == ["Lise Girard"]
    assert "Leave of Lise Girard" in answer.content.decode()


def test_a_person_without_people_sees_only_themselves(client, tell, lise, ada):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    client.force_login(ada)
    answer = client.get(reverse("leave"))
    assert answer.context["person"] == ada
    assert "Everybody you look after" not in answer.content.decode()


@pytest.mark.parametrize("name", ["leave", "leave_ledger"])
def test_where_there_is_nothing_no_empty_table_says_so(page, name):
    shown = page(name)
    assert "No call-out yet." in shown or "No such line." in shown
    assert not {"Started", "Posted"} & {label.strip() for label in re.findall(r'<th scope="col">([^<]*)</th>', shown)}


def test_the_end_of_a_span_stands_beside_its_start(page, tell):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    labels = re.findall(r'<td data-label="([^"]*)"', page("leave").split('id="call-outs"')[1])
    assert labels == ["Started", "Ended", "Out of hours", "Leave", "State"]


def test_more_call_outs_and_requests_cost_no_more_queries(client, tell, lise, django_assert_max_num_queries):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    client.force_login(lise)
    with django_assert_max_num_queries(40) as counted:
        client.get(reverse("leave"))
    tell("05:00 page B, 05:01 acknowledge B, 05:20 resolve B, 06:00 page C, 06:05 acknowledge C, 06:20 resolve C")
    with django_assert_max_num_queries(len(counted)):
        client.get(reverse("leave"))
