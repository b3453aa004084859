"""An overdue message reminds the liaison, then the commander; mails that fail are told to whoever sent them."""

from datetime import timedelta

import pytest

from incidents.command import assigning, editing
from incidents.command import services as command
from incidents.command.models import Entry
from incidents.updates import queries, reminding, services
from oncall.limits import queries as limits
from oncall.outside.mailing_models import Mailing
from oncall.paging.models import Notice
from tests.conftest import make_person
from tests.incidents.updates.conftest import message

pytestmark = pytest.mark.django_db


@pytest.fixture
def liaison(commanded, now):
    mae = make_person("Mae Castillo", "+14155550104")
    assigning.take(incident=commanded, role="external_liaison", by=mae, now=now)
    return mae


def keep(now):
    reminding.keep(now=now, limits=limits.at(now))


def reminded() -> list[str]:
    return sorted(one.person.username for one in Notice.objects.filter(key__startswith="update:due:"))


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(4, []), (5, ["mae"]), (9, ["mae"]), (10, ["grace", "mae"]), (25, ["grace", "mae"])],
)
def test_the_liaison_at_once_the_commander_five_minutes_later(commanded, liaison, now, minutes, expected):
    keep(now + timedelta(minutes=minutes))

    assert reminded() == expected


def test_twice_is_once_and_twenty_minutes_later_it_is_said_again(commanded, liaison, now):
    for minutes in (5, 5, 6, 25, 25):
        keep(now + timedelta(minutes=minutes))

    assert reminded() == ["grace", "mae", "mae"]
    assert commanded.entries.filter(key__startswith="update:due:").count() == 1


def test_a_reminder_is_no_message_sent(commanded, liaison, now):
    keep(now + timedelta(minutes=5))

    assert not commanded.entries.filter(kind=Entry.Kind.UPDATE).exists()


def test_without_a_liaison_the_commander_is_reminded_at_once(commanded, now):
    keep(now + timedelta(minutes=5))

    assert reminded() == ["grace"]


@pytest.mark.parametrize("changes", [{"severity": 3}, {"restricted": True}])
def test_nobody_is_reminded_of_what_has_no_clock(declared, grace, now, changes):
    incident = declared(**changes)
    assigning.take(incident=incident, role="commander", by=grace, now=now)

    keep(now + timedelta(hours=1))

    assert reminded() == []


def test_the_clock_of_one_that_is_restricted_no_more_starts_then(declared, ada, grace, in_force, now):
    incident, opened_at = declared(severity=1, restricted=True), now + timedelta(days=3)
    assigning.take(incident=incident, role="commander", by=grace, now=now)

    incident = editing.open_up(incident=incident, by=ada, why="It is published.", now=opened_at)
    keep(opened_at + timedelta(minutes=1))

    clock = queries.clock_of(incident, now=opened_at + timedelta(minutes=1), limits=in_force)
    assert (clock.since, clock.due.at, clock.must_name) == (opened_at, opened_at + timedelta(minutes=5), False)
    assert reminded() == []
    assert not incident.entries.filter(text__contains="overdue").exists()


def test_nothing_due_costs_five_queries(commanded, now, django_assert_num_queries):
    in_force = limits.at(now)

    with django_assert_num_queries(5):
        reminding.keep(now=now, limits=in_force)


def test_with_nobody_in_a_role_or_on_duty_the_pilot_is_reminded(declared, pilot, now):
    declared(severity=1)

    keep(now + timedelta(minutes=5))

    assert reminded() == [pilot.username]


def tell(incident, by, now, **changes):
    update = services.write_draft(incident=incident, draft=message(**changes), by=by, now=now)
    return services.send(update=update, edition=1, by=by, now=now)


@pytest.mark.parametrize("move", ["resolve", "false_alarm"])
def test_a_promise_stands_once_it_is_over_and_whoever_had_a_role_is_reminded(commanded, liaison, grace, now, move):
    tell(commanded, grace, now, next_at=now + timedelta(minutes=15))
    command.move(incident=commanded, move=move, by=grace, now=now + timedelta(minutes=1))

    reminders = []
    for minutes in (14, 15, 20, 60, 15 + 24 * 60):
        keep(now + timedelta(minutes=minutes))
        reminders.append(reminded())

    assert reminders == [[], ["mae"], ["grace", "mae"], ["grace", "mae"], ["grace", "mae", "mae"]]
    assert commanded.entries.get(key__startswith="update:due:over:").text == (
        "It is over, and the community was not told so."
    )  # fmt: skip


def test_after_a_day_the_pilot_is_reminded_that_it_is_over_and_nobody_once_it_was_told(commanded, pilot, grace, now):
    day, due = timedelta(days=1), now + timedelta(minutes=20)
    tell(commanded, grace, now)
    command.move(incident=commanded, move="resolve", by=grace, now=now)
    keep(due + day)
    assert reminded() == ["grace", pilot.username]

    tell(commanded, grace, due + day, stage="resolved")
    keep(due + 2 * day)

    assert reminded() == ["grace", pilot.username]


@pytest.mark.parametrize(("live", "expected"), [(True, []), (False, ["ada"])], ids=["goes on", "over"])
def test_one_that_was_merged_reminds_only_when_the_other_is_over_and_was_never_told_of(
    declared, ada, now, live, expected
):
    one, other = declared(title="One", severity=3), declared(title="Other", severity=3)
    assigning.take(incident=one, role="commander", by=ada, now=now)
    tell(one, ada, now)
    command.move(incident=one, move="merge", by=ada, now=now, into=other)
    if not live:
        command.move(incident=other, move="resolve", by=ada, now=now)

    keep(now + timedelta(hours=1))

    assert reminded() == expected


def test_whoever_takes_command_over_is_asked_for_the_yes_that_waits(commanded, ada, grace, now):
    mae = make_person("Mae Castillo", "+14155550104")
    update = tell(commanded, ada, now)
    assigning.release(incident=commanded, role="commander", by=grace, now=now)
    assigning.take(incident=commanded, role="commander", by=mae, now=now)

    keep(now)
    keep(now + timedelta(minutes=1))

    update.refresh_from_db()
    assert (update.state, update.put_to) == ("asked", mae)
    asked = Notice.objects.filter(key__startswith="update:ask:").order_by("created_at", "key")
    assert sorted(one.person.username for one in asked) == ["grace", "mae"]
    assert commanded.entries.filter(key__startswith="asked:").count() == 2


def test_a_mail_that_fails_again_is_told_again(declared, brokers, ada, now):
    tell(declared(), ada, now, audiences=[brokers])
    for minutes in (0, 10):
        at = now + timedelta(minutes=minutes)
        Mailing.objects.update(state="given_up", next_due=None, ended_at=at, tries=1, told_at=None)
        keep(at)

    assert Notice.objects.filter(key__startswith="update:failed:").count() == 2


def test_what_failed_of_a_restricted_incident_is_told_in_its_own_timeline_alone(declared, brokers, ada, now):
    incident = declared()
    tell(incident, ada, now, audiences=[brokers])
    editing.restrict(incident=incident, by=ada, now=now)
    Mailing.objects.update(state="given_up", next_due=None, ended_at=now, tries=1)

    keep(now)

    assert not Notice.objects.filter(key__startswith="update:failed:").exists()
    assert "did not reach alerts@" in incident.entries.get(key__startswith="update:failed:").text


def test_whoever_sent_it_is_told_once_what_did_not_arrive(declared, brokers, ada, now):
    update = services.write_draft(incident=declared(), draft=message(audiences=[brokers]), by=ada, now=now)
    services.send(update=update, edition=1, by=ada, now=now)
    Mailing.objects.filter(address__contains="fink").update(state="given_up", next_due=None, ended_at=now, tries=6)

    keep(now)
    keep(now + timedelta(minutes=1))

    notice = Notice.objects.get(key__startswith="update:failed:")
    assert notice.person == ada
    assert "did not reach alerts@fink.example.org." in notice.text
