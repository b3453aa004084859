"""Which providers serve which channel, in the order in which they are preferred, and which one a page is sent by.

Another company or account is another entry here, behind the same protocol (channels.py).
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache

from oncall.limits.queries import Limits
from oncall.paging import accounts, breaker, email, health, null, twilio
from oncall.paging.channels import Channel, LookupFailed, Outcome, Verdict
from oncall.paging.codes import row_of
from oncall.paging.ladder import Rung


def _slack() -> Channel:
    from oncall.paging.slack import DirectMessage  # noqa: PLC0415 -- 7 MB, for processes that send by it alone

    return DirectMessage()


def _push() -> Channel:
    from oncall.paging.webpush import Push  # noqa: PLC0415 -- 24 MB, for processes that send by it alone

    return Push()


TELEPHONE: dict[str, Callable[[str], Channel]] = {"sms": twilio.Sms, "voice": twilio.Voice}  # by account
ALONE: dict[str, tuple[str, Callable[[], Channel]]] = {  # channels with one provider: its name, and how it is made
    "email": ("mail", email.Mail),
    "slack": ("slack", _slack),
    "push": ("push", _push),
    "null": ("nowhere", null.Null),  # the canary's
}


def names(channel: str) -> tuple[str, ...]:
    """Return the providers of a channel (sms, voice, email), the preferred one first."""
    return tuple(accounts.accounts()) if channel in TELEPHONE else (ALONE[channel][0],)


@cache
def channel(name: str, provider: str = "") -> Channel:
    """Return the way called `name` through `provider`; through the preferred one, if it is not said."""
    if name in TELEPHONE:
        return TELEPHONE[name](provider or accounts.FIRST)
    return ALONE[name][1]()


class Board:
    """What is known of the providers while one claim is made: read once, and only if something is claimed."""

    def __init__(self, *, now: datetime, limits: Limits) -> None:
        self._now = now
        self._limits = limits
        self._states: dict[str, breaker.State] | None = None
        self._crowded: dict[str, datetime] = {}

    def _read(self) -> dict[str, breaker.State]:
        if self._states is None:
            self._states, self._crowded = health.states()
        return self._states

    def choose(self, channel: str, *, avoid: tuple[str, ...] = (), urgent: bool = True) -> str:
        """Return the provider to send by (breaker.choose), and take its turn as a probe where its breaker is open.

        A page of low urgency goes by one whose queue is not full, if there is one. Empty where all are to be avoided.
        """
        states = self._read()
        crowded = () if urgent else tuple(name for name, until in self._crowded.items() if until > self._now)
        offered = names(channel)
        chosen = breaker.choose(offered, avoid=(*avoid, *crowded), states=states, now=self._now)
        chosen = chosen or breaker.choose(offered, avoid=avoid, states=states, now=self._now)
        state = states.get(chosen)
        if state is None or not state.open or not breaker.lets_through(state, now=self._now):
            return chosen
        probing = health.probe(provider=chosen, state=state, now=self._now, limits=self._limits)
        if probing is None:  # another page probes it at this moment
            states[chosen] = replace(state, probe_at=self._now + self._limits.span("breaker_probe_s"))
            return self.choose(channel, avoid=avoid, urgent=urgent)
        states[chosen] = probing
        return chosen

    def crowded_until(self, channel: str) -> datetime | None:
        """Return when low urgency may go by `channel` again, if the queues of all its providers are full."""
        self._read()
        until = [self._crowded.get(name) for name in names(channel)]
        full = [one for one in until if one is not None and one > self._now]
        return min(full) if len(full) == len(until) else None

    def broken(self, channel: str) -> bool:
        """Say whether every provider of the channel is left alone at the moment."""
        states = self._read()
        return all(states[name].open if name in states else False for name in names(channel))

    def works(self, rung: Rung) -> bool:
        return not self.broken(rung.channel)


def others(channel: str, *, avoid: tuple[str, ...]) -> tuple[str, ...]:
    """Return the providers of a channel that are left when those are avoided."""
    return tuple(name for name in names(channel) if name not in avoid)


def ask(provider: str) -> Outcome | None:
    """Ask a telephone company something that reaches nobody, to see whether it works. Nothing for other providers.

    A yes to a question does not prove that it would send; the next pages will say.
    """
    if provider not in accounts.accounts():
        return None
    try:
        twilio.Sms(provider).poke()
    except LookupFailed as error:
        return Outcome(Verdict.UNKNOWN, code="timeout", text=str(error), row=row_of("timeout"))
    return Outcome(Verdict.ACCEPTED)
