"""What the rules say, for screens and programs: only as long as somebody has asked them lately."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from incidents.alarms.models import LATENCY, Held
from incidents.latency.facts import KINDS
from incidents.latency.models import Rule, RuleWatch
from incidents.latency.rules import BLIND
from incidents.latency.tonight import UNKNOWN, WORDS
from oncall.limits.queries import Limits

WITH = ("by", "policy", "waived_by", "waiver_agreed_by")


@dataclass(frozen=True)
class TonightNow:
    """The latency of now in one word (tonight.py), as of `looked_at`; UNKNOWN where that is too long ago."""

    state: str
    text: str
    since: datetime | None
    data_at: datetime | None
    visits: int
    in_time: int
    looked_at: datetime | None
    unwatched: tuple[str, ...] = ()  # which rules call nobody, and why

    @property
    def word(self) -> str:
        return WORDS[self.state]


@dataclass(frozen=True)
class RuleNow:
    """A rule, what it says and why; blind where nobody has asked it lately, or it is off."""

    rule: Rule
    says: str
    why: str
    since: datetime | None
    severity: int | None
    stands: bool
    waived: bool


@dataclass(frozen=True)
class Said:
    """What one look said, read once for all who show it."""

    now: datetime
    looked_at: datetime | None
    said: dict[str, Any]
    old: str  # why it says nothing of now; empty: it is fresh

    def tonight(self) -> TonightNow:
        """Return the state of now. Nothing old is ever green."""
        kept = self.said.get("tonight", {})
        data_at = _instant(kept.get("data_at"))
        if self.old or not kept:
            return TonightNow(UNKNOWN, self.old, self.looked_at, data_at, 0, 0, self.looked_at)
        return TonightNow(
            kept["state"], kept["text"], _instant(kept["since"]), data_at, kept["visits"], kept["in_time"],
            self.looked_at, tuple(self.said.get("unwatched", ())),
        )  # fmt: skip

    def of(self, rule: Rule) -> RuleNow:
        kept = self.said.get("rules", {}).get(rule.kind)
        waived = rule.is_waived(self.now)
        if rule.mode == Rule.Mode.OFF:
            return RuleNow(rule, BLIND, "It is switched off: nobody asks it.", None, None, False, waived)
        if self.old or kept is None:
            why = self.old or "It was not asked yet."
            return RuleNow(rule, BLIND, why, None, None, False, waived)
        since = _instant(kept["since"]) if kept["stands"] or kept["says"] == "fires" else None
        return RuleNow(rule, kept["says"], kept["why"], since, kept["severity"], kept["stands"], waived)


def said(*, now: datetime, limits: Limits) -> Said:
    """Return what the last look said; one query."""
    row = RuleWatch.objects.filter(pk=1).values_list("looked_at", "said").first()
    looked_at, kept = row if row else (None, {})
    return Said(now, looked_at, kept, _old(looked_at, now, limits))


def _old(looked_at: datetime | None, now: datetime, limits: Limits) -> str:
    if looked_at is None:
        return "The latency rules were never asked. Start the pulse or a worker."
    if abs(now - looked_at) > limits.span("latency_state_old_s"):
        return f"The latency rules were last asked at {looked_at:%d %b %H:%M:%S} UTC. Nobody knows what is so since."
    return ""


def rules(*, now: datetime) -> list[Rule]:
    """Return the rules in force, the worst first; one query."""
    found = {rule.kind: rule for rule in Rule.objects.at(now).select_related(*WITH)}
    return [found[kind] for kind in KINDS if kind in found]


def held_lately(kind: str = "") -> list[Held]:
    """Return what the rules, or one of them, would have said and did not: in shadow, waived, silenced, grouped."""
    rows = Held.objects.filter(source_id=LATENCY).select_related("alarm")
    return list((rows.filter(key=kind) if kind else rows).order_by("-first_at", "-id")[:20])


def history(kind: str) -> list[Rule]:
    return list(Rule.objects.filter(kind=kind).select_related("by").order_by("-effective_from", "-id"))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
