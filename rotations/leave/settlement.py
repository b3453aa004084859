"""Keep call-outs and the ledger in step with evidence and corrections; services call this inside their transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.leave import queries, rules
from rotations.leave.credit import Credit
from rotations.leave.models import CallOut, Correction, Evidence, LedgerEntry
from rotations.leave.spans import KINDS, Fact, Found, Limits, Replacement, find_spans, replace_spans

REACH = timedelta(days=35)  # how far back evidence is reconsidered unasked: an acknowledgement must stay quick


def lock(person: Person) -> None:
    """Wait until nobody else settles `person`; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"leave:{person.pk}"])


@transaction.atomic
def settle(
    *, person: Person, now: datetime, since: datetime, by: Person | None = None, reason: str = ""
) -> list[CallOut]:
    """Bring the person's call-outs and entries in step; return the call-outs that stand, in order."""
    lock(person)
    window = _window(person, min(since, now))
    rows = list(_rows_from(person, window))
    spans = _spans(person, window, now)
    kept = [(_claim(rows, span), span) for span in spans]  # what nobody claims stays in `rows`
    for row in rows:
        _retire(row, [(claimed, span) for claimed, span in kept if claimed])
    standing = [_save(claimed, person, span, now) for claimed, span in kept]
    _post([*rows, *standing], now, by, reason)
    return standing


def open_subjects(person: Person, *, now: datetime) -> tuple[str, ...]:
    """Return the subjects from which `person` has not stood down."""
    spans = _spans(person, _window(person, now), now)
    return tuple(subject for span in spans for subject in span.open_subjects)


def _window(person: Person, since: datetime) -> datetime:
    """Return the instant from which evidence is reconsidered: no call-out lies across it, so none is cut."""
    window = since - REACH
    while across := _rows_from(person, window).filter(starts_at__lt=window).first():
        window = across.starts_at
    return window


def _rows_from(person: Person, window: datetime) -> QuerySet[CallOut]:
    return CallOut.objects.live().filter(person=person).exclude(ends_at__lt=window).order_by("starts_at", "id")


def _spans(person: Person, window: datetime, now: datetime) -> list[Found]:
    """Return what evidence and corrections say from `window` on."""
    numbers = limits.at(now)
    evidence = Evidence.objects.filter(person=person, at__gte=window).order_by()
    kinds = {str(kind): kind for kind in KINDS}
    found = find_spans(
        [Fact(at, kinds[kind], subject) for at, kind, subject in evidence.values_list("at", "kind", "subject")],
        limits=Limits(
            act_within=numbers.span("call_out_act_within_s"),
            forgotten_after=numbers.span("call_out_forgotten_after_s"),
            forgotten_cap=numbers.span("call_out_forgotten_cap_s"),
        ),
        now=now,
    )
    corrections = Correction.objects.filter(call_out__person=person).order_by("at", "id")
    return replace_spans(
        found,
        [
            Replacement(row.was_starts_at, row.was_ends_at, row.starts_at, row.ends_at)
            for row in corrections
            if max(row.was_ends_at, row.ends_at) > window
        ],
    )


def _claim(rows: list[CallOut], span: Found) -> CallOut | None:
    """Take the first row that lies in `span` off the list: the same call-out as before, now longer or shorter."""
    for row in rows:
        if Found(row.starts_at, row.ends_at).touches(span):
            rows.remove(row)
            return row
    return None


def _retire(row: CallOut, standing: Sequence[tuple[CallOut, Found]]) -> None:
    """Let `row` be part of the call-out that swallowed it, or empty when evidence no longer says anything of it."""
    own = Found(row.starts_at, row.ends_at)
    row.merged_into = next((other for other, span in standing if own.touches(span)), None)
    row.lapses_at = None
    if row.merged_into is None:
        row.ends_at = row.starts_at
    row.save(update_fields=["merged_into", "ends_at", "lapses_at"])


def _save(row: CallOut | None, person: Person, span: Found, now: datetime) -> CallOut:
    if row is None:
        row = CallOut(person=person, rule=rules.rule_of(person, now=now))
    row.starts_at, row.ends_at, row.forgotten = span.starts_at, span.ends_at, span.forgotten
    row.subjects, row.lapses_at = list(span.subjects), span.lapses_at
    row.save()
    return row


def _post(call_outs: Sequence[CallOut], now: datetime, by: Person | None, reason: str) -> None:
    """Post, for each closed call-out, the difference between what it earns and what is posted for it."""
    posted = queries.posted(call_out.pk for call_out in call_outs)
    entries = []
    for call_out in call_outs:
        if call_out.ends_at is None and call_out.merged_into is None:
            continue  # open: it shows what it would be, and posts when it is closed
        earned = None if call_out.merged_into else queries.credit_of(call_out, now=now)
        worked_before, credit_before = posted.get(call_out.pk, (0, 0))
        worked = (earned.out_of_hours_s if earned else 0) - worked_before
        credited = (earned.credit_s if earned else 0) - credit_before
        if worked or credited:
            first = call_out.pk not in posted
            entries.append(
                LedgerEntry(
                    person_id=call_out.person_id,
                    call_out=call_out,
                    kind=LedgerEntry.Kind.EARN if first else LedgerEntry.Kind.ADJUST,
                    out_of_hours_s=worked,
                    credit_s=credited,
                    slices=_slices(earned),
                    rule=rules.in_words(call_out.rule),
                    at=now,
                    by=by,
                    reason=reason or _why(call_out, first=first),
                )
            )
    LedgerEntry.objects.bulk_create(entries)


def _slices(earned: Credit | None) -> list[dict[str, object]]:
    return [queries.slice_as_json(piece) for piece in earned.slices] if earned else []


def _why(call_out: CallOut, *, first: bool) -> str:
    if call_out.merged_into:
        return "It became part of another call-out, where its time is counted."
    if call_out.forgotten:
        return "Nobody stood down, so it ends a little after the last act."
    return "" if first else "Later evidence changed the hours."
