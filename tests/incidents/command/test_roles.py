"""Roles are dated; command is taken, never given; it passes with an explicit yes and everybody hears of it."""

from datetime import timedelta

import pytest

from incidents.command import assigning, offering, queries, services
from incidents.command.models import CommandOffer, Incident
from incidents.command.offering import Answered
from incidents.command.services import Refused
from oncall.paging.models import Notice
from rotations.changes.models import Absence
from tests.conftest import make_schedule
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db


def has(incident) -> list[tuple[str, str]]:
    return [(one.role, one.person.name) for one in queries.roles_now(incident)]


def away(person, now, kind="leave"):
    return Absence.objects.create(
        person=person, kind=kind, starts_at=now - timedelta(hours=2), ends_at=now + timedelta(hours=4),
        created_at=now - timedelta(days=1), source="hand", by=person,
    )  # fmt: skip


@pytest.fixture
def commanded(declared, ada, now):
    """A SEV-2 that Ada commands."""
    incident = declared(severity=2)
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    return incident


def test_command_is_taken_by_whoever_presses(commanded, ada, now):
    row = queries.command_of(commanded)

    assert (row.person, row.starts_at, row.ends_at) == (ada, now, None)
    assert lines(commanded, "role") == ["Ada Moreno is incident commander."]


def test_taken_twice_it_is_taken_once(commanded, ada, now):
    assigning.take(incident=commanded, role="commander", by=ada, now=now + timedelta(minutes=1))

    assert len(queries.roles_now(commanded)) == 1
    assert len(lines(commanded, "role")) == 1


@pytest.mark.parametrize("press", ["hand it on", "leave it", "leave and take it", "step up", "resolve"])
def test_a_press_that_waited_for_another_comes_after_it_with_an_earlier_instant(declared, ada, grace, mae, now, press):
    incident, early, late = declared(), now + timedelta(seconds=1), now + timedelta(seconds=2)
    assigning.take(incident=incident, role="scribe", by=ada, now=now)
    assigning.take(incident=incident, role="scribe", by=grace, now=late)
    assigning.take(incident=incident, role="deputy", by=grace, now=late)

    if press == "hand it on":
        assigning.take(incident=incident, role="scribe", by=mae, now=early)
    elif press == "step up":
        assigning.take(incident=incident, role="commander", by=grace, now=early)
    elif press == "resolve":
        services.move(incident=incident, move="resolve", by=ada, now=early)
    else:
        assigning.release(incident=incident, role="scribe", by=grace, now=early)
    if press == "leave and take it":
        assigning.take(incident=incident, role="scribe", by=mae, now=early)

    assert (
        has(incident)
        == {
            "hand it on": [("deputy", "Grace Okafor"), ("scribe", "Mae Castillo")],
            "leave it": [("deputy", "Grace Okafor")],
            "leave and take it": [("deputy", "Grace Okafor"), ("scribe", "Mae Castillo")],
            "step up": [("commander", "Grace Okafor"), ("scribe", "Grace Okafor")],
            "resolve": [],
        }[press]
    )


def test_of_presses_that_crossed_who_has_command_last_had_it_last(declared, ada, grace, now):
    incident, early, late = declared(), now + timedelta(seconds=1), now + timedelta(seconds=2)
    assigning.take(incident=incident, role="commander", by=ada, now=late)
    assigning.release(incident=incident, role="commander", by=ada, now=early)
    assigning.take(incident=incident, role="commander", by=grace, now=early)

    first, last = incident.assignments.order_by("starts_at")
    assert (first.person, last.person) == (ada, grace)
    assert first.starts_at < last.starts_at


def test_command_is_not_taken_from_whoever_has_it(commanded, grace, now):
    with pytest.raises(Refused, match=r"Ada Moreno has command since 03:10 UTC\. Ask them"):
        assigning.take(incident=commanded, role="commander", by=grace, now=now)


def test_command_is_not_given_to_somebody_unasked(declared, ada, grace, now):
    with pytest.raises(Refused, match="Offer it to Grace Okafor"):
        assigning.assign(incident=declared(), role="commander", person=grace, by=ada, now=now)


def test_whoever_is_given_a_role_is_told(commanded, ada, grace, now):
    assigning.assign(incident=commanded, role="scribe", person=grace, by=ada, now=now)

    text = Notice.objects.get(person=grace).text
    assert "You are scribe in incident 1 (No alerts since 02:10), SEV-2." in text
    assert "/incidents/1/" in text


def test_another_role_passes_and_who_had_it_is_told(commanded, grace, mae, now):
    assigning.take(incident=commanded, role="scribe", by=grace, now=now)
    later = now + timedelta(minutes=5)

    assigning.take(incident=commanded, role="scribe", by=mae, now=later)

    assert has(commanded) == [("commander", "Ada Moreno"), ("scribe", "Mae Castillo")]
    assert commanded.assignments.get(person=grace).ends_at == later
    assert Notice.objects.get(person=grace).text.startswith("Mae Castillo is scribe now")


def test_there_are_several_experts(commanded, grace, mae, now):
    for person in (grace, mae):
        assigning.take(incident=commanded, role="expert", by=person, now=now)

    assert has(commanded)[1:] == [("expert", "Grace Okafor"), ("expert", "Mae Castillo")]


def test_at_sev_1_a_second_role_is_blocked(declared, ada, now):
    incident = declared(severity=1)
    assigning.take(incident=incident, role="commander", by=ada, now=now)

    with pytest.raises(Refused, match="incident commander already, and at SEV-1 nobody has two roles"):
        assigning.take(incident=incident, role="expert", by=ada, now=now)

    assert has(incident) == [("commander", "Ada Moreno")]


def test_at_sev_2_a_second_role_is_warned_of_and_written_down(commanded, ada, now):
    done = assigning.take(incident=commanded, role="expert", by=ada, now=now)

    said = "Ada Moreno is incident commander as well: at SEV-2 find somebody else for one of the two."
    assert done.warnings == (said,)
    assert lines(commanded, "role")[-1] == f"Ada Moreno is expert. {said}"


def test_below_one_person_may_be_everything(declared, ada, now):
    incident = declared(severity=3)

    said = [assigning.take(incident=incident, role=role, by=ada, now=now).warnings for role in ("commander", "expert")]

    assert said == [(), ()]


def test_nobody_absent_is_given_a_role(commanded, ada, grace, now):
    away(grace, now)

    with pytest.raises(Refused, match="Grace Okafor is absent until 23 Mar 07:10 UTC"):
        assigning.assign(incident=commanded, role="scribe", person=grace, by=ada, now=now)


def test_whoever_rests_may_take_a_role_and_it_is_said(commanded, grace, now):
    away(grace, now, kind="rest")

    done = assigning.take(incident=commanded, role="deputy", by=grace, now=now)

    assert done.warnings == ("Grace Okafor is resting until 23 Mar 07:10 UTC: find somebody else soon.",)


def test_whoever_is_in_no_commanders_rotation_is_new_to_command(declared, ada, grace, now):
    schedule = make_schedule("Commanders", grace)
    schedule.skill = "Incident command"
    schedule.save()

    done = assigning.take(incident=declared(severity=2), role="commander", by=ada, now=now)

    assert done.warnings == ("Ada Moreno is in no rotation of incident commanders yet: let somebody trained stand by.",)


def test_nobody_has_a_role_in_what_is_over(declared, ada, now):
    incident = declared()
    services.move(incident=incident, move="false_alarm", by=ada, now=now)

    with pytest.raises(Refused, match="nobody has a role in it"):
        assigning.take(incident=incident, role="scribe", by=ada, now=now)


@pytest.mark.parametrize("over", ["resolve", "false_alarm"])
def test_when_it_is_over_so_are_its_roles_and_offers(commanded, ada, grace, now, over):
    offering.offer(incident=commanded, to=grace, by=ada, now=now)

    services.move(incident=commanded, move=over, by=ada, now=now + timedelta(hours=1))

    assert has(commanded) == []
    assert commanded.assignments.get().ends_at == now + timedelta(hours=1)
    assert queries.open_offer(commanded) is None


def test_command_is_left_and_nobody_has_it(commanded, ada, now):
    assigning.release(incident=commanded, role="commander", by=ada, now=now)

    assert queries.command_of(commanded) is None
    assert lines(commanded, "role")[-1] == "Ada Moreno left the role: incident commander."


def test_a_stranger_to_command_does_not_end_it(commanded, grace, ada, now):
    with pytest.raises(Refused, match="The deputy, the pilot or an administrator may end that"):
        assigning.release(incident=commanded, role="commander", person=ada, by=grace, now=now, why="Asleep.")


@pytest.mark.parametrize("why", ["", "Does not answer."])
def test_the_pilot_ends_command_and_says_why(commanded, ada, pilot, now, why):
    if not why:
        with pytest.raises(Refused, match="Say why Ada Moreno does not have command any more"):
            assigning.release(incident=commanded, role="commander", person=ada, by=pilot, now=now)
        return
    assigning.release(incident=commanded, role="commander", person=ada, by=pilot, now=now, why=why)

    assert queries.command_of(commanded) is None


def test_the_deputy_ends_command_too(commanded, ada, grace, now):
    assigning.take(incident=commanded, role="deputy", by=grace, now=now)

    assigning.release(incident=commanded, role="commander", person=ada, by=grace, now=now, why="Does not answer.")

    assert queries.command_of(commanded) is None


def test_an_offer_changes_nothing_until_it_is_answered(commanded, ada, grace, now):
    offer = offering.offer(incident=commanded, to=grace, by=ada, now=now, why="It is late here.")

    assert queries.command_of(commanded).person == ada
    assert (offer.giver, offer.to, offer.accepted) == (ada, grace, None)
    assert lines(commanded, "role")[-1] == "Ada Moreno asks Grace Okafor to take command. It is late here."
    assert "Say yes or no:" in Notice.objects.get(person=grace).text


def test_with_a_yes_command_passes_and_everybody_hears_of_it(commanded, ada, grace, mae, now):
    assigning.take(incident=commanded, role="scribe", by=mae, now=now)
    offer = offering.offer(incident=commanded, to=grace, by=ada, now=now)
    later = now + timedelta(minutes=3)

    offering.answer(offer=offer, by=grace, accept=True, now=later)

    assert has(commanded) == [("commander", "Grace Okafor"), ("scribe", "Mae Castillo")]
    assert commanded.assignments.get(person=ada).ends_at == later
    assert lines(commanded, "role")[-1] == "Grace Okafor has command. Ada Moreno hands over."
    told = Notice.objects.filter(key__contains=":passed:")
    assert {one.person.name for one in told} == {"Ada Moreno", "Mae Castillo"}


def test_with_a_no_it_stays_and_the_giver_is_told(commanded, ada, grace, now):
    offer = offering.offer(incident=commanded, to=grace, by=ada, now=now)

    offering.answer(offer=offer, by=grace, accept=False, now=now)

    assert queries.command_of(commanded).person == ada
    assert CommandOffer.objects.get().accepted is False
    assert "it stays with you" in Notice.objects.get(person=ada).text


def test_yes_twice_is_once(commanded, ada, grace, now):
    offer = offering.offer(incident=commanded, to=grace, by=ada, now=now)
    offering.answer(offer=offer, by=grace, accept=True, now=now)

    assert offering.answer(offer=offer, by=grace, accept=True, now=now) is None

    assert len(queries.roles_now(commanded)) == 1


def test_a_yes_after_the_offer_was_taken_back_is_too_late(commanded, ada, grace, now):
    offer = offering.offer(incident=commanded, to=grace, by=ada, now=now)
    offering.take_back(offer=offer, by=ada, now=now)

    with pytest.raises(Answered):
        offering.answer(offer=offer, by=grace, accept=True, now=now)

    assert queries.command_of(commanded).person == ada


def test_an_offer_to_another_takes_the_first_back(commanded, ada, grace, mae, now):
    first = offering.offer(incident=commanded, to=grace, by=ada, now=now)
    second = offering.offer(incident=commanded, to=mae, by=ada, now=now)

    assert queries.open_offer(commanded) == second
    with pytest.raises(Answered):
        offering.answer(offer=first, by=grace, accept=True, now=now)


def test_only_who_is_asked_answers(commanded, ada, grace, mae, now):
    offer = offering.offer(incident=commanded, to=grace, by=ada, now=now)

    with pytest.raises(Refused, match="offered to Grace Okafor, who alone can answer"):
        offering.answer(offer=offer, by=mae, accept=True, now=now)


@pytest.mark.parametrize("who", ["stranger", "themselves"])
def test_only_the_commander_offers_and_to_another(commanded, ada, grace, mae, now, who):
    by, to = (mae, grace) if who == "stranger" else (ada, ada)

    with pytest.raises(Refused) as refusal:
        offering.offer(incident=commanded, to=to, by=by, now=now)

    assert refusal.value.field == "to"


def test_command_that_nobody_has_is_offered_by_anybody(declared, ada, grace, now):
    incident = declared(severity=2)
    offer = offering.offer(incident=incident, to=grace, by=ada, now=now)

    offering.answer(offer=offer, by=grace, accept=True, now=now)

    assert queries.command_of(incident).person == grace


def test_command_is_not_offered_to_somebody_absent(commanded, ada, grace, now):
    away(grace, now)

    with pytest.raises(Refused, match="is absent until"):
        offering.offer(incident=commanded, to=grace, by=ada, now=now)


def test_at_sev_1_an_expert_cannot_say_yes(declared, ada, grace, now):
    incident = declared(severity=2)
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    offer = offering.offer(incident=incident, to=grace, by=ada, now=now)
    assigning.take(incident=incident, role="expert", by=grace, now=now)
    services.set_severity(incident=incident, severity=1, by=ada, now=now)

    with pytest.raises(Refused, match="nobody has two roles"):
        offering.answer(offer=offer, by=grace, accept=True, now=now)

    assert queries.command_of(incident).person == ada


def test_what_is_restricted_is_not_named_in_notices(declared, ada, grace, now):
    incident = declared(restricted=True, title="Stolen token")

    assigning.assign(incident=incident, role="scribe", person=grace, by=ada, now=now)

    assert "Stolen token" not in Notice.objects.get(person=grace).text
    assert Incident.objects.visible_to(grace).filter(pk=incident.pk).exists()


def test_whoever_is_offered_command_of_a_restricted_one_can_read_it(declared, ada, grace, now):
    incident = declared(restricted=True)

    offering.offer(incident=incident, to=grace, by=ada, now=now)

    assert Incident.objects.visible_to(grace).filter(pk=incident.pk).exists()


def test_at_sev_1_whoever_stands_by_steps_up_and_is_deputy_no_more(declared, ada, grace, now):
    incident = declared(severity=1)
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    assigning.take(incident=incident, role="deputy", by=grace, now=now)
    later = now + timedelta(hours=1)

    asked = offering.offer(incident=incident, to=grace, by=ada, now=later)
    offering.answer(offer=asked, by=grace, accept=True, now=later)

    assert has(incident) == [("commander", "Grace Okafor")]
    assert "Grace Okafor steps up from deputy: nobody stands by now." in lines(incident, "role")


def test_when_command_is_left_whoever_stands_by_is_told(commanded, ada, grace, now):
    assigning.take(incident=commanded, role="deputy", by=grace, now=now)

    assigning.release(incident=commanded, role="commander", by=ada, now=now)

    assert Notice.objects.get(person=grace).text.startswith("Nobody has command: you stand by for it. Take it")


def test_roles_are_called_what_the_site_calls_them(commanded, grace, now, settings):
    settings.ROLE_LABELS = {"external_liaison": "Communication Liaison"}

    assigning.take(incident=commanded, role="external_liaison", by=grace, now=now)

    assert lines(commanded, "role")[-1] == "Grace Okafor is communication Liaison."
