"""Whose leave a page is asked for."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from oncall.people.models import Person


def refuse_hidden(request: HttpRequest, visible: QuerySet[Person]) -> None:
    """Refuse `?person=` of somebody whose leave the viewer may not see: their own would pass for it. What is no id at
    all, the form says.

    :raises Http404: if it is nobody of `visible`, as reports and the API have it.
    """
    try:
        person = UUID(request.GET.get("person", ""))
    except ValueError:
        return
    if not visible.filter(pk=person).exists():
        raise Http404("There is nobody like that whose leave you may see.")
