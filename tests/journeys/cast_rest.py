"""Who plays when somebody is called at night: an expert in Paris, a colleague who could cover, triage in Paris.

Over those of cast.py. `python -m tests.journeys.cast_rest` fills an empty database, as that does.
"""

from tests.journeys.cast import PARIS, Known, fill, join, schedule

NORA = ("nora", "Nora Dubreuil", PARIS, "+33639980181")


def more(known: Known) -> None:
    from incidents.escalation.models import EscalationPolicy
    from incidents.escalation.services import Wanted, save_policy
    from incidents.signals.services import create_source
    from oncall import clock
    from oncall.people.models import Membership, Person, Team

    now = clock.now()
    nora = join(known, *NORA)

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
    fill(more)
