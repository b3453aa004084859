"""Keep call-outs and the ledger in step with evidence and corrections; services call this inside their transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Greatest, Least

from oncall.limits.models import Limit
from oncall.people.models import Person
from rotations.leave import queries, resting, rules
from rotations.leave.credit import Credit
from rotations.leave.models import CallOut, Correction, Evidence, LedgerEntry
from rotations.leave.spans import KINDS, Fact, Found, Limits, Replacement, find_spans, replace_spans, share_time

KIND_OF = {str(kind): kind for kind in KINDS}
NUMBERS = (
    "call_out_act_within_s",
    "call_out_forgotten_after_s",
    "call_out_forgotten_cap_s",
)  # as spans.Limits has them
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
    window = window_of(person, min(since, now))
    rows = list(_rows_from(person, window))
    before = [(Found(row.starts_at, row.ends_at), row.rule) for row in rows if row.starts_at != row.ends_at]
    spans = spans_of(person, since=window, now=now)
    kept = [(_claim(rows, span), span) for span in spans]  # what nobody claims stays in `rows`
    for row in rows:
        _retire(row, [(claimed, span) for claimed, span in kept if claimed])
    standing = [_save(claimed or _new(person, span, before), person, span) for claimed, span in kept]
    post([*rows, *standing], now=now, by=by, reason=reason)
    resting.settle_rests(person=person, standing=[*zip(standing, spans, strict=True)], since=window, now=now)
    return standing


def open_subjects(person: Person, *, now: datetime) -> tuple[str, ...]:
    """Return the subjects from which `person` has not stood down."""
    spans = spans_of(person, since=window_of(person, now), now=now)
    return tuple(subject for span in spans for subject in span.open_subjects)


def window_of(person: Person, since: datetime) -> datetime:
    """Return an instant some weeks before `since` that no call-out of `person` lies across, and no correction.

    A correction lies from the earliest to the latest instant that it names: what it says and what it replaced are
    counted together or not at all, else what was taken away would come back. An end at the instant itself counts as
    across, for what begins there hangs on it.
    """
    corrections = (
        Correction.objects.filter(person=person)
        .order_by()
        .annotate(first=Least("was_starts_at", "starts_at"), last=Greatest("was_ends_at", "ends_at"))
    )
    window = since - REACH
    while True:
        rows = _rows_from(person, window).filter(starts_at__lt=window).order_by().values_list("starts_at")
        said = corrections.filter(first__lt=window, last__gte=window).values_list("first")
        across = [instant for (instant,) in rows.union(said, all=True)]
        if not across:
            return window
        window = min(across)


def _rows_from(person: Person, window: datetime) -> QuerySet[CallOut]:
    return CallOut.objects.live().filter(person=person).exclude(ends_at__lt=window).order_by("starts_at", "id")


def spans_of(person: Person, *, since: datetime, now: datetime) -> list[Found]:
    """Return what evidence and corrections say from `since` on, whatever call-outs were found before.

    `since` is one of `window_of`, so that nothing lies across it. Where there is evidence of a subject since then, all
    there is of it is read: how it is judged hangs on what came before. What ended before `since` is left out.
    """
    lately = Evidence.objects.filter(person=person, at__gte=since).order_by().values("subject")
    rows = (
        Evidence.objects.filter(person=person, subject__in=lately).order_by("at").values_list("at", "kind", "subject")
    )
    facts = [Fact(at, KIND_OF[kind], subject) for at, kind, subject in rows]
    found = find_spans(facts, limits_at=_numbers(), now=now)
    corrections = Correction.objects.filter(person=person).order_by("at", "id")
    changes = [
        Replacement(row.was_starts_at, row.was_ends_at, row.starts_at, row.ends_at)
        for row in corrections
        if max(row.was_ends_at, row.ends_at) > since
    ]
    return replace_spans((one for one in found if one.ends_at is None or one.ends_at >= since), changes)


def _numbers() -> Callable[[datetime], Limits]:
    """Return what tells the numbers of domain.md 5.7 in force at an instant, from one query."""
    rows = (
        Limit.objects.filter(name__in=NUMBERS).order_by("effective_from").values_list("name", "value", "effective_from")
    )
    dated = list(rows)

    def at(instant: datetime) -> Limits:
        held: dict[str, timedelta] = {}
        for name, value, since in dated:
            if since <= instant or name not in held:  # before the first one, the first holds
                held[name] = timedelta(seconds=float(value))
        return Limits(*(held[name] for name in NUMBERS))

    return at


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
        row.ends_at, row.forgotten = row.starts_at, False
    row.save(update_fields=["merged_into", "ends_at", "lapses_at", "forgotten"])


def _new(person: Person, span: Found, before: Sequence[tuple[Found, dict[str, Any]]]) -> CallOut:
    """Return a call-out for what nobody had; the part of one that a pause cut off keeps the rule of what it was."""
    kept = next((rule for found, rule in before if share_time(found, span)), None)
    if kept is None:
        kept = rules.rule_for(person, span.starts_at, span.ends_at)
    return CallOut(person=person, rule=kept)


def _save(row: CallOut, person: Person, span: Found) -> CallOut:
    row.rule = rules.moved(row.rule, person, span.starts_at, span.ends_at)
    row.starts_at, row.ends_at, row.forgotten = span.starts_at, span.ends_at, span.forgotten
    row.subjects, row.lapses_at = list(span.subjects), span.lapses_at
    row.save()
    return row


def post(call_outs: Sequence[CallOut], *, now: datetime, by: Person | None, reason: str) -> list[LedgerEntry]:
    """Post, for each closed call-out, the difference between what it earns and what is posted for it.

    For who holds the lock on its person.
    """
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
    return LedgerEntry.objects.bulk_create(entries)


def _slices(earned: Credit | None) -> list[dict[str, object]]:
    return [queries.slice_as_json(piece) for piece in earned.slices] if earned else []


def _why(call_out: CallOut, *, first: bool) -> str:
    if call_out.merged_into:
        return "It became part of another call-out, where its time is counted."
    if call_out.forgotten:
        return "Nobody stood down, so it ends a little after the last act."
    return "" if first else "Later evidence changed the hours."
