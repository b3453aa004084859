"""Questions about playbooks: which are there, which one an alarm or a product means, which have these words."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector

from oncall.catalogue.models import Product
from oncall.limits import queries as limits
from playbooks.library.models import Playbook, PlaybookQuerySet, Revision
from playbooks.library.parsing import parse
from playbooks.library.sheet import Sheet

_ADDRESS = re.compile(r"/playbooks/([a-z][a-z0-9-]{0,39})/?\Z")
MOST = 200  # shown in a list


def listed() -> PlaybookQuerySet:
    """Return the playbooks in use, by title, with their owners."""
    return Playbook.objects.present().select_related("owner_team", "reviewed_by")


def search(words: str) -> list[Playbook]:
    """Return the playbooks in use that have these words in the title or text, the best first; all without words.

    A word matches in any of its forms; “-word” keeps out, "a phrase" stands as it is (PostgreSQL full text).
    """
    if not words.strip():
        return list(listed()[:MOST])
    asked = SearchQuery(words, config="english", search_type="websearch")
    found = (
        Revision.objects.newest()
        .filter(playbook__retired_at__isnull=True)
        .annotate(words=Revision.vector())
        .filter(words=asked)
        .annotate(
            rank=SearchRank(SearchVector("playbook__title", config="english", weight="A") + Revision.vector(), asked)
        )
        .order_by("-rank", "playbook__title")
        .values_list("playbook", flat=True)[:MOST]
    )
    shelf = Shelf()
    rows = {row.pk: row for row in shelf.rows}
    return list(dict.fromkeys([*shelf.named([words]), *(rows[pk] for pk in found if pk in rows)]))


def current(playbook: Playbook) -> Revision:
    """Return what it says now."""
    return Revision.objects.select_related("by").get(playbook=playbook, n=playbook.revision)


def sheet_of(playbook: Playbook) -> Sheet:
    """Return the steps as they stand now."""
    return parse(current(playbook).source)


def stale_before(*, now: datetime) -> datetime:
    """Return the instant before which a review no longer counts (limit playbook_review_s)."""
    return now - limits.at(now).span("playbook_review_s")


class Shelf:
    """The playbooks in use, read once, for whoever asks about several products or alarms. One query."""

    def __init__(self) -> None:
        self.rows = list(listed())

    def of_alarm(
        self, *, playbook: str = "", key: str = "", title: str = "", names: Iterable[str] = ()
    ) -> Playbook | None:
        """Return the playbook that an alarm means; None if none does.

        First what its field `playbook` says (a short name, a title or an address here), then the alarm's key, `names`
        (such as a label's), and the beginning of its title: “redis.lag: two behind” is of the alarm redis.lag.
        """
        named = self.named([playbook])
        if named:
            return named[0]
        for word in (one.strip().lower() for one in (key, *names, title)):
            found = [(len(name), row) for row in self.rows for name in row.alarms if _begins(word, name.lower())]
            if found:
                return max(found, key=lambda one: one[0])[1]  # a longer name says more
        return None

    def of_product(self, product: Product) -> list[Playbook]:
        """Return the playbooks that the product names, and those that name it or its path (R02)."""
        own = {product.name.lower(), product.path.lower()}
        naming = [row for row in self.rows if own & {one.lower() for one in row.products}]
        return list(dict.fromkeys([*self.named(product.playbooks), *naming]))

    def unknown_of(self, product: Product) -> list[str]:
        """Return what a product names as its playbooks and that is none here: an address elsewhere, a word."""
        return [one for one in product.playbooks if not self.named([one])]

    def named(self, said: Sequence[str]) -> list[Playbook]:
        """Return those that are meant by a short name, a title or an address of this portal, in the order of `said`."""
        wanted = [_slug_in(one) for one in said if one.strip()]
        return [row for one in wanted for row in self.rows if one in (row.slug, row.title.lower())]


def _begins(said: str, name: str) -> bool:
    rest = said[len(name) :] if said.startswith(name) else "x"
    return not rest or not (rest[0].isalnum() or rest[0] in "._-")


def _slug_in(said: str) -> str:
    """Return the short name that an address of this portal has, or else what is said, in small letters."""
    word = " ".join(said.split())
    try:
        parts, here = urlsplit(word), urlsplit(settings.PUBLIC_BASE_URL)
    except ValueError:
        return word.lower()
    ours = (parts.scheme, parts.netloc) in (("", ""), (here.scheme, here.netloc))
    found = _ADDRESS.search(parts.path) if ours else None
    return found[1] if found else word.lower()
