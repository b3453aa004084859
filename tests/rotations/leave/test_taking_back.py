"""Leave that was not taken comes back, with its reason; its absence is cancelled with it alone; who may say so."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oncall.limits import queries as limits
from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import Person
from rotations.changes import services as changes
from rotations.changes.models import Absence
from rotations.changes.refusals import InThePast, NotAllowed
from rotations.leave import approving, queries, services, taking
from rotations.leave.models import CallOut, LeaveRequest, LedgerEntry, Rest
from rotations.leave.rest_keeping import keep, waive
from tests.rotations.conftest import person


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOON = utc("2027-03-26T12:00")
MORNING = (utc("2027-04-01T07:00"), utc("2027-04-01T10:00"))  # Thursday 09:00 to 12:00 in Paris: three hours
AFTER = utc("2027-04-02T08:00")


@pytest.fixture
def account(tell, lise, manager) -> None:
    """Lise has three hours of leave approved, of two hours of work at night."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=NOON)
    approving.approve(call_out=CallOut.objects.get(), by=manager, now=NOON)


@pytest.fixture
def leave(account, lise, manager) -> LeaveRequest:
    """All three hours of it, approved."""
    words: Any = {"starts_at": MORNING[0], "ends_at": MORNING[1], "note": "chemotherapy", "now": NOON}
    return taking.approve(request=taking.ask(person=lise, by=lise, **words), by=manager, now=NOON)


# --- The absence belongs to the request


def test_the_absence_of_leave_is_not_cancelled_by_itself(leave, pilot):
    with pytest.raises(
        NotAllowed, match=f"Lise Girard or a manager cancels it where that was: /leave/requests/{leave.pk}/"
    ):
        changes.cancel_absence(absence=leave.absence, by=pilot, now=NOON)
    assert Absence.objects.get(pk=leave.absence_id).cancelled_at is None


def test_the_absence_of_leave_is_not_made_longer(leave, lise):
    with pytest.raises(NotAllowed, match="asked for and approved"):
        changes.edit_absence(
            absence=leave.absence,
            kind="leave",
            starts_at=MORNING[0],
            ends_at=MORNING[1] + timedelta(days=30),
            note="",
            by=lise,
            now=NOON,
        )
    assert Absence.objects.get(pk=leave.absence_id).ends_at == MORNING[1]


@pytest.mark.parametrize(("method", "way"), [("delete", ""), ("patch", ""), ("post", "cancel/")])
def test_nor_by_a_program(leave, lise, client, method, way):
    client.force_login(lise)
    address = f"/api/v1/absences/{leave.absence_id}/{way}"
    answer = getattr(client, method)(address, {"note": "x"}, content_type="application/json")
    assert answer.status_code == 403
    assert f"/leave/requests/{leave.pk}/" in answer.content.decode()


def test_the_screen_of_absences_leads_to_the_request(leave, lise, client):
    client.force_login(lise)
    for address in ("/absences/", f"/absences/{leave.absence_id}/"):
        page = client.get(address).content.decode()
        assert f'href="/leave/requests/{leave.pk}/"' in page
        assert f"/absences/{leave.absence_id}/cancel/" not in page


def test_the_note_to_the_manager_is_not_on_the_absence(leave, pilot, client):
    assert leave.note == "chemotherapy"
    assert leave.absence.note == ""


def test_an_absence_that_has_begun_keeps_its_kind(lise):
    """Whoever was called in it earned by its kind: leave is a day off, travel is not."""
    start, end = utc("2027-03-30T06:00"), utc("2027-04-02T16:00")
    trip = changes.add_absence(person=lise, kind="travel", starts_at=start, ends_at=end, by=lise, now=NOON)
    words: Any = {"absence": trip, "starts_at": start, "ends_at": end, "note": "", "by": lise}
    with pytest.raises(InThePast, match="It has begun as travel, and stays that"):
        changes.edit_absence(kind="leave", now=utc("2027-03-31T09:00"), **words)
    assert changes.edit_absence(kind="leave", now=NOON, **words).kind == "leave"


def test_leave_that_was_cancelled_since_counts_for_the_time_it_held(lise):
    """Called 10:00 to 11:00 in Paris on a work day of leave: an hour out of hours, and so it stays."""
    start, end = utc("2027-03-30T06:00"), utc("2027-04-02T16:00")
    off = changes.add_absence(person=lise, kind="leave", starts_at=start, ends_at=end, by=lise, now=NOON)
    said: Any = (("2027-03-30T08:00", "acknowledge"), ("2027-03-30T09:00", "resolve"))
    for at, kind in said:
        services.record(person=lise, at=utc(at), kind=kind, subject="x", text="", url="", now=utc(at))
    changes.cancel_absence(absence=off, by=lise, now=utc("2027-03-31T09:00"))
    call_out = CallOut.objects.get()
    until = utc("2027-03-30T09:00:02")
    services.correct(
        call_out=call_out,
        by=lise,
        starts_at=call_out.starts_at,
        ends_at=until,
        reason="A little longer.",
        now=utc("2027-03-31T09:05"),
    )
    assert queries.balance(lise).earned_s == 5403  # 3602 s, 1.5 times


# --- Given back


def test_leave_that_was_not_taken_comes_back_with_its_reason(leave, lise, manager):
    taking.give_back(request=leave, by=manager, seconds=3600, reason="Worked the first hour.", now=AFTER)
    entry = LedgerEntry.objects.get(kind="adjust", request=leave)
    assert (entry.credit_s, entry.by, entry.reason) == (3600, manager, "Worked the first hour.")
    assert queries.balance(lise).taken_s == 7200


def test_all_after_an_instant_comes_back(leave, lise, manager):
    """From 11:00 in Paris on: an hour of the three."""
    taking.give_back(request=leave, by=manager, since=utc("2027-04-01T09:00"), reason="Called in.", now=AFTER)
    assert queries.balance(lise).taken_s == 7200


def test_the_person_is_told_and_does_not_do_it_themselves(leave, lise, manager):
    ContactMethod.objects.create(person=lise, kind="phone", address="+33155550109", created_at=NOON)
    with pytest.raises(taking.NotYours, match="Nobody decides about their own leave"):
        taking.give_back(request=leave, by=lise, seconds=3600, reason="I worked.", now=AFTER)
    taking.give_back(request=leave, by=manager, seconds=3600, reason="Worked.", now=AFTER)
    assert [one.text for one in Notice.objects.filter(person=lise)][-1].startswith(
        "Max Manager gave 1 h of your leave Thu 1 Apr 09:00"
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seconds": 10801}, "That is 3 h 1 s, and only 3 h can be given back."),
        ({"seconds": 0}, "That gives nothing back."),
        ({"reason": " "}, "Say why it was not taken."),
        ({"now": NOON}, "This leave is not over. Cancel it"),
        ({"taken_s": 3600}, "3 h of it count as taken now. Look again."),
    ],
)
def test_what_cannot_be_given_back_is_refused(leave, lise, manager, changed, words):
    asked: Any = {"seconds": 3600, "reason": "Worked.", "now": AFTER} | changed
    with pytest.raises(taking.LeaveRefused, match=words):
        taking.give_back(request=leave, by=manager, **asked)
    assert queries.balance(lise).taken_s == 10800


def test_no_more_comes_back_than_was_taken_however_often(leave, lise, manager):
    taking.give_back(request=leave, by=manager, seconds=10800, reason="Worked.", now=AFTER)
    with pytest.raises(taking.LeaveRefused, match="All of this leave is on the account again"):
        taking.give_back(request=leave, by=manager, seconds=1, reason="Worked.", now=AFTER)
    assert queries.balance(lise).taken_s == 0


def test_a_manager_gives_back_on_its_page_and_pressing_twice_gives_once(leave, lise, manager, client, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: AFTER)
    client.force_login(manager)
    address, typed = f"/leave/requests/{leave.pk}/", {"seconds": "1:00", "reason": "Worked.", "taken_s": 10800}
    assert "Some of it was not taken" in client.get(address).content.decode()
    assert client.post(f"{address}give-back/", typed).status_code == 302
    assert client.post(f"{address}give-back/", typed).status_code == 409
    assert queries.balance(lise).taken_s == 7200


@pytest.mark.parametrize(
    "typed", [{"seconds": "an hour"}, {"seconds": "4:00"}, {"reason": ""}, {"reason": "a\x00b"}, {"taken_s": "x"}]
)
def test_what_was_typed_wrong_is_said_in_the_form(leave, manager, client, monkeypatch, typed):
    monkeypatch.setattr("oncall.clock.now", lambda: AFTER)
    client.force_login(manager)
    words = {"seconds": "1:00", "reason": "Worked.", "taken_s": 10800} | typed
    answer = client.post(f"/leave/requests/{leave.pk}/give-back/", words)
    assert answer.status_code == 400
    assert answer.context["not_taken"].errors


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"seconds": 3600, "reason": "Worked."}, 200),
        ({"since": "2027-04-01T09:00:00Z", "reason": "Called in.", "taken_s": 10800}, 200),
        ({"seconds": 3600, "since": "2027-04-01T09:00:00Z", "reason": "Both."}, 400),
        ({"reason": "Neither."}, 400),
        ({"seconds": 2**40, "reason": "Too much."}, 400),
        ({"seconds": 3600, "reason": "Worked.", "taken_s": 0}, 409),
    ],
)
def test_a_program_gives_back(leave, manager, client, monkeypatch, body, status):
    monkeypatch.setattr("oncall.clock.now", lambda: AFTER)
    client.force_login(manager)
    address = f"/api/v1/leave/requests/{leave.pk}/give-back/"
    assert client.post(address, body, content_type="application/json").status_code == status


# --- Mornings off


@pytest.fixture
def morning_off(tell, lise, manager) -> datetime:
    """Lise worked until 05:20 in Paris on Thursday 25 March, and rests until noon; six hours of leave are approved."""
    tell("00:20 page A, 00:25 acknowledge A, 04:20 resolve A")
    now = utc("2027-03-25T05:00")
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=now)
    approving.approve(call_out=CallOut.objects.get(), by=manager, now=now)
    assert Rest.objects.get().ends_at == utc("2027-03-25T11:00")
    return now


def test_leave_over_a_morning_off_takes_the_afternoon_alone(morning_off, lise):
    """From 09:00 to 13:00: three hours are hers already."""
    start, end = utc("2027-03-25T08:00"), utc("2027-03-25T12:00")
    asked = taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=morning_off)
    assert asked.seconds == 3600
    assert [(one["starts_at"][11:16], one["seconds"], one.get("free")) for one in asked.slices] == [
        ("08:00", 0, "rest after a call-out"),
        ("11:00", 3600, None),
    ]
    assert taking.left_of(asked, now=morning_off) == 3600


def test_a_morning_off_alone_takes_no_leave(morning_off, lise):
    start, end = utc("2027-03-25T08:00"), utc("2027-03-25T11:00")
    with pytest.raises(taking.LeaveRefused, match="Lise Girard has the morning off in that time"):
        taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=morning_off)


def _rest(lise: Person, since: str, until: str) -> None:
    Rest.objects.create(
        person=lise,
        date=utc(since).date(),
        time_zone="Europe/Paris",
        starts_at=utc(since),
        ends_at=utc(until),
        began_at=utc(since),
        call_out=CallOut.objects.get(),
        created_at=NOON,
    )


def test_a_morning_off_that_came_before_the_approval_is_not_taken(account, lise, manager):
    asked = taking.ask(person=lise, by=lise, starts_at=MORNING[0], ends_at=MORNING[1], now=NOON)
    _rest(lise, "2027-04-01T03:00", "2027-04-01T08:00")
    taking.approve(request=asked, by=manager, now=NOON)
    assert queries.balance(lise).taken_s == 7200


def test_one_that_comes_later_is_given_back_by_a_manager_before_the_leave_is_over(leave, lise, manager):
    _rest(lise, "2027-04-01T03:00", "2027-04-01T08:00")
    with pytest.raises(taking.LeaveRefused, match="only 1 h can be given back"):
        taking.give_back(request=leave, by=manager, seconds=7200, reason="Morning off.", now=NOON)
    taking.give_back(request=leave, by=manager, seconds=3600, reason="Morning off.", now=NOON)
    assert queries.balance(lise).taken_s == 7200
    taking.cancel(request=leave, by=lise, now=NOON)
    assert queries.balance(lise).taken_s == 0  # not an hour below it


# --- Asked for by somebody else


@pytest.fixture
def for_her(account, lise, manager) -> LeaveRequest:
    ContactMethod.objects.create(person=lise, kind="phone", address="+33155550109", created_at=NOON)
    return taking.ask(person=lise, by=manager, starts_at=MORNING[0], ends_at=MORNING[1], now=NOON)


def test_who_has_leave_asked_for_them_is_told_at_once(for_her, lise):
    (told,) = Notice.objects.filter(person=lise)
    assert told.text.startswith("Max Manager asked for 3 h of leave for you, Thu 1 Apr 09:00")


def test_a_manager_alone_does_not_spend_somebodys_leave(for_her, lise, manager):
    with pytest.raises(taking.NotYours, match="it wants the yes of Lise Girard, or another manager"):
        taking.approve(request=for_her, by=manager, now=NOON)
    assert queries.balance(lise).taken_s == 0


def test_with_the_persons_yes_they_do(for_her, lise, manager):
    with pytest.raises(taking.NotYours, match="Only Lise Girard can agree"):
        taking.agree(request=for_her, by=manager, now=NOON)
    taking.agree(request=for_her, by=lise, now=NOON)
    assert taking.approve(request=for_her, by=manager, now=NOON).decided_by == manager


def test_another_manager_approves_without_it(for_her):
    other = person("olga", "Olga Other", is_superuser=True)
    assert taking.approve(request=for_her, by=other, now=NOON).decided_by == other


def test_the_page_has_the_right_button_for_each(for_her, lise, manager, client, monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOON)
    address = f"/leave/requests/{for_her.pk}/"
    client.force_login(manager)
    assert f"{address}approve/" not in client.get(address).content.decode()
    client.force_login(lise)
    assert f"{address}agree/" in client.get(address).content.decode()
    assert client.post(f"{address}agree/").status_code == 302
    client.force_login(manager)
    assert f"{address}approve/" in client.get(address).content.decode()


def test_a_morning_off_that_is_none_any_more_at_the_approval_is_taken(morning_off, lise, manager):
    """Leave from 09:00 to 13:00, asked for during the rest: four hours of work time, once that is given up."""
    start, end = utc("2027-03-25T08:00"), utc("2027-03-25T12:00")
    asked = taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=morning_off)
    waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=morning_off)
    approved = taking.approve(request=asked, by=manager, now=morning_off)
    assert (approved.seconds, [one.get("free") for one in approved.slices]) == (14400, [None, None])
    assert queries.balance(lise).taken_s == 14400


def test_what_it_takes_more_at_the_approval_must_be_there(morning_off, lise, manager):
    """Four hours are asked for, seven would be taken, six are approved."""
    start, end = utc("2027-03-25T08:00"), utc("2027-03-25T15:00")
    asked = taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=morning_off)
    waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=morning_off)
    with pytest.raises(taking.LeaveRefused, match=r"Only 6 h .* and this takes 7 h"):
        taking.approve(request=asked, by=manager, now=morning_off)


@pytest.mark.parametrize("how", ["given up", "its call-out removed"])
def test_managers_hear_when_a_morning_off_within_approved_leave_is_none_any_more(morning_off, lise, manager, how):
    ContactMethod.objects.create(
        person=manager, kind="email", address="max@example.org", created_at=morning_off, verified_at=morning_off
    )
    start, end = utc("2027-03-25T08:00"), utc("2027-03-25T12:00")
    asked = taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=morning_off)
    taking.approve(request=asked, by=manager, now=morning_off)
    if how == "given up":
        waive(rest=Rest.objects.get(), by=lise, reason="A review.", now=morning_off)
    else:
        services.remove(call_out=CallOut.objects.get(), by=lise, reason="A drill.", now=morning_off)
        keep(now=morning_off, limits=limits.at(morning_off))
    [text] = Notice.objects.filter(person=manager, text__contains="no longer").values_list("text", flat=True)
    assert text.startswith("Lise Girard no longer has the morning off within their leave Thu 25 Mar 09:00 to 13:00")
    assert "3 h less" in text
    assert queries.balance(lise).taken_s == 3600  # changed at its request alone


def test_whoever_decides_waits_for_schedules_before_holding_the_leave_that_an_answer_waits_for(
    morning_off, lise, manager, experts
):
    start, end = utc("2027-03-25T11:00"), utc("2027-03-25T12:00")
    asked = taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=morning_off)
    for verb in (taking.approve, taking.cancel):
        with CaptureQueriesContext(connection) as asked_of_it:
            verb(request=asked, by=manager, now=morning_off)
        said = [one["sql"] for one in asked_of_it]
        leave_is_held = next(n for n, sql in enumerate(said) if "advisory" in sql)
        locked = [sql for sql in said[:leave_is_held] if "FOR NO KEY UPDATE" in sql]
        assert ["people_person" in locked[0], 'FROM "schedule_schedule"' in locked[1], len(locked)] == [True, True, 2]
