from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from rotations.coverage import queries
from rotations.coverage.models import SignedGap
from rotations.coverage.review import review
from rotations.schedule import drafts, services
from rotations.schedule.models import Schedule
from rotations.schedule.spec import spec_of

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


@pytest.fixture
def page(schedule):
    return reverse("schedule_draft", args=[schedule.pk])


@pytest.fixture
def by_pilot(client, pilot):
    client.force_login(pilot)
    return client


@pytest.fixture
def draw(schedule, pilot):
    def draw(promise=None, **changes):
        spec = spec_of(schedule)
        spec = replace(spec, **(promise or {}), rotations=(replace(spec.rotations[0], **changes),))
        return drafts.save_draft(schedule=schedule, spec=spec, by=pilot, now=NOW)

    return draw


def test_everybody_sees_a_draft_and_what_it_would_change(client, page, draw, ada):
    draw(people=tuple(reversed(drafts.drawn(Schedule.objects.get()).rotations[0].people)))
    client.force_login(ada)
    shown = client.get(page).content.decode()
    assert "Grace Hopper" in shown
    assert "The pilot and the administrators publish it." in shown
    assert "Publish</button>" not in shown


def test_the_pilot_publishes_what_was_reviewed(by_pilot, page, draw, schedule):
    draw(every=2)
    edition = by_pilot.get(page).context["form"].initial["reviewed"]
    answer = by_pilot.post(f"{page}publish/", {"reviewed": edition})
    assert answer.url == reverse("schedule", args=[schedule.pk])
    assert schedule.rotations.get().every == 2


def test_what_changed_meanwhile_is_shown_before_it_is_published(by_pilot, page, draw, schedule):
    found = draw(every=2)
    edition = review(found, now=NOW).edition
    services.touch(schedules=[schedule], now=NOW)
    answer = by_pilot.post(f"{page}publish/", {"reviewed": edition})
    assert answer.status_code == 400
    assert "changed while you looked" in answer.content.decode()
    assert schedule.rotations.get().every == 1


def test_gaps_ask_for_a_signature_at_its_field(by_pilot, page, draw):
    draw({"needs": "always"}, weekdays=(1, 2, 3, 4, 5))
    answer = by_pilot.post(f"{page}publish/", {})
    assert answer.status_code == 400
    assert "would have 52 gaps" in answer.context["form"].errors["signature"][0]
    by_pilot.post(f"{page}publish/", {"signature": "Best effort"})
    assert SignedGap.objects.count() == 52


def test_nobody_else_publishes_or_discards(client, page, draw, ada):
    draw(every=2)
    client.force_login(ada)
    assert [client.post(f"{page}{verb}/").status_code for verb in ("publish", "discard", "redraw")] == [403] * 3
    assert drafts.open_drafts().count() == 1


def test_a_draft_is_discarded(by_pilot, page, draw, schedule):
    draw(every=2)
    by_pilot.post(f"{page}discard/")
    assert drafts.open_draft(schedule) is None


def test_a_stale_draft_says_so_and_is_drawn_anew(by_pilot, page, draw, schedule, ada):
    draw(every=2)
    services.set_participants(rotation=schedule.rotations.get(), people=[ada], now=NOW)
    assert "The schedule changed since this was drawn." in by_pilot.get(page).content.decode()
    by_pilot.post(f"{page}redraw/")
    assert "The schedule changed since this was drawn." not in by_pilot.get(page).content.decode()


def test_a_draft_that_cannot_be_any_more_says_why(by_pilot, page, draw, grace):
    draw(every=2)
    grace.is_active = False
    grace.save()
    answer = by_pilot.get(page)
    assert answer.status_code == 200
    assert "Grace Hopper has left and cannot be on call." in answer.content.decode()


def test_without_a_draft_the_page_shows_what_is_in_force(by_pilot, page):
    shown = by_pilot.get(page).content.decode()
    assert "Triage West" in shown
    assert by_pilot.post(f"{page}publish/").status_code == 302


def test_a_schedule_in_use_is_not_removed(by_pilot, schedule):
    answer = by_pilot.post(reverse("schedule_remove", args=[schedule.pk]), follow=True)
    assert "Take its rotations out instead" in answer.content.decode()
    assert Schedule.objects.count() == 1


def test_a_gap_is_signed_where_it_is_shown(by_pilot, draw, schedule, pilot):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    services.delete_rotation(rotation=schedule.rotations.get(), now=NOW)
    page = reverse("schedule_gaps", args=[schedule.pk])
    ((gap, starts, ends, near),) = by_pilot.get(page).context["gaps"]
    assert (gap.starts_at, gap.ends_at, near) == (NOW, NOW + timedelta(days=28), True)
    refused = by_pilot.post(page, {"starts_at": starts, "ends_at": ends, "reason": " "})
    assert (refused.status_code, refused.context["failed"]) == (400, NOW)
    by_pilot.post(page, {"starts_at": starts, "ends_at": ends, "reason": "Cloudy"})
    assert SignedGap.objects.get().by == pilot
    assert by_pilot.get(page).context["gaps"] == []


def test_a_member_sees_gaps_and_cannot_sign(client, schedule, ada):
    Schedule.objects.filter(pk=schedule.pk).update(needs="always", at_least=2)
    page = reverse("schedule_gaps", args=[schedule.pk])
    client.force_login(ada)
    ((_, starts, ends, _), *_) = client.get(page).context["gaps"]
    assert client.post(page, {"starts_at": starts, "ends_at": ends, "reason": "x"}).status_code == 403
    assert b"<details><summary>Sign" not in client.get(page).content


@pytest.mark.parametrize("odd", ["", "yesterday", "9999-12-31T23:59:59.000000+0000", "\x00"])
def test_a_gap_that_is_none_is_refused(by_pilot, schedule, odd):
    page = reverse("schedule_gaps", args=[schedule.pk])
    answer = by_pilot.post(page, {"starts_at": odd, "ends_at": odd, "reason": "x"})
    assert answer.status_code == 400


def test_what_somebody_holds_is_handed_over(by_pilot, schedule, ada, grace):
    page = reverse("hand_over", args=[ada.pk])
    assert "a place in" in by_pilot.get(page).content.decode()
    by_pilot.post(page, {"to": grace.pk})
    assert queries.on_call(schedule=schedule, at=NOW)[0].person == grace
    assert "holds nothing in rotations" in by_pilot.get(page).content.decode()


def test_a_term_that_somebody_still_serves_is_shown_and_handed_over(by_pilot, schedule, turns, ada, grace, lise):
    """In an alphabetical order who is on stays until relieved: Ada until Monday 29 March."""
    rotation, by_name = schedule.rotations.get(), replace(turns, order="alphabetical")
    before = NOW - timedelta(days=40)
    rotation = services.edit_rotation(
        rotation=rotation, name="West", turns=by_name, people=[ada, grace, lise], now=before
    )
    services.set_participants(rotation=rotation, people=[grace, lise], now=NOW)
    page = reverse("hand_over", args=[ada.pk])
    assert "is on call for Triage" in by_pilot.get(page).content.decode()
    by_pilot.post(page, {"to": grace.pk})
    assert queries.on_call(schedule=schedule, at=NOW)[0].person == grace
    assert "holds nothing in rotations" in by_pilot.get(page).content.decode()


def test_only_who_may_configure_hands_over(client, ada, grace, schedule):
    client.force_login(grace)
    assert client.get(reverse("hand_over", args=[ada.pk])).status_code == 403
