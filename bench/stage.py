"""Puts people, policies and sources on the stage: `python -m bench.stage '{"group": count, ...}'`.

Each person has one telephone, one rule (a text at once), a policy of their own and a source of their own, so that an
alarm is one page to one person and nothing follows it. Prints `{"group": [path of the source's hook, ...]}`.
"""

import json
import os
import sys
from typing import Any


def build(groups: dict[str, int]) -> dict[str, list[str]]:
    from django.db import transaction

    from incidents.escalation.models import EscalationPolicy, Step
    from incidents.signals import services
    from incidents.signals.models import Source
    from oncall import clock
    from oncall.paging.models import ContactMethod, NotificationRule
    from oncall.people.models import Person

    now = clock.now()
    addresses: dict[str, list[str]] = {}
    with transaction.atomic():
        for nth, (group, count) in enumerate(groups.items()):
            names = [f"bench-{group}-{number}" for number in range(count)]
            people = Person.objects.bulk_create(Person(username=name, name=name, password="!") for name in names)
            phones = ContactMethod.objects.bulk_create(
                ContactMethod(person=person, kind="phone", address=f"+1415{nth:02}{number:05}", created_at=now)
                for number, person in enumerate(people)
            )
            NotificationRule.objects.bulk_create(
                NotificationRule(person=phone.person, delay_s=0, channel="sms", contact=phone) for phone in phones
            )
            policies = EscalationPolicy.objects.bulk_create(EscalationPolicy(name=name, rounds=1) for name in names)
            Step.objects.bulk_create(
                Step(policy=policy, position=0, wait_s=86400, person=person)
                for policy, person in zip(policies, people, strict=True)
            )
            addresses[group] = []
            for name, policy in zip(names, policies, strict=True):
                _, secret = services.create_source(name=name, kind=Source.Kind.JSON, policy=policy, severity=2, now=now)
                addresses[group].append(f"/hooks/{secret}/")
    return addresses


def main(argument: str) -> Any:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
    django.setup()
    return build(json.loads(argument))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
