"""Begin pages for several people at once, and tell more to several: what page() and retell() do, in a few statements.

A storm calls many people in the same moment. What is read here is read once for all of them.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from oncall import rows
from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging.ladder import Rung
from oncall.paging.models import ContactMethod, NotificationRule, Page, QuietHours, Urgency
from oncall.paging.quiet import Hours
from oncall.paging.throttle import LOOK_BACK
from oncall.people.models import Person
from oncall.troubles.models import Trouble

RETELL = """
    UPDATE paging_page AS p
       SET edition = v.edition, title = v.title, text = v.text, severity = v.severity, leads = v.leads,
           ladder = v.ladder::jsonb, next_due = v.next_due
      FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::text[], %s::int[], %s::bool[], %s::text[], %s::timestamptz[])
           AS v (id, edition, title, text, severity, leads, ladder, next_due)
     WHERE p.id = v.id
"""


@dataclass
class Ways:
    """How each of several people is reached, and when each was paged last, if lately."""

    limits: Limits
    contacts: dict[UUID, list[ContactMethod]]
    rules: dict[UUID, list[NotificationRule]]
    hours: dict[UUID, Hours]
    last: dict[UUID, datetime]

    @classmethod
    def of(cls, people: Iterable[Person], *, low: bool, limits: Limits) -> "Ways":
        """Read them. `low`: some are called with low urgency, so that quiet hours matter."""
        those = {person.pk: person for person in people}
        contacts, rules = defaultdict(list), defaultdict(list)
        for contact in ContactMethod.objects.usable().filter(person__in=those):
            contacts[contact.person_id].append(contact)
        for rule in NotificationRule.objects.filter(person__in=those).select_related("contact"):
            rules[rule.person_id].append(rule)
        kept = QuietHours.objects.filter(person__in=those) if low else ()
        hours = {row.person_id: Hours(row.starts, row.ends, those[row.person_id].time_zone) for row in kept}
        return cls(limits, contacts, rules, hours, {})

    def ladder(self, person: Person, *, urgency: str) -> list[Rung]:
        """Return the rungs as `services.ladder_for` does; none where it would say that the person is unreachable."""
        if not person.is_active:
            return []
        contacts, rules = self.contacts.get(person.pk, []), self.rules.get(person.pk, [])
        return services.ladder_of(contacts=contacts, rules=rules, urgency=urgency, limits=self.limits)

    def quiet(self, person: Person, *, urgency: str) -> Hours | None:
        return self.hours.get(person.pk) if urgency == Urgency.LOW else None

    def read_last(self, people: Iterable[Person], *, now: datetime) -> None:
        """Read when the last page of each began; the caller holds their turns."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT person_id, max(created_at) FROM paging_page"
                " WHERE person_id = ANY(%s) AND created_at > %s GROUP BY person_id",
                [[person.pk for person in people], now - LOOK_BACK],
            )
            self.last = dict(cursor.fetchall())


def begin(pages: Sequence[Page], *, now: datetime) -> bool:
    """Write pages that were drafted, and end the troubles that said that their people cannot be reached.

    False where one is there already, or its code is taken: then the caller undoes all of it and goes one by one.
    """
    if not pages:
        return True
    keys = [str(page.person_id) for page in pages]
    Trouble.objects.open().filter(kind="unreachable", key__in=keys).update(until=now)
    return rows.insert_many(pages, unless_taken=True) == len(pages)


def retell(pages: Sequence[Page]) -> None:
    """Write what `services.retold` changed on pages that the caller holds."""
    if not pages:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            RETELL,
            [
                [page.pk for page in pages],
                [page.edition for page in pages],
                [page.title for page in pages],
                [page.text for page in pages],
                [page.severity for page in pages],
                [page.leads for page in pages],
                [json.dumps(page.ladder) for page in pages],
                [page.next_due for page in pages],
            ],
        )
