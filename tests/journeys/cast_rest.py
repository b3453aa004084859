"""Who plays when somebody is called at night: an expert in Paris, a colleague who could cover, triage in Paris.

Over those of cast.py. `python -m tests.journeys.cast_rest` fills an empty database, as that does.
"""

import json

import django

from tests.journeys.cast import BEGINNING, PARIS, PASSWORD, play, schedule

NORA = ("nora", "Nora Dubreuil", "+33639980181")


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    known = play()
    _more(known)
    print(json.dumps(known))


def _more(known: dict[str, dict[str, str]]) -> None:
    from incidents.escalation.models import EscalationPolicy
    from incidents.escalation.services import Wanted, save_policy
    from incidents.signals.services import create_source
    from oncall import clock
    from oncall.paging.models import ContactMethod, NotificationRule
    from oncall.people.models import Membership, Person, Team
    from oncall.people.services import create_token

    now = clock.now()
    username, name, number = NORA
    nora = Person.objects.create_user(username, PASSWORD, name=name, time_zone=PARIS, joined_at=BEGINNING)
    phone = ContactMethod.objects.create(person=nora, kind="phone", address=number, created_at=now)
    NotificationRule.objects.create(person=nora, channel="sms", delay_s=0, contact=phone)
    known["numbers"][username], known["ids"][username] = number, str(nora.pk)
    known["tokens"][username] = create_token(person=nora, name="journeys", now=now)[1]

    lucie = Person.objects.get(username="lucie")
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    for member in (lucie, Person.objects.get(username="finn")):
        Membership.objects.create(person=member, team=team)
    for called, person, tier in (("Data Facility", lucie, 2), ("Triage Europe", nora, 1)):
        made = schedule(called.replace(" ", "-"), person)
        made.name, made.tier, made.team = called, tier, team if tier == 2 else None
        made.save(update_fields=["name", "tier", "team"])
        policy = save_policy(policy=EscalationPolicy(name=called, rounds=1), steps=[Wanted(3600, schedule=made)])
        _, secret = create_source(name=f"Checks of {called}", kind="json", policy=policy, severity=2, now=now)
        known["hooks"][called], known["ids"][called] = f"/hooks/{secret}/", str(made.pk)


if __name__ == "__main__":
    main()
