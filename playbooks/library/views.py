"""Edges: playbooks as a list, each as a page to work by; their revisions, and two of them side by side."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.module_loading import import_string
from django.views.decorators.http import require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer
from playbooks.library import queries, services
from playbooks.library.comparing import side_by_side
from playbooks.library.models import Playbook, Revision
from playbooks.library.parsing import parse
from playbooks.library.showing import shown

AROUND = 3  # lines shown about each change
LONGEST_SEARCH = 200


@require_safe
def playbooks(request: HttpRequest) -> HttpResponse:
    """Those in use, by title; with `q` those that have these words, the best first."""
    words = request.GET.get("q", "").replace("\x00", "")[:LONGEST_SEARCH]
    words = words.encode("utf-8", "ignore").decode()
    now = clock.now()
    person = viewer(request)
    found = queries.search(words)
    _mark(found, now=now)
    context = {
        "playbooks": found,
        "words": words.strip(),
        "stale_before": queries.stale_before(now=now),
        "may_write": access.may_configure(person, now=now) or person.memberships.exists(),
        "retired": Playbook.objects.filter(retired_at__isnull=False),
    }
    return render(request, "library/playbooks.html", context)


def _mark(rows: list[Playbook], *, now: datetime) -> None:
    """Let each playbook carry what rooms above say of it, which this one cannot ask: settings.PLAYBOOK_MARKS."""
    said = [import_string(name)(rows, now=now) for name in settings.PLAYBOOK_MARKS]
    for row in rows:
        row.marks = [words[row.pk] for words in said if row.pk in words]  # type: ignore[attr-defined]  # for the page


@require_safe
def playbook(request: HttpRequest, slug: str) -> HttpResponse:
    """Its steps, to work by."""
    row = find(slug)
    return _page(request, row, queries.current(row))


@require_safe
def revision(request: HttpRequest, slug: str, n: int) -> HttpResponse:
    """What it said at an earlier revision."""
    row = find(slug)
    rows = row.revisions.select_related("by")
    return _page(request, row, get_object_or_404(rows, n=min(n, 2**31 - 1)))


def _page(request: HttpRequest, row: Playbook, said: Revision) -> HttpResponse:
    now = clock.now()
    context = {
        "playbook": row,
        "revision": said,
        "is_newest": said.n == row.revision,
        "guide": shown(parse(said.source)),
        "stale_before": queries.stale_before(now=now),
        "may_edit": may_edit(viewer(request), row),
        "now": now,
    }
    return render(request, "library/playbook.html", context)


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """Every revision, the newest first."""
    row = find(slug)
    context = {"playbook": row, "revisions": row.revisions.select_related("by").defer("source")}
    return render(request, "library/history.html", context)


@require_safe
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """Two revisions side by side: `old` and `new`; left out, the newest and the one before it."""
    row = find(slug)
    new = _number(request.GET.get("new", ""), row.revision)
    old = _number(request.GET.get("old", ""), max(new - 1, 1))
    found = {one.n: one for one in row.revisions.select_related("by").filter(n__in=[old, new])}
    if old not in found or new not in found:
        messages.warning(request, f"{row.title} has the revisions 1 to {row.revision}. Choose two of these.")
        return redirect("playbook_history", slug)
    context = {
        "playbook": row,
        "old": found[old],
        "new": found[new],
        "before": f"Revision {old}",
        "after": f"Revision {new}",
        "pairs": side_by_side(found[old].source, found[new].source, around=AROUND),
        "numbers": range(row.revision, 0, -1),
    }
    return render(request, "library/compare.html", context)


@require_POST
def review(request: HttpRequest, slug: str) -> HttpResponse:
    row = only_editors(request, find(slug))
    services.review(playbook=row, by=viewer(request), now=clock.now())
    messages.success(request, f"{row.title} is marked as reviewed by you.")
    return redirect("playbook", slug)


@require_POST
def retire(request: HttpRequest, slug: str) -> HttpResponse:
    row = only_editors(request, find(slug))
    services.retire(playbook=row, now=clock.now())
    messages.success(request, f"{row.title} is out of use. Nothing of it is lost.")
    return redirect("playbook", slug)


@require_POST
def take_up(request: HttpRequest, slug: str) -> HttpResponse:
    row = only_editors(request, find(slug))
    services.take_up(playbook=row)
    messages.success(request, f"{row.title} is in use again.")
    return redirect("playbook", slug)


def find(slug: str) -> Playbook:
    return get_object_or_404(Playbook.objects.select_related("owner_team", "reviewed_by"), slug=slug)


def may_edit(person: Person, row: Playbook) -> bool:
    return access.may_edit_playbook(person, owner_team_id=row.owner_team_id, now=clock.now())


def only_editors(request: HttpRequest, row: Playbook) -> Playbook:
    if not may_edit(viewer(request), row):
        whose = f"The members of {row.owner_team}, the pilot" if row.owner_team else "The pilot"
        raise PermissionDenied(f"{whose} and administrators change this playbook.")
    return row


def _number(said: str, otherwise: int) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 8 else otherwise
