"""An edge: the search screen. One box over everything that may be read."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.display import search_kinds
from incidents.display.search_words import LONGEST, question
from oncall.people.viewer import viewer


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What answers `q`, a few of each kind; with `kind` all of one, page by page."""
    asked = question(request.GET.get("q", ""))
    only = request.GET.get("kind", "")
    known = only in search_kinds.NAMES
    groups = search_kinds.search(
        asked, person=viewer(request), only=only if known else "", page=_number(request.GET.get("page", ""))
    )
    one = next((group for group in groups if known and group.kind.name == only), None)
    context = {
        "asked": asked,
        "longest": LONGEST,
        "wrong": "" if known or not only else only.replace("\x00", "")[:40],
        "names": ", ".join(search_kinds.NAMES),
        "groups": groups,
        "shown": [one] if one else [group for group in groups if group.hits],
        "one": one,
        "total": sum(group.count for group in groups),
        "tabs": [(group, urlencode({"q": asked.text, "kind": group.kind.name})) for group in groups],
        "everything": urlencode({"q": asked.text}),
    }
    return render(request, "display/search.html", context)


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else 1
