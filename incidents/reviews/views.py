"""An edge: the list of reviews, one review, and what is pressed in it. Every button works without JavaScript."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.alarms.models import Cause
from incidents.command.export import inert
from incidents.command.models import Incident
from incidents.reviews import acting, drafting, impact, publishing, queries, services, states, trackers
from incidents.reviews.forms import ActionForm, ContentForm, CountForm, OwnersForm, PublishForm, who_sees
from incidents.reviews.models import ActionItem, Review
from oncall import clock
from oncall.people.viewer import viewer

PAGE = 30
TABS = [("", "All"), *((state, words.capitalize()) for state, words in states.WORDS.items()), ("late", "Overdue")]
PRESSES: dict[states.Move, str] = {
    "submit": "Ask for a review",
    "send_back": "Send it back",
    "approve": "I have reviewed it",
    "rework": "Work on it again",
    "close": "Close it, and the incident",
}


def find(request: HttpRequest, number: int) -> Review:
    """Return the review of the incident of that number, if whoever asks may see it; else it is not there (R43)."""
    return get_object_or_404(queries.visible(viewer(request)), incident__number=number)


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """The list with filters in the URL; open actions and causes that repeat, drawn beside it."""
    person, now = viewer(request), clock.now()
    state = request.GET.get("state", "")[:20]
    words = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    cause = request.GET.get("cause", "")[:20]
    rows, wrong = queries.visible(person), []
    if state == "late":
        rows = rows.unfinished().filter(due_at__lte=now)  # type: ignore[attr-defined]
    elif state in states.STATES:
        rows = rows.filter(state=state)
    elif state:
        wrong.append(f"state: “{state}” is not known. Choose one of the tabs.")
    if cause in Cause.values:
        rows = rows.filter(cause=cause)
    elif cause:
        wrong.append(f"cause: “{cause}” is not known. Choose one of the list.")
    if words:
        rows = rows.filter(incident__title__icontains=words)
    if request.GET.get("mine"):
        rows = rows.filter(owner=person)
    page = Paginator(rows.order_by("-incident__number"), PAGE).get_page(request.GET.get("page"))
    standing = [(one, queries.state_of(one)) for one in page]
    actions = list(queries.open_actions(person))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "page": page,
        "rows": [(one, states.WORDS[stands], states.BADGES[stands], _late(one, now)) for one, stands in standing],
        "tabs": TABS,
        "state": state,
        "q": words,
        "cause": cause,
        "mine": bool(request.GET.get("mine")),
        "causes": Cause.choices,
        "wrong": wrong,
        "query": kept.urlencode(),
        "actions": actions[:PAGE],
        "more": max(0, len(actions) - PAGE),
        "action_bars": queries.open_by_due(actions, today=now.date()),
        "today": now.date(),
        "years": queries.causes_by_year(person),
        "repeated": queries.repeated(person, now=now),
        "waiting": queries.waiting_for_one(person)[:PAGE],
    }
    return render(request, "reviews/reviews.html", context)


def _late(review: Review, now: datetime) -> bool:
    return review.state != "closed" and review.due_at is not None and review.due_at <= now


def draft(request: HttpRequest, number: int) -> HttpResponse:
    """Ask whose the review is to be, and draft it. One that is there already is shown instead."""
    incident = get_object_or_404(Incident.objects.visible_to(viewer(request)), number=number)
    known = Review.objects.filter(incident=incident).first()
    if known is not None:
        known.incident = incident
        return redirect(known.path)
    people = who_sees(incident)
    default = queries.last_commander(incident)
    error = ""
    if request.method == "POST":
        owner = people.filter(pk__in=_uuids(request.POST.getlist("owner"))).first()
        try:
            made = services.draft(incident=incident, by=viewer(request), owner=owner, now=clock.now())
        except services.Refused as refused:
            error = str(refused)
        else:
            return redirect(made.path)
    context = {"incident": incident, "people": people, "default": default, "error": error}
    return render(request, "reviews/draft.html", context, status=400 if error else 200)


def _uuids(texts: list[str]) -> list[str]:
    return [text for text in texts if len(text) == 36 and all(char in "0123456789abcdef-" for char in text)]


@require_safe
def review(request: HttpRequest, number: int) -> HttpResponse:
    return page(request, find(request, number))


def page(
    request: HttpRequest, found: Review, *, where: str = "", error: str = "", status: int = 200, **forms: Any
) -> HttpResponse:
    """Draw it. `where`, `error`: what was refused, said beside the button; `forms`: with what was typed."""
    person, now = viewer(request), clock.now()
    state = queries.state_of(found)
    actions = found.actions.select_related("owner", "team", "work", "request")
    moves = [(name, PRESSES[name]) for (known, name) in states.MOVES if known == state]
    if found.incident.state == "closed":
        moves = [one for one in moves if one[0] != "rework"]
    context = {
        "review": found,
        "incident": found.incident,
        "word": states.WORDS[state],
        "badge": states.BADGES[state],
        "late": _late(found, now),
        "sections": [(name, words, found.content.get(name, "")) for name, words, _ in drafting.SECTIONS],
        "reviewers": list(found.reviewers.all()),
        "actions": [(one, getattr(one, "request", None)) for one in actions],
        "trackers": trackers.configured() if not found.incident.restricted else {},
        "moves": moves,
        "editable": state in states.EDITABLE,
        "may_publish": queries.may_close(found, person, now=now) and not found.incident.restricted,
        "publishable": state in publishing.READY,
        "counted": drafting.in_words(found.recounted or found.figures),
        "changed": impact.changed(found.figures, found.recounted) if found.recounted else [],
        "versions": found.versions.select_related("by").defer("content")[:20],
        "today": now.date(),
        "owners_form": OwnersForm(review=found),
        "count_form": CountForm(initial={"starts": found.impact_starts_at, "ends": found.impact_ends_at}),
        "action_form": ActionForm(incident=found.incident),
        "where": where,
        "error": error,
        **forms,
    }
    return render(request, "reviews/review.html", context, status=status)


def edit(request: HttpRequest, number: int) -> HttpResponse:
    """The text, all sections in one form. A lost race is said, with what was typed still there."""
    found = find(request, number)
    form = ContentForm(request.POST or None, review=found)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            content = {name: form.cleaned_data[name] for name in drafting.NAMES}
            try:
                services.edit(
                    review=found, content=content, cause=form.cleaned_data["cause"],
                    version=form.cleaned_data["version"], by=viewer(request), now=clock.now(),
                )  # fmt: skip
            except services.Moved as moved:
                form.add_error(None, str(moved))
                # The next press is made having seen what is there now.
                form.data = form.data.copy()  # type: ignore[attr-defined]
                found = find(request, number)
                form.data["version"] = str(found.version)  # type: ignore[index]
                status = 409
            except services.Refused as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                return redirect(found.path)
    context = {"review": found, "incident": found.incident, "form": form, "moved": status == 409}
    if status == 409:
        context["theirs"] = [(words, found.content.get(name, "")) for name, words, _ in drafting.SECTIONS]
    return render(request, "reviews/edit.html", context, status=status)


@require_POST
def press(request: HttpRequest, number: int) -> HttpResponse:
    found = find(request, number)
    move = request.POST.get("move", "")
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    if move not in PRESSES:
        error = f"“{move[:40]}” is no press. Use one of the buttons."
        return page(request, found, where="press", error=error, status=400)
    try:
        services.press(review=found, move=move, by=viewer(request), version=seen, now=clock.now())
    except (services.NotAllowed, services.Moved) as error:
        return page(request, find(request, number), where="press", error=str(error), status=409)
    return redirect(found.path)


@require_POST
def owners(request: HttpRequest, number: int) -> HttpResponse:
    found = find(request, number)
    form = OwnersForm(request.POST, review=found)
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.appoint(
                review=found,
                owner=said["owner"],
                reviewers=list(said["reviewers"]),
                by=viewer(request),
                now=clock.now(),
            )
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect(found.path)
    return page(request, find(request, number), status=400, owners_form=form)


@require_POST
def count(request: HttpRequest, number: int) -> HttpResponse:
    """Count again, perhaps of another span."""
    found = find(request, number)
    form = CountForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            services.recount(
                review=found, starts=said["starts"], ends=said["ends"], by=viewer(request), now=clock.now()
            )
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect(f"{found.path}#impact")
    return page(request, find(request, number), status=400, count_form=form)


@require_POST
def action_add(request: HttpRequest, number: int) -> HttpResponse:
    found = find(request, number)
    form = ActionForm(request.POST, incident=found.incident)
    if form.is_valid():
        said = form.cleaned_data
        try:
            acting.add(
                review=found, title=said["title"], kind=said["kind"], due_on=said["due_on"], ticket=said["ticket"],
                by=viewer(request), now=clock.now(), **form.owner(),
            )  # fmt: skip
        except services.Refused as error:
            form.add_error({"owner": "whose"}.get(error.field, error.field), str(error))
        else:
            return redirect(f"{found.path}#actions")
    return page(request, find(request, number), status=400, action_form=form)


@require_POST
def action_press(request: HttpRequest, number: int, id: Any) -> HttpResponse:
    """One action: done (`then=done`), a link to its ticket (`ticket`), or have one made (`then` is the tracker)."""
    found = find(request, number)
    action = get_object_or_404(ActionItem.objects.select_related("review__incident"), pk=id, review=found)
    then, by, now = request.POST.get("then", ""), viewer(request), clock.now()
    try:
        if then == "done":
            acting.finish(action=action, by=by, now=now)
        elif then == "link":
            acting.change(action=action, ticket=request.POST.get("ticket", ""), by=by, now=now)
        else:
            request_ = acting.want_ticket(action=action, tracker=then, by=by, now=now)
            messages.info(
                request, f"The {request_.get_tracker_display()} ticket is on its way. Look again in a minute."
            )
    except services.Refused as error:
        return page(request, find(request, number), where=str(action.pk), error=str(error), status=400)
    return redirect(f"{found.path}#actions")


def publish(request: HttpRequest, number: int) -> HttpResponse:
    """Look at what everybody would read, correct it, publish it; or take it back (`then=withdraw`)."""
    found, person, now = find(request, number), viewer(request), clock.now()
    if found.incident.restricted:
        raise Http404
    initial = {"version": found.version, "title": publishing.proposed_title(found)}
    if request.method != "POST":
        initial |= publishing.proposed(found, numbers=publishing.counted(found, now=now))
    form = PublishForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 400
        try:
            if request.POST.get("then") == "withdraw":
                publishing.withdraw(review=found, by=person, now=now)
                return redirect(found.path)
            if form.is_valid():
                said = form.cleaned_data
                publishing.publish(
                    review=found, title=said["title"], texts={name: said[name] for name in drafting.PUBLIC},
                    version=said["version"], by=person, now=now,
                )  # fmt: skip
                return redirect(found.public_path)
        except services.Moved as error:
            form.add_error(None, str(error))
            status = 409
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
    context = {"review": found, "incident": found.incident, "form": form}
    context |= {"may_publish": queries.may_close(found, person, now=now), "ready": found.state in publishing.READY}
    return render(request, "reviews/publish.html", context, status=status)


@require_safe
def as_markdown(request: HttpRequest, number: int) -> HttpResponse:
    """All of it as Markdown, to be sent or kept; what people typed acts on nobody who renders it."""
    found = find(request, number)
    parts = [f"# Review of incident {found.incident.number}: {inert(found.incident.title)}", ""]
    for name, words, _ in drafting.SECTIONS:
        if text := found.content.get(name, ""):
            parts += [f"## {words}", "", *(inert(row) + "  " for row in text.split("\n")), ""]
    parts += ["## Action items", ""]
    for one in found.actions.select_related("owner", "team", "work"):
        mark = "x" if one.is_done else " "
        parts.append(
            f"- [{mark}] {inert(one.title)} ({inert(one.whose)}, {one.due_on}) {inert(one.ticket_name)}".rstrip()
        )
    answer = HttpResponse("\n".join(parts) + "\n", content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="review-{found.incident.number}.md"'
    return answer
