"""Write a message about an incident, let the commander say yes where that is needed, and send it.

An incident is locked first, then its message, then leave. What goes out is committed with the line of the timeline that
says so; mails follow from their outbox (oncall/outside/mailings.py), behind every page.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from incidents.command import evidence
from incidents.command.assigning import title_of
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.command.writing import Moved as Moved  # noqa: PLC0414  # who presses takes it from here
from incidents.command.writing import Refused as Refused  # noqa: PLC0414
from incidents.command.writing import lock, write
from incidents.updates import placeholders, queries, wording
from incidents.updates.models import Audience, Stage, Template, Update
from oncall.limits import queries as limits
from oncall.outside import mailings
from oncall.outside.mailing_models import Mailing
from oncall.paging import services as paging
from oncall.people.models import Person

LONGEST_SUBJECT, LONGEST_TEXT = 200, 10_000
DELAYED = "M9"
BY_PRESS = "delayed:"  # how `once` of a message begins that went out by the one press
State = Update.State
MOMENT = timedelta(microseconds=1)
UNTOLD = "A restricted incident is told to nobody outside from here. Speak to its commander."


@dataclass(frozen=True)
class Draft:
    """What somebody wants to say, and to whom. `next_at`: when the next message comes."""

    subject: str
    text: str
    stage: str
    next_at: datetime | None = None
    to_page: bool = True
    audiences: Collection[Audience] = field(default_factory=tuple)
    template: Template | None = None


@transaction.atomic
def write_draft(*, incident: Incident, draft: Draft, by: Person, now: datetime, key: str = "") -> Update:
    """Keep a message, to be looked at before it goes out. `key`: of the press, so that one made twice keeps one.

    :raises Refused: naming the field; a placeholder that is unknown or not filled in is one reason.
    """
    current = lock(incident)
    known = current.updates.filter(written_by=by, once=key[:100]).first() if key else None
    if known is not None:
        return known
    clean = _checked(current, draft, now=now)
    row = Update.objects.create(
        incident=current, template=draft.template, subject=clean.subject, text=clean.text, stage=clean.stage,
        next_at=clean.next_at, to_page=clean.to_page, once=key[:100], written_at=now, written_by=by,
    )  # fmt: skip
    row.audiences.set(clean.audiences)
    return row


@transaction.atomic
def change(*, update: Update, draft: Draft, edition: int, by: Person, now: datetime) -> Update:
    """Say it otherwise. Whom it was put to for a yes is asked anew.

    :raises Refused: as above.
    :raises Moved: if it has been sent, dropped or changed since `edition`.
    """
    current = lock(update.incident)
    row = _open(update, edition)
    clean = _checked(current, draft, now=now)
    row.subject, row.text, row.stage = clean.subject, clean.text, clean.stage
    row.next_at, row.to_page = clean.next_at, clean.to_page
    row.state, row.asked_at, row.asked_by, row.put_to = State.DRAFT, None, None, None
    row.edition, row.written_by, row.once = row.edition + 1, by, ""
    row.save()
    row.audiences.set(clean.audiences)
    return row


@transaction.atomic
def drop(*, update: Update, by: Person, now: datetime) -> Update:
    """Do not send it after all. Doing it twice changes nothing.

    :raises Moved: if it has been sent.
    """
    lock(update.incident)
    row = Update.objects.select_for_update(of=("self",)).get(pk=update.pk)
    if row.state == State.SENT:
        raise Moved(_gone(row))
    if row.state != State.DROPPED:
        row.state = State.DROPPED
        row.save(update_fields=["state"])
    return row


@transaction.atomic
def send(*, update: Update, edition: int, by: Person, now: datetime) -> Update:
    """Send it to its audiences and to the public page; at SEV-1, while somebody else commands, put it to them instead.

    Doing it twice sends once. The answer's state says which of the two was done.

    :raises Refused: naming the field.
    :raises Moved: if it has been dropped, or changed since `edition`, which is what somebody looked at.
    """
    current = lock(update.incident)
    found = Update.objects.select_for_update(of=("self",)).get(pk=update.pk)
    if found.state == State.SENT:
        return found
    row = _open(found, edition)
    chosen = list(row.audiences.all())
    _checked(current, Draft(row.subject, row.text, row.stage, row.next_at, row.to_page, chosen), now=now)
    commander = queries.whose_yes(current, by=by)
    if commander is not None:
        return _ask(current, row, commander, by=by, now=now)
    _let_out(current, row, chosen, by=by, now=now)
    return row


@transaction.atomic
def tell_delayed(*, incident: Incident, by: Person, now: datetime) -> Update:
    """Tell whoever hears of delays, and the public page, that alerts are delayed (M9), by one press.

    Pressed again before the next message is due, it is the same one; at SEV-1 it is put to the commander, as others.
    What somebody wrote from M9 by hand is another message, and stays where it is.

    :raises Refused: if nobody hears of delays, or M9 has a placeholder that only a person can fill.
    """
    current = lock(incident)
    draft, known = delayed(current, now=now)
    if known is None:
        known = write_draft(incident=current, draft=draft, by=by, now=now, key=f"{BY_PRESS}{now.isoformat()}")
    return known if known.state == State.SENT else send(update=known, edition=known.edition, by=by, now=now)


def delayed(incident: Incident, *, now: datetime) -> tuple[Draft, Update | None]:
    """Return what the press would say now, and to whom; and what it made lately, which pressing again would be.

    That is none where an audience was not told by it, where somebody has changed it, or where it waits for a yes and
    would say something else by now.

    :raises Refused: as above.
    """
    draft = delayed_draft(incident, now=now)
    since = now - limits.at(now).span("update_every_s")
    made = incident.updates.filter(template=DELAYED, once__startswith=BY_PRESS, written_at__gt=since)
    made = made.filter(state__in=[State.ASKED, State.SENT]).prefetch_related("audiences")
    made = made.order_by("-written_at", "-sent_at")
    own = [one for one in made if one.state == State.SENT or (one.subject, one.text) == (draft.subject, draft.text)]
    told = {audience.pk for one in own for audience in one.audiences.all()}
    missing = [one for one in draft.audiences if one.pk not in told]
    if missing:
        return replace(draft, audiences=missing), None
    return draft, next((one for one in own if one.state == State.ASKED), own[0])


def delayed_draft(incident: Incident, *, now: datetime) -> Draft:
    """Return what M9 would say now, and to whom.

    :raises Refused: as above.
    """
    template = Template.objects.get(pk=DELAYED)
    hearing = list(Audience.objects.active().filter(hears_delays=True))
    if not hearing:
        raise Refused("audiences", "No audience hears of delays. Tick that at one, under Audiences.")
    next_at = now + limits.at(now).span("update_every_s")
    values = queries.values_for(incident, now=now, next_at=next_at)
    return Draft(
        placeholders.fill(template.subject, values),
        placeholders.fill(template.text, values),
        template.stage or queries.last_stage(incident),
        next_at,
        True,
        hearing,
        template,
    )


@transaction.atomic
def mail_again(*, incident: Incident, mailing: Mailing, by: Person, now: datetime) -> bool:
    """Send one mail that failed, or may have, once more. False: it is on its way, or arrived.

    :raises Refused: if the incident is restricted by now.
    """
    current = lock(incident)
    if current.restricted:
        raise Refused("incident", UNTOLD)
    if not mailings.send_again(mailing=mailing, now=now):
        return False
    text = f"{by.name} sends “{mailing.subject}” once more to {mailing.address}."
    write(current, Entry.Kind.NOTE, text, now=now, person=by)
    return True


def _checked(incident: Incident, draft: Draft, *, now: datetime) -> Draft:
    """Return the draft as it is kept.

    :raises Refused: naming the field.
    """
    if incident.restricted:
        raise Refused("incident", UNTOLD)
    subject, text = wording.line(draft.subject), wording.plain(draft.text)
    if not subject:
        raise Refused("subject", "The subject is empty. Say in a few words what the message is about.")
    if len(subject) > LONGEST_SUBJECT:
        raise Refused("subject", f"The subject has {len(subject)} characters; {LONGEST_SUBJECT} is the most.")
    if not text:
        raise Refused("text", "The message is empty. Say what is wrong, what is done, and when the next one comes.")
    if len(text) > LONGEST_TEXT:
        raise Refused("text", f"The message has {len(text)} characters; {LONGEST_TEXT} is the most.")
    for name, words in (("subject", subject), ("text", text)):
        if left := placeholders.left(words):
            raise Refused(name, left)
    if draft.stage not in Stage.values:
        raise Refused("stage", f"“{draft.stage[:40]}” is no stage. Choose one of: {', '.join(Stage.values)}.")
    retired = [one for one in draft.audiences if one.retired_at is not None]
    if retired:
        raise Refused("audiences", f"{retired[0].name} is told no more. Choose another audience.")
    if not draft.to_page and not draft.audiences:
        raise Refused("audiences", "It would reach nobody. Choose an audience, or the public status page.")
    _check_next(incident, draft, now=now)
    return Draft(subject, text, draft.stage, draft.next_at, draft.to_page, draft.audiences, draft.template)


def _check_next(incident: Incident, draft: Draft, *, now: datetime) -> None:
    in_force = limits.at(now)
    if draft.next_at is not None:
        if draft.next_at <= now:
            raise Refused("next_at", "The next message would be due already. Name a time that is still to come.")
        most = in_force.span("update_next_most_s")
        if draft.next_at > now + most:
            raise Refused("next_at", f"The next message comes within {most.total_seconds() / 3600:g} h: name a time.")
        return
    clock = queries.clock_of(incident, now=now, limits=in_force)
    if clock is not None and clock.must_name and draft.stage != Stage.RESOLVED:
        raise Refused("next_at", "After two hours each message says when the next one comes. Name that time.")


def _open(update: Update, edition: int) -> Update:
    """
    :raises Moved: as above.
    """
    row = Update.objects.select_for_update(of=("self",)).get(pk=update.pk)
    if row.state == State.SENT:
        raise Moved(_gone(row))
    if row.state == State.DROPPED:
        raise Moved("It was dropped meanwhile. Write another one.")
    if row.edition != edition:
        raise Moved("Somebody has changed it since you looked. Read it once more, then press.")
    return row


def _gone(row: Update) -> str:
    if row.sent_by is None or row.sent_at is None:
        raise ValueError(f"{row} is not sent")  # the caller has looked
    return f"{row.sent_by.name} sent it at {row.sent_at:%H:%M} UTC. Write another one."


@transaction.atomic
def ask_anew(*, update: Update, now: datetime) -> Update:
    """Put what waits for a yes to whoever has command by now, in the name of whoever asked. Twice is once."""
    current = lock(update.incident)
    row = Update.objects.select_for_update(of=("self",)).select_related("asked_by").get(pk=update.pk)
    if row.state != State.ASKED or row.asked_by is None or current.restricted:
        return row
    commander = queries.whose_yes(current, by=row.asked_by)
    return row if commander is None else _ask(current, row, commander, by=row.asked_by, now=now)


def _ask(current: Incident, row: Update, commander: Person, *, by: Person, now: datetime) -> Update:
    """Put it to the commander. Asking twice asks once; whoever has command after them is asked anew."""
    if row.state != State.ASKED or row.put_to_id != commander.pk:
        row.state, row.asked_at, row.asked_by, row.put_to = State.ASKED, now, by, commander
        row.save(update_fields=["state", "asked_at", "asked_by", "put_to"])
        text = f"{by.name} asks {commander.name} to let a message go out: {row.subject}."
        key = f"asked:{row.pk}:{row.edition}:{commander.pk}"
        write(current, Entry.Kind.NOTE, text, now=now, person=by, url=row.path, key=key)
    link = urljoin(settings.PUBLIC_BASE_URL, row.path)
    said = f"{by.name} asks for your yes to a message to the community about {title_of(current)}: {link}"
    paging.notice(key=f"update:ask:{row.pk}:{row.edition}:{commander.pk}", person=commander, text=said, now=now)
    return row


def _after_the_last(current: Incident, now: datetime) -> datetime:
    """Return `now`, or just after the last message of a locked incident if that is later: `now` is read before the
    incident is locked, and the message sent last is the one that holds.
    """
    last = current.updates.filter(state=State.SENT).aggregate(last=Max("sent_at"))["last"]
    return max(now, last + MOMENT) if last else now


def _let_out(current: Incident, row: Update, chosen: list[Audience], *, by: Person, now: datetime) -> None:
    addresses = queries.addresses_of(chosen)
    counts = {one.name: sum(name == one.name for name in addresses.values()) for one in chosen}
    row.state, row.sent_at, row.sent_by = State.SENT, _after_the_last(current, now), by
    row.told = [{"name": name, "addresses": count} for name, count in counts.items()]
    body = queries.mail_body(row, now=now)
    row.save()
    mailings.enqueue(
        about=row.about, addresses=addresses, subject=row.subject, body=body, thread=str(current.pk), now=now
    )
    to = [f"{name} ({count} address{'' if count == 1 else 'es'})" for name, count in counts.items()]
    to += ["the public status page"] * row.to_page
    text = f"{row.subject}\n\n{row.text}\n\nTo {', '.join(to)}."
    if row.written_by_id != by.pk:
        text += f" Written by {row.written_by.name}."
    if row.next_at is not None:
        text += f" The next one by {queries.in_utc(row.next_at, now=now)}."
    said = {"next_at": row.next_at.isoformat() if row.next_at else None, "stage": row.stage}
    write(current, Entry.Kind.UPDATE, text, now=now, person=by, url=row.path, key=row.about, said=said)
    evidence.lock([by])
    if current.state in LIVE:
        evidence.acted(current, by, kind="note", text=f"Told the community of incident {current.number}.", now=now)
