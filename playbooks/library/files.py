"""Verbs about playbooks as files: take in a folder, and what a folder would hold. Files are read by the edges."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from playbooks.library import services
from playbooks.library.models import Playbook, Revision
from playbooks.library.parsing import RESERVED, SLUG, Problem, Unreadable, normal, parse

SUFFIX = ".md"
README = "README.md"
_REVISION = re.compile(r"^revision:[^\n]*\n", re.MULTILINE)


class NothingTaken(Exception):
    """A file is wrong, so that nothing of the folder was taken in. `reports` say which and why."""

    def __init__(self, reports: "list[Report]") -> None:
        super().__init__("Nothing was taken in: mend the files that are named, and push again.")
        self.reports = reports


@dataclass(frozen=True)
class Report:
    """What became of one file: created, changed, unchanged or error; `line`: 0 where it is about the whole file."""

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


def with_revision(source: str, n: int) -> str:
    """Return `source` with the line `revision: n` as the last of its front matter."""
    head, end, rest = without_revision(source).removeprefix("---\n").partition("\n---\n")
    return f"---\n{head}\nrevision: {n}{end}{rest}"


def without_revision(source: str) -> str:
    """Return `source` as it is kept: the number of the revision is the file's, not the text's."""
    text = normal(source)
    head, end, rest = text.partition("\n---\n")
    return _REVISION.sub("", head + "\n").removesuffix("\n") + end + rest if end else text


def is_fit(name: str) -> bool:
    slug = name.removesuffix(SUFFIX)
    return name.endswith(SUFFIX) and SLUG.match(slug) is not None and slug not in RESERVED


def _take(name: str, text: str, slugs: set[str], *, now: datetime) -> list[Report]:
    slug = name.removesuffix(SUFFIX)
    if not is_fit(name):
        return [
            Report(name, "error", words="the name of the file is no short name. Call it as in p6, with .md behind.")
        ]
    known = Playbook.objects.filter(slug=slug).first()
    message, source = f"From the file {name}", without_revision(text)
    try:
        seen = parse(text).revision
        if known is None:
            services.create(
                slug=slug, source=source, by=None, now=now, message=message, is_from_file=True, beside=slugs
            )
            return [Report(name, "created")]
        services.revise(
            playbook=known, source=source, seen=_base(known, seen, source), by=None, now=now, message=message,
            is_from_file=True, beside=slugs,
        )  # fmt: skip
    except Unreadable as error:
        return [Report(name, "error", one.line, one.words) for one in _in_file(error.problems, text, source)]
    except (services.BadSlug, services.ChangedMeanwhile, services.Retired) as error:
        return [Report(name, "error", words=str(error))]
    changed = Playbook.objects.get(pk=known.pk).revision != known.revision
    return [Report(name, "changed" if changed else "unchanged")]


def _in_file(problems: tuple[Problem, ...], text: str, source: str) -> list[Problem]:
    """Return the problems with the line numbers of the file, which may have one line more than what is kept."""
    place = next((n for n, line in enumerate(normal(text).split("\n"), start=1) if line.startswith("revision:")), 0)
    if not place or normal(text) == source or not _reads(text):
        return list(problems)
    return [Problem(one.line + (one.line >= place), one.words) for one in problems]


def _reads(text: str) -> bool:
    try:
        parse(text)
    except Unreadable:
        return False
    return True


def _base(playbook: Playbook, seen: int | None, source: str) -> int:
    """Return the revision that a file was made from: the newest, unless somebody edited the playbook here since."""
    rows = playbook.revisions.filter(is_from_file=True).order_by("-n")
    stated = seen if seen is not None else rows.values_list("n", flat=True).first() or 0
    edited = playbook.revisions.filter(n__gt=stated, is_from_file=False).exists()
    return stated if edited else playbook.revision
