"""Verbs about products: import the table, change one, make one."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

from django.db import transaction

from oncall.catalogue.models import Contact, Product, ProductSite
from oncall.catalogue.table import Problem, Row, parse, said, segment
from oncall.people.models import Person, Site, Team, WorkCalendar

TABLE = "products"  # what a table is called that says no name
GAVE = "gave"  # in a kept row: the ids of the owner and the manager that a table, and nobody here, has set
EDITED = (
    "kind", "owner_team", "owner_person", "elsewhere", "elsewhere_contact", "manager", "tier", "playbooks",
)  # fmt: skip  # what people set here; all else of a product is the table's or its place


class UnreadableTable(Exception):
    """A table with problems, of which nothing was imported. `problems` names every one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class ChangedMeanwhile(Exception):
    """Somebody else has saved the product since. The message is fit to show."""


class PathTaken(Exception):
    """Another product stands at this place. The message is fit to show."""


@dataclass
class Imported:
    """What an import did, as paths."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    same: int = 0

    @property
    def words(self) -> str:
        return (
            f"{len(self.made)} made, {len(self.changed)} changed, {self.same} as they were, "
            f"{len(self.vanished)} no longer in the table, {len(self.returned)} in it again."
        )


def own_table() -> str:
    """Return the table that comes with this project: RTN-046 of 2025-07-07 and the services beside it (C3)."""
    return files("oncall.catalogue").joinpath("products.csv").read_text(encoding="utf-8")


def known_places() -> list[tuple[str, str]]:
    """Return paths and names of the tree from which a text without indentation takes its places: ours, then the own
    table's, each place once.
    """
    here = list(Product.objects.order_by("position", "path").values_list("path", "name"))
    return list(dict.fromkeys([*here, *((row.path, row.name) for row in parse(own_table()).rows)]))


@transaction.atomic
def import_table(*, text: str, now: datetime, table: str = TABLE) -> Imported:
    """Bring the products of one table up to date with it, by path; twice changes nothing.

    What the table says is kept verbatim. An owner or a manager that came from a table follows it, also when it names
    nobody any more; one that somebody has set here stays. Tiers and playbooks set here stay until the table says
    something new about them. Rows that are gone are marked, never deleted; columns that are missing say nothing.

    :raises UnreadableTable: if any row has a problem: nothing is imported then, lest what is misread counts as gone.
    """
    read = parse(text, known=known_places())
    if read.problems:
        raise UnreadableTable(read.problems)
    there = {one.path: one for one in Product.objects.select_for_update().order_by("path")}
    accounts, teams = _by_name(Person.objects.active()), _by_name(Team.objects.all())
    found = Imported()
    for position, said_now in enumerate(read.rows):
        product = there.get(said_now.path)
        row = _with_missing(said_now, product.table_row, columns=read.columns) if product else said_now
        if product is None:
            product = there[row.path] = Product(path=row.path)
            found.made.append(row.path)
        elif product.vanished_at is not None:
            found.returned.append(row.path)
        elif product.table_row == _kept(row, product.table_row) and product.position == position:
            found.same += 1
            continue
        else:
            found.changed.append(row.path)
        _write(product, row, position=position, table=table, accounts=accounts, teams=teams)
    ordered = sorted((one for one in (there[row.path] for row in read.rows)), key=lambda one: one.depth)
    for product in ordered:
        product.save()
    found.vanished = _mark_vanished({row.path for row in read.rows}, table=table, now=now)
    return found


def _with_missing(row: Row, before: dict[str, Any], *, columns: Sequence[str]) -> Row:
    """Return the row with what was known before in the columns that this table does not have."""

    def cell(name: str, now: str) -> str:
        return now if name in columns else str(before.get(name, ""))

    manager, owner = cell("manager", row.manager), cell("owner", row.owner)
    return replace(row, manager=manager, owner=owner, notes=cell("notes", row.notes))


def _kept(row: Row, before: dict[str, Any]) -> dict[str, Any]:
    """Return the row as it is kept, with whom tables have made owner and manager so far."""
    return asdict(row) | {"playbooks": list(row.playbooks), GAVE: before.get(GAVE, {})}


def _by_name(rows: Iterable[Person] | Iterable[Team]) -> dict[str, object]:
    return {" ".join(str(one.name).casefold().split()): one for one in rows}


def _write(
    product: Product,
    row: Row,
    *,
    position: int,
    table: str,
    accounts: dict[str, object],
    teams: dict[str, object],
) -> None:
    before, new = product.table_row, product._state.adding
    product.segment, product.parent_id, product.name = row.segment, row.parent or None, row.name
    product.kind, product.position, product.table, product.vanished_at = row.kind or "product", position, table, None
    product.manager_raw, product.owner_raw, product.notes_raw = row.manager, row.owner, row.notes
    gave = dict(before.get(GAVE, {}))
    is_managed_here = product.manager_id is not None and str(product.manager_id) != gave.get("manager")
    if (new or before.get("manager") != row.manager) and not is_managed_here:
        product.manager = _account(row.manager, accounts)
        gave["manager"] = str(product.manager_id or "")
    is_owned_here = product.is_owned and str(product.owner_person_id) != gave.get("owner")
    if (new or before.get("owner") != row.owner) and not is_owned_here:
        product.owner_person = _account(row.owner, accounts)
        gave["owner"] = str(product.owner_person_id or "")
    if new and row.kind == "team" and not product.is_owned:
        team = teams.get(" ".join(row.name.casefold().split()))
        product.owner_team = team if isinstance(team, Team) else None
    if row.tier and before.get("tier") != row.tier:
        product.tier = row.tier
    if row.playbooks and before.get("playbooks") != list(row.playbooks):
        product.playbooks = list(row.playbooks)
    product.table_row = _kept(row, {GAVE: gave})


def _account(raw: str, accounts: dict[str, object]) -> Person | None:
    """Return who is meant, if the cell names one person for certain and somebody of that name has an account."""
    names = said(raw)
    if not names.certain or len(names.names) != 1:
        return None
    person = accounts.get(" ".join(names.names[0].casefold().split()))
    return person if isinstance(person, Person) else None


def _mark_vanished(paths: set[str], *, table: str, now: datetime) -> list[str]:
    gone = list(
        Product.objects.present()
        .filter(table=table)
        .exclude(path__in=paths)
        .order_by("path")
        .values_list("path", flat=True)
    )
    Product.objects.filter(path__in=gone).update(vanished_at=now)
    return gone


@dataclass(frozen=True)
class Place:
    """Where a product runs, with hours of its own or the owner's."""

    site: Site
    calendar: WorkCalendar | None = None
    note: str = ""


@dataclass(frozen=True)
class Asked:
    """Whom one asks, as somebody wrote it: a team, a person, or a text."""

    kind: str
    site: Site | None = None
    team: Team | None = None
    person: Person | None = None
    text: str = ""


def version_of(product_id: UUID) -> str:
    """Return a digest of what people set of a product, where it runs and whom one asks, as the database has it now."""
    own = Product.objects.filter(pk=product_id).values_list(*EDITED).first()
    places = ProductSite.objects.filter(product=product_id).order_by("pk").values_list("site", "calendar", "note")
    contacts = Contact.objects.filter(product=product_id).order_by("pk")
    asked = list(contacts.values_list("kind", "site", "team", "person", "text"))
    return hashlib.sha256(repr((own, list(places), asked)).encode()).hexdigest()


@transaction.atomic
def save_product(*, product: Product, places: Sequence[Place], contacts: Sequence[Asked], seen: str) -> Product:
    """Write what people set of a product, where it runs and whom one asks about it. `seen`: the version that was on
    the screen (`version_of`).

    :raises ChangedMeanwhile: if it is another by now; nothing is written.
    :raises ValidationError: if its owner is two, or a contact is nobody.
    """
    Product.objects.select_for_update().get(pk=product.pk)
    if version_of(product.pk) != seen:
        raise ChangedMeanwhile(
            f"Somebody else has changed {product.path} since this page was opened. Nothing was saved. What you wrote "
            "stands below: look at what they changed, then save again, which replaces it."
        )
    product.full_clean(exclude=["parent"])
    product.save(update_fields=EDITED)
    product.places.all().delete()
    product.contacts.all().delete()
    for place in places:
        ProductSite.objects.create(product=product, site=place.site, calendar=place.calendar, note=place.note)
    for one in contacts:
        row = Contact(product=product, kind=one.kind, site=one.site, team=one.team, person=one.person, text=one.text)
        row.full_clean()
        row.save()
    return product


@transaction.atomic
def make_product(*, name: str, parent: Product | None, kind: str) -> Product:
    """Hang a new product into the tree. Its place is its key and stays.

    :raises PathTaken: if one stands there already.
    :raises ValidationError: if the name or the path is too long.
    """
    part = segment(name)
    path = f"{parent.path}/{part}" if parent else part
    if Product.objects.filter(path=path).exists():
        raise PathTaken(f"{path} is there already. Change that one, or choose another name.")
    product = Product(path=path, segment=part, parent=parent, name=name, kind=kind, position=Product.objects.count())
    product.full_clean(exclude=["parent"])
    product.save()
    return product
