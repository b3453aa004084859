"""PURE. What a person's rules come to: which contact stands in for another, and which rule comes too late."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from oncall.paging.ladder import Rung

KIND_OF = {"sms": "phone", "voice": "phone", "email": "email", "slack": "slack", "push": "push"}  # channel to contact


@dataclass(frozen=True)
class Turn:
    """A step of a policy that can call the person, and how long it waits until it calls the next, in seconds.

    `path`: the policy's page.
    """

    policy: str
    step: int
    wait_s: float
    path: str


def prefer_proved(rungs: Sequence[Rung], *, proved: Collection[str]) -> list[Rung]:
    """Return the rungs in order of time, those to contacts that nobody proved given to a proved one of that channel.

    Where the ladder has no proved contact for a channel, the unproved one keeps its rungs: a page to a number that may
    be wrong is better than silence, and no moment and no channel is ever lost. The same twice at one time is once.
    """
    stand_in: dict[str, Rung] = {}
    for rung in sorted(rungs, key=lambda one: one.after):
        if rung.contact in proved:
            stand_in.setdefault(rung.channel, rung)
    chosen: dict[tuple[float, str, str], Rung] = {}
    for rung in sorted(rungs, key=lambda one: one.after):
        other = stand_in.get(rung.channel)
        if rung.contact not in proved and other is not None:
            rung = replace(rung, contact=other.contact, address=other.address)  # noqa: PLW2901
        chosen.setdefault((rung.after, rung.channel, rung.contact), rung)
    return list(chosen.values())


def too_late(delays: Iterable[float], *, turns: Iterable[Turn]) -> dict[float, list[Turn]]:
    """Return, for each delay that comes too late for some turn, those turns: the policy calls the next person first.

    A step that goes on at once (0 s) waits for nobody, so no rule could be in time for it and none is blamed. At the
    same second the policy is no sooner than the rule.
    """
    waiting = [turn for turn in turns if turn.wait_s > 0]
    found = {}
    for delay in sorted(set(delays)):
        missed = [turn for turn in waiting if delay > turn.wait_s]
        if missed:
            found[delay] = missed
    return found
