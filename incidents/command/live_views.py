"""An edge: the timeline as it grows, what is written into it, its pictures, and the whole of it as a file.

Two browsers see each other's lines by asking every two seconds from a cursor: nothing is held open, so that it costs a
worker a few milliseconds and not a worker, and a browser that was away asks from where it was.
"""

from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.command import board, export, noting, timeline
from incidents.command.forms import CorrectForm
from incidents.command.models import Entry, Incident, Picture
from incidents.command.pictures import ENDINGS, LARGEST_B
from incidents.command.services import Refused
from incidents.command.views import find, page
from oncall import clock
from oncall.people.viewer import viewer


def lines(request: HttpRequest, number: int) -> HttpResponse:
    """What happened since the cursor `after`: 204 where nothing did, in one cheap query; else the lines that are new,
    or are said otherwise now, with how the incident stands. Whoever may not see it any more keeps nothing of it on the
    screen: the page is loaded again, and is not there.
    """
    try:
        incident, now = find(request, number), clock.now()
    except Http404:
        if not request.htmx:  # type: ignore[attr-defined]
            raise
        return HttpResponse(status=404, headers={"HX-Refresh": "true"})
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(incident.path)
    after = timeline.cursor_from(request.GET.get("after", ""), now=now)
    at = timeline.cursor(incident, now=now)
    if after is not None and after.same_place(at):
        return HttpResponse(status=204)
    return _news(request, incident, after=after, at=at)


def _news(
    request: HttpRequest, incident: Incident, *, after: timeline.Cursor | None, at: timeline.Cursor, said: bool = False
) -> HttpResponse:
    """Draw what is new. `said`: to whom has just written, who gets an empty form."""
    person = viewer(request)
    groups = board.groups_from(request.GET.getlist("show") or request.POST.getlist("show"))
    context = {
        **board.standing(incident, person=person, now=at.at),
        **board.choices(incident, person=person),
        "lines": board.shown(timeline.lines(incident, after=after, groups=groups)),
        "cursor": at.text,
        "show": "".join(f"&show={one}" for one in groups),
        "once": uuid4() if said else "",
        "swapped": True,
    }
    return render(request, "command/news.html", context)


@require_POST
def note(request: HttpRequest, number: int) -> HttpResponse:
    """Write a line, perhaps with a picture. What is refused is said beside the box, and stays in it."""
    incident, now = find(request, number), clock.now()
    image = request.FILES.get("picture")
    try:
        if image is not None and (image.size or 0) > LARGEST_B:
            raise Refused("picture", f"That picture has over {LARGEST_B // 2**20} MB. Make it smaller, or cut it.")
        noting.speak(
            incident=incident,
            kind=request.POST.get("kind", "note")[:20],
            text=request.POST.get("text", ""),
            image=image.read() if image is not None else None,
            key=request.POST.get("once", "").replace("\x00", "")[:60],
            by=viewer(request),
            now=now,
        )
    except Refused as error:
        if not request.htmx:  # type: ignore[attr-defined]
            return page(request, incident, where="note", error=str(error), status=400)
        response = render(request, "command/refused.html", {"error": str(error)}, status=422)
        response["HX-Retarget"], response["HX-Reswap"] = "#note-error", "innerHTML"
        return response
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(f"{incident.path}#lines")
    incident = find(request, number)
    after = timeline.cursor_from(request.POST.get("after", ""), now=now)
    return _news(request, incident, after=after, at=timeline.cursor(incident, now=now), said=True)


def correct(request: HttpRequest, number: int, nth: int) -> HttpResponse:
    """Correct a line: the original stays, struck through, and points at what corrects it."""
    incident, person = find(request, number), viewer(request)
    entry = get_object_or_404(incident.entries.select_related("person"), nth=nth)
    form = CorrectForm(request.POST or None, initial={"text": entry.text})
    if request.method == "POST" and form.is_valid():
        try:
            noting.speak(
                incident=incident,
                kind=Entry.Kind.CORRECTION,
                text=form.cleaned_data["text"],
                corrects=entry,
                key=request.POST.get("once", "").replace("\x00", "")[:60],
                by=person,
                now=clock.now(),
            )
        except Refused as error:
            form.add_error(None, str(error))
        else:
            return redirect(f"{incident.path}#lines")
    line = next(line for line in timeline.lines(incident) if line.nth == nth)
    context = {"incident": incident, "form": form, "line": board.shown([line])[0], "once": uuid4()}
    return render(request, "command/correct.html", context, status=400 if form.is_bound else 200)


def picture(request: HttpRequest, number: int, id: UUID) -> HttpResponse:
    """A picture, for whoever may see its incident: as an image and nothing else (security.md S30)."""
    found = get_object_or_404(Picture, pk=id, incident=find(request, number))
    response = HttpResponse(bytes(found.content), content_type=found.media_type)
    response["Content-Disposition"] = f'inline; filename="picture.{ENDINGS.get(found.media_type, "bin")}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def timeline_file(request: HttpRequest, number: int, form: str) -> HttpResponse:
    """The whole timeline as a file: Markdown or JSON."""
    incident = find(request, number)
    if form not in FORMS:
        raise Http404
    write, media_type = FORMS[form]
    text = write(
        incident,
        timeline.lines(incident),
        zone=timezone.get_current_timezone(),
        picture_path=partial(_picture_path, incident.number),
        absolute=_absolute,
    )
    response = HttpResponse(text, content_type=f"{media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="incident-{incident.number}.{form}"'
    return response


FORMS = {"md": (export.as_markdown, "text/markdown"), "json": (export.as_json, "application/json")}


def _absolute(path: str) -> str:
    return f"{settings.PUBLIC_BASE_URL}{path}"


def _picture_path(number: int, id: UUID) -> str:
    return reverse("incident_picture", args=[number, id])


def paper(request: HttpRequest, number: int) -> HttpResponse:
    """The whole timeline, oldest first, to be printed or kept as PDF by the browser."""
    incident, now = find(request, number), clock.now()
    context = {
        **board.standing(incident, person=viewer(request), now=now),
        "lines": board.shown(timeline.lines(incident)),
    }
    return render(request, "command/paper.html", context)
