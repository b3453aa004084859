"""Change a rule, or waive it for a while: a new row from now on, with who and why. What was before stays as it was."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.forms.models import model_to_dict

from incidents.latency.models import Rule
from oncall.people.models import Person

LONGEST_WAIVER = timedelta(hours=24)  # as of a silence (domain.md 5.12)
LOCK = (0x715172, -3)  # of changes, beside those of bulk.py


class BadChange(Exception):
    """The rule cannot be changed so. The message is fit to show."""


@transaction.atomic
def change(*, rule: Rule, changes: Mapping[str, Any], why: str, by: Person, now: datetime) -> Rule:
    """Let the rule be as `changes` says from now on; a waiver of it goes on.

    :raises BadChange: without a reason, where somebody else changed it meanwhile, or where nothing is changed.
    """
    why = " ".join(why.split())
    if not why:
        raise BadChange("Say why: whoever reads the rule next year will ask where its numbers come from.")
    _hold(rule, now=now)
    people = {name: getattr(rule, name) for name in ("policy", "waived_by", "waiver_agreed_by")}
    fields = model_to_dict(rule, exclude=["id", "by", *people])
    if all(getattr(rule, name) == value for name, value in changes.items()):
        raise BadChange("Nothing is different from the rule that is in force. Change a number, or leave it as it is.")
    row = Rule(**fields, **people)
    for name, value in changes.items():
        setattr(row, name, value)
    row.effective_from, row.by, row.why = now, by, why[:300]
    row.save(force_insert=True)
    return row


def waive(*, rule: Rule, until: datetime, why: str, by: Person, now: datetime) -> Rule:
    """Let it page nobody until `until`; what still fires then calls. It goes on being asked and shown.

    SEV-1 it holds for half an hour, unless a second person agrees (`agree`).

    :raises BadChange: without a reason, or where it would end in the past or in more than 24 h.
    """
    why = " ".join(why.split())
    if not why:
        raise BadChange("Say why it is waived; whoever reads the ledger of what was not sent will ask.")
    if not now < until <= now + LONGEST_WAIVER:
        raise BadChange("A waiver ends within 24 h, as a silence does. For longer, put the rule in shadow.")
    said = {"waived_until": until, "waived_why": why[:200]}
    said |= {"waived_at": now, "waived_by": by, "waiver_agreed_by": None}
    return change(rule=rule, changes=said, why=f"Waived until {until:%d %b %H:%M} UTC: {why}", by=by, now=now)


def agree(*, rule: Rule, by: Person, now: datetime) -> Rule:
    """A second person agrees that the waiver hides SEV-1 as well, up to its end.

    :raises BadChange: if it is not waived, somebody agreed already, or it is one's own.
    """
    if not rule.is_waived(now):
        raise BadChange("It is not waived any more, so it pages already.")
    if rule.waiver_agreed_by is not None:
        raise BadChange(f"{rule.waiver_agreed_by.name} has agreed already.")
    if rule.waived_by is None or rule.waived_by == by:
        raise BadChange("Another than who waived it must agree. End it and waive it anew if nobody else is there.")
    why = f"Agreed that the waiver of {rule.waived_by.name} hides SEV-1 as well: {rule.waived_why}"
    return change(rule=rule, changes={"waiver_agreed_by": by}, why=why, by=by, now=now)


def end_waiver(*, rule: Rule, by: Person, now: datetime) -> Rule:
    """Let it page again at once.

    :raises BadChange: if it is not waived.
    """
    if not rule.is_waived(now):
        raise BadChange("It is not waived any more, so it pages already.")
    changes = {"waived_until": None, "waived_why": "", "waived_at": None, "waived_by": None, "waiver_agreed_by": None}
    return change(rule=rule, changes=changes, why="The waiver was ended by hand.", by=by, now=now)


def _hold(rule: Rule, *, now: datetime) -> None:
    """Keep others from changing rules until this is committed.

    :raises BadChange: where somebody changed it since it was read.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK)
    newest = Rule.objects.at(now).get(kind=rule.kind)
    if newest.pk != rule.pk:
        who = newest.by.name if newest.by else "Somebody"
        raise BadChange(f"{who} changed this rule at {newest.effective_from:%H:%M} UTC. Look at it again first.")
