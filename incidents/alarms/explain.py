"""Why a page calls this person, and why now: kept as it was when the page was made, said on screens, in mails and on
the telephone in the same words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from incidents.alarms.models import CALLED_IN, HANDED_OVER, OUTSIDE, Alarm, AlarmPage
from incidents.escalation.decision import Position, back, plan_from_json
from incidents.escalation.queries import Called
from oncall.paging.ladder import rung_from_json
from oncall.paging.models import Channel, Page
from oncall.people.models import Person
from rotations.changes.models import Override
from rotations.changes.words import own_words

HOW = {CALLED_IN: "called in", OUTSIDE: "last resort", HANDED_OVER: "handed over"}


def because_of(alarm: Alarm, called: Called, *, step: int, at_round: int | None, now: datetime) -> dict[str, Any]:
    """Return why `called` is called for `step`, as data: policy, step, round, schedule, shift, who stands in for whom.

    `at_round`: the round in which the step fires; None: it has fired, and its person came to it since.
    """
    because: dict[str, Any] = {
        "how": HOW.get(step, "step" if at_round is not None else "change"),
        "at": now.isoformat(),
        "alarm": str(alarm.pk),
        "cycle": alarm.cycle,
        "policy": str(alarm.plan.get("name", "")),
        "reason": called.why,
        **called.facts,
    }
    if step >= 0:
        steps, rounds = alarm.plan.get("steps") or [], int(alarm.plan.get("rounds", 1))
        round_ = _round(alarm) if at_round is None else at_round
        because |= {"step": step + 1, "of": len(steps), "round": min(round_, rounds - 1) + 1, "rounds": rounds}
        because["end"] = round_ >= rounds
    if override := called.facts.get("override"):
        because["instead"] = _instead(override)
    return because


def _round(alarm: Alarm) -> int:
    """Return the round of the step that fired last."""
    return back(plan_from_json(alarm.plan), Position(alarm.step, alarm.round)).round


def _instead(override: str) -> dict[str, Any] | None:
    with transaction.atomic():  # whatever breaks here must leave the page's own transaction whole
        row = Override.objects.select_related("by", "replaces").filter(pk=UUID(override)).first()
    if row is None:
        return None
    return {
        "kind": "swap" if row.swap_id else "override",
        "of": row.replaces.name if row.replaces else "",
        "by": row.by.name,
        "reason": row.reason,
        "from": row.starts_at.isoformat(),
        "until": row.ends_at.isoformat(),
    }


def by_hand(alarm: Alarm, *, step: int, why: str, by: Person, now: datetime) -> dict[str, Any]:
    """The same where a person calls: `by` hands over, or asks for help."""
    return {
        "how": HOW[step],
        "at": now.isoformat(),
        "alarm": str(alarm.pk),
        "cycle": alarm.cycle,
        "by": by.name,
        "reason": why,
    }


def keep(*, alarm: Alarm, page: Page, because: Mapping[str, Any], anew: bool = False) -> None:
    """Write it to the alarm's link with the page. What was said first stays, unless the person is called `anew`."""
    rows = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, page=page)
    (rows if anew else rows.filter(because={})).update(because=dict(because))


def in_words(because: Mapping[str, Any], *, person: Person) -> str:
    """Return it as sentences to that person, on their own clock: “you are on call for Triage … Step 1 of 2 …”."""
    shift = because.get("shift")
    if shift:
        zone = ZoneInfo(person.time_zone)
        span = own_words(_instant(shift["from"]), _instant(shift["until"]), zone=zone)
        role = "" if because["role"] == "primary" else f" ({because['role']})"
        words = f"you are on call for {because['schedule']['name']}{role}, {span}: {shift['why']}."
        if (instead := because.get("instead")) and instead["kind"] == "swap":
            words += f" By a swap that {instead['by']} made."
    else:
        words = f"{because.get('reason', '')}."
    if because.get("end"):
        words += f" The policy {because['policy']} is at its end, so its last step is called until somebody answers."
    elif "step" in because:
        words += f" Step {because['step']} of {because['of']} of the policy {because['policy']}"
        words += f", round {because['round']} of {because['rounds']}." if because["rounds"] > 1 else "."
    if because.get("how") == "change" and shift:
        words += " You came to it after that step had begun."
    return words


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Rule:
    """One way of the person's own rules, as copied into the page: “Call after 1 min”."""

    way: str
    after: float
    tried: bool


@dataclass(frozen=True)
class Why:
    """Why a page calls about one alarm."""

    alarm: Alarm
    words: str
    because: Mapping[str, Any]
    linked_at: datetime
    current: bool  # the alarm is still in the cycle the page was made for


def of_page(page: Page) -> list[Why]:
    """Return why this page calls, for each alarm it is about, the worst first; nothing for a test page."""
    links = page.links.select_related("alarm__acknowledged_by").order_by("alarm__severity", "linked_at", "pk")
    return [
        Why(one.alarm, words_of(one, person=page.person), one.because, one.linked_at, one.cycle == one.alarm.cycle)
        for one in links
    ]


def words_of(link: AlarmPage, *, person: Person) -> str:
    """Return the words of one link; of one made before reasons were kept, what it said."""
    return in_words(link.because, person=person) if link.because else f"{link.why}."


def spoken(page: Page) -> str:
    """Return why, for a telephone: the worst alarm's reason, and how many more the page is about."""
    reasons = of_page(page)
    if not reasons:
        return "You asked for this test page yourself."
    more = f" The page is about {len(reasons)} alarms; this is the worst." if len(reasons) > 1 else ""
    return f"You are called because {reasons[0].words}{more}"


def rules_of(page: Page) -> list[Rule]:
    """Return the ways this page takes, in order, from the rules that were copied when it began."""
    rungs = [rung_from_json(row) for row in page.ladder]
    return [Rule(str(Channel(rung.channel).label), rung.after, nth < page.next_rung) for nth, rung in enumerate(rungs)]
