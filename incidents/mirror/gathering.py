"""What is to be said in a channel: new lines of the timeline, in order, in Slack's markup; and who is to be let in."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from incidents.command import timeline
from incidents.command.export import TYPED
from incidents.command.models import Incident
from incidents.command.queries import command_of
from incidents.command.timeline import Line as Told
from incidents.mirror import queries, wording
from incidents.mirror.models import Guest, Line, Mirror

AT_FIRST = 20  # lines from before the channel was made that are said in it; own choice


@transaction.atomic
def gather(mirror: Mirror, incident: Incident, *, now: datetime) -> bool:
    """Keep a row for each line that the channel does not have, and for whom it should let in. Returns whether there is
    any news.

    What came from the channel is not said back to it. A line that reads otherwise now is changed there.
    """
    after = timeline.cursor_from(mirror.cursor, now=now) if mirror.cursor else None
    at = timeline.cursor(incident, now=now)
    if after is not None and after.same_place(at):
        return False
    lines = timeline.lines(incident, after=after)
    heard = {f"e{nth}" for nth in mirror.heard.filter(nth__isnull=False).values_list("nth", flat=True)}
    lines = [line for line in lines if line.key not in heard]
    known = {row.key: row for row in mirror.lines.filter(key__in=[line.key for line in lines])}
    accounts = queries.accounts_by_username(line.text for line in lines if line.kind in TYPED)
    early = {line.key for line in lines[:-AT_FIRST]} if after is None else set()
    made = []
    for line in lines:
        text = as_said(line, incident, accounts=accounts)
        row = known.get(line.key)
        if row is None:
            answers = f"e{line.corrects}" if line.corrects is not None else ""
            made.append(Line(mirror=mirror, key=line.key, text=text, answers=answers, left_out=line.key in early))
        elif line.nth is None and row.text != text:
            Line.objects.filter(pk=row.pk).update(text=text, edition=row.edition + 1, refused=0)
    Line.objects.bulk_create(made, ignore_conflicts=True)
    _let_in(mirror, incident)
    Mirror.objects.filter(pk=mirror.pk).update(cursor=at.text)
    return True


def _let_in(mirror: Mirror, incident: Incident) -> None:
    people = queries.people_of(incident)
    accounts = queries.accounts_of([one.pk for one in people])
    known = set(mirror.guests.values_list("user", flat=True))
    guests = [Guest(mirror=mirror, person_id=who, user=user) for user, who in accounts.items() if user not in known]
    Guest.objects.bulk_create(guests, ignore_conflicts=True)


def as_said(line: Told, incident: Incident, *, accounts: Mapping[str, str]) -> str:
    """Return a line of the timeline as a message."""
    head = f"{line.at.astimezone(UTC):%H:%M} UTC · {line.word}"
    typed = line.kind in TYPED
    if line.person and typed:
        head += f" · {line.person}"
    if line.corrects is not None:
        head += f" of line {line.corrects}"
    if line.written_at is not None:
        head += f" · written {line.written_at.astimezone(UTC):%H:%M} UTC"
    links = []
    if line.picture is not None:
        links.append(absolute(reverse("incident_picture", args=[incident.number, line.picture])))
    if re.match(r"https?://|/(?!/)", line.url) and line.url != incident.path and not re.search(r"[\s<>|]", line.url):
        links.append(absolute(line.url))
    text = wording.to_slack(line.text, accounts) if typed else wording.cut(wording.escaped(line.text))
    return wording.line(head=wording.escaped(head).replace("_", " "), text=text, links=links)


def topic_of(incident: Incident) -> str:
    """Return what the channel's topic should be now."""
    command = command_of(incident)
    return wording.topic(
        severity=incident.severity,
        state=incident.state.replace("_", " "),
        commander=command.person.name if command else "",
        url=absolute(incident.path),
    )


def absolute(path: str) -> str:
    return urljoin(settings.PUBLIC_BASE_URL + "/", path)
