"""Who plays in a chaos run: `python -m tests.faults.crowd 200` fills an empty database and prints what to know.

So many groups of three people, each group with a policy that calls one after the other, once, and a source of its own:
no two alarms ever share a page, a throttle or a telephone, so that every page must be found at the telephone company
exactly once. One in five is called, the rest get a text. Every name and number is invented.
"""

import json
import sys
from datetime import UTC, datetime, timedelta

import django

TIERS = ("a", "b", "c")
WAITS_S = (12, 12, 7200)  # before the next tier, and before the end of the policy calls the last one again
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
VOICE_EVERY = 5  # every so many people are called


def main(groups: int) -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(play(groups)))


def names(group: int) -> list[str]:
    """Return the user names of a group, in the order in which they are called."""
    return [f"c{group}{tier}" for tier in TIERS]


def play(groups: int) -> dict[str, dict[str, str]]:
    from incidents.escalation.models import EscalationPolicy, Step
    from incidents.signals.models import Source
    from oncall import clock
    from oncall.paging.models import ContactMethod, NotificationRule
    from oncall.people.models import ApiToken, Person
    from oncall.people.services import digest

    now = clock.now()
    watch = Person(username="watch", name="Wanda Watch", is_superuser=True, joined_at=BEGINNING)
    crowd = [name for group in range(groups) for name in names(group)]
    people = [watch, *(Person(username=name, name=name.upper(), joined_at=BEGINNING) for name in crowd)]
    phones = [
        ContactMethod(
            person=person,
            kind="phone",
            address=f"+1999{position:07}",
            created_at=BEGINNING,
            verified_at=BEGINNING,
            confirmed_at=BEGINNING,
        )
        for position, person in enumerate(people)
    ]
    rules = [
        NotificationRule(
            person=phone.person, channel="sms" if position % VOICE_EVERY else "voice", delay_s=0, contact=phone
        )
        for position, phone in enumerate(phones)
    ]
    tokens = {person.username: f"chaos-{person.username}" for person in people}
    for person in people:
        person.set_unusable_password()
    everybody = {person.username: person for person in people}
    policies = [EscalationPolicy(name=f"Group {group}", rounds=1) for group in range(groups)]
    house = EscalationPolicy(name="House", rounds=1, is_default=True)
    steps = [Step(policy=house, position=0, wait_s=3600, person=watch)]
    for group, policy in enumerate(policies):
        steps += [
            Step(policy=policy, position=position, wait_s=wait_s, person=everybody[name])
            for position, (name, wait_s) in enumerate(zip(names(group), WAITS_S, strict=True))
        ]
    Person.objects.bulk_create(people)
    ContactMethod.objects.bulk_create(phones)
    NotificationRule.objects.bulk_create(rules)
    EscalationPolicy.objects.bulk_create([house, *policies])
    Step.objects.bulk_create(steps)
    Source.objects.bulk_create(
        Source(
            name=f"Source {group}",
            kind="json",
            policy=policy,
            severity=2,
            token_digest=digest(f"source-{group}"),
            created_at=now,
        )
        for group, policy in enumerate(policies)
    )
    ApiToken.objects.bulk_create(
        ApiToken(
            person=everybody[name],
            name="chaos",
            digest=digest(token),
            hint=token[:12],
            created_at=now,
            expires_at=now + timedelta(days=30),
        )
        for name, token in tokens.items()
    )
    return {
        "tokens": tokens | {"admin": tokens["watch"]},
        "hooks": {str(group): f"/hooks/source-{group}/" for group in range(groups)},
        "numbers": {phone.person.username: phone.address for phone in phones},
        "ids": {name: str(person.pk) for name, person in everybody.items()},
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
