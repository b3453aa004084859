"""Edges: what is to be done in working hours, for people."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people.models import Team
from oncall.people.viewer import viewer
from oncall.work import services
from oncall.work.forms import ChangeForm, DoneForm, OpenForm
from oncall.work.models import WorkItem
from oncall.work.queries import due_for

ON_A_PAGE = 50


@require_safe
def items(request: HttpRequest) -> HttpResponse:
    """What is open, by when it is due; or what is done, the latest first. `?team=` is a slug, or `none`."""
    person = viewer(request)
    now = clock.now()
    done = request.GET.get("state") == "done"
    rows = WorkItem.objects.select_related("team", "done_by")
    rows = rows.filter(state="done").order_by("-done_at", "id") if done else rows.open().order_by("due_at", "id")
    slug = request.GET.get("team", "").replace("\x00", "")
    if slug == "none":
        rows = rows.filter(team__isnull=True)
    elif slug == "mine":
        rows = rows.filter(team__members=person)
    elif slug:
        rows = rows.filter(team__slug=slug)
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "done": done, "now": now, "teams": Team.objects.all(), "slug": slug}
    return render(request, "work/items.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def item_new(request: HttpRequest) -> HttpResponse:
    person = viewer(request)
    form = OpenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        item = services.open_item(
            key="",
            title=said["title"],
            text=said["text"],
            url="",
            team=said["team"],
            due=said["due_at"],
            origin=person.name,
            now=clock.now(),
        )
        return redirect("work_item", item.pk)
    return render(request, "work/new.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def item(request: HttpRequest, id: UUID) -> HttpResponse:
    """One item; a POST changes its team, due time and ticket."""
    viewer(request)
    found = get_object_or_404(WorkItem.objects.select_related("team", "done_by"), pk=id)
    now = clock.now()
    known = {"team": found.team_id, "due_at": found.due_at, "ticket": found.ticket}
    form = ChangeForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        due = said["due_at"] or due_for(said["team"], now=now)[0]
        try:
            services.change(id=id, now=now, team=said["team"], due=due, ticket=said["ticket"])
        except services.AlreadyDone as error:
            messages.warning(request, str(error))
        return redirect("work_item", id)
    context = {"item": found, "form": form, "done_form": DoneForm(), "now": now}
    return render(request, "work/item.html", context, status=400 if form.errors else 200)


@require_POST
def item_done(request: HttpRequest, id: UUID) -> HttpResponse:
    person = viewer(request)
    found = get_object_or_404(WorkItem.objects.select_related("team", "done_by"), pk=id)
    now = clock.now()
    form = DoneForm(request.POST)
    if not form.is_valid():
        change = ChangeForm(initial={"team": found.team_id, "due_at": found.due_at, "ticket": found.ticket})
        context = {"item": found, "form": change, "done_form": form, "now": now}
        return render(request, "work/item.html", context, status=400)
    try:
        services.close_item(item=found, by=person, outcome=form.cleaned_data["outcome"], now=now)
    except services.AlreadyDone as error:
        messages.warning(request, str(error))
    return redirect("work_item", id)
