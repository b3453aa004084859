"""What a red check asks of people: a work item for its owner, and at the second run a trouble that calls somebody."""

from datetime import date, timedelta

import pytest

from oncall.people.models import Team
from oncall.troubles.models import Trouble
from oncall.work import services as work
from oncall.work.models import WorkItem
from playbooks.readiness import queries, services
from playbooks.readiness.models import Check, CheckChange, Night, Result
from tests.playbooks.readiness.conftest import NIGHT, all_pass, at, plan, report

pytestmark = pytest.mark.django_db


def items(**fields):
    return list(WorkItem.objects.filter(**fields).order_by("opened_at").values_list("key", "state", "outcome"))


def keep(now):
    from oncall.limits import queries as limits

    services.keep(now=now, limits=limits.at(now))


def troubles():
    return list(Trouble.objects.open().values_list("kind", "key"))


def verdict(now):
    return queries.one_night(NIGHT, now=now).verdict


def test_red_opens_a_work_item_for_the_owner_with_the_time_left(planned, ada):
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Check.objects.filter(number=4).update(owner_team=team)

    report(4, "fail", at(17, 5), ada, version="w12", detail="No notification after 30 s.")

    item = WorkItem.objects.get(key="readiness:20270323:4")
    assert item.title == "Before the night of Tue 23 Mar 2027: check 4 failed, Test raws upload"
    assert item.text.splitlines()[:3] == [
        "It failed with w12 at 10:05 Pacific. 5 h 40 min until sunset at 22:45 UTC, 6 h 55 min until 17:00 Pacific.",
        "No notification after 30 s.",
        "Limit: notification in at most 10 s.",
    ]
    assert (item.team, item.due_at, item.url) == (team, at(22, 45), "/readiness/20270323/#check-4")


def test_green_closes_it_by_itself(planned, ada):
    report(4, "fail", at(17, 5), ada)

    report(4, "pass", at(20, 40), ada)

    assert items(key="readiness:20270323:4") == [("readiness:20270323:4", "done", "The check passed.")]


def test_what_nobody_ran_is_red_when_it_is_due(planned, ada):
    all_pass(at(16), ada, but=(7,))
    assert (verdict(at(16, 59)), items()) == ("pending", [])

    keep(at(17))

    assert (verdict(at(17)), items()) == ("fail", [("readiness:20270323:not-run:", "open", "")])


def test_what_nobody_ran_is_one_piece_of_work_for_each_owner_until_it_is_run(planned, ada):
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Check.objects.filter(number__in=[4, 5]).update(owner_team=team)
    report(1, "pass", at(16), ada)

    keep(at(17))
    found = {item.key: item for item in WorkItem.objects.all()}
    assert sorted(found) == ["readiness:20270323:not-run:", "readiness:20270323:not-run:data-facility"]
    mine = found["readiness:20270323:not-run:data-facility"]
    assert (mine.team, mine.title) == (team, "Before the night of Tue 23 Mar 2027: 2 checks were not run")
    assert mine.text.splitlines()[1:] == ["4 Test raws upload", "5 Presence service"]

    report(4, "pass", at(17, 5), ada)
    report(5, "fail", at(17, 6), ada)
    assert items(team=team) == [
        ("readiness:20270323:not-run:data-facility", "done", "It was run."),
        ("readiness:20270323:5", "open", ""),
    ]


def test_nobody_is_asked_while_no_result_was_ever_reported(planned):
    keep(at(17))
    keep(at(22))

    assert (verdict(at(22)), items(), troubles()) == ("fail", [], [])


def test_red_at_the_second_run_is_a_trouble_until_it_is_green(planned, ada):
    all_pass(at(21), ada, but=(4,))
    report(4, "fail", at(17, 5), ada)
    keep(at(21))
    assert troubles() == []

    keep(at(21, 45))
    assert troubles() == [("readiness_urgent", "20270323")]
    assert Trouble.objects.get().text == (
        "itest.failed: 1 check is red before the night of Tue 23 Mar 2027: 4 Test raws upload (fail)."
    )

    report(4, "pass", at(22), ada)
    assert (troubles(), verdict(at(22))) == ([], "pass")


def test_what_fails_again_in_the_second_run_calls_at_once_and_grows_urgent(planned, ada):
    all_pass(at(20, 50), ada, but=(4,))

    report(4, "fail", at(21), ada)
    assert troubles() == [("readiness", "20270323")]

    keep(at(21, 45))
    assert troubles() == [("readiness_urgent", "20270323")]


def test_a_trouble_ends_with_the_night_and_so_does_the_work(planned, ada):
    report(4, "fail", at(17, 5), ada)
    keep(at(21, 45))

    keep(at(10, 15, day=24))

    assert troubles() == []
    assert {(state, outcome) for _, state, outcome in items()} == {("done", "The night is over.")}
    assert Night.objects.get().next_due is None


def test_what_a_person_closed_stays_closed_until_it_fails_once_more(planned, ada):
    report(4, "fail", at(17, 5), ada)
    work.close_item(key="readiness:20270323:4", now=at(18), by=ada, outcome="We know.")

    services.settle(night=NIGHT, now=at(19))
    assert [state for _, state, _ in items(key="readiness:20270323:4")] == ["done"]

    report(4, "fail", at(19, 30), ada)
    assert [state for _, state, _ in items(key="readiness:20270323:4")] == ["done", "open"]


def test_a_waived_check_calls_nobody_and_its_work_stays(planned, ada, pilot):
    all_pass(at(21), ada, but=(4,))
    report(4, "fail", at(17, 5), ada)
    check = Check.objects.get(number=4)

    waiver = services.waive(check=check, why="Test bucket is full.", until=at(23), by=pilot, now=at(21, 30))
    keep(at(21, 45))
    assert (troubles(), verdict(at(21, 45)), items()[0][1]) == ([], "waived", "open")

    services.end_waiver(waiver=waiver, by=pilot, now=at(21, 50))
    assert (troubles(), verdict(at(21, 50))) == ([("readiness_urgent", "20270323")], "fail")


def test_a_waiver_that_runs_out_before_sunset_is_noticed(planned, ada, pilot):
    all_pass(at(21), ada, but=(4,))
    report(4, "fail", at(17, 5), ada)
    services.waive(check=Check.objects.get(number=4), why="Restarting.", until=at(22), by=pilot, now=at(21, 30))
    keep(at(21, 45))

    keep(at(22))

    assert troubles() == [("readiness_urgent", "20270323")]


@pytest.mark.parametrize(
    ("why", "until", "field"),
    [("  ", at(23), "why"), ("x", at(17), "until"), ("x", at(18) + timedelta(days=14, seconds=1), "until")],
)
def test_a_waiver_says_why_and_ends(planned, pilot, why, until, field):
    with pytest.raises(services.Refused) as refused:
        services.waive(check=Check.objects.get(number=4), why=why, until=until, by=pilot, now=at(18))

    assert refused.value.field == field


def test_the_same_result_again_is_one_but_not_across_the_second_runs_beginning(planned, ada):
    first, _ = report(4, "pass", at(20, 40), ada, link="https://ci.example/7")

    assert report(4, "pass", at(20, 44), ada, link="https://ci.example/7") == (first, False)
    assert report(4, "pass", at(20, 45), ada, link="https://ci.example/7")[1]
    assert report(4, "pass", at(21, 1), ada, link="https://ci.example/7")[1]
    assert Result.objects.count() == 3


def test_what_comes_when_the_night_is_over_changes_nothing(planned, ada):
    all_pass(at(21), ada, but=(4,))
    report(4, "fail", at(21), ada)

    report(4, "pass", at(11, day=24), ada)

    assert (verdict(at(11, day=24)), Night.objects.get().verdict) == ("fail", "fail")


def test_a_changed_check_says_what_changed_and_is_made_before_the_nights_it_is_used(planned, ada, pilot):
    check = Check.objects.get(number=1)

    services.change_check(
        check=check, by=pilot, now=at(18), limit="at most 3 s", used_until=date(2027, 3, 24), title=check.title
    )

    assert CheckChange.objects.get().text == (
        "limit: “at most 5 s” → “at most 3 s”\nmade until: nothing → “2027-03-24”"
    )
    with pytest.raises(services.Refused, match="Check 1 Synthetic nextVisit is not made before Wed 24 Mar 2027"):
        report(1, "pass", at(18), ada, night=date(2027, 3, 24))


def test_since_the_last_green_night_versions_and_checks_differ(planned, ada, pilot):
    from playbooks.readiness import deploying

    plan(date(2027, 3, 22), day=22)
    all_pass(at(21, day=22), ada, night=date(2027, 3, 22))
    deploying.report(service="pp", version="w12", at=at(12, day=20), by=ada, now=at(12))
    deploying.report(service="pp", version="w13", at=at(18), who="Ito", by=ada, now=at(18))
    services.change_check(check=Check.objects.get(number=4), by=pilot, now=at(18), limit="at most 20 s")

    since = queries.since_green(NIGHT, now=at(19))

    assert since.green
    assert since.green.day_obs == date(2027, 3, 22)
    assert [(one.name, one.was, one.now.version, one.now.who) for one in since.difference.services] == [
        ("pp", "w12", "w13", "Ito")
    ]
    assert [(one.number, one.who) for one in since.difference.checks] == [(4, "Petra Pilot")]


def test_the_board_asks_as_often_however_many_nights(planned, ada, django_assert_num_queries):
    all_pass(at(16), ada)
    nights = queries.last_nights(30, now=at(17))

    with django_assert_num_queries(6):
        found = queries.board(nights, now=at(17))

    assert [(one.night, one.verdict) for one in found[:2]] == [(NIGHT, "pass"), (date(2027, 3, 22), "unknown")]


def test_nothing_due_is_one_query(planned, django_assert_num_queries):
    keep(at(12))

    with django_assert_num_queries(1):
        services.keep(now=at(13), limits=None)  # type: ignore[arg-type]
