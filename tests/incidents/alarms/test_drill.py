"""The weekly drill: what counts is when text and call arrive at the telephone; two that do not pass are a trouble."""

import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.alarms import drill
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Attempt, Callback, ContactMethod, NotificationRule, Page
from oncall.troubles.models import Drill, Trouble
from tests.conftest import NOW, make_person

SECOND = timedelta(seconds=1)


@pytest.fixture
def in_force(db):
    return limits.at(NOW)


@pytest.fixture
def modem(db):
    """A telephone that answers by itself: text at once, call after a minute."""
    person = make_person("Modem Of The Drill", "+14155550199")
    contact = ContactMethod.objects.get(person=person)
    ContactMethod.objects.update(verified_at=NOW)
    for delay_s, channel in ((0, "sms"), (60, "voice")):
        NotificationRule.objects.create(
            person=person, urgency="high", delay_s=delay_s, channel=channel, contact=contact
        )
    return person


def attempt(page, n, channel, **fields) -> Attempt:
    return Attempt.objects.create(
        page=page, n=n, channel=channel, address="+14155550199", body="", state="finished", started_at=NOW,
        ended_at=NOW, **fields,
    )  # fmt: skip


def text_arrives(page, after: float) -> None:
    made = attempt(page, 1, "sms")
    for status, seconds in (("sent", 1), ("delivered", after)):
        Callback.objects.create(attempt=made, sid="SM1", status=status, received_at=NOW + seconds * SECOND)


def call_is_picked_up(page, after: float) -> None:
    attempt(page, 2, "voice", told_at=NOW + after * SECOND)


def troubles() -> list[str]:
    return list(Trouble.objects.open().values_list("key", flat=True))


def hold(person, *, at=NOW, text=None, call=None) -> Drill:
    page = drill.begin(person=person, now=at)
    if text is not None:
        text_arrives(page, text)
    if call is not None:
        call_is_picked_up(page, call)
    return drill.finish(page=page, now=at + timedelta(minutes=4), limits=limits.at(at))


def test_it_measures_from_the_page_to_the_telephone(modem):
    """W4."""
    row = hold(modem, text=8, call=71)

    assert (row.text_s, row.call_s, row.passed) == (8, 71, True)


@pytest.mark.parametrize(
    ("text", "call", "passed"),
    [(180, 180, True), (181, 71, False), (8, 181, False), (None, 71, False), (8, None, False)],
)
def test_it_passes_when_both_arrive_within_three_minutes(modem, text, call, passed):
    assert hold(modem, text=text, call=call).passed is passed


def test_a_text_that_was_only_sent_has_not_arrived(modem):
    page = drill.begin(person=modem, now=NOW)
    Callback.objects.create(attempt=attempt(page, 1, "sms"), sid="SM1", status="sent", received_at=NOW)

    assert drill.times(page).text_s is None


def test_the_page_ends_with_the_drill(modem):
    hold(modem)

    assert Page.objects.get().state == "cancelled"


def test_two_drills_in_a_row_that_did_not_pass_are_a_trouble_and_one_that_passes_ends_it(modem):
    """W4."""
    told = []
    for week, text in ((0, None), (1, None), (2, 8)):
        at = NOW + timedelta(weeks=week)
        page = drill.begin(person=modem, now=at)
        if text:
            made = attempt(page, 1, "sms")
            Callback.objects.create(attempt=made, sid="SM1", status="delivered", received_at=at + 8 * SECOND)
            attempt(page, 2, "voice", told_at=at + 60 * SECOND)
        drill.finish(page=page, now=at + timedelta(minutes=4), limits=limits.at(at))
        told.append(troubles())

    assert told == [[], ["missed"], []]


def test_somebody_without_a_call_in_their_rules_is_no_drill_person(modem):
    NotificationRule.objects.filter(channel="voice").delete()

    with pytest.raises(drill.NotADrillPerson, match="has no rule for: Call"):
        drill.begin(person=modem, now=NOW)

    assert not Page.objects.filter(state="calling").exists()


@pytest.mark.parametrize(("days", "told"), [(7, []), (9, ["overdue"])])
def test_a_drill_that_was_not_held_for_a_week_and_a_day_is_missed(in_force, days, told):
    Drill.objects.create(kind="modem", started_at=NOW - timedelta(days=days), ended_at=NOW, passed=True)

    drill.watch(now=NOW, limits=in_force)

    assert troubles() == told


def test_where_no_drill_was_ever_held_none_is_missed(in_force):
    drill.watch(now=NOW, limits=in_force)

    assert troubles() == []


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def passing(monkeypatch):
    """A clock that goes on by a second each time it is read; nobody waits for it."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    at = [NOW]

    def read():
        at[0] += SECOND
        return at[0]

    monkeypatch.setattr(clock, "now", read)


def test_the_command_waits_until_both_have_arrived(modem, passing, monkeypatch):
    asked = []

    def arrived(page):
        asked.append(page)
        return drill.Times(8, 71) if len(asked) > 3 else drill.Times(8, None)

    monkeypatch.setattr(drill, "times", arrived)
    out = StringIO()

    call_command("drill", "--person", "modem", stdout=out)

    assert out.getvalue() == "Text: 8 s. Call: 71 s.\n"
    assert Drill.objects.get().passed


def test_the_command_ends_with_1_when_nothing_arrives(modem, passing):
    with pytest.raises(CommandError, match="did not pass") as error:
        call_command("drill", "--person", "modem", stdout=StringIO())

    assert (error.value.returncode, Drill.objects.get().passed) == (1, False)


def test_the_command_asks_whose_telephone_it_is(db, passing):
    with pytest.raises(CommandError, match="DRILL_PERSON"):
        call_command("drill")


def test_a_drill_with_people_is_written_down(db, passing):
    """W5."""
    call_command("drill", "--with-people", "Main site cut off for 30 min, three called in 2 min", stdout=StringIO())

    row = Drill.objects.get()
    assert (row.kind, row.passed, row.words) == ("people", True, "Main site cut off for 30 min, three called in 2 min")
