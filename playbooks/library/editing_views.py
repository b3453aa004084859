"""Edges: a playbook is written and changed in the browser. Looking at it stores nothing, and nothing typed is lost."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer
from playbooks.library import queries, services
from playbooks.library.comparing import Pair, side_by_side
from playbooks.library.forms import EMPTY, WriteForm
from playbooks.library.models import Playbook
from playbooks.library.parsing import Unreadable, normal
from playbooks.library.showing import Shown, shown
from playbooks.library.views import AROUND, find, only_editors


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write a playbook. Who looks after no configuration may write one that a team of theirs owns."""
    person, now = viewer(request), clock.now()
    if not (access.may_configure(person, now=now) or person.memberships.exists()):
        raise PermissionDenied("The pilot, administrators and members of a team write playbooks.")
    form = WriteForm(request.POST if request.method == "POST" else None, is_new=True, initial={"source": EMPTY})
    guide = None
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            sheet, owner = services.read(said["source"], slug=said["slug"])
            if not access.may_edit_playbook(person, owner_team_id=owner.pk if owner else None, now=now):
                form.add_error("source", "Line 2: name a team of yours as its owner, as in owner: Data Facility.")
            elif "save" in request.POST:
                made = services.create(
                    slug=said["slug"], source=said["source"], by=person, now=now, message=said["message"]
                )
                messages.success(request, f"{made.title} is written.")
                return redirect("playbook", made.slug)
            else:
                guide = shown(sheet)
        except services.BadSlug as error:
            form.add_error("slug", str(error))
        except Unreadable as error:
            form.add_error("source", [str(one) for one in error.problems])
    return _draw(request, form, guide=guide)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Write the next revision. Whoever was overtaken sees what the other wrote beside the own text, and decides."""
    row = only_editors(request, find(slug))
    newest = queries.current(row)
    offered = {"source": newest.source, "revision": newest.n}
    form = WriteForm(request.POST if request.method == "POST" else None, is_new=False, initial=offered)
    guide, pairs, status = None, None, 400
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            if "save" in request.POST:
                changed = services.revise(
                    playbook=row, source=said["source"], seen=said["revision"] or 0, by=viewer(request),
                    now=clock.now(), message=said["message"],
                )  # fmt: skip
                same = changed.revision == newest.n
                messages.success(
                    request, "Nothing was new in it." if same else f"Revision {changed.revision} is written."
                )
                return redirect("playbook", slug)
            guide = shown(services.read(said["source"], slug=slug)[0])
            pairs = side_by_side(newest.source, normal(said["source"]), around=AROUND)
        except Unreadable as error:
            form.add_error("source", [str(one) for one in error.problems])
        except services.Retired as error:
            form.add_error(None, str(error))
        except services.ChangedMeanwhile as error:
            form.add_error(None, f"{error} Below, what your text would change. Saving again writes over it.")
            newest = queries.current(find(slug))
            pairs, status = side_by_side(newest.source, normal(said["source"]), around=AROUND), 409
            form.data = request.POST.copy()
            form.data["revision"] = str(newest.n)  # the next press replaces knowingly
    return _draw(request, form, playbook=row, guide=guide, pairs=pairs, status=status)


def _draw(
    request: HttpRequest,
    form: WriteForm,
    *,
    playbook: Playbook | None = None,
    guide: Shown | None = None,
    pairs: list[Pair] | None = None,
    status: int = 400,
) -> HttpResponse:
    context = {"form": form, "playbook": playbook, "guide": guide, "pairs": pairs}
    return render(request, "library/write.html", context, status=status if form.errors else 200)
