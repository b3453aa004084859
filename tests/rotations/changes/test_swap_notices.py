"""Who is told what about a swap, on their own clock; reminders, and the end of what nobody answered."""

from datetime import timedelta

from rotations.changes import swaps
from tests.rotations.changes.conftest import EVENING, GRACES, NIGHT, accept
from tests.rotations.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_all_concerned_are_told_on_their_own_clocks(ask, mail, ada, grace, lise):
    swap = ask(to=[grace, lise])
    assert mail() == {
        "grace": "Ada Moreno asks you to take Triage, 3 h, Wed 24 Mar 13:00 to 16:00 (your time).",
        "lise": "Ada Moreno asks you to take Triage, 3 h, Wed 24 Mar 21:00 to Thu 25 Mar 00:00 (your time).",
    }
    swaps.decline(swap=swap, by=lise, now=NOW)
    assert mail() == {"ada": "Lise Girard cannot take Triage Wed 24 Mar 13:00 to 16:00 (your time)."}
    accept(swap, grace)
    assert mail() == {"ada": "Grace Hopper takes Triage from you Wed 24 Mar 13:00 to 16:00 (your time)."}
    swaps.undo(swap=swap, by=grace, now=NOW)
    when = "Wed 24 Mar 13:00 to 16:00 (your time)"
    assert mail() == {"ada": f"Grace Hopper undid the swap: Triage {when} is yours again."}


def test_the_other_side_of_an_exchange_is_told(ask, mail, grace):
    swap = ask(to=[grace], in_return=(GRACES, GRACES + HOUR))
    assert mail()["grace"].endswith(" Ada takes yours Tue 30 Mar 13:00 to 14:00 (your time) in return.")
    accept(swap, grace)
    assert mail()["ada"].endswith(" You take theirs Tue 30 Mar 13:00 to 14:00 (your time).")


def test_those_who_were_asked_are_told_that_it_is_no_longer_needed(ask, mail, ada, grace, lise):
    accepted, withdrawn = ask(), ask(starts_at=EVENING + DAY, ends_at=NIGHT + DAY)
    mail()
    accept(accepted, grace)
    assert mail()["lise"].startswith("No longer needed: Grace Hopper takes Triage from Ada Moreno Wed 24 Mar 21:00 to")
    swaps.withdraw(swap=withdrawn, by=ada, now=NOW)
    assert set(mail()) == {"grace", "lise"}


def test_the_last_to_decline_sends_the_asker_to_the_pilot(ask, mail, grace):
    swap = ask(to=[grace])
    mail()
    swaps.decline(swap=swap, by=grace, now=NOW)
    assert mail()["ada"].endswith("Nobody is left. Ask the pilot.")


def test_who_is_asked_for_is_told_by_whom(ask, mail, pilot):
    ask(by=pilot)
    assert mail()["ada"] == "Petra Pilot asks for you who takes Triage Wed 24 Mar 13:00 to 16:00 (your time)."


# Reminders and the end


def test_those_who_have_not_answered_are_reminded_a_day_and_three_hours_before_once_each(ask, mail, grace, lise):
    swap = ask()
    swaps.decline(swap=swap, by=lise, now=NOW)
    mail()
    told = {}
    for before in (25, 24, 23, 4, 3, 2):
        swaps.remind_due(now=EVENING - before * HOUR)
        told[before] = sorted(mail())
    assert told == {25: [], 24: ["ada", "grace"], 23: [], 4: [], 3: ["ada", "grace"], 2: []}


def test_a_reminder_says_what_and_when(ask, mail, grace):
    ask(to=[grace])
    mail()
    assert swaps.remind_due(now=EVENING - 3 * HOUR) == 1
    when = "Wed 24 Mar 13:00 to 16:00 (your time)"
    assert mail() == {
        "grace": f"Ada Moreno still waits: do you take Triage {when}?",
        "ada": f"Nobody has taken Triage {when} yet, so it is yours. Ask the pilot if you cannot.",
    }


def test_a_late_reminder_is_one_reminder(ask, mail):
    ask()
    assert [swaps.remind_due(now=EVENING - 2 * HOUR), swaps.remind_due(now=EVENING - HOUR)] == [1, 0]


def test_what_is_asked_on_the_day_itself_is_reminded_once(ask):
    ask(starts_at=NOW + 4 * HOUR, ends_at=NOW + 5 * HOUR)
    assert [swaps.remind_due(now=NOW + hour * HOUR) for hour in (0.5, 1, 2)] == [0, 1, 0]


def test_what_was_answered_is_not_reminded_of(ask, grace):
    accept(ask(), grace)
    assert swaps.remind_due(now=EVENING - HOUR) == 0


def test_what_nobody_answered_ends_when_it_begins(ask, mail):
    swap = ask()
    mail()
    assert [swaps.expire_due(now=EVENING - HOUR), swaps.expire_due(now=EVENING), swaps.expire_due(now=NIGHT)] == [
        0,
        1,
        0,
    ]
    swap.refresh_from_db()
    assert (swap.state, swap.ended_at, swap.remind_at) == ("expired", EVENING, None)
    assert mail() == {"ada": "Nobody took Triage Wed 24 Mar 13:00 to 16:00 (your time): it is yours."}
