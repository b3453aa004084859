"""Change templates and audiences: the pilot, administrators and stewards do."""

from datetime import datetime

from django.db import IntegrityError, transaction

from incidents.command.writing import Moved, Refused
from incidents.updates import placeholders, wording
from incidents.updates.models import Audience, Stage, Template
from oncall.outside.mailings import BadAddresses, addresses_in
from oncall.people.models import Person

MOST_ADDRESSES = 200  # own choice: more is a list, which has a server of its own; write its address


@transaction.atomic
def change_template(
    *, template: Template, name: str, subject: str, text: str, stage: str, version: int, by: Person, now: datetime
) -> Template:
    """Say it otherwise from now on; messages written from it stay as they are.

    :raises Refused: naming the field; also for a placeholder that is none.
    :raises Moved: if somebody has changed it since `version`.
    """
    row = Template.objects.select_for_update(of=("self",)).get(pk=template.pk)
    if row.version != version:
        raise Moved(
            f"Somebody has changed {row.code} since you looked. Your text is below: load the page to see theirs."
        )
    name, subject, text = wording.line(name), wording.line(subject), wording.plain(text)
    for field, words, most in (("name", name, 80), ("subject", subject, 200), ("text", text, 10_000)):
        if not words:
            raise Refused(field, "It is empty. Write something.")
        if len(words) > most:
            raise Refused(field, f"It has {len(words)} characters; {most} is the most.")
        if field != "name" and (wrong := placeholders.refusal(words)):
            raise Refused(field, wrong)
    if stage and stage not in Stage.values:
        raise Refused("stage", f"“{stage[:40]}” is no stage. Choose one of: {', '.join(Stage.values)}, or none.")
    row.name, row.subject, row.text, row.stage = name, subject, text, stage
    row.version, row.edited_at, row.edited_by = row.version + 1, now, by
    row.save()
    return row


@transaction.atomic
def add_audience(
    *, name: str, addresses: str, hears_delays: bool, kept_by: Person, by: Person, now: datetime
) -> Audience:
    """Add an audience. `addresses`: one on a line, or between commas.

    :raises Refused: naming the field.
    """
    row = Audience(created_at=now)
    return _keep(row, name=name, addresses=addresses, hears_delays=hears_delays, kept_by=kept_by, by=by, now=now)


@transaction.atomic
def change_audience(
    *, audience: Audience, name: str, addresses: str, hears_delays: bool, kept_by: Person, by: Person, now: datetime
) -> Audience:
    """Change who is told. Messages that went out stay as they are.

    :raises Refused: as above.
    """
    row = Audience.objects.select_for_update(of=("self",)).get(pk=audience.pk)
    return _keep(row, name=name, addresses=addresses, hears_delays=hears_delays, kept_by=kept_by, by=by, now=now)


def retire_audience(*, audience: Audience, by: Person, now: datetime) -> None:
    """Tell it nothing any more. Twice is once."""
    Audience.objects.active().filter(pk=audience.pk).update(retired_at=now, edited_at=now, edited_by=by)


def _keep(
    row: Audience, *, name: str, addresses: str, hears_delays: bool, kept_by: Person, by: Person, now: datetime
) -> Audience:
    if row.retired_at is not None:
        raise Refused("name", f"{row.name} is told no more. Add another audience.")
    name = wording.line(name)
    if not name or len(name) > 80:
        raise Refused("name", "Give it a name of at most 80 characters, such as: Brokers.")
    try:
        many = addresses_in(addresses.replace("\x00", ""))
    except BadAddresses as error:
        raise Refused("addresses", str(error)) from None
    if not many:
        raise Refused("addresses", "There is no address yet. Write at least one, such as alerts@example.org.")
    if len(many) > MOST_ADDRESSES:
        raise Refused(
            "addresses", f"These are {len(many)} addresses; {MOST_ADDRESSES} is the most. Use a mailing list."
        )
    row.name, row.addresses, row.hears_delays, row.kept_by = name, many, hears_delays, kept_by
    row.edited_at, row.edited_by = now, by
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refused("name", f"There is an audience called {name} already.") from None
    return row
