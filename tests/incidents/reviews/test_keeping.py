"""What follows an incident by itself: figures that settle, people who left, what is reopened or becomes restricted."""

from datetime import UTC, date, datetime, timedelta

import pytest

from incidents.command import editing
from incidents.command import services as command
from incidents.latency.models import Visit
from incidents.reviews import acting, keeping, publishing, services
from incidents.reviews.models import Review
from oncall.limits import queries as limits
from oncall.paging.models import Notice
from oncall.people.models import Person
from oncall.work.models import WorkItem
from tests.conftest import make_person
from tests.incidents.reviews.conftest import BEGAN, LATER, NOTICED, OVER, visits

pytestmark = pytest.mark.django_db
SUNRISE_IS_PAST = datetime(2027, 3, 23, 12, 0, tzinfo=UTC)
MUCH_LATER = OVER + timedelta(days=60)


def keep(now):
    keeping.keep(now=now, limits=limits.at(now))


def reviewed(review, by):
    review = services.press(review=review, move="submit", by=by, now=LATER)
    return services.press(review=review, move="approve", by=by, now=LATER)


def published(review, by):
    return publishing.publish(
        review=review, title="Cut", texts=publishing.proposed(review), version=None, by=by, now=LATER
    )


@pytest.fixture
def pending(cut):
    """Drafted while all 243 visits were pending."""
    visits(243, first=BEGAN, verdict="pending")
    return services.draft(incident=cut, by=None, now=OVER)


def all_failed():
    Visit.objects.update(verdict="failed", judge_due=None)


def test_what_is_pending_at_the_draft_is_said_to_the_community(pending):
    assert "0 of 243 eligible visits were not in time so far" in pending.content["external_message"]
    assert "243 more are pending" in pending.content["overview"]


def test_once_nothing_is_pending_it_is_counted_for_good_and_its_owner_is_told(pending, ada):
    keep(SUNRISE_IS_PAST)
    pending.refresh_from_db()
    assert pending.recounted is None
    all_failed()

    keep(SUNRISE_IS_PAST + timedelta(hours=1))

    pending.refresh_from_db()
    assert pending.recounted is not None
    assert (pending.recounted["failed"], pending.count_at) == (243, None)
    assert "0 delayed, 243 failed" in pending.content["external_message"]
    told = Notice.objects.get(person=ada, key__contains=":counted:")
    assert "Visits pending 243 → 0" in told.text


def test_what_is_pending_is_neither_approved_nor_published(pending, grace, pilot):
    review = services.press(review=pending, move="submit", by=grace, now=LATER)
    with pytest.raises(services.NotAllowed, match="Of 243 visits"):
        services.press(review=review, move="approve", by=grace, now=LATER)
    Review.objects.update(state="reviewed", reviewed_by=grace, reviewed_at=LATER)

    with pytest.raises(services.Refused, match="243 visits are pending"):
        published(review, pilot)


def test_what_is_published_is_counted_once_more_and_its_sentences_follow(cut, grace, pilot):
    visits(243, first=BEGAN, verdict="failed")
    review = reviewed(services.draft(incident=cut, by=None, now=OVER), grace)
    Visit.objects.filter(visit_id__lte=2027032200100).update(verdict="delayed")

    review = published(review, pilot)

    assert (review.published["figures"]["delayed"], review.published["figures"]["failed"]) == (100, 143)
    assert "100 delayed, 143 failed" in review.published["sections"]["overview"]


def test_a_night_that_is_not_over_is_counted_again_when_it_is(cut):
    visits(243, first=BEGAN, verdict="failed")
    review = services.draft(incident=cut, by=None, now=OVER)
    visits(757, first=OVER, verdict="in_time", number=500)

    keep(SUNRISE_IS_PAST)

    before = review.figures["nights"][0]
    review.refresh_from_db()
    assert review.recounted is not None
    after = review.recounted["nights"][0]
    assert (before["lost"], before["over"], after["lost"], after["over"]) == ("100.0", False, "24.3", True)


def test_by_day_nobody_misses_visits(declared, ada):
    incident = declared(severity=2, now=datetime(2027, 3, 23, 13, 0, tzinfo=UTC))
    over = datetime(2027, 3, 23, 21, 0, tzinfo=UTC)
    incident = command.move(incident=incident, move="resolve", by=ada, now=over)

    assert services.draft(incident=incident, by=None, now=over).figures["unseen"] == 0


def test_one_visit_that_was_reported_hides_none_that_were_not(cut):
    visits(1, first=BEGAN, verdict="in_time")

    assert services.draft(incident=cut, by=None, now=OVER).figures["unseen"] == 242  # 9,000 s at 37 s, less one


def test_visits_of_the_third_week_count_too(declared, ada):
    incident = declared(severity=2, now=BEGAN)
    visits(3, first=BEGAN + timedelta(days=15), verdict="failed")
    over = BEGAN + timedelta(days=16)
    incident = command.move(incident=incident, move="resolve", by=ada, now=over)

    assert services.draft(incident=incident, by=None, now=over).figures["failed"] == 3


def test_a_beginning_after_the_end_is_refused(review, ada):
    with pytest.raises(services.Refused, match="The effect had ended by then at 23 Mar 04:40 UTC"):
        services.recount(review=review, by=ada, now=LATER, starts=OVER + timedelta(minutes=20))


def test_whose_owner_has_left_is_drafted_for_nobody_and_the_pilot_is_told(declared, ada, pilot):
    gone = make_person("Zoe Gone")
    incident = declared(severity=2, by=gone, now=NOTICED)
    command.move(incident=incident, move="resolve", by=ada, now=OVER)
    Person.objects.filter(pk=gone.pk).update(is_active=False)

    keep(OVER)

    assert Review.objects.get().owner is None
    assert "is nobody's. Name an owner" in Notice.objects.get(person=pilot, key__endswith=":nobodys").text


def test_what_breaks_each_time_holds_no_other_review_up(declared, ada, monkeypatch):
    for n in range(6):
        incident = declared(title=f"No {n}", severity=2, now=NOTICED)
        command.move(incident=incident, move="resolve", by=ada, now=OVER)
    draft = services.draft

    def breaks(*, incident, **rest):
        if incident.number < 6:
            raise ValueError("broken")
        return draft(incident=incident, **rest)

    monkeypatch.setattr(services, "draft", breaks)
    with pytest.raises(ValueError, match="broken"):
        keep(OVER)

    assert Review.objects.get().incident.number == 6


def test_a_reopened_incident_has_its_review_due_and_counted_anew_when_it_is_over(review, cut, ada, grace, pilot):
    published(reviewed(review, grace), pilot)
    command.move(incident=cut, move="reopen", by=ada, now=MUCH_LATER)
    keep(MUCH_LATER)
    review.refresh_from_db()
    assert (review.due_at, review.remind_at, review.published_at) == (None, None, None)
    cut.refresh_from_db()
    command.move(incident=cut, move="resolve", by=ada, now=MUCH_LATER + timedelta(hours=3))

    keep(MUCH_LATER + timedelta(hours=3))

    review.refresh_from_db()
    assert review.recounted is not None
    assert review.due_at == MUCH_LATER + timedelta(days=3, hours=3)
    assert review.recounted["seconds"] == 9000 + 3 * 3600
    assert "The effect lasted 5 h 30 min" in review.content["overview"]


def test_a_false_alarm_that_was_none_has_its_task_again(declared, ada):
    incident = declared(severity=1, now=NOTICED)
    keep(NOTICED)
    incident = command.move(incident=incident, move="false_alarm", by=ada, now=OVER)
    keep(OVER)
    command.move(incident=incident, move="reopen", by=ada, now=LATER)

    keep(LATER)
    keep(LATER)

    assert WorkItem.objects.filter(state="open", key__startswith="catch-up:").count() == 1
    assert WorkItem.objects.count() == 2


def test_the_line_of_the_task_leads_to_it(cut, client, grace):
    keep(OVER)
    client.force_login(grace)

    assert client.get(cut.entries.get(key="catch-up").url).status_code == 200


def test_an_incident_that_becomes_restricted_is_no_more_told_by_its_work_items(review, cut, ada, grace, client):
    acting.add(
        review=review, title="Rotate the leaked key", kind="technical", due_on=date(2027, 4, 1), owner=ada, by=ada,
        now=LATER,
    )  # fmt: skip
    keep(LATER)
    before = set(WorkItem.objects.values_list("title", "text"))
    editing.restrict(incident=cut, by=ada, now=LATER)

    keep(LATER)

    assert set(WorkItem.objects.values_list("title", "url")) == {
        ("Catch up after incident 1", "/incidents/1/"),
        ("An action after incident 1", "/reviews/1/"),
    }
    client.force_login(grace)
    page = client.get("/work-items/").content.decode()
    assert ("leaked" in page, "Long-haul" in page) == (False, False)
    cut.refresh_from_db()
    editing.open_up(incident=cut, by=grace, now=LATER, why="The key is void.")
    keep(LATER)
    assert set(WorkItem.objects.values_list("title", "text")) == before


def test_whoever_changed_the_text_last_does_not_approve_it(review, ada, grace, mae):
    review = services.press(review=review, move="submit", by=ada, now=LATER)
    review = services.edit(review=review, content={"lucky": "x"}, by=grace, version=review.version, now=LATER)

    with pytest.raises(services.NotAllowed, match="You changed its text last"):
        services.press(review=review, move="approve", by=grace, now=LATER)

    assert services.press(review=review, move="approve", by=mae, now=LATER).state == "reviewed"
