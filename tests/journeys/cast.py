"""Who plays in journeys and faults: `python -m tests.journeys.cast` fills an empty database and prints what to know.

Run as a process of its own against the database that DATABASE_URL names. Every name and number is invented.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:  # models can be had only once Django is set up
    from oncall.people.models import Person
    from rotations.schedule.models import Schedule

Known = dict[str, dict[str, str]]  # tokens, hooks, numbers, ids
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "keep-the-sky-dark"
PACIFIC, PARIS = "America/Los_Angeles", "Europe/Paris"
# username, name, zone, number. No calendar of their own: Monday to Friday 09:00-17:00 in their own zone.
PEOPLE = [
    ("ada", "Ada Moreno", PACIFIC, "+12025550161"),
    ("grace", "Grace Okafor", PACIFIC, "+12025550162"),
    ("lucie", "Lucie Girard", PARIS, "+33639980163"),
    ("olga", "Olga Rojas", PACIFIC, "+12025550164"),
    ("admin", "Ada Minton", PACIFIC, "+12025550165"),
    ("bea", "Bea Singh", PACIFIC, "+12025550171"),
    ("carl", "Carl Ito", PACIFIC, "+12025550172"),
    ("dora", "Dora Walker", PACIFIC, "+12025550173"),
    ("emil", "Emil Novak", PACIFIC, "+12025550174"),
    ("finn", "Finn Reyes", PACIFIC, "+12025550175"),
]
# Who has none is paged by the usual ones: text, call, call. Nobody has a mail address; only telephones are watched.
RULES = {
    "ada": [("sms", 0), ("voice", 60)],
    "grace": [("voice", 0), ("sms", 30)],
    "lucie": [("sms", 0)],
    "emil": [("voice", 0)],
}
ALONE = ("bea", "carl", "dora", "emil", "finn")  # each has a policy and a source that call nobody else


def fill(more: Callable[[Known], None] = lambda known: None) -> None:
    """Migrate, let these people in, then `more`; print what tests must know of them."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    known = play()
    more(known)
    print(json.dumps(known))


def play() -> Known:
    from incidents.escalation.models import EscalationPolicy
    from incidents.escalation.services import Wanted, save_policy
    from incidents.signals.services import create_source
    from oncall import clock
    from oncall.paging.models import ContactMethod, NotificationRule
    from oncall.people.models import Person
    from oncall.people.services import create_token

    now = clock.now()
    people, tokens = {}, {}
    for username, name, zone, number in PEOPLE:
        person = Person.objects.create_user(
            username, PASSWORD, name=name, time_zone=zone, is_superuser=username == "admin", joined_at=BEGINNING
        )
        phone = ContactMethod.objects.create(person=person, kind="phone", address=number, created_at=now)
        for channel, delay_s in RULES.get(username, []):
            NotificationRule.objects.create(person=person, channel=channel, delay_s=delay_s, contact=phone)
        people[username] = person
        tokens[username] = create_token(person=person, name="journeys", now=now)[1]
    people["olga"].role_terms.create(role="observer", starts_at=BEGINNING)
    night = save_policy(
        policy=EscalationPolicy(name="Prompt Processing", is_default=True),
        steps=[
            Wanted(300, schedule=schedule("Triage", people["ada"])),
            Wanted(300, schedule=schedule("Experts", people["grace"])),
        ],
    )
    _, secret = create_source(name="Prometheus", kind="alertmanager", policy=night, severity=2, now=now)
    hooks = {"alertmanager": f"/hooks/{secret}/"}
    for username in ALONE:
        policy = save_policy(
            policy=EscalationPolicy(name=f"Only {username}", rounds=1), steps=[Wanted(3600, person=people[username])]
        )
        _, secret = create_source(name=f"Scripts of {username}", kind="json", policy=policy, severity=2, now=now)
        hooks[username] = f"/hooks/{secret}/"
    numbers = {username: number for username, _, _, number in PEOPLE}
    return {
        "tokens": tokens,
        "hooks": hooks,
        "numbers": numbers,
        "ids": {username: str(person.pk) for username, person in people.items()},
    }


def join(known: Known, username: str, name: str, zone: str, number: str) -> "Person":
    """Let one more person in, who is texted at once."""
    from oncall import clock
    from oncall.paging.models import ContactMethod, NotificationRule
    from oncall.people.models import Person
    from oncall.people.services import create_token

    now = clock.now()
    person = Person.objects.create_user(username, PASSWORD, name=name, time_zone=zone, joined_at=BEGINNING)
    phone = ContactMethod.objects.create(person=person, kind="phone", address=number, created_at=now)
    NotificationRule.objects.create(person=person, channel="sms", delay_s=0, contact=phone)
    known["numbers"][username], known["ids"][username] = number, str(person.pk)
    known["tokens"][username] = create_token(person=person, name="journeys", now=now)[1]
    return person


def schedule(name: str, person: "Person") -> "Schedule":
    """A schedule on which one person is always on call."""
    from rotations.schedule.models import Participant, Rotation, Schedule

    made = Schedule.objects.create(name=name, slug=name.lower())
    rotation = Rotation.objects.create(
        schedule=made,
        role="primary",
        name=name,
        time_zone=PACIFIC,
        unit="week",
        every=1,
        first_on=date(2026, 1, 5),
        handoff_time=time(9),
    )
    Participant.objects.create(rotation=rotation, person=person, position=0)
    return made


if __name__ == "__main__":
    fill()
