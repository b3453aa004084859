"""What product pages ask: the tree with owners, tiers, open alarms; one product with all that is known of it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, Q
from django.db.models.functions import Lower

from incidents.alarms.models import Alarm, AlarmQuerySet
from incidents.escalation import owners
from incidents.escalation.queries import Called, who_is_called
from incidents.signals.routes import Route
from oncall.catalogue import queries as catalogue
from oncall.catalogue.models import Contact, Product, ProductSite
from oncall.catalogue.table import lineage, parts_of
from oncall.people.models import Person
from playbooks.library.models import Playbook
from playbooks.library.queries import Shelf

LATEST = 10  # alarms that are over, on a product's page
OPEN_SHOWN = 50
TIERS = dict(Product.Tier.choices)


@dataclass
class Line:
    """A product in the tree. `tier` and `owner` are what counts, its own or those of one above it."""

    product: Product
    tier: str
    owner: str
    owner_from: Product | None  # None: nobody who can be called owns it or anything above it
    manager: str  # the nearest that is named (R38)
    open: int = 0
    below: int = 0  # open alarms of what hangs below it
    worst: int | None = None  # severity of what is open here or below; None: nothing is
    contacts: list[Contact] = field(default_factory=list)
    playbooks: list[Playbook] = field(default_factory=list)
    said_playbooks: list[str] = field(default_factory=list)  # what the table names and is none here

    @property
    def tier_words(self) -> str:
        return TIERS.get(self.tier, "")

    @property
    def inherits(self) -> bool:
        return self.owner_from is not None and self.owner_from.pk != self.product.pk

    @property
    def is_unowned(self) -> bool:
        """Say whether neither anybody here nor the table names an owner or a manager of its own (R37)."""
        product = self.product
        return not (product.is_owned or product.manager_id or product.owner_said.names or product.manager_said.names)


def tree(*, for_person: Person) -> list[Line]:
    """Return every product after its parent, with what counts for it. Four queries, however many."""
    lines: dict[str, Line] = {}
    shelf = Shelf()
    for product in catalogue.tree():
        above = lines.get(product.parent_id or "")
        owned = product.is_owned and (product.owner_person is None or product.owner_person.is_active)
        lines[product.path] = Line(
            product=product,
            tier=product.tier or (above.tier if above else ""),
            owner=product.owner_words if owned else (above.owner if above else ""),
            owner_from=product if owned else (above.owner_from if above else None),
            manager=_manager(product) or (above.manager if above else ""),
            contacts=list(product.contacts.all()),
            playbooks=shelf.of_product(product),
            said_playbooks=shelf.unknown_of(product),
        )
    _count_open(lines, for_person=for_person)
    return list(lines.values())


def _manager(product: Product) -> str:
    return str(product.manager) if product.manager else ", ".join(product.manager_said.names)


def _count_open(lines: dict[str, Line], *, for_person: Person) -> None:
    rows = (
        Alarm.objects.open().visible_to(for_person).exclude(product="").order_by().values("product")
        .annotate(many=Count("pk"), worst=Min("severity"))
    )  # fmt: skip
    places = Places(line.product for line in lines.values())
    for row in rows:
        path = places.of(row["product"])
        for nth, one in enumerate(lineage(path) if path else []):
            line = lines[one]
            if nth == 0:
                line.open += row["many"]
            else:
                line.below += row["many"]
            line.worst = min(line.worst or 5, row["worst"])


class Places:
    """Which product a text means, as the catalogue has it (`catalogue.line`), without asking the database for each."""

    def __init__(self, products: Iterable[Product]) -> None:
        several = list(products)
        present = [one for one in several if one.vanished_at is None]
        self.paths = {one.path for one in several}
        self.by_path = _only((one.path.lower(), one.path) for one in several)
        self.by_name = _only((one.name, one.path) for one in present)
        self.by_small_name = _only((one.name.lower(), one.path) for one in present)

    def of(self, text: str) -> str:
        """Return the path of what `text` means, or of what it would hang below; empty: nobody knows it."""
        parts = parts_of(text)
        path = "/".join(parts)
        if path in self.paths or not parts:
            return path
        name = parts[-1]
        found = self.by_path.get(path.lower()) or self.by_name.get(name) or self.by_small_name.get(name.lower())
        return found or next((here for one in lineage(path)[1:] if (here := self._at(one))), "")

    def _at(self, path: str) -> str:
        """Return the path itself if a product stands there, else the first in the alphabet that differs in large and
        small letters alone; empty: none.
        """
        if path in self.paths:
            return path
        return self.by_path.get(path.lower()) or min((o for o in self.paths if o.lower() == path.lower()), default="")


def _only(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return, by key, what no other has the same key as."""
    several = list(pairs)
    counted = Counter(key for key, _ in several)
    return {key: value for key, value in several if counted[key] == 1}


def search(lines: Sequence[Line], words: str) -> list[Line]:
    """Return those that have all the words in their path, name, notes, owner or manager."""
    wanted = words.casefold().split()
    return [line for line in lines if all(word in _text(line) for word in wanted)]


def _text(line: Line) -> str:
    product = line.product
    said = (product.path, product.name, product.notes_raw, product.owner_raw, product.manager_raw, line.owner)
    return " ".join(said).casefold()


@dataclass(frozen=True)
class Known:
    """All that is known of one product."""

    product: Product
    above: list[Product]  # itself last
    below: list[Product]
    tier: str
    tier_from: Product | None  # None: neither it nor anything above it has one
    owner: catalogue.Owner | None
    manager: str
    manager_from: Product | None
    contacts: list[Contact]
    places: list[ProductSite]
    waits_until: datetime | None  # None: an alarm now would call at once
    hours: str  # by whose it waits
    step: str  # whom a step calls that calls the product's owner
    called: list[Called]
    open: list[Alarm]
    over: list[Alarm]
    routes: list[Route]

    @property
    def tier_words(self) -> str:
        return TIERS.get(self.tier, "")

    @property
    def waits_at_night(self) -> bool:
        return self.tier not in ("", Product.Tier.REAL_TIME)


def known(product: Product, *, for_person: Person, now: datetime) -> Known:
    """Return all that is known of a product; the same number of queries however much hangs below it."""
    line = catalogue.line(product.path)
    tier_from = next((one for one in line if one.tier), None)
    manager_from = next((one for one in line if _manager(one)), None)
    target = owners.of_product(product.path)
    about = _about(product).visible_to(for_person).select_related("acknowledged_by")
    return Known(
        product=product,
        above=list(reversed(line)),
        below=list(Product.objects.filter(parent=product).order_by("position", "path")),
        tier=catalogue.tier_in(line),
        tier_from=tier_from,
        owner=catalogue.owner_in(line),
        manager=_manager(manager_from) if manager_from else "",
        manager_from=manager_from,
        contacts=catalogue.contacts_in(line),
        places=list(product.places.select_related("site", "calendar")),
        waits_until=catalogue.waits_until(product.path, now=now),
        hours=catalogue.calendar_words(line),
        step=target.name,
        called=who_is_called([target], now=now),
        open=list(about.open().order_by("severity", "fired_at")[:OPEN_SHOWN]),
        over=list(about.filter(resolved_at__isnull=False).order_by("-fired_at")[:LATEST]),
        routes=list(Route.objects.filter(product=product).select_related("source")),
    )


def _about(product: Product) -> AlarmQuerySet:
    """Return the alarms about it: by its path, by what hangs below it, or by a name that only one of these has; large
    and small letters are alike.
    """
    path = product.path.lower()
    places = Places(Product.objects.present().only("path", "name", "vanished_at"))
    below = {one for one in places.paths if one == product.path or one.startswith(product.path + "/")}
    names = [name for name, at in places.by_name.items() if at in below]
    small = [name for name, at in places.by_small_name.items() if at in below]
    found = Q(said=path) | Q(said__startswith=path + "/") | Q(product__in=names) | Q(said__in=small)
    alarms: AlarmQuerySet = Alarm.objects.alias(said=Lower("product")).filter(found)
    return alarms
