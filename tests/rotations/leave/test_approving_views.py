"""Words in place, the approval box, and a month at once, on screens; who may see which."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from oncall.people.models import Membership, Person, Team
from rotations.leave import accounts, approving, services, taking
from rotations.leave.models import CallOut, LedgerEntry

NOON = datetime(2027, 3, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_day_after(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOON)


@pytest.fixture
def call_out(tell) -> CallOut:
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    return CallOut.objects.get()


@pytest.fixture
def say(client, call_out):
    """Press a button of the call-out as somebody."""

    def say(who, word: str, **typed):
        client.force_login(who)
        return client.post(reverse(f"call_out_{word}", args=[call_out.pk]), {"stands_s": 10800} | typed)

    return say


def test_the_confirm_button_in_my_leave_confirms_in_place(client, call_out, lise):
    client.force_login(lise)
    shown = client.get("/leave/").content.decode()
    assert f'action="{reverse("call_out_confirm", args=[call_out.pk])}"' in shown
    answer = client.post(reverse("call_out_confirm", args=[call_out.pk]), {"stands_s": 10800, "back": "leave"})
    assert answer.url == reverse("leave")
    assert accounts.standing(call_out).state == "confirmed"
    assert reverse("call_out_confirm", args=[call_out.pk]) not in client.get("/leave/").content.decode()


def test_the_box_offers_each_what_is_theirs_to_say(client, call_out, lise, manager):
    boxes = {}
    for who in (lise, manager):
        client.force_login(who)
        box = client.get(reverse("call_out", args=[call_out.pk])).context["approval"]
        boxes[who] = (box.may_confirm, box.may_dispute, box.may_approve, box.may_ask_back)
    assert boxes == {lise: (True, True, False, False), manager: (False, False, False, True)}
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    assert client.get(reverse("call_out", args=[call_out.pk])).context["approval"].may_approve


def test_both_sides_words_are_shown_in_order(client, call_out, lise, manager, say):
    say(lise, "confirm")
    say(manager, "ask_back", reason="Until 05:20?")
    say(lise, "confirm", reason="The dome was stuck.")
    shown = client.get(reverse("call_out", args=[call_out.pk])).content.decode()
    assert 0 < shown.index("“Until 05:20?”") < shown.index("“The dome was stuck.”")


def test_a_figure_that_moved_is_refused_in_words_and_nothing_typed_is_lost(call_out, lise, manager, say):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    answer = say(manager, "ask_back", stands_s=9000, reason="Really?")
    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "It stands at 3 h of leave now, not at 2 h 30 min as you saw it. Look again." in shown
    assert 'value="Really?"' in shown
    assert not LedgerEntry.objects.filter(kind="ask_back").exists()


@pytest.mark.parametrize(
    "typed", [{"stands_s": "x"}, {"stands_s": "9" * 40}, {"reason": "\x00"}, {"reason": "x" * 301}]
)
def test_odd_words_are_refused_not_broken(lise, say, typed):
    assert say(lise, "dispute", **typed).status_code == 400


@pytest.mark.parametrize("word", ["confirm", "approve", "ask_back", "dispute"])
def test_to_colleagues_and_the_pilot_a_call_out_is_not_there(ada, pilot, say, word):
    assert [say(who, word, reason="x").status_code for who in (ada, pilot)] == [404, 404]


def test_nobody_approves_their_own_on_screen(lise, say):
    assert say(lise, "approve").status_code == 400


# --- A month


@pytest.fixture
def bo(manager) -> Person:
    made = Person.objects.create_user("bo", name="Bo Berg", time_zone="Europe/Paris")
    Membership.objects.create(person=made, team=Team.objects.get(slug="data-facility"))
    return made


@pytest.fixture
def month(client, manager):
    client.force_login(manager)
    return lambda **asked: client.get("/leave/approvals/", {"month": "2027-03"} | asked)


def test_a_month_shows_what_is_confirmed_and_what_is_left_out_with_why(month, tell, call_out, lise, bo):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    tell("02:20 page A, 02:25 acknowledge A, 03:20 resolve A", bo)
    context = month().context
    assert [row.call_out for row in context["ready"]] == [call_out]
    assert context["ready_s"] == 10800
    assert [(row.call_out.person, why) for row, why in context["left_out"]] == [
        (bo, "Bo Berg has not confirmed it yet.")
    ]


def test_the_button_approves_what_was_seen_and_pressed_twice_once(client, month, call_out, lise):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    seen = month().context["seen"]
    typed = {"month": "2027-03", "team": "", "seen": seen}
    answers = [client.post("/leave/approvals/", typed, follow=True).content.decode() for _ in range(2)]
    assert "One call-out approved: 3 h of leave." in answers[0]
    assert "Nothing was left to approve of what you saw." in answers[1]
    assert LedgerEntry.objects.filter(kind="approve").count() == 1


def test_what_changed_since_the_page_was_loaded_is_left_out_and_said(client, month, call_out, lise):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    seen = month().context["seen"]
    words = {"starts_at": call_out.starts_at, "ends_at": NOON.replace(day=25, hour=3), "reason": "Less."}
    services.correct(call_out=call_out, by=lise, now=NOON, **words)
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    answer = client.post("/leave/approvals/", {"month": "2027-03", "seen": seen}, follow=True).content.decode()
    assert "It changed while you looked: it stands at 1 h of leave now." in answer
    assert not LedgerEntry.objects.filter(kind="approve").exists()


@pytest.mark.parametrize("seen", ["x", "x:1", "\x00", "6f6e6361-6c6c-4000-8000-706167657321:x"])
def test_a_damaged_list_approves_nothing(client, month, call_out, lise, seen):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    answer = client.post("/leave/approvals/", {"month": "2027-03", "seen": seen}, follow=True)
    assert "nothing is approved" in answer.content.decode()
    assert not LedgerEntry.objects.filter(kind="approve").exists()


@pytest.mark.parametrize("asked", [{"month": "2027-13"}, {"month": "0000-00"}, {"team": "\x00"}, {"month": "9" * 99}])
def test_an_odd_month_is_said_at_its_field(month, call_out, asked):
    assert month(**asked).status_code == 400


def test_the_page_opens_at_the_oldest_month_that_waits(client, manager, call_out, lise):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    client.force_login(manager)
    context = client.get("/leave/approvals/").context
    assert (context["month"].isoformat(), context["waiting"][0][1]) == ("2027-03-01", 1)


def test_people_without_people_and_the_pilot_have_no_such_page(client, lise, pilot):
    answers = []
    for who in (lise, pilot):
        client.force_login(who)
        answer = client.get("/leave/approvals/")
        answers.append((answer.status_code, "Only managers and administrators approve" in answer.content.decode()))
    assert answers == [(403, True), (403, True)]


def test_a_manager_sees_their_team_and_an_administrator_everybody(client, tell, call_out, ada, manager):
    tell("02:20 page A, 02:25 acknowledge A, 03:20 resolve A", ada)
    admin = Person.objects.create_superuser("root", name="Root Admin")
    shown = {}
    for who in (manager, admin):
        client.force_login(who)
        rows = client.get("/leave/approvals/", {"month": "2027-03"}).context["left_out"]
        shown[who.username] = [row.call_out.person.username for row, _ in rows]
    assert shown == {"max": ["lise"], "root": ["ada", "lise"]}


def test_more_call_outs_cost_no_more_queries(month, tell, call_out, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        month()
    tell("05:00 page B, 05:01 acknowledge B, 05:20 resolve B, 18:00 page C, 18:05 acknowledge C, 18:20 resolve C")
    with django_assert_max_num_queries(25) as counted:
        month()
    first = len(counted)
    tell("19:00 page D, 19:01 acknowledge D, 19:20 resolve D, 20:00 page E, 20:05 acknowledge E, 20:20 resolve E")
    with django_assert_max_num_queries(first):
        month()


def test_what_is_taken_already_is_said_before_and_after_an_approval_is_taken_away(client, call_out, lise, manager, say):
    """Three hours approved and taken: to ask back leaves the account three hours below nothing."""
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.approve(call_out=call_out, by=manager, now=NOON)
    start, end = datetime(2027, 4, 1, 7, tzinfo=UTC), datetime(2027, 4, 1, 10, tzinfo=UTC)
    taking.approve(
        request=taking.ask(person=lise, by=lise, starts_at=start, ends_at=end, now=NOON), by=manager, now=NOON
    )
    client.force_login(manager)
    before = client.get(reverse("call_out", args=[call_out.pk])).content.decode()
    assert "the account would stand" in before
    say(manager, "ask_back", reason="Until when?")
    after = client.get(reverse("call_out", args=[call_out.pk])).content.decode()
    assert "More leave is taken or asked for than is approved now, by 3 h." in after


def test_a_reason_with_a_nul_is_named_as_what_is_wrong(lise, say):
    answer = say(lise, "dispute", reason="a\x00b")
    assert answer.status_code == 400
    assert "The reason has a sign in it that cannot be kept." in answer.content.decode()


def test_what_a_leaver_never_confirmed_is_on_the_page_of_approvals(client, month, call_out, lise, manager):
    lise.is_active = False
    lise.save()
    client.force_login(manager)
    page = client.get(reverse("leave_approvals")).content.decode()
    assert "has left without confirming. Approve it by itself, and say why it is right." in page
    assert "Call-outs wait for you in" in page
