"""Let past call-outs earn by the rules now known to have been in force when they began.

A call-out keeps the rule that was known when it was found. Where a limit or somebody's hours are entered backdated,
this takes the rule anew and posts the difference, with a reason; entries are never changed, nor is any span. Public
holidays that the old rule has kept stay (own choice: a new release of the library that knows them rates nothing anew).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from oncall.people.models import Person
from rotations.leave import queries, rules, settlement
from rotations.leave.models import CallOut

LONGEST_REASON = 300  # characters, as an entry has room for
LATELY = timedelta(days=3)  # a rest may still hang on a call-out that ended since


class RecomputationRefused(Exception):
    """Why it cannot be done like that. The message is fit to show; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Change:
    """What one call-out earns otherwise: the rules in words, and the difference in whole seconds."""

    call_out: CallOut
    rule_before: str
    rule_after: str
    out_of_hours_s: int
    credit_s: int


def recompute(
    *,
    people: Iterable[Person] | None = None,
    since: datetime,
    until: datetime,
    by: Person | None,
    reason: str,
    now: datetime,
    dry_run: bool = False,
) -> list[Change]:
    """Post what closed call-outs that began in `[since, until)` earn otherwise; return it, by person and start.

    People are taken one after the other, each in one transaction, in order of id; None: everybody. A second run posts
    nothing. With `dry_run` nothing is locked or written, and no reason is needed.

    :raises RecomputationRefused: naming the field: an empty span, no reason, or one too long.
    """
    if until <= since:
        raise RecomputationRefused("until", "The end must be after the start. Choose a later end.")
    if not dry_run and not reason.strip():
        raise RecomputationRefused("reason", "Say why, for everybody whose leave changes will read it.")
    if len(reason.strip()) > LONGEST_REASON:
        raise RecomputationRefused("reason", f"That is over {LONGEST_REASON} characters. Say it shorter.")
    within = CallOut.objects.live().filter(starts_at__gte=since, starts_at__lt=until, ends_at__isnull=False)
    concerned = Person.objects.filter(pk__in=within.order_by().values("person"))
    if people is not None:
        concerned = concerned.filter(pk__in=[person.pk for person in people])
    found: list[Change] = []
    for person in concerned.order_by("pk"):
        if dry_run:
            found += _changes(within.filter(person=person))
        else:
            found += _post(person, within, by=by, reason=reason.strip(), now=now)
    return sorted(found, key=lambda change: (change.call_out.person.name, change.call_out.starts_at))


@transaction.atomic
def _post(person: Person, within: QuerySet[CallOut], *, by: Person | None, reason: str, now: datetime) -> list[Change]:
    settlement.lock(person)
    changes = _changes(within.filter(person=person), keep=True)
    settlement.post([change.call_out for change in changes], now=now, by=by, reason=reason)
    if any(change.call_out.ends_at and change.call_out.ends_at > now - LATELY for change in changes):
        settlement.settle(person=person, now=now, since=now)  # its rests
    return changes


def _changes(call_outs: QuerySet[CallOut], *, keep: bool = False) -> list[Change]:
    """Return which of these earn something else by the rule now known; `keep` it with each of them."""
    rows = list(call_outs.select_related("person").order_by("starts_at", "id"))
    posted = queries.posted(row.pk for row in rows)
    found = []
    for row in rows:
        before = row.rule
        row.rule = rules.rule_for(row.person, row.starts_at, row.ends_at, known=before)
        assert row.ends_at is not None  # they are closed
        earned = rules.earn(row.rule, row.starts_at, row.ends_at)
        worked_before, credit_before = posted.get(row.pk, (0, 0))
        worked, credited = earned.out_of_hours_s - worked_before, earned.credit_s - credit_before
        if keep and not rules.same(before, row.rule):
            row.save(update_fields=["rule"])
        if worked or credited:
            found.append(Change(row, rules.in_words(before), rules.in_words(row.rule), worked, credited))
    return found
