"""An edge: what was not sent, and why. Every filter stands in the URL."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from incidents.alarms import ledger, lists
from incidents.alarms.silence_forms import LASTS, since
from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer


def not_sent(request: HttpRequest) -> HttpResponse:
    """The ledger: everybody's, or what would have called one person."""
    now = clock.now()
    person = _person(request.GET.get("person", "")) or viewer(request)
    mine = request.GET.get("whose") == "mine" or "person" in request.GET
    why = request.GET.get("why", "")
    why = why if why in ledger.WHYS else ""
    days, start = since(request.GET.get("days", ""), now=now)
    words, product = (request.GET.get(name, "").replace("\x00", "").strip()[:200] for name in ("q", "product"))
    source = _uuid(request.GET.get("source", ""))
    asked = ledger.Asked(
        person=person,
        now=now,
        since=start,
        why=why,
        whose=person if mine else None,
        source=source,
        product=product,
        words=words,
        before=request.GET.get("before", "")[:120],
    )
    found = ledger.look(asked)
    kept = {
        "whose": "mine" if mine else "", "why": why, "days": str(days), "q": words, "product": product,
        "source": str(source or ""), "person": str(person.pk) if person != viewer(request) else "",
    }  # fmt: skip
    context = {
        "found": found,
        "now": now,
        "asked": asked,
        "mine": mine,
        "person": person,
        "whys": ledger.WHYS.items(),
        "lasts": LASTS,
        "days": days,
        "sources": [(pk, name) for pk, name in lists.sources()],
        "tabs": [(word, value, urlencode(_set(kept | {"whose": value, "person": ""}))) for word, value in TABS],
        "more": urlencode(_set(kept)),
    }
    return render(request, "alarms/not_sent.html", context)


TABS = [("Everybody's", ""), ("Mine", "mine")]


def _set(kept: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in kept.items() if value}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _person(text: str) -> Person | None:
    wanted = _uuid(text)
    return Person.objects.active().filter(pk=wanted).first() if wanted else None
