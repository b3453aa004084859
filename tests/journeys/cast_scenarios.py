"""Who plays in the scenarios of the demo year: triage in two places, a commander, a steward, reviewers, an observer.

Over those of cast.py. `python -m tests.journeys.cast_scenarios` fills an empty database, as that does.
"""

from datetime import date, datetime, time

from tests.journeys.cast import PACIFIC, Known, fill, join, schedule

LONDON = "Europe/London"
HAMISH = ("hamish", "Hamish Fraser", LONDON, "+447700900182")
FIRST_MONDAY, ALL_DAYS = date(2026, 1, 5), (1, 2, 3, 4, 5, 6, 7)


def more(known: Known) -> None:
    from incidents.escalation.models import EscalationPolicy
    from incidents.signals.services import create_source
    from oncall import clock
    from oncall.people.models import Membership, Person, Team

    now = clock.now()
    hamish = join(known, *HAMISH)

    people = {person.username: person for person in Person.objects.all()}
    team = Team.objects.create(name="Campaign Management", slug="campaign-management", lead=people["carl"])
    for member in ("carl", "dora", "finn"):
        Membership.objects.create(person=people[member], team=team)
    stewards = schedule("Stewards", people["bea"])
    stewards.skill = "support"
    stewards.save(update_fields=["skill"])

    policy = EscalationPolicy.objects.get(is_default=True)
    _, secret = create_source(name="Checks", kind="json", policy=policy, severity=2, now=now)
    known["hooks"]["checks"] = f"/hooks/{secret}/"
    known["ids"]["Night triage"] = _night_triage(people["ada"], hamish, at=now)


def _night_triage(west: object, london: object, *, at: datetime) -> str:
    """West, and London in its morning: without an overlap where the clocks of America and Europe disagree."""
    from rotations.night.models import Window
    from rotations.schedule import services
    from rotations.schedule.services import Layer, Turns

    made = services.create_schedule(name="Night triage", now=at)
    for name, window, person in (("West", "west-uk", west), ("London", "uk", london)):
        services.create_rotation(
            schedule=made,
            role="primary",
            name=name,
            turns=Turns(PACIFIC, "week", 1, FIRST_MONDAY, time(12), weekdays=ALL_DAYS),
            people=[person],  # type: ignore[list-item]  # models can be had only once Django is set up
            layer=Layer(level=1, window=Window.objects.get(name=window)),
            now=at,
        )
    return str(made.pk)


if __name__ == "__main__":
    fill(more)
