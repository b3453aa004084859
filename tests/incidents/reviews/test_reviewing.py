"""From a draft to a closed review, with its numbers, its people and its reminders."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from incidents.alarms import engine
from incidents.command import assigning, editing
from incidents.command import services as command
from incidents.latency.models import Visit
from incidents.reviews import acting, counting, keeping, publishing, services
from incidents.reviews.models import CatchUp, Review, Version
from oncall.paging.models import Notice
from oncall.people.models import Team
from oncall.work.models import WorkItem
from rotations.leave.models import CallOut
from tests.incidents.reviews.conftest import BEGAN, LATER, NOTICED, OVER, visits

pytestmark = pytest.mark.django_db


def reviewed(review, by):
    review = services.press(review=review, move="submit", by=by, now=LATER)
    return services.press(review=review, move="approve", by=by, now=LATER)


def test_a_draft_counts_the_visits_that_ended_while_it_lasted(cut):
    visits(243, first=BEGAN, verdict="failed")
    visits(2, first=OVER, verdict="failed", number=500)  # after the end: half-open
    visits(1, first=OVER - timedelta(seconds=1), verdict="in_time", number=600)

    review = services.draft(incident=cut, by=None, now=OVER)

    figures = review.figures
    assert (figures["eligible"], figures["failed"], figures["delayed"]) == (244, 243, 0)
    assert (figures["year"]["late_2"], figures["year"]["failed_01"]) == ("4.1", "81.0")
    assert figures["minutes_by_severity"] == {"1": 115, "2": 35}
    assert figures["nights"][0]["eligible"] == 246
    assert "243 of 244 eligible visits were not in time" in review.content["overview"]
    assert "4.1 % of the 2 %" in review.content["impact"]


def test_a_draft_is_the_commanders_and_due_three_days_after_a_sev_1(review, ada):
    assert review.owner == ada
    assert review.due_at == datetime(2027, 3, 26, 4, 40, tzinfo=UTC)
    assert "Incident commander: Ada Moreno, 02:15 UTC to 04:40 UTC" in review.content["responders"]


def test_a_sev_2_is_due_at_the_end_of_the_fifth_working_day(declared, ada):
    incident = command.move(incident=declared(severity=2, now=NOTICED), move="resolve", by=ada, now=OVER)

    review = services.draft(incident=incident, by=None, now=OVER)

    # Monday evening in California; Tuesday to Monday are five working days, which end at 17:00 PDT
    assert review.due_at == datetime(2027, 3, 30, 0, 0, tzinfo=UTC)
    assert review.calendar == "Default, Mon-Fri 09:00-17:00, no holidays"


def test_drafting_twice_keeps_the_first(review, cut, grace):
    again = services.draft(incident=cut, by=grace, owner=grace, now=LATER)

    assert (again.pk, again.owner.name, Version.objects.count()) == (review.pk, "Ada Moreno", 1)


def test_what_is_worked_on_has_no_review_yet(declared, ada):
    with pytest.raises(services.Refused, match="is still worked on"):
        services.draft(incident=declared(), by=ada, now=LATER)


def test_people_called_and_hours_are_totals(fired, ada, mae, in_force):
    alarm = fired(at=NOTICED)
    engine.escalate_due(now=NOTICED, limits=in_force)
    incident = command.declare(title="x", severity=2, by=mae, now=NOTICED, alarms=[alarm])
    assigning.take(incident=incident, role="commander", by=mae, now=NOTICED)
    CallOut.objects.create(
        person=ada, starts_at=NOTICED, ends_at=NOTICED + timedelta(hours=2), subjects=[alarm.subject], rule={}
    )
    incident = command.move(incident=incident, move="resolve", by=mae, now=OVER)

    figures = services.draft(incident=incident, by=None, now=OVER).figures

    assert (figures["people_called"], figures["worked_s"]) == (1, 7200)
    assert "Ada" not in str(figures)


def test_an_effect_that_began_after_it_was_declared_counts_from_then(declared, ada, now, in_force):
    incident = declared(severity=2)
    begins = now + timedelta(minutes=30)
    editing.edit(incident=incident, changes={"impact_starts_at": begins}, by=ada, now=now + timedelta(minutes=31))
    visits(40, first=now, verdict="failed")  # the last of them 26 minutes later
    visits(7, first=begins, verdict="failed", number=1000)
    incident = command.move(incident=incident, move="resolve", by=ada, now=now + timedelta(hours=1))

    figures = counting.count(incident, now=now + timedelta(hours=1), limits=in_force)

    assert figures["failed"] == 7
    assert figures["spans"] == [{"starts_at": "2027-03-23T03:40:00Z", "ends_at": "2027-03-23T04:10:00Z"}]


def test_counting_again_says_what_catch_up_changed_and_keeps_the_draft(cut, ada):
    visits(10, first=BEGAN, verdict="failed")
    review = services.draft(incident=cut, by=None, now=OVER)
    Visit.objects.filter(visit_id__lte=2027032200004).update(verdict="delayed")

    again = services.recount(review=review, by=ada, now=LATER)

    assert again.recounted is not None
    assert (again.figures["failed"], again.recounted["failed"], again.recounted["delayed"]) == (10, 6, 4)
    assert "4 delayed, 6 failed" in again.content["impact"]


def test_counting_again_leaves_what_somebody_wrote(cut, ada):
    review = services.draft(incident=cut, by=None, now=OVER)
    services.edit(review=review, content={"impact": "Little."}, by=ada, version=1, now=LATER)
    visits(10, first=BEGAN, verdict="failed")

    again = services.recount(review=review, by=ada, now=LATER)

    assert again.recounted is not None
    assert (again.content["impact"], again.recounted["failed"]) == ("Little.", 10)


def test_who_saves_second_is_told_and_loses_nothing_of_the_first(review, ada, grace):
    services.edit(review=review, content={"lucky": "It was Monday."}, by=ada, version=1, now=LATER)

    with pytest.raises(services.Moved, match="Somebody changed this review"):
        services.edit(review=review, content={"lucky": "No."}, by=grace, version=1, now=LATER)

    review.refresh_from_db()
    assert (review.content["lucky"], review.version) == ("It was Monday.", 2)


def test_versions_cannot_be_changed(review):
    Version.objects.update(what=F("what"))

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Version.objects.update(what="x")


def test_the_owner_cannot_review_their_own(review, ada):
    review = services.press(review=review, move="submit", by=ada, now=LATER)

    with pytest.raises(services.NotAllowed, match="Nobody reviews their own"):
        services.press(review=review, move="approve", by=ada, now=LATER)


def test_a_second_person_reviews_a_lead_closes_and_the_incident_is_closed(review, ada, grace, mae, cut):
    Team.objects.create(name="Triage", slug="triage", lead=mae).members.add(ada)
    review = reviewed(review, grace)
    with pytest.raises(services.NotAllowed, match="A lead of the owner's team"):
        services.press(review=review, move="close", by=grace, now=LATER)

    services.press(review=review, move="close", by=mae, now=LATER)

    cut.refresh_from_db()
    assert (cut.state, cut.closed_at) == ("closed", LATER)


def test_a_named_reviewer_is_the_one_who_reviews(review, grace, mae, ada):
    services.appoint(review=review, reviewers=[mae], by=ada, now=LATER)
    services.press(review=review, move="submit", by=ada, now=LATER)

    with pytest.raises(services.NotAllowed, match="you are not one of them"):
        services.press(review=review, move="approve", by=grace, now=LATER)

    assert services.press(review=review, move="approve", by=mae, now=LATER).state == "reviewed"


def test_the_chore_drafts_once_and_opens_one_task_to_catch_up(cut, in_force):
    keeping.keep(now=OVER, limits=in_force)
    item = WorkItem.objects.get(key__startswith="catch-up:")
    WorkItem.objects.update(state="done", done_at=OVER)

    keeping.keep(now=LATER, limits=in_force)

    assert (Review.objects.count(), CatchUp.objects.count(), WorkItem.objects.count()) == (1, 1, 1)
    assert item.title == "Catch up with what was missed: incident 1, Long-haul network cut"


def test_a_false_alarm_needs_no_catching_up(declared, ada, in_force):
    incident = declared(severity=1, now=NOTICED)
    keeping.keep(now=NOTICED, limits=in_force)
    command.move(incident=incident, move="false_alarm", by=ada, now=OVER)

    keeping.keep(now=OVER, limits=in_force)

    assert WorkItem.objects.get().state == "done"


def test_nothing_of_a_restricted_incident_becomes_a_work_item(ada, in_force):
    incident = command.declare(title="Stolen key", severity=1, by=ada, now=NOTICED, restricted=True)
    incident = command.move(incident=incident, move="resolve", by=ada, now=OVER)
    keeping.keep(now=OVER, limits=in_force)
    acting.add(
        review=Review.objects.get(), title="Rotate", kind="technical", due_on=date(2027, 4, 1), owner=ada, by=ada,
        now=LATER,
    )  # fmt: skip

    assert not WorkItem.objects.exists()


def test_who_is_late_is_reminded_and_a_day_later_the_pilot_too(review, ada, pilot, in_force):
    told = Notice.objects.filter(key__contains=":due:")
    keeping.keep(now=review.due_at, limits=in_force)
    assert list(told.values_list("person__name", flat=True)) == ["Ada Moreno"]

    keeping.keep(now=review.due_at + timedelta(days=1), limits=in_force)
    keeping.keep(now=review.due_at + timedelta(days=1), limits=in_force)

    assert sorted(told.values_list("person__name", flat=True)) == ["Ada Moreno", "Ada Moreno", "Petra Pilot"]


def test_a_reopened_incident_makes_its_reviewed_review_a_draft(review, grace, ada, cut, in_force):
    reviewed(review, grace)
    command.move(incident=cut, move="reopen", by=ada, now=LATER)

    keeping.keep(now=LATER, limits=in_force)

    review.refresh_from_db()
    assert (review.state, review.reviewed_by) == ("draft", None)


def test_an_action_is_a_work_item_of_the_team_and_ends_with_it(review, grace):
    team = Team.objects.create(name="Data Facility", slug="df")
    action = acting.add(
        review=review, title="Watch the disk", kind="technical", due_on=date(2027, 4, 1), team=team, by=grace, now=LATER
    )

    acting.finish(action=action, by=grace, now=LATER)

    item = WorkItem.objects.get()
    assert (item.team, item.state) == (team, "done")
    assert item.due_at == datetime(2027, 4, 2, 0, 0, tzinfo=UTC)  # 17:00 in California


def test_what_is_published_names_nobody(review, grace, pilot):
    review = reviewed(review, grace)

    review = publishing.publish(
        review=review, title=publishing.proposed_title(review), texts=publishing.proposed(review), version=None,
        by=pilot, now=LATER,
    )  # fmt: skip

    assert "the incident commander saw socat time out" in review.published["sections"]["what_happened"]
    assert not any(name in str(review.published) for name in ("Ada", "Moreno", "Grace", "Okafor"))


def test_what_nobody_has_reviewed_is_not_published(review, pilot):
    with pytest.raises(services.Refused, match="a second person has reviewed it"):
        publishing.publish(review=review, title="x", texts={}, version=None, by=pilot, now=LATER)
