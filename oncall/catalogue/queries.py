"""Questions about products: who owns one, how sorely it is needed, when its alarms may call somebody.

A product is named by its path, or by its name alone where only one has it; large and small letters are alike unless two
products differ in nothing else. Each question is one query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Prefetch
from django.db.models.expressions import RawSQL
from django.db.models.functions import Length

from oncall.catalogue.hours import Hours, opening
from oncall.catalogue.models import Contact, Product, ProductSite
from oncall.catalogue.table import parts_of
from oncall.people import queries as people
from oncall.people.holidays import Place, places_of
from oncall.people.models import Person, Team, WorkCalendar

REAL_TIME = Product.Tier.REAL_TIME
DEFAULT_ZONE = "America/Los_Angeles"  # of Data Management (R10)

# The product that a text means: the one at that path, else the only one of that name, else the nearest to the path that
# exists. Letters count as they are written first, then large or small alike. `line` is it and everything above it.
NAMED = """
    WITH asked AS (SELECT %s::text AS path, %s::text AS name),
    named AS (
        SELECT coalesce(
            (SELECT p.path FROM catalogue_product p, asked WHERE p.path = asked.path),
            (SELECT min(p.path) FROM catalogue_product p, asked
              WHERE lower(p.path) = lower(asked.path) HAVING count(*) = 1),
            (SELECT min(p.path) FROM catalogue_product p, asked
              WHERE p.name = asked.name AND p.vanished_at IS NULL HAVING count(*) = 1),
            (SELECT min(p.path) FROM catalogue_product p, asked
              WHERE lower(p.name) = lower(asked.name) AND p.vanished_at IS NULL HAVING count(*) = 1),
            (SELECT p.path FROM catalogue_product p, asked WHERE starts_with(lower(asked.path), lower(p.path) || '/')
              ORDER BY length(p.path) DESC, starts_with(asked.path, p.path || '/') DESC, p.path LIMIT 1)
        ) AS path
    ), line AS (
        SELECT p.id, p.path, p.tier FROM catalogue_product p, named
         WHERE p.path = named.path OR starts_with(named.path, p.path || '/')
    )
"""
LINE = f"{NAMED} SELECT id FROM line"  # noqa: S608  # ours alone
TIER = f"{NAMED} SELECT tier FROM line WHERE tier <> '' ORDER BY length(path) DESC LIMIT 1"  # noqa: S608  # ours alone


@dataclass(frozen=True)
class Owner:
    """Who answers for a product: `product` is the one they are named at, itself or one above it.

    Exactly one of team and person, or `elsewhere`, a team of another house (R31), for whom `team` may stand here.
    """

    product: Product
    team: Team | None = None
    person: Person | None = None
    elsewhere: str = ""
    contact: str = ""  # how to reach who is elsewhere

    @property
    def words(self) -> str:
        """Return who it is, fit to show or to log."""
        if self.elsewhere:
            reach = f": {self.contact}" if self.contact else ", and nobody wrote down how to reach them"
            return f"{self.elsewhere}, elsewhere{reach}"
        return str(self.person or self.team or "")


def line(path: str) -> list[Product]:
    """Return the product that `path` means and those above it, itself first; nothing where nobody knows it."""
    asked = _asked(path)
    if asked is None:
        return []
    rows = Product.objects.filter(pk__in=RawSQL(LINE, asked))  # noqa: S611  # only parameters vary
    return list(rows.select_related("owner_team__calendar", "owner_person__calendar").order_by(Length("path").desc()))


def _asked(path: str) -> list[str] | None:
    parts = parts_of(path)
    if not parts or "\x00" in path:
        return None
    whole = "/".join(parts)
    return [whole, parts[-1]]


def tier_of(path: str) -> str:
    """Return real_time, critical or operational, the product's own or that of the nearest above it that has one; empty
    where nobody knows the product or said. By plain SQL: signals of a storm ask.
    """
    asked = _asked(path)
    if asked is None:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(TIER, asked)
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def tier_in(products: Sequence[Product]) -> str:
    return next((one.tier for one in products if one.tier), "")


def nearest_owner(path: str) -> Owner | None:
    """Return who owns the product, or the nearest above it with an owner who can be called, here or elsewhere (R38).

    A name in the table without an account cannot be called, so the climb goes on; screens show it all the same.
    """
    return owner_in(line(path))


def owner_in(products: Sequence[Product]) -> Owner | None:
    for one in products:
        if one.owner_person is not None and not one.owner_person.is_active:
            continue
        if one.is_owned:
            return Owner(one, one.owner_team, one.owner_person, one.elsewhere, one.elsewhere_contact)
    return None


@dataclass(frozen=True)
class Wait:
    """Until when an alarm waits, and why in words."""

    until: datetime
    why: str


def wait(path: str, *, now: datetime, tier: str = "", site: str = "") -> Wait | None:
    """Return until when an alarm of this product waits for working hours (R30); nothing if it may call somebody now.

    Real Time calls at any hour, and so does what has no tier: nobody said that it can wait. The hours are those of the
    product at `site` if it has some there, else of its owner (a team's calendar; a person's as everywhere, domain.md
    5.1, 5.6), else Monday to Friday 09:00-17:00 Pacific (R10). `tier`: what a route says; empty: the product's. One
    query where it may call at any hour.
    """
    tier = tier or tier_of(path)
    if tier in ("", REAL_TIME):
        return None
    products = line(path)
    clock = _clock(products, site=site)
    until = opening(now, hours=clock.hours)
    if until is None:
        return None
    return Wait(until, f"{Product.Tier(tier).label} tier: waits for working hours ({clock.words}).")


def waits_until(path: str, *, now: datetime, tier: str = "", site: str = "") -> datetime | None:
    """Return until when an alarm of this product waits for working hours; nothing if it may call somebody now."""
    found = wait(path, now=now, tier=tier, site=site)
    return found.until if found else None


@dataclass(frozen=True)
class Clock:
    """Working hours, and whose they are in words: a clock of working hours names its calendar (domain.md 5.1)."""

    hours: Hours
    words: str


def _clock(products: Sequence[Product], *, site: str = "") -> Clock:
    if site and products:
        here = ProductSite.objects.filter(product=products[0], site__name=site, calendar__isnull=False)
        found = here.select_related("site", "calendar").first()
        if found is not None and found.calendar is not None:
            hours = hours_of(found.calendar, zone=found.site.time_zone, place=_place(found.calendar))
            return Clock(hours, f"{found.calendar.name}, at {found.site.name}")
    owner = owner_in(products)
    if owner is not None and owner.team is not None and owner.team.calendar is not None:
        calendar = owner.team.calendar
        hours = hours_of(calendar, zone=calendar.time_zone, place=_place(calendar))
        return Clock(hours, f"{calendar.name}, of {owner.team}")
    if owner is not None and owner.person is not None:
        return _clock_of(owner.person)
    return Clock(Hours(ZoneInfo(DEFAULT_ZONE)), "Monday to Friday 09:00-17:00 Pacific")


def _clock_of(person: Person) -> Clock:
    """Return a person's hours as everywhere (domain.md 5.1, 5.6): own calendar, else the team's, else the default one,
    in their own zone, without the public holidays of their country, else the calendar's.
    """
    calendar = people.calendar_of(person)
    hours = hours_of(calendar, zone=person.time_zone, place=places_of([person])[person.pk])
    if calendar._state.adding:  # nobody gave them one
        return Clock(hours, f"Monday to Friday 09:00-17:00 in {person.time_zone}, of {person}")
    return Clock(hours, f"{calendar.name}, of {person}")


def _place(calendar: WorkCalendar) -> Place:
    return Place(calendar.country, calendar.subdivision)


def hours_of(calendar: WorkCalendar, *, zone: str, place: Place) -> Hours:
    """Return a calendar's hours on the wall clock of `zone`, the public holidays of `place` left out."""

    def shut(day: date) -> bool:
        return bool(place.between(day, day))

    return Hours(ZoneInfo(zone), frozenset(calendar.work_days), calendar.starts, calendar.ends, shut)


def calendar_words(products: Sequence[Product]) -> str:
    """Return by whose hours the alarms of a product wait that say no site, fit to show."""
    return _clock(products).words


def contacts_in(products: Sequence[Product]) -> list[Contact]:
    """Return whom one asks about a product, by kind: those named at it, else at the nearest above it that names any of
    that kind (R41).
    """
    rows = Contact.objects.filter(product__in=products).select_related("product", "site", "team", "person")
    by_kind: dict[str, tuple[int, list[Contact]]] = {}
    for row in sorted(rows, key=lambda one: -one.product.depth):
        depth, found = by_kind.setdefault(row.kind, (row.product.depth, []))
        if depth == row.product.depth:
            found.append(row)
    return [row for kind in Contact.Kind.values for row in by_kind.get(kind, (0, []))[1]]


def tree() -> list[Product]:
    """Return every product, each after its parent, in the order of the table; two queries."""
    rows = Product.objects.select_related("owner_team", "owner_person", "manager").prefetch_related(
        Prefetch("contacts", queryset=Contact.objects.select_related("team", "person", "site"))
    )
    below: dict[str | None, list[Product]] = {}
    for row in sorted(rows, key=lambda one: (one.position, one.path)):
        below.setdefault(row.parent_id, []).append(row)
    found: list[Product] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        row = waiting.pop()
        found.append(row)
        waiting += reversed(below.get(row.path, []))
    return found
