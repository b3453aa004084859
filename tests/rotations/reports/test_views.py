"""The report on the screen and on paper: filters, access, odd questions."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oncall.people.models import Team
from rotations.leave.models import CallOut, LedgerEntry
from tests.rotations.reports.conftest import utc

pytestmark = pytest.mark.usefixtures("world")
REPORT = "/reports/leave/"


def person_page(person) -> str:
    return reverse("report_person", args=[person.pk])


@pytest.fixture
def root(db, lise, ada):
    ada.is_superuser = True
    ada.save()
    return ada


def test_a_manager_sees_this_year_so_far_of_their_people(client, manager):
    client.force_login(manager)
    answer = client.get(REPORT)
    found = answer.context["found"]
    assert (found.days.first.isoformat(), found.days.last.isoformat()) == ("2027-01-01", "2027-04-20")
    assert [row.label for row in answer.context["rows"]] == ["Lise Girard", "Max Manager"]
    shown = answer.content.decode()
    assert "7\u00a0h\u00a034\u00a0min 30\u00a0s" in shown
    assert "reconciles" in shown
    assert "Ada Moreno" not in shown


def test_who_had_nothing_is_named_in_a_line_and_stands_on_paper_and_in_files(client, manager):
    client.force_login(manager)
    shown = client.get(REPORT).content.decode()
    assert "1 person had nothing" in shown
    assert "<p>Max Manager.</p>" in shown
    for whole in (client.get(f"{REPORT}?print=1"), client.get(f"{REPORT}?as=csv")):
        assert "had nothing" not in whole.content.decode()
    assert 'scope="row">Max Manager' in re.sub(r"<a [^>]*>", "", client.get(f"{REPORT}?print=1").content.decode())


def test_a_long_list_is_folded_and_whole_on_paper(client, manager, lise):
    call_out = CallOut.objects.filter(person=lise).earliest("starts_at")
    for number in range(21):
        LedgerEntry.objects.create(
            person=lise, call_out=call_out, kind="adjust", credit_s=1, at=utc("04-02T00:00"), reason=f"line {number}."
        )
    client.force_login(manager)
    shown, paper = (client.get(f"{REPORT}{query}").content.decode() for query in ("", "?print=1"))
    assert "<details><summary>All 24, oldest first</summary>" in shown
    assert "<details open><summary>All 3, oldest first</summary>" in shown
    assert [f"line {number}." in paper for number in range(21)] == [True] * 21
    assert "oldest first</summary>" not in paper


def test_each_figure_leads_to_what_it_is_made_of(client, manager, lise):
    client.force_login(manager)
    shown = client.get(REPORT).content.decode()
    made_of = f"{person_page(lise)}?from=2027-01-01&amp;until=2027-04-20"
    for place in ("#call-outs", "#ledger"):
        assert f'href="{made_of}{place}"' in shown
    page = client.get(f"{person_page(lise)}?from=2027-01-01&until=2027-04-20").content.decode()
    for one in CallOut.objects.filter(person=lise):
        assert reverse("call_out", args=[one.pk]) in page
    assert page.count('id="call-outs"') == page.count('id="ledger"') == 1


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("from=2027-03-01&until=2027-04-30&by=month", ["March 2027", "April 2027"]),
        ("by=team", ["Data Facility", "In none of these teams"]),
        ("by=person", ["Ada Moreno", "Lise Girard", "Max Manager"]),
    ],
)
def test_rows_are_what_the_address_asks_for(client, root, manager, query, labels):
    client.force_login(root)
    assert [row.label for row in client.get(f"{REPORT}?{query}").context["rows"]] == labels


def test_a_team_and_a_person_narrow_it(client, root, manager, lise):
    client.force_login(root)
    team = Team.objects.get()
    for query in ({"team": str(team.pk)}, {"person": str(lise.pk)}):
        found = client.get(REPORT, query).context["found"]
        assert [one.name for one in found.people] == ["Lise Girard"]


def test_a_person_sees_their_own_report_and_nobody_elses(client, lise, ada, grace, pilot):
    for who in (ada, grace, pilot):
        client.force_login(who)
        assert client.get(person_page(who)).status_code == 200
        assert [one.pk for one in client.get(REPORT).context["found"].people] == [who.pk]
        for address in (person_page(lise), f"{REPORT}?person={lise.pk}"):
            for kind in ("", "print=1", "as=csv", "as=xlsx"):
                assert client.get(f"{address}{'&' if '?' in address else '?'}{kind}").status_code == 404


def test_a_manager_of_another_team_sees_nothing_of_it(client, manager, ada, lise):
    client.force_login(manager)
    assert client.get(person_page(lise)).status_code == 200
    assert client.get(person_page(ada)).status_code == 404


def test_a_team_of_which_one_sees_only_a_part_cannot_be_asked_for(client, manager, lise, ada):
    other = Team.objects.create(name="Other", slug="other")
    other.memberships.create(person=lise)
    other.memberships.create(person=ada)
    client.force_login(manager)
    assert client.get(REPORT, {"team": str(other.pk)}).status_code == 404
    assert other not in client.get(REPORT).context["form"].fields["team"].queryset


def test_a_year_of_one_person_is_by_month(client, lise):
    client.force_login(lise)
    answer = client.get(f"{person_page(lise)}?year=2027")
    labels = [row.label for row in answer.context["rows"]]
    assert labels == ["January 2027", "February 2027", "March 2027", "April 2027"]  # no more has begun
    assert answer.context["found"].days.last.isoformat() == "2027-12-31"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=soon", "from"),
        ("from=%00", "from"),
        ("from=2027-02-30", "from"),
        ("from=0001-01-01", "from"),
        ("until=9999-12-31", "until"),
        ("from=2027-04-01&until=2027-03-01", "until"),
        ("from=2020-01-01&until=2027-03-01", "until"),
        ("team=%00", "team"),
        ("person=x", "person"),
        ("person=99999999999999999999999999999999999999", "person"),
        ("by=moon", "by"),
        ("as=exe", "__all__"),
        ("as=csv&table=secrets", "__all__"),
        ("as=csv&from=soon", "from"),
        ("print=1&from=soon", "from"),
    ],
)
def test_an_odd_question_is_told_which_field_is_wrong(client, manager, query, field):
    client.force_login(manager)
    answer = client.get(f"{REPORT}?{query}")
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert "found" not in answer.context


@pytest.mark.parametrize("query", ["year=x", "year=99999", "year=-1", "year=%00", "from=x", "until=1800-01-01", "as=x"])
def test_an_odd_year_is_refused_in_words(client, lise, query):
    client.force_login(lise)
    answer = client.get(f"{person_page(lise)}?{query}")
    assert answer.status_code == 400
    assert answer.context["form"].errors


@pytest.mark.parametrize("query", [f"person={uuid.UUID(int=7)}", f"team={uuid.UUID(int=7)}"])
def test_what_is_not_there_is_not_found(client, manager, query):
    client.force_login(manager)
    assert client.get(f"{REPORT}?{query}").status_code == 404


def test_days_to_come_are_empty_and_not_an_error(client, manager):
    client.force_login(manager)
    answer = client.get(f"{REPORT}?from=2028-01-01&until=2028-12-31")
    assert answer.status_code == 200
    assert answer.context["total"].account.closing_s == answer.context["total"].account.opening_s == 27270


def test_paper_says_whose_when_by_whom_where_the_ledger_stood_and_has_room_to_sign(client, lise):
    client.force_login(lise)
    shown = client.get(f"{person_page(lise)}?from=2027-03-01&until=2027-03-31&print=1").content.decode()
    assert "Leave report: Lise Girard" in shown
    assert "1 March 2027 to 31 March 2027" in shown
    assert "Made 2027-04-20 12:00:00 UTC by Lise Girard." in shown
    assert (
        "Ledger entries up to 2027-03-31 23:59:59 UTC: 3, balance 7\u00a0h\u00a034\u00a0min 30\u00a0s, checksum"
        in shown
    )
    assert "Rule: 1.5 times the time outside Default" in shown
    assert ">Signature<" in shown
    assert ">Manager <" in shown


def test_hostile_names_are_words_on_every_page(client, lise):
    lise.name = "<script>alert(1)</script>"
    lise.save()
    client.force_login(lise)
    for query in ("", "print=1"):
        assert "<script>alert" not in client.get(f"{person_page(lise)}?{query}").content.decode()


def test_the_screen_costs_no_more_queries_for_more_call_outs(client, root, lise, manager, grace, pilot):
    client.force_login(root)
    counted = []
    for days in ("from=2027-03-26&until=2027-03-28", "from=2027-03-01&until=2027-04-20"):  # one call-out, and four
        with CaptureQueriesContext(connection) as caught:
            client.get(f"{REPORT}?{days}&by=person")
        counted.append(len(caught))
    assert counted[0] == counted[1] < 40


def test_a_correction_is_named_where_it_was_posted(client, lise):
    client.force_login(lise)
    call_out = CallOut.objects.get(starts_at=utc("03-31T22:10"))
    shown = client.get(f"{person_page(lise)}?from=2027-03-01&until=2027-03-31").content.decode()
    assert "Why earned and posted differ" in shown
    assert reverse("call_out", args=[call_out.pk]) in shown
