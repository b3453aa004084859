"""PURE. Several alarms in one page: what it is called and what is said. Source: domain.md 5.9."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Told:
    """What a page says of one alarm. `why`: why its reader is called for it, where that is said along."""

    severity: int
    title: str
    url: str
    why: str = ""


@dataclass(frozen=True)
class Words:
    severity: int
    title: str
    text: str


def words_for(alarms: Sequence[Told], *, count: int = 0, prefix: str = "") -> Words:
    """Return the words for a page about these alarms: the worst first, the rest counted.

    One alarm is its own title; several are “3 alarms open: <worst>”. The severity is the worst of them (1 is worst).
    `count`: how many there are in all, where only the worst are given.
    """
    count = max(count, len(alarms))
    worst = sorted(alarms, key=lambda told: told.severity)
    title = worst[0].title if count == 1 else f"{count} alarms open: {worst[0].title}"
    lines = [f"SEV-{told.severity} {told.title}\n{told.url}" for told in worst]
    if count > len(worst):
        lines.append(f"and {count - len(worst)} more")
    if worst[0].why:
        lines.append(because(worst[0].why))
    return Words(worst[0].severity, prefix + title, prefix + "\n\n".join(lines))


def because(why: str) -> str:
    return f"You are called because: {why}"
