"""Verbs about playbooks as files: take in a folder, and what a folder would hold. Files are read by the edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from playbooks.library import services
from playbooks.library.models import Playbook, Revision
from playbooks.library.parsing import RESERVED, SLUG, Unreadable, kept, parse, with_revision

SUFFIX = ".md"
README = "README.md"
AHEAD = (
    "revision {seen} is not known here, where {newest} is the newest. Pull, and write yours on top of what is there."
)
RETIRED = (
    "it is out of use, and the file says something else. Delete the file, or have the playbook taken up again first."
)


class NothingTaken(Exception):
    """A file is wrong, so that nothing of the folder was taken in. `reports` say which and why."""

    def __init__(self, reports: "list[Report]") -> None:
        super().__init__("Nothing was taken in: mend the files that are named, and push again.")
        self.reports = reports


@dataclass(frozen=True)
class Report:
    """What became of one file: created, changed, unchanged, passed over or error; `line`: 0 where it is about the whole
    file.
    """

    name: str
    outcome: str
    line: int = 0
    words: str = ""

    def __str__(self) -> str:
        where = f"{self.name}:{self.line}" if self.line else self.name
        return f"{where}: {self.outcome}" + (f": {self.words}" if self.words else "")


def push(*, files: Mapping[str, str], now: datetime) -> list[Report]:
    """Take in playbooks, file name -> text, all or none. Twice changes nothing.

    What somebody edited here since the file was pulled (`revision:` in its front matter; without, since the last
    push) is never written over.

    :raises NothingTaken: if a file is wrong, with the reports of all.
    """
    reports: list[Report] = []
    slugs = {name.removesuffix(SUFFIX) for name in files if is_fit(name)}
    with transaction.atomic():
        for name in sorted(files):
            if name != README:
                reports += _take(name, files[name], slugs, now=now)
        if any(one.outcome == "error" for one in reports):
            transaction.set_rollback(True)
    if any(one.outcome == "error" for one in reports):
        raise NothingTaken(reports)
    return reports


def pull() -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of each playbook in use, with its revision in the front matter."""
    rows = Revision.objects.newest().filter(playbook__retired_at__isnull=True).select_related("playbook")
    for row in rows.order_by("playbook__slug"):
        yield f"{row.playbook.slug}{SUFFIX}", with_revision(row.source, row.n)


def is_fit(name: str) -> bool:
    slug = name.removesuffix(SUFFIX)
    return name.endswith(SUFFIX) and SLUG.match(slug) is not None and slug not in RESERVED


def _take(name: str, text: str, slugs: set[str], *, now: datetime) -> list[Report]:
    slug = name.removesuffix(SUFFIX)
    if not is_fit(name):
        return [
            Report(name, "error", words="the name of the file is no short name. Call it as in p6, with .md behind.")
        ]
    known, message = Playbook.objects.filter(slug=slug).first(), f"From the file {name}"
    try:
        seen = parse(text).revision
        if known is None:
            services.create(slug=slug, source=text, by=None, now=now, message=message, is_from_file=True, beside=slugs)
            return [Report(name, "created")]
        is_same = kept(text) == kept(known.revisions.get(n=known.revision).source)
        if known.retired_at and is_same:
            return [Report(name, "passed over", words="it is out of use")]
        if seen is not None and seen > known.revision and not is_same:
            return [Report(name, "error", words=AHEAD.format(seen=seen, newest=known.revision))]
        services.revise(
            playbook=known, source=text, seen=_base(known, seen), by=None, now=now, message=message,
            is_from_file=True, beside=slugs,
        )  # fmt: skip
    except Unreadable as error:
        return [Report(name, "error", one.line, one.words) for one in error.problems]
    except services.Retired:
        return [Report(name, "error", words=RETIRED)]
    except (services.BadSlug, services.ChangedMeanwhile) as error:
        return [Report(name, "error", words=str(error))]
    return [Report(name, "unchanged" if is_same else "changed")]


def _base(playbook: Playbook, seen: int | None) -> int:
    """Return the revision that a file was made from: the newest, unless somebody edited the playbook here since."""
    rows = playbook.revisions.filter(is_from_file=True).order_by("-n")
    stated = seen if seen is not None else rows.values_list("n", flat=True).first() or 0
    edited = playbook.revisions.filter(n__gt=stated, is_from_file=False).exists()
    return stated if edited else playbook.revision
