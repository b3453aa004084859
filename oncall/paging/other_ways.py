"""Edges: a person's browsers and Slack account, and what a browser says of a notification it showed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import answer_links, contacts, outbox, subscriptions
from oncall.paging.channels import Report
from oncall.paging.models import ContactMethod
from oncall.people.viewer import viewer

END = 90  # of what can be known of a notification, short of an answer


@require_POST
def push_subscribe(request: HttpRequest) -> HttpResponse:
    """This browser has agreed: keep where its notifications go."""
    try:
        contact = subscriptions.subscribe(
            person=viewer(request),
            endpoint=request.POST.get("endpoint", ""),
            p256dh=request.POST.get("p256dh", ""),
            auth=request.POST.get("auth", ""),
            label=request.POST.get("label", ""),
            now=clock.now(),
        )
    except (subscriptions.NotOffered, subscriptions.BadSubscription) as error:
        return JsonResponse({"detail": [str(error)]}, status=400)
    return JsonResponse({"id": str(contact.pk)}, status=201)


@require_POST
def push_unsubscribe(request: HttpRequest) -> HttpResponse:
    """This browser takes it back. It need not have been ours: the wish is fulfilled either way."""
    endpoint = request.POST.get("endpoint", "")
    subscriptions.unsubscribe(person=viewer(request), endpoint=endpoint, now=clock.now())
    return HttpResponse(status=204)


@require_POST
def slack_add(request: HttpRequest) -> HttpResponse:
    """Name one's own Slack account; it is proved by a code or by a page answered there."""
    person = viewer(request)
    try:
        address = subscriptions.slack_user(request.POST.get("address", ""))
        contacts.add(person=person, kind=ContactMethod.Kind.SLACK, address=address, label="", now=clock.now())
    except (subscriptions.NotOffered, subscriptions.BadSubscription, contacts.AlreadyThere) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Slack account {address} is added.")
    return redirect(reverse("me") + "#contacts")


@login_not_required
@csrf_exempt
@require_POST
def push_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """A browser says that it showed a page: delivered, never answered. The link proves which one."""
    now = clock.now()
    try:
        attempt = answer_links.attempt_of(token, purpose=answer_links.RECEIPT, now=now)
    except answer_links.BadLink:
        return HttpResponse(status=404)
    report = Report(sid=f"push-{attempt.pk.hex}", status="delivered", rank=END)
    outbox.apply_report(attempt_id=attempt.pk, report=report, now=now, limits=limits.at(now), callback=True)
    subscriptions.shown(attempt=attempt, now=now)
    return HttpResponse(status=204)
