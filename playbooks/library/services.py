"""Verbs about playbooks: create, revise, review, retire, take in files. What was written before stays as it was."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from oncall.people.models import Person, Team
from playbooks.library.models import Playbook, Revision
from playbooks.library.parsing import RESERVED, SLUG, Problem, Unreadable, kept, loose_ends, parse
from playbooks.library.sheet import Sheet


class BadSlug(Exception):
    """No playbook can be called so. The message says what would do, and is fit to show."""


class ChangedMeanwhile(Exception):
    """Somebody else changed it since the revision that was edited. The message says who, and is fit to show."""


class Retired(Exception):
    """It is not in use any more. The message says since when, and is fit to show."""


@transaction.atomic
def create(
    *,
    slug: str,
    source: str,
    by: Person | None,
    now: datetime,
    message: str = "",
    is_from_file: bool = False,
    beside: Collection[str] = (),
) -> Playbook:
    """Add a playbook with its first revision. `beside`: slugs that come with it and may be led to.

    :raises BadSlug: if no playbook can be called so, or one is.
    :raises Unreadable: if `source` is no playbook, or leads to one that is not there, or names no team as owner.
    """
    _lock()
    if not SLUG.match(slug) or slug in RESERVED:
        raise BadSlug(
            f"“{slug[:60]}” cannot be a short name. Begin with a letter and use a-z, 0-9 and hyphens, at most 40, "
            f"but not {', '.join(sorted(RESERVED))}."
        )
    if Playbook.objects.filter(slug=slug).exists():
        raise BadSlug(f"A playbook is called {slug} already. Choose another short name, or change that one.")
    sheet, owner = read(source, slug=slug, beside=beside)
    playbook = Playbook(slug=slug, revision=1)
    _say(playbook, sheet, owner, by=by, now=now)
    playbook.save(force_insert=True)
    _add(playbook, source, by=by, now=now, message=message or "Written", is_from_file=is_from_file)
    return playbook


@transaction.atomic
def revise(
    *,
    playbook: Playbook,
    source: str,
    seen: int,
    by: Person | None,
    now: datetime,
    message: str = "",
    is_from_file: bool = False,
    beside: Collection[str] = (),
) -> Playbook:
    """Write the next revision, made from revision `seen`. What says the same as the newest adds none.

    :raises ChangedMeanwhile: if `seen` is not the newest, and `source` is not what the newest says.
    :raises Unreadable: as in `create`.
    :raises Retired: if it is not in use.
    """
    _lock()
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    newest = playbook.revisions.select_related("by").get(n=playbook.revision)
    if playbook.retired_at:
        raise Retired(f"{playbook.title} is out of use since {playbook.retired_at:%d %b %Y}. Take it up again first.")
    if kept(newest.source) == kept(source):
        return playbook
    if seen != newest.n:
        raise ChangedMeanwhile(
            f"{newest.by or 'A file'} wrote revision {newest.n} at {newest.at:%d %b %H:%M} UTC; yours is made from "
            f"revision {seen}. Look at what is new there, and write yours on top of it."
        )
    sheet, owner = read(source, slug=playbook.slug, beside=beside)
    playbook.revision += 1
    _say(playbook, sheet, owner, by=by, now=now)
    playbook.save()
    _add(playbook, source, by=by, now=now, message=message, is_from_file=is_from_file)
    return playbook


@transaction.atomic
def review(*, playbook: Playbook, by: Person, now: datetime) -> Playbook:
    """Say that somebody read it and it still holds."""
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    playbook.reviewed_at, playbook.reviewed_by = max(playbook.reviewed_at, now), by
    playbook.save(update_fields=["reviewed_at", "reviewed_by"])
    return playbook


@transaction.atomic
def retire(*, playbook: Playbook, now: datetime) -> Playbook:
    """Take it out of use. It is kept with its revisions. Twice changes nothing."""
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    playbook.retired_at = playbook.retired_at or now
    playbook.save(update_fields=["retired_at"])
    return playbook


@transaction.atomic
def take_up(*, playbook: Playbook) -> Playbook:
    """Put a retired one back into use, as it was. Twice changes nothing."""
    playbook = Playbook.objects.select_for_update().get(pk=playbook.pk)
    playbook.retired_at = None
    playbook.save(update_fields=["retired_at"])
    return playbook


def read(source: str, *, slug: str, beside: Collection[str] = ()) -> tuple[Sheet, Team | None]:
    """Return what `source` says and the team that owns it; nothing is stored.

    :raises Unreadable: if it is no playbook, leads nowhere or to one that is not there, or names no team as owner.
    """
    sheet = parse(source)
    there = {slug, *beside, *Playbook.objects.values_list("slug", flat=True)}
    problems = loose_ends(sheet)
    problems += [
        Problem(one.line, f"there is no playbook “{one.target}”. Name one of {', '.join(sorted(there))}.")
        for one in sheet.leads_to
        if one.target not in there
    ]
    owner = _team(sheet.owner) if sheet.owner else None
    if sheet.owner and owner is None:
        names = ", ".join(Team.objects.values_list("name", flat=True)[:20]) or "none yet: leave the line out"
        problems.append(Problem(sheet.owner_line, f"no team is called “{sheet.owner}”. The teams are {names}."))
    if problems:
        raise Unreadable(problems)
    return sheet, owner


def _team(name: str) -> Team | None:
    return Team.objects.filter(name__iexact=name).first() or Team.objects.filter(slug=name.lower()).first()


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('playbooks', 0))")  # of two, one is the next


def _say(playbook: Playbook, sheet: Sheet, owner: Team | None, *, by: Person | None, now: datetime) -> None:
    playbook.title, playbook.owner_team = sheet.title, owner
    playbook.products, playbook.alarms = list(sheet.products), list(sheet.alarms)
    playbook.steps, playbook.reviewed_at, playbook.reviewed_by = len(sheet.steps), now, by


def _add(
    playbook: Playbook, source: str, *, by: Person | None, now: datetime, message: str, is_from_file: bool
) -> Revision:
    return Revision.objects.create(
        playbook=playbook,
        n=playbook.revision,
        source=kept(source),
        by=by,
        at=now,
        message=" ".join(message.split())[:200],
        is_from_file=is_from_file,
    )
