from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rotations.schedule import drafts
from rotations.schedule.models import Draft
from rotations.schedule.spec import BadSpec, RotationSpec, spec_of

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


@pytest.fixture
def wider(schedule):
    """What the schedule is, with turns of two weeks."""
    (one,) = spec_of(schedule).rotations
    return spec_of(schedule).having(replace(one, every=2))


def test_what_is_drawn_is_kept_and_in_force_is_what_was(schedule, wider, pilot):
    drafts.save_draft(schedule=schedule, spec=wider, by=pilot, now=NOW)
    assert drafts.drawn(schedule) == wider
    assert spec_of(schedule) != wider


def test_one_draft_is_open_at_a_time_and_drawn_on(schedule, wider, pilot):
    first = drafts.save_draft(schedule=schedule, spec=wider, by=pilot, now=NOW)
    second = drafts.save_draft(schedule=schedule, spec=replace(wider, skill="triage"), by=pilot, now=NOW)
    assert (first.pk, drafts.drawn(schedule).skill) == (second.pk, "triage")


def test_nobody_else_draws(schedule, wider, pilot, ada):
    with pytest.raises(drafts.NotAllowed, match="Only the pilot and administrators"):
        drafts.save_draft(schedule=schedule, spec=wider, by=ada, now=NOW)
    draft = drafts.save_draft(schedule=schedule, spec=wider, by=pilot, now=NOW)
    with pytest.raises(drafts.NotAllowed):
        drafts.discard(draft=draft, by=ada, now=NOW)
    with pytest.raises(drafts.NotAllowed):
        drafts.redraw(draft=draft, by=ada, now=NOW)


def test_what_could_not_be_published_is_not_kept(schedule, wider, pilot):
    with pytest.raises(BadSpec):
        drafts.save_draft(
            schedule=schedule, spec=wider.having(replace(wider.rotations[0], people=())), by=pilot, now=NOW
        )
    assert not Draft.objects.exists()


def test_a_new_rotation_has_an_id_from_when_it_is_drawn(schedule, pilot, ada, wider):
    one = wider.rotations[0]
    new = RotationSpec(name="New", first_on=one.first_on, handoff_time=one.handoff_time, people=one.people)
    drafts.draw_rotation(schedule=schedule, rotation=new, by=pilot, now=NOW)
    assert drafts.drawn(schedule).rotations[1].id is not None


def test_discarding_leaves_what_is_in_force(schedule, wider, pilot):
    draft = drafts.save_draft(schedule=schedule, spec=wider, by=pilot, now=NOW)
    drafts.discard(draft=draft, by=pilot, now=NOW)
    drafts.discard(draft=draft, by=pilot, now=NOW)
    assert drafts.open_draft(schedule) is None
    assert drafts.drawn(schedule) == spec_of(schedule)


def test_a_draft_that_is_closed_is_not_drawn_on(schedule, wider, pilot):
    draft = drafts.save_draft(schedule=schedule, spec=wider, by=pilot, now=NOW)
    drafts.discard(draft=draft, by=pilot, now=NOW)
    with pytest.raises(drafts.NoLongerOpen, match="was discarded meanwhile"):
        drafts.redraw(draft=draft, by=pilot, now=NOW)
