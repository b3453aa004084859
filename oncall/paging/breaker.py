"""PURE. When a provider is left alone for a while, and when it is tried again. Source: paging.md 2.10.

A breaker is *open* while its provider is left alone. Every `probe_every` one page goes through it all the same; an
answer closes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rules:
    """`failures` of the last `among` answers, all within `window`, open it."""

    failures: int
    among: int
    window: timedelta
    probe_every: timedelta


@dataclass(frozen=True)
class Answer:
    at: datetime
    good: bool


@dataclass(frozen=True)
class State:
    """What is known of one provider. `answers` are the latest, oldest first; `probe_at` belongs to an open breaker."""

    answers: tuple[Answer, ...] = ()
    opened_at: datetime | None = None  # null: closed
    probe_at: datetime | None = None
    why: str = ""

    @property
    def open(self) -> bool:
        return self.opened_at is not None


def heard(state: State, *, good: bool, why: str, now: datetime, rules: Rules) -> State:
    """Return the state after an answer (`good`: the provider works, even if it said no) or a failure.

    One lucky answer between them does not hide an outage (`among`), and one page in five that fails is none.
    """
    answers = (*state.answers, Answer(now, good))[-rules.among :]
    if state.open:
        return State() if good else replace(state, answers=answers)
    failed = [answer for answer in answers if not answer.good and now - answer.at <= rules.window]
    if len(failed) >= rules.failures:
        return State(answers, now, now + rules.probe_every, why)
    return replace(state, answers=() if not failed else answers)


def tripped(state: State, *, why: str, now: datetime, rules: Rules) -> State:
    """Return the state after an answer that says that this provider will refuse everybody."""
    if state.open:
        return replace(state, why=why)
    return State(state.answers, now, now + rules.probe_every, why)


def lets_through(state: State, *, now: datetime) -> bool:
    """Say whether a page may be sent there now: the breaker is closed, or it is time for a probe."""
    return state.probe_at is None or now >= state.probe_at


def choose(names: Sequence[str], *, avoid: Sequence[str], states: dict[str, State], now: datetime) -> str:
    """Return the provider to send by: the first that is not to be avoided and lets through.

    If none lets through, the first that is left: an open breaker is a guess about the next page, and a guess never
    keeps it from being tried. Empty only where `avoid` names every one.
    """
    left = [name for name in names if name not in avoid]
    good = [name for name in left if lets_through(states.get(name, State()), now=now)]
    return (good or left or [""])[0]
