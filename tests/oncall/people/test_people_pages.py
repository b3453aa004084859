"""People, teams and roles: who sees what, who may change it, and what refuses."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from oncall import clock
from oncall.people import editing, leaving, services
from oncall.people.models import Membership, Person, RoleTerm, Team, WorkCalendar


@pytest.fixture
def boss(db) -> Person:
    return Person.objects.create_superuser("boss", "a long password", name="Bo Boss", email="boss@example.org")


@pytest.fixture
def as_pilot(client, pilot) -> Client:
    client.force_login(pilot)
    return client


@pytest.fixture
def as_boss(client, boss) -> Client:
    client.force_login(boss)
    return client


@pytest.fixture
def facility(ada) -> Team:
    team = Team.objects.create(name="Data Facility", slug="data-facility", lead=ada)
    Membership.objects.create(person=ada, team=team)
    return team


def edit_data(person: Person, **changes) -> dict:
    return {"name": person.name, "email": person.email, "time_zone": person.time_zone, **changes}


INVITATION = {"name": "Nour Haddad", "username": "nour", "email": "nour@example.org", "time_zone": "Europe/Paris"}


def test_fifty_people_in_five_teams_cost_no_more_queries_than_one(as_boss, django_assert_max_num_queries):
    teams = [Team.objects.create(name=f"Team {n}", slug=f"team-{n}") for n in range(5)]
    for n in range(50):
        person = Person.objects.create_user(f"p{n}", name=f"Person {n}")
        Membership.objects.create(person=person, team=teams[n % 5])
        person.role_terms.create(role="observer", starts_at=clock.now() - timedelta(days=1))
    with django_assert_max_num_queries(14):
        page = as_boss.get(reverse("people")).content.decode()
    assert page.count("Observing Specialist") == 50


def test_people_are_found_by_a_part_of_their_name(client, ada, grace):
    client.force_login(ada)
    page = client.get(reverse("people"), {"q": "okaf"}).content.decode()
    assert "Grace Okafor" in page
    assert page.count("Ada Moreno") == 1  # who is signed in, not a hit


def test_a_search_without_a_hit_says_so(client, ada):
    client.force_login(ada)
    assert "Nobody here is called “zzz”." in client.get(reverse("people"), {"q": "zzz"}).content.decode()


@pytest.mark.parametrize("name", ["person_invite", "team_new"])
def test_configuring_is_not_for_everybody(client, ada, name):
    client.force_login(ada)
    assert client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["person_edit", "person_close", "person_open", "role_give", "person_invite_again"])
def test_changing_somebody_is_not_for_everybody(client, ada, grace, name):
    client.force_login(ada)
    answer = client.post(reverse(name, args=[grace.pk]), edit_data(grace, name="Nobody"))
    assert answer.status_code == 403
    assert Person.objects.get(pk=grace.pk).name == "Grace Okafor"


def test_an_invitation_leads_by_mail_to_a_password_and_in(as_pilot):
    as_pilot.post(reverse("person_invite"), INVITATION)
    [letter] = mail.outbox
    guest = Client()
    link = re.search(r"(/accounts/reset/\S+)", str(letter.body))
    assert link
    form = guest.get(link.group(1), follow=True)
    guest.post(form.request["PATH_INFO"], {"new_password1": "blue owl at noon", "new_password2": "blue owl at noon"})
    guest.post(reverse("login"), {"username": "nour", "password": "blue owl at noon"})
    nour = Person.objects.get(username="nour")
    assert letter.to == ["nour@example.org"]
    assert "Petra Pilot" in letter.body
    assert guest.session["_auth_user_id"] == str(nour.pk)
    assert nour.joined_at is not None


def test_an_invitation_can_be_sent_again_until_it_was_used(as_pilot, pilot):
    as_pilot.post(reverse("person_invite"), INVITATION)
    nour = Person.objects.get(username="nour")
    as_pilot.post(reverse("person_invite_again", args=[nour.pk]))
    Person.objects.filter(pk=nour.pk).update(joined_at=clock.now())
    as_pilot.post(reverse("person_invite_again", args=[nour.pk]))
    assert [letter.to for letter in mail.outbox] == [["nour@example.org"]] * 2


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("username", "ada", "The username ada is taken."),
        ("username", "Ada Moreno", "Use small letters, digits, dots and dashes."),
        ("email", "ADA@example.org", "ADA@example.org belongs to Ada Moreno."),
        ("email", "nour", "Enter a valid email address."),
        ("time_zone", "Chile/Nowhere", "Chile/Nowhere"),
        ("name", "", "This field is required."),
    ],
)
def test_a_wrong_invitation_says_what_is_wrong_and_invites_nobody(as_pilot, ada, field, value, error):
    answer = as_pilot.post(reverse("person_invite"), {**INVITATION, field: value})
    assert answer.status_code == 400
    assert error in answer.content.decode()
    assert not mail.outbox


def test_the_pilot_changes_zone_calendar_and_teams(as_pilot, ada, facility):
    other = Team.objects.create(name="Prompt Processing", slug="prompt")
    calendar = WorkCalendar.objects.create(name="Early", work_days=[1, 2, 3, 4, 5], starts="06:00", ends="14:00")
    data = edit_data(ada, time_zone="America/Santiago", calendar=calendar.pk, country="CL", teams=[other.pk])
    as_pilot.post(reverse("person_edit", args=[ada.pk]), data)
    ada = Person.objects.get(pk=ada.pk)
    assert (ada.time_zone, ada.calendar, ada.country) == ("America/Santiago", calendar, "CL")
    assert list(ada.teams.all()) == [other]


def test_a_region_of_another_country_is_refused(as_pilot, ada):
    data = edit_data(ada, country="CL", subdivision="BY")
    answer = as_pilot.post(reverse("person_edit", args=[ada.pk]), data)
    assert answer.status_code == 400
    assert "CL has no region BY that we know." in answer.content.decode()


def test_only_an_administrator_changes_an_administrators_mail_address(as_pilot, boss):
    answer = as_pilot.post(reverse("person_edit", args=[boss.pk]), edit_data(boss, email="petra@evil.example"))
    assert "only an administrator may change their mail address" in answer.content.decode()
    assert Person.objects.get(pk=boss.pk).email == "boss@example.org"


def test_a_closed_account_loses_its_sessions_and_tokens(as_boss, ada, now):
    token, secret = services.create_token(person=ada, name="script", now=clock.now())
    theirs = Client()
    theirs.force_login(ada)
    as_boss.post(reverse("person_close", args=[ada.pk]))
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert services.use_token(secret=secret, now=clock.now()) is None
    assert theirs.get(reverse("people")).status_code == 302


def test_whoever_leads_a_team_is_needed_until_another_leads_it(ada, boss, facility, now):
    with pytest.raises(leaving.StillNeeded, match=r"Ada Moreno leads Data Facility\. Give it another lead first"):
        leaving.deactivate(person=ada, by=boss, now=now)


def test_the_pilot_is_needed_until_another_takes_over(pilot, boss, now):
    with pytest.raises(leaving.StillNeeded, match="Petra Pilot is or will be the pilot"):
        leaving.deactivate(person=pilot, by=boss, now=now)


def test_a_pilot_whose_term_is_over_may_leave(pilot, boss, now):
    RoleTerm.objects.filter(person=pilot).update(ends_at=now)
    leaving.deactivate(person=pilot, by=boss, now=now)
    assert not Person.objects.get(pk=pilot.pk).is_active


def test_nobody_closes_their_own_account(boss, now):
    with pytest.raises(leaving.StillNeeded, match="You cannot close your own account"):
        leaving.deactivate(person=boss, by=boss, now=now)


def test_the_reason_is_shown_where_the_button_was(as_boss, ada, facility):
    page = as_boss.post(reverse("person_close", args=[ada.pk]), follow=True).content.decode()
    assert "Ada Moreno leads Data Facility." in page
    assert Person.objects.get(pk=ada.pk).is_active


def test_the_pilot_does_not_close_an_administrators_account(as_pilot, boss):
    assert as_pilot.post(reverse("person_close", args=[boss.pk])).status_code == 403


def test_a_second_pilot_is_refused_by_name(ada, pilot, now):
    with pytest.raises(editing.PilotTaken, match="Petra Pilot is the pilot during that time"):
        editing.give_role(person=ada, role="pilot", team=None, starts_at=now, ends_at=None, by=pilot)


def test_a_pilots_term_ends_where_the_next_begins(ada, pilot, now):
    editing.end_role(term=pilot.role_terms.get(), by=pilot, now=now)
    editing.give_role(person=ada, role="pilot", team=None, starts_at=now, ends_at=None, by=pilot)
    assert RoleTerm.objects.at(now).get(role="pilot").person == ada


def test_the_pilot_makes_nobody_a_manager(as_pilot, pilot):
    """Managers see the leave of others, and the pilot does not."""
    answer = as_pilot.post(reverse("role_give", args=[pilot.pk]), {"role": "manager", "team": ""})
    assert answer.status_code == 400
    assert "Managers see leave: only an administrator gives that role." in answer.content.decode()
    assert not RoleTerm.objects.filter(role="manager").exists()


def test_the_pilot_ends_no_managers_role(as_pilot, ada, now):
    term = ada.role_terms.create(role="manager", starts_at=now - timedelta(days=9))
    page = as_pilot.post(reverse("role_end", args=[term.pk]), follow=True).content.decode()
    assert "only an administrator gives or ends that role." in page
    term.refresh_from_db()
    assert term.ends_at is None


def test_the_pilot_still_names_observers(as_pilot, ada):
    as_pilot.post(reverse("role_give", args=[ada.pk]), {"role": "observer"})
    assert ada.role_terms.get().role == "observer"


def test_who_manages_a_team_adds_nobody_to_it(as_pilot, pilot, grace, facility, now):
    """They would see the leave of whom they add."""
    pilot.role_terms.create(role="manager", team=facility, starts_at=now - timedelta(days=9))
    there = [one.pk for one in facility.members.all()]
    data = {"name": facility.name, "slug": facility.slug, "people": [*there, grace.pk]}
    answer = as_pilot.post(reverse("team", args=[facility.pk]), data)
    assert answer.status_code == 400
    assert "only an administrator adds people to it." in answer.content.decode()
    assert grace not in facility.members.all()


def test_nor_adds_their_team_to_somebody(as_pilot, pilot, grace, facility, now):
    pilot.role_terms.create(role="manager", team=facility, starts_at=now - timedelta(days=9))
    answer = as_pilot.post(reverse("person_edit", args=[grace.pk]), edit_data(grace, teams=[facility.pk]))
    assert answer.status_code == 400
    assert grace not in facility.members.all()


def test_a_role_that_would_end_before_it_begins_is_refused(as_boss, ada):
    data = {"role": "manager", "starts_at": "2027-03-02T09:00", "ends_at": "2027-03-01T09:00"}
    answer = as_boss.post(reverse("role_give", args=[ada.pk]), data)
    assert answer.status_code == 400
    assert "It would end before it begins." in answer.content.decode()


def test_a_role_begins_on_the_viewers_own_clock(as_boss, boss, ada):
    Person.objects.filter(pk=boss.pk).update(time_zone="America/Santiago")
    as_boss.post(reverse("role_give", args=[ada.pk]), {"role": "manager", "starts_at": "2027-07-01T09:00"})
    assert f"{ada.role_terms.get().starts_at:%Y-%m-%d %H:%M}" == "2027-07-01 13:00"


def test_ending_the_pilots_role_says_who_stands_in(as_boss, pilot):
    page = as_boss.post(reverse("role_end", args=[pilot.role_terms.get().pk]), follow=True).content.decode()
    assert "There is no pilot now, and nobody" in page


def test_a_team_takes_its_lead_as_a_member(as_boss, ada, grace):
    data = {"name": "Summit", "slug": "summit", "lead": ada.pk, "people": [grace.pk]}
    as_boss.post(reverse("team_new"), data)
    assert set(Team.objects.get(slug="summit").members.all()) == {ada, grace}


def test_a_team_of_a_taken_name_is_refused(as_boss, facility):
    answer = as_boss.post(reverse("team_new"), {"name": "Data Facility", "slug": "other"})
    assert answer.status_code == 400
    assert "Team with this Name already exists." in answer.content.decode()


def test_everybody_reads_a_team_and_only_some_change_it(client, grace, facility):
    client.force_login(grace)
    assert client.get(reverse("team", args=[facility.pk])).status_code == 200
    assert client.post(reverse("team", args=[facility.pk]), {"name": "X", "slug": "x"}).status_code == 403


def test_one_sets_ones_own_zone_and_sees_the_time_there(client, ada):
    client.force_login(ada)
    page = client.post(reverse("hours"), {"time_zone": "Europe/Paris"}, follow=True).content.decode()
    assert Person.objects.get(pk=ada.pk).time_zone == "Europe/Paris"
    assert re.search(r"\d\d:\d\d in Paris", page)


def test_names_are_searched_without_a_nul(client, ada):
    client.force_login(ada)
    answer = client.get(reverse("people"), {"q": "Ada\x00"})

    assert answer.status_code == 200
    assert answer.context["q"] == "Ada"


def test_every_text_about_a_link_says_how_long_it_is_good_for(as_pilot, settings, ada):
    assert settings.PASSWORD_RESET_TIMEOUT == 24 * 60 * 60
    assert "is good for 24 hours." in as_pilot.post(reverse("person_invite"), INVITATION, follow=True).content.decode()
    assert "It is good for 24 hours and" in as_pilot.get(reverse("password_reset_done")).content.decode()
    assert "is over 24 hours old" in as_pilot.get(reverse("password_reset_confirm", args=["x", "y"])).content.decode()
    letter = render_to_string("registration/password_reset_email.html", {"user": ada, "uid": "x", "token": "y"})
    assert "Set it here within 24 hours:" in letter
