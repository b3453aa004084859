"""An edge: `GET /feeds/<secret>.ics` for calendar programs, and the screen on which people make such addresses."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from oncall import clock
from oncall.people.viewer import viewer
from rotations.coverage import feed_queries, feed_services, reminders
from rotations.coverage.feed_forms import FeedForm, ReminderForm
from rotations.coverage.models import FeedToken, Reminder


@login_not_required
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar that `secret` opens, or 404. A program that has these very bytes gets 304 and nothing else.

    Whoever reads it more than 60 times an hour gets 429 and is told when to come again.
    """
    now = clock.now()
    try:
        token = feed_services.use(secret=secret, now=now)
    except feed_services.TooManyReads as error:
        headers = {"Retry-After": str(error.seconds), "Cache-Control": "private, no-store"}
        return HttpResponse(str(error), status=429, content_type="text/plain; charset=utf-8", headers=headers)
    if token is None:
        raise Http404("No calendar has this address. Make a new one under My calendars.")
    body = feed_queries.calendar(token, now=now)
    etag = quote_etag(hashlib.sha256(body).hexdigest()[:32])
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="oncall.ics"'
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-store"  # S18; a program that keeps it anyway is spared the bytes by its ETag
    return get_conditional_response(request, etag=etag, response=answer) or answer


def calendars(request: HttpRequest) -> HttpResponse:
    """One's own calendar addresses and reminders. A new address is on the answer to the POST and nowhere else."""
    form = FeedForm(request.POST or None)
    address = ""
    if form.is_valid():
        try:
            _, secret = feed_services.create(
                person=viewer(request),
                now=clock.now(),
                schedule=form.schedule,
                team=form.team,
                alarm_minutes=form.cleaned_data["alarm_minutes"],
            )
        except feed_services.FeedRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            address = settings.PUBLIC_BASE_URL + reverse("feed", args=[secret])
            form = FeedForm()
    return _screen(request, form=form, address=address)


def _screen(
    request: HttpRequest, *, form: FeedForm | None = None, reminder_form: ReminderForm | None = None, address: str = ""
) -> HttpResponse:
    me = viewer(request)
    form, reminder_form = form or FeedForm(), reminder_form or ReminderForm()
    tokens = FeedToken.objects.filter(person=me).select_related("person", "schedule", "team")
    context = {
        "form": form,
        "reminder_form": reminder_form,
        "reminders": [(one, reminders.in_words(one)) for one in Reminder.objects.filter(person=me)],
        "tokens": [(token, feed_queries.name_of(token)) for token in tokens],
        "address": address,
        "webcal": "webcal://" + address.partition("://")[2] if address else "",
    }
    return render(
        request, "coverage/calendars.html", context, status=400 if form.errors or reminder_form.errors else 200
    )


@require_POST
def feed_revoke(request: HttpRequest, id: UUID) -> HttpResponse:
    token = get_object_or_404(FeedToken.objects.filter(person=viewer(request)), pk=id)
    feed_services.revoke(token=token, now=clock.now())
    messages.success(request, f"{feed_queries.name_of(token)} ({token.hint}…) opens nothing any more.")
    return redirect("calendars")


@require_POST
def reminder_add(request: HttpRequest) -> HttpResponse:
    form = ReminderForm(request.POST)
    if form.is_valid():
        try:
            made = reminders.add(person=viewer(request), now=clock.now(), **form.cleaned_data)
        except reminders.ReminderRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, f"We remind you: {reminders.in_words(made)}.")
            return redirect("calendars")
    return _screen(request, reminder_form=form)


@require_POST
def reminder_remove(request: HttpRequest, id: UUID) -> HttpResponse:
    reminder = get_object_or_404(Reminder.objects.filter(person=viewer(request)), pk=id)
    words = reminders.in_words(reminder)
    reminders.remove(reminder=reminder)
    messages.success(request, f"No more reminders: {words}.")
    return redirect("calendars")
