"""A reminder by Slack goes to the person's Slack account; without one it cannot be asked for."""

from datetime import timedelta
from uuid import UUID

import pytest

from oncall.paging.models import Notice
from rotations.coverage import reminders
from rotations.coverage.feed_forms import ReminderForm, offered_ways
from rotations.coverage.models import Shift
from rotations.schedule.models import Schedule
from tests.rotations.conftest import NOW

pytestmark = pytest.mark.django_db


def wants_slack(person):
    return reminders.add(person=person, moment="before", lead_minutes=60, way="slack", now=NOW - timedelta(days=4))


def test_it_is_sent_there(ada):
    ada.contact_methods.create(kind="slack", address="U0ADA", created_at=NOW)
    triage = Schedule.objects.create(name="Triage", slug="triage", stored_edition=0)
    Shift.objects.create(
        key=UUID(int=7), schedule=triage, role="primary", person=ada, origin="turn 1", why="Turn 1.",
        starts_at=NOW + timedelta(hours=1), ends_at=NOW + timedelta(hours=9), known_from=NOW - timedelta(days=4),
    )  # fmt: skip
    wants_slack(ada)

    reminders.send_due(now=NOW)

    notice = Notice.objects.get()
    assert (notice.channel, notice.address) == ("slack", "U0ADA")


def test_without_an_account_it_is_refused(ada):
    with pytest.raises(reminders.NoWay, match=r"You have no Slack account\. Add one under Me, How I am reached\."):
        wants_slack(ada)


@pytest.mark.parametrize(("spoken", "offered"), [(True, ["sms", "email", "slack"]), (False, ["sms", "email"])])
def test_it_is_offered_only_where_the_site_speaks_with_slack(settings, spoken, offered):
    settings.SLACK = spoken

    assert [value for value, _ in offered_ways()] == offered
    assert ReminderForm({"moment": "start", "way": "slack"}).is_valid() is spoken
