"""What differs between two instants: which version of each service was deployed, and which checks were changed. PURE.

Source: domain.md 3.2: the difference since the last green night.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Deployed:
    """A version of a service, deployed at an aware instant by somebody; `link` says more, or is empty."""

    service: str
    version: str
    at: datetime
    who: str = ""
    link: str = ""


@dataclass(frozen=True)
class Changed:
    """A check that was changed: its number and title, when, by whom, and what, in words."""

    number: int
    title: str
    at: datetime
    who: str
    text: str


@dataclass(frozen=True)
class Service:
    """A service whose version differs. `was`: None where none was known then. `times`: how often it was deployed."""

    name: str
    was: str | None
    now: Deployed
    times: int

    @property
    def is_back(self) -> bool:
        """Deployed since, and what it was before after all."""
        return self.was == self.now.version


@dataclass(frozen=True)
class Difference:
    services: tuple[Service, ...]
    checks: tuple[Changed, ...]

    @property
    def is_nothing(self) -> bool:
        return not self.services and not self.checks


def difference(before: Mapping[str, str], since: Iterable[Deployed], changes: Iterable[Changed] = ()) -> Difference:
    """Return what differs: `before` the version of each service then, `since` what was deployed after it, and which
    checks were changed after it. Services by name, each with its newest version; checks by number, then time.
    """
    newest: dict[str, Deployed] = {}
    times: dict[str, int] = {}
    for one in sorted(since, key=lambda one: one.at):
        newest[one.service] = one
        times[one.service] = times.get(one.service, 0) + 1
    services = tuple(Service(name, before.get(name), newest[name], times[name]) for name in sorted(newest))
    return Difference(services, tuple(sorted(changes, key=lambda one: (one.number, one.at))))
