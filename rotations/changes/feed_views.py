"""An edge: the calendars that make one absent: add, read now, remove."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.changes import feeds
from rotations.changes.feed_shapes import Found
from rotations.changes.models import AbsenceFeed
from rotations.changes.refusals import Refused


class FeedForm(forms.Form):
    url = forms.CharField(
        max_length=1000,
        label="Its address",
        help_text="Begins with https:// or webcal://. Your calendar program calls it the secret or private address.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    label = forms.CharField(max_length=80, required=False, label="What to call it", help_text="Empty: its host.")


@require_http_methods(["GET", "HEAD", "POST"])
def absence_feeds(request: HttpRequest) -> HttpResponse:
    who = viewer(request)
    form = FeedForm(request.POST or None)
    if form.is_valid():
        try:
            feed, found = feeds.add(person=who, now=clock.now(), **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, f"{feed.label} is read from now on. {_in_words(found)}")
            return redirect("absence_feeds")
    context = {"form": form, "feeds": AbsenceFeed.objects.filter(person=who, removed_at__isnull=True)}
    return render(request, "changes/feeds.html", context, status=400 if form.errors else 200)


@require_POST
def absence_feed_check(request: HttpRequest, id: UUID) -> HttpResponse:
    feed = _own(viewer(request), id)
    try:
        found = feeds.check_now(feed=feed, now=clock.now())
        messages.success(request, f"{feed.label}: {_in_words(found)}")
    except Refused as error:
        messages.warning(request, str(error))
    return redirect("absence_feeds")


@require_POST
def absence_feed_remove(request: HttpRequest, id: UUID) -> HttpResponse:
    feed = _own(viewer(request), id)
    feeds.remove(feed=feed, now=clock.now())
    messages.success(request, f"{feed.label} is read no more, and the absences it brought no longer count.")
    return redirect("absence_feeds")


def _own(who: Person, id: UUID) -> AbsenceFeed:
    mine = AbsenceFeed.objects.filter(person=who, removed_at__isnull=True).select_related("person")
    return get_object_or_404(mine, pk=id)


def _in_words(found: Found) -> str:
    count = len(found.absences)
    words = f"{count} absence{'' if count == 1 else 's'} from a month ago to a year ahead."
    if found.skipped:
        words += f" {found.skipped} of its events made no sense and were passed over."
    return words
