"""An edge: what Slack's Events API tells us of the channels we made. Signed, kept, answered within its three seconds.

Slack sends an event again after a second, a minute and five minutes when it was not answered 200; each is kept once.
What machines say, our own lines first of all, is nobody's word and is passed over.
"""

import json

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from incidents.mirror import hearing, queries
from incidents.mirror.reading import saying_of, text_of
from oncall import clock
from oncall.paging.slack_signing import signed_by_slack_up_to

LARGEST = 512 * 1024  # bytes: a message of 40000 characters, as text and as blocks, before and after a change
LONGEST_CHALLENGE = 200
NOT_READABLE = "This is no event of Slack's that can be read."


@signed_by_slack_up_to(LARGEST)
def slack_events(request: HttpRequest) -> HttpResponse:
    """Take one event. What Slack signed but we cannot read is answered 400; what does not concern us, with nothing."""
    try:
        told = json.loads(request.body)
        if told["type"] == "url_verification":
            return HttpResponse(text_of(told, "challenge")[:LONGEST_CHALLENGE], content_type="text/plain")
        if told["type"] != "event_callback":
            return HttpResponse()
        saying = saying_of(told["event"])
        joined = text_of(told["event"], "channel") if told["event"]["type"] == "member_joined_channel" else ""
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        return HttpResponseBadRequest(NOT_READABLE)
    if saying is not None and queries.is_offered():
        now = clock.now()
        hearing.take(saying, at=now - saying.age_at(clock.reading()), now=now)
    if joined and queries.is_offered():
        hearing.joined(joined, now=clock.now())
    return HttpResponse()
