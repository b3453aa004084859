"""An edge: the page about an incident's channel in Slack, where it is asked for and stopped."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from incidents.command.models import Incident
from incidents.command.views import find
from incidents.command.writing import Refused
from incidents.mirror import panels, queries, services
from oncall import clock
from oncall.people.viewer import viewer


def slack(request: HttpRequest, number: int) -> HttpResponse:
    """Show how the channel stands; `then=want` makes one, or goes on; `then=stop` stops it."""
    incident = find(request, number)
    if not queries.is_offered():
        raise Http404("This portal mirrors nothing to Slack.")
    if request.method != "POST":
        return _page(request, incident)
    then = request.POST.get("then", "")
    try:
        if then == "want":
            services.want(incident=incident, by=viewer(request), now=clock.now())
        elif then == "stop":
            services.stop(incident=incident, by=viewer(request), now=clock.now())
        else:
            raise Refused("then", "That is no press. Use one of the buttons.")
    except Refused as error:
        return _page(request, incident, error=str(error))
    return redirect(incident.path)


def _page(request: HttpRequest, incident: Incident, *, error: str = "") -> HttpResponse:
    mirror = queries.mirror_of(incident)
    guests = mirror.guests.select_related("person").order_by("person__name") if mirror is not None else []
    left_out = mirror.lines.filter(left_out=True).exclude(error_text="").count() if mirror is not None else 0
    context = panels.standing(incident, mirror) | {"guests": guests, "left_out": left_out, "error": error}
    return render(request, "mirror/slack.html", context, status=400 if error else 200)
