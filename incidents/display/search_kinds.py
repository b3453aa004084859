"""The register of what is searched, in the order of the screen, and the search over all of it.

Leave and credit are none of it, on purpose. To search something else, add a `Kind` to `KINDS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.display.search_found import MOST, Found, Hit, Kind, in_order
from incidents.display.search_happened import find_alarms, find_incidents, show_alarms, show_incidents
from incidents.display.search_known import (
    find_people,
    find_playbooks,
    find_products,
    show_people,
    show_playbooks,
    show_products,
)
from incidents.display.search_reviews import find_reviews, show_reviews
from incidents.display.search_words import Question
from oncall.people.models import Person

KINDS = (
    Kind("incidents", "Incidents", find_incidents, show_incidents),
    Kind("reviews", "Reviews", find_reviews, show_reviews),
    Kind("playbooks", "Playbooks", find_playbooks, show_playbooks),
    Kind("alarms", "Alarms", find_alarms, show_alarms),
    Kind("people", "People", find_people, show_people),
    Kind("products", "Products", find_products, show_products),
)
NAMES = tuple(kind.name for kind in KINDS)
FEW = 5  # of each kind where all kinds are shown
PAGE = 20  # of one kind


@dataclass(frozen=True)
class Group:
    """What is found of one kind: how many in all, and those that are shown."""

    kind: Kind
    count: int
    hits: list[Hit]
    page: int = 1

    @property
    def counted(self) -> str:
        """Return how many, in words: beyond `MOST` nobody counts."""
        return f"{MOST} or more" if self.count >= MOST else str(self.count)

    @property
    def before(self) -> int:
        return self.page - 1

    @property
    def after(self) -> int:
        return self.page + 1

    @property
    def more(self) -> bool:
        return self.count > (self.page - 1) * PAGE + len(self.hits)


def search(asked: Question, *, person: Person, only: str = "", page: int = 1) -> list[Group]:
    """Return what answers, kind by kind: those that have what was asked for by name first, else as in `KINDS`.

    `only`: one of NAMES; its `page` is shown, of PAGE hits, and of the others how many there are. Empty: a few of each.
    """
    if not asked.text:
        return []
    everything = [(kind, in_order(kind.find(asked, person))) for kind in KINDS]
    everything.sort(key=lambda pair: not any(one.exact for one in pair[1]))
    return [_group(kind, found, asked, only=only, page=page) for kind, found in everything]


def _group(kind: Kind, found: Sequence[Found], asked: Question, *, only: str, page: int) -> Group:
    if only:
        page = max(1, min(page, -(-len(found) // PAGE)))
        shown = found[(page - 1) * PAGE : page * PAGE] if only == kind.name else []
    else:
        page, shown = 1, found[:FEW]
    return Group(kind, len(found), kind.show(shown, asked) if shown else [], page)
