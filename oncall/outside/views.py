"""Edges: webhooks, for administrators: add, try out, give a new secret, switch off; and what became of deliveries."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import clock
from oncall.outside import services
from oncall.outside.addresses import parse
from oncall.outside.forms import WebhookForm
from oncall.outside.models import Delivery, Webhook
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer

DELIVERIES_SHOWN = 50


def _administrator(request: HttpRequest) -> Person:
    """Return the viewer, if webhooks are theirs.

    :raises PermissionDenied: otherwise.
    """
    person = viewer(request)
    if not access.may_tell_others(person):
        raise PermissionDenied
    return person


def webhooks(request: HttpRequest) -> HttpResponse:
    """List them, and add one; its secret is shown once, on the page that answers."""
    actor = _administrator(request)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = services.add(**form.cleaned_data, by=actor, now=clock.now())
        except services.BadWebhook as error:
            form.add_error(None if error.field == "__all__" else error.field, str(error))
        else:
            return _one(request, made, secret=secret)
    waiting = Count("deliveries", filter=Q(deliveries__state=Delivery.State.WAITING))
    given_up = Count("deliveries", filter=Q(deliveries__state=Delivery.State.GIVEN_UP))
    rows = [(one, parse(one.url).netloc) for one in Webhook.objects.annotate(waiting=waiting, given_up=given_up)]
    context = {"rows": rows, "form": form}
    return render(request, "outside/webhooks.html", context, status=400 if form.errors else 200)


@require_safe
def webhook(request: HttpRequest, id: UUID) -> HttpResponse:
    _administrator(request)
    return _one(request, get_object_or_404(Webhook, pk=id))


def _one(request: HttpRequest, one: Webhook, *, secret: str = "") -> HttpResponse:
    """Draw one webhook. `secret`: a new one, shown this once."""
    now = clock.now()
    one.refresh_from_db()
    context = {
        "webhook": one,
        "host": parse(one.url).netloc,
        "events": [label for value, label in Delivery._meta.get_field("event").flatchoices if value in one.events],
        "rotating": len(one.secrets_at(now)) > 1,
        "secret": secret,
        "deliveries": one.deliveries.all()[:DELIVERIES_SHOWN],
    }
    return render(request, "outside/webhook.html", context)


@require_POST
def webhook_test(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _administrator(request)
    one = get_object_or_404(Webhook, pk=id)
    services.try_out(webhook=one, by=actor, now=clock.now())
    messages.info(request, "A test is on its way. Load this page again in a moment to see what became of it.")
    return redirect("webhook", one.pk)


@require_POST
def webhook_rotate(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _administrator(request)
    one = get_object_or_404(Webhook, pk=id)
    try:
        secret = services.rotate(webhook=one, by=actor, now=clock.now())
    except services.BadWebhook as error:
        messages.error(request, str(error))
        return redirect("webhook", one.pk)
    return _one(request, one, secret=secret)


@require_POST
def webhook_switch(request: HttpRequest, id: UUID) -> HttpResponse:
    actor = _administrator(request)
    one = get_object_or_404(Webhook, pk=id)
    services.switch(webhook=one, on=request.POST.get("on") == "1", by=actor, now=clock.now())
    return redirect("webhook", one.pk)
