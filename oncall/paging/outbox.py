"""Verbs about attempts that were claimed: record what a provider answered, reported, or says when it is asked.

Source: paging.md 2.2, 2.3, 2.8, 3.1.
"""

import logging
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from oncall import rows
from oncall.limits.queries import Limits
from oncall.paging import codes, consequences, health, onward
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.codes import Number, Row, Then
from oncall.paging.ladder import DEAD, TRANSIENT, next_look
from oncall.paging.models import Attempt, Callback, Channel, Lane, Page

log = logging.getLogger(__name__)
END = 90
EXPIRED = "expired"  # our code: silent until nobody asks any more. It stays unconfirmed, as far as it came
SAY_NO_MORE = {Channel.EMAIL, Channel.SLACK}  # a yes is all that is ever known; a browser says when it showed it
FOLLOWED = DEAD | TRANSIENT | {"no-answer", "completed"}  # last words after which something is done
SIGNED_FOR = {Channel.SMS, Channel.VOICE}  # channels whose codes are in the table


def _lock(attempt_id: uuid.UUID) -> tuple[Attempt | None, Page | None]:
    """Take the page, then the attempt: whoever takes both takes them in this order."""
    page = Page.objects.select_for_update(of=("self",)).filter(attempts=attempt_id).first()
    return Attempt.objects.select_for_update(of=("self",)).filter(pk=attempt_id).first(), page


ACCEPT = """
    UPDATE paging_attempt AS a
       SET lease_token = NULL, sid = %(sid)s::text, status = %(status)s, error_code = '', error_text = '',
           accepted_at = coalesce(accepted_at, %(now)s), rank = greatest(rank, 10),
           state = CASE WHEN channel = ANY(%(silent)s) THEN 'finished' ELSE 'accepted' END,
           look_at = CASE WHEN channel = ANY(%(silent)s) THEN NULL ELSE %(look)s END,
           ended_at = CASE WHEN channel = ANY(%(silent)s) THEN %(now)s END
     WHERE id = %(id)s AND lease_token = %(lease)s AND state = 'intent' AND NOT EXISTS (
               SELECT 1 FROM paging_attempt AS other
                WHERE other.sid = %(sid)s AND other.sid <> '' AND other.id <> %(id)s
           ) AND NOT EXISTS (
               SELECT 1 FROM paging_breaker
                WHERE provider = coalesce(nullif(a.provider, ''), a.channel)
                  AND (opened_at IS NOT NULL OR answers <> '[]'::jsonb)
           )
    RETURNING id
"""


def record_outcome(*, attempt_id: uuid.UUID, lease: uuid.UUID, outcome: Outcome, now: datetime, limits: Limits) -> bool:
    """Write what the provider answered. False if somebody else owns the attempt by now: then nothing is touched.

    A callback may have been here before us; what it said is kept.
    """
    if outcome.verdict is Verdict.ACCEPTED and _accepted(attempt_id, lease, outcome, now=now, limits=limits):
        return True
    return _record(attempt_id=attempt_id, lease=lease, outcome=outcome, now=now, limits=limits)


def _accepted(attempt_id: uuid.UUID, lease: uuid.UUID, outcome: Outcome, *, now: datetime, limits: Limits) -> bool:
    """Do in one statement what `_record` does where all went well: no callback came first, no other attempt was taken
    for this one, no breaker has anything to learn. False: nothing is written.
    """
    said: dict[str, Any] = {
        "id": attempt_id,
        "lease": lease,
        "sid": outcome.sid,
        "status": outcome.status[:20],
        "now": now,
        "look": now + limits.span("poll_after_s"),
        "silent": [channel.value for channel in SAY_NO_MORE],
    }
    return bool(rows.ask(ACCEPT, said))


@transaction.atomic
def _record(*, attempt_id: uuid.UUID, lease: uuid.UUID, outcome: Outcome, now: datetime, limits: Limits) -> bool:
    attempt, page = _lock(attempt_id)
    if attempt is None or attempt.lease_token != lease:
        return False
    attempt.lease_token = None
    try:
        health.note(provider=attempt.provider or attempt.channel, outcome=outcome, now=now, limits=limits)
    except IntegrityError:  # a clock that went back, say: what became of the page matters more
        log.exception("breaker of %s", attempt.provider)
    if attempt.state != Attempt.State.INTENT:  # a callback came first and bound the SID
        attempt.save(update_fields=["lease_token"])
    else:
        attempt.error_code, attempt.error_text = outcome.code[:10], outcome.text[:300]
        if outcome.verdict is Verdict.ACCEPTED:
            _bind(attempt, Report(outcome.sid, outcome.status, 10), now=now, limits=limits)
        elif outcome.verdict is Verdict.UNKNOWN:
            attempt.state, attempt.look_at = Attempt.State.UNKNOWN, now + _settle(attempt, limits)
        else:
            _refused(attempt, page, outcome, now=now, limits=limits)
        attempt.save()
    return True


def _settle(attempt: Attempt, limits: Limits) -> timedelta:
    return limits.span("settle_call_s" if attempt.channel == "voice" else "settle_sms_s")


def _bind(attempt: Attempt, report: Report, *, now: datetime, limits: Limits) -> None:
    """The provider has it, under this SID. Whoever was taken for it in a lookup is looked for once more."""
    for other in Attempt.objects.select_for_update(of=("self",)).filter(sid=report.sid).exclude(pk=attempt.pk):
        log.error("attempt %s had the SID of attempt %s", other.pk, attempt.pk)
        other.state, other.sid, other.status, other.rank, other.sequence = Attempt.State.UNKNOWN, "", "", 0, -1
        other.accepted_at, other.ended_at, other.look_at = None, None, now
        other.save()
    attempt.state, attempt.sid, attempt.status = Attempt.State.ACCEPTED, report.sid, report.status[:20]
    attempt.error_code = attempt.error_text = ""  # what we feared did not happen
    attempt.accepted_at = attempt.accepted_at or now
    attempt.rank = max(attempt.rank, 10)
    attempt.look_at, attempt.ended_at = now + limits.span("poll_after_s"), None
    if attempt.channel in SAY_NO_MORE:
        attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.FINISHED, None, now


def _refused(attempt: Attempt, page: Page | None, outcome: Outcome, *, now: datetime, limits: Limits) -> None:
    """The provider surely has nothing: what its code says follows, and the page goes on at once or when told to."""
    attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.REFUSED, None, now
    row = outcome.row or _row(outcome)
    reason = outcome.dead_address or outcome.text or row.means
    consequences.follow(attempt, row, code=outcome.code[:10], reason=reason, now=now, limits=limits)
    patient = outcome.row is None and outcome.retry_after is not None
    if patient and attempt.tries < limits.count("attempt_tries"):
        onward.again(attempt, page, at=now + (outcome.retry_after or timedelta()), now=now)
    else:
        onward.go_on(attempt, page, row, asked=outcome.retry_after, now=now, limits=limits)


def _row(outcome: Outcome) -> Row:
    """The line of a channel without a table of codes, from what its outcome says in words."""
    number = Number.DEAD if outcome.dead_address else Number.NO_TEXTS if outcome.no_texts else Number.KEPT
    return replace(codes.OTHER, means=outcome.text or "refused", number=number, then=Then.NEXT_WAY, known=True)


HEAR = """
    WITH heard AS (
        UPDATE paging_attempt
           SET status = %(status)s::text, rank = %(rank)s, sequence = %(sequence)s,
               error_code = coalesce(nullif(%(code)s::text, ''), error_code),
               state = CASE WHEN %(ends)s::bool THEN 'finished' ELSE state END,
               look_at = CASE WHEN %(ends)s THEN NULL ELSE look_at END,
               ended_at = CASE WHEN %(ends)s THEN %(now)s ELSE ended_at END
         WHERE id = %(id)s AND state = 'accepted' AND sid = %(sid)s::text
           AND (%(provider)s::text = '' OR provider IN ('', %(provider)s))
           AND (rank < %(rank)s OR (rank = %(rank)s AND sequence >= 0 AND sequence < %(sequence)s))
        RETURNING id
    ), said AS (
        INSERT INTO paging_callback (attempt_id, sid, status, sequence, error_code, received_at)
        SELECT id, %(sid)s, %(status)s, %(sequence)s, %(code)s, %(now)s FROM heard
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM heard
"""


def apply_report(
    *, attempt_id: uuid.UUID, report: Report, now: datetime, limits: Limits, callback: bool, provider: str = ""
) -> None:
    """Note where a message or call is. Repeated, reordered and late reports change nothing but the log.

    A callback that arrives before our own request returned, or after its sender died, binds the SID: no report is
    dropped. Nor is one that comes after we gave the attempt up as lost. One for an attempt that is not ours, or not
    that of the account that reports (`provider`, if it is known), changes nothing.
    """
    if not (callback and _heard(attempt_id, report, provider=provider, now=now)):
        _apply(attempt_id=attempt_id, report=report, now=now, limits=limits, callback=callback, provider=provider)


def _heard(attempt_id: uuid.UUID, report: Report, *, provider: str, now: datetime) -> bool:
    """Do in one statement what `_apply` does where a message gets on and nothing follows from it. False: nothing is
    written.
    """
    if not report.sid or report.status in FOLLOWED:
        return False
    said: dict[str, Any] = {
        "id": attempt_id,
        "sid": report.sid,
        "status": report.status,
        "rank": report.rank,
        "sequence": report.sequence,
        "code": report.code,
        "ends": report.rank >= END,
        "provider": provider,
        "now": now,
    }
    return bool(rows.ask(HEAR, said)[0][0])


@transaction.atomic
def _apply(
    *, attempt_id: uuid.UUID, report: Report, now: datetime, limits: Limits, callback: bool, provider: str
) -> None:
    attempt, page = _lock(attempt_id)
    if attempt is None or not report.sid or (provider and attempt.provider not in ("", provider)):
        return
    if callback:
        said = Callback(
            attempt=attempt,
            sid=report.sid,
            status=report.status,
            sequence=report.sequence,
            error_code=report.code,
            received_at=now,
        )
        Callback.objects.bulk_create([said], ignore_conflicts=True)  # one statement; a repeat is kept once
    if attempt.sid and attempt.sid != report.sid:
        return  # a second copy of the same attempt; kept in the log, it decides nothing
    was_there = callback and attempt.state == Attempt.State.LOST  # the provider had it all the same
    if was_there or attempt.state in (Attempt.State.INTENT, Attempt.State.UNKNOWN):
        _bind(attempt, report, now=now, limits=limits)
    newer = report.rank > attempt.rank or (report.rank == attempt.rank and report.sequence > attempt.sequence >= 0)
    expired = attempt.state == Attempt.State.FINISHED and attempt.error_code == EXPIRED
    if (attempt.state == Attempt.State.ACCEPTED or expired) and newer:
        if expired:
            attempt.error_code = attempt.error_text = ""  # late, but it is the last word
        attempt.status, attempt.rank, attempt.sequence = report.status, report.rank, report.sequence
        attempt.error_code = report.code or attempt.error_code
        if report.rank >= END:
            _finish(attempt, page, now=now, limits=limits)
    attempt.save()


def _finish(attempt: Attempt, page: Page | None, *, now: datetime, limits: Limits) -> None:
    """The provider's last word. Nothing of it ends a page: only a human does (paging.md 2.3, 2.4)."""
    attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.FINISHED, None, now
    if attempt.status in DEAD:
        code = attempt.error_code
        row = codes.row_of(code) if code and attempt.channel in SIGNED_FOR else replace(codes.OTHER, known=True)
        said = f"The provider reports: {attempt.status} {code} {row.means if code else ''}".strip()
        attempt.error_text = attempt.error_text or said
        if code:
            consequences.in_report(attempt, row, code=code, now=now, limits=limits)
        onward.go_on(attempt, page, row, asked=None, now=now, limits=limits)
    elif attempt.status in TRANSIENT:
        onward.busy(attempt, page, now=now, limits=limits)
    elif attempt.status == "no-answer":
        onward.unanswered(attempt, page, now=now, limits=limits)
    elif attempt.status == "completed":
        onward.once_more(attempt, page, now=now, limits=limits)


@transaction.atomic
def record_lookup(
    *, attempt_id: uuid.UUID, lease: uuid.UUID, found: Report | None, failed: bool, now: datetime, limits: Limits
) -> None:
    """Write what the provider said about an attempt we were unsure of.

    Found: adopted. Not there, and it had time to appear: lost, and sent again (three times, then the next way). The
    provider could not be asked for 20 s: sent again all the same; a duplicate is better than silence (paging.md 2.8).
    For low urgency it is not: that goes on by its next way.
    They are counted from the first time it was asked in vain, not from the request: who takes up what a dead sender
    left comes later than that, and one question that fails says little.
    """
    attempt, page = _lock(attempt_id)
    if (
        attempt is None
        or attempt.lease_token != lease
        or attempt.state not in (Attempt.State.UNKNOWN, Attempt.State.ACCEPTED)
    ):
        return
    attempt.lease_token = None
    age = now - attempt.started_at
    if found is not None and Attempt.objects.filter(sid=found.sid).exclude(pk=attempt.pk).exists():
        found = None  # the same words were sent before, by another attempt: this one is not there
    if found is not None:
        attempt.save(update_fields=["lease_token"])
        apply_report(attempt_id=attempt.pk, report=found, now=now, limits=limits, callback=False)
        _look_again(attempt_id, failed=False, now=now, limits=limits)
        return
    if attempt.state == Attempt.State.ACCEPTED:
        attempt.save(update_fields=["lease_token"])
        _look_again(attempt_id, failed=failed, now=now, limits=limits)
        return
    attempt.asked_in_vain_at = (attempt.asked_in_vain_at or now) if failed else None
    in_vain = now - attempt.asked_in_vain_at if attempt.asked_in_vain_at else timedelta()
    if (not failed and age >= _settle(attempt, limits)) or in_vain >= limits.span("lookup_patience_s"):
        attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.LOST, None, now
        attempt.save()
        if failed and attempt.lane == Lane.LOW:
            onward.next_way(attempt, page, now=now, limits=limits)
        else:
            onward.lost(attempt, page, now=now, limits=limits)
    else:
        attempt.look_at = now + timedelta(seconds=2)
        attempt.save()


def _look_again(attempt_id: uuid.UUID, *, failed: bool, now: datetime, limits: Limits) -> None:
    """Arm the next poll; after the last of them the attempt has expired, unconfirmed."""
    attempt = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt_id)
    if attempt.state != Attempt.State.ACCEPTED:
        return
    marks = [limits.span(name) for name in ("poll_after_s", "poll_again_s", "poll_last_s")]
    age = now - (attempt.accepted_at or attempt.started_at)
    coming = next_look(age=age, marks=marks, failed=failed, give_up=limits.span("poll_give_up_s"))
    if coming is not None:
        attempt.look_at = now + coming
    else:
        attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.FINISHED, None, now
        attempt.error_code = EXPIRED
        attempt.error_text = f"No last word of the provider in {age.total_seconds():.0f} s. Nobody has confirmed it."
    attempt.save(update_fields=["state", "look_at", "ended_at", "error_code", "error_text"])


@transaction.atomic
def told(*, attempt: Attempt, page: Page, now: datetime) -> Page:
    """A call was picked up and hears the page as it is now. Returns it so; what joins it later was not told to them."""
    page = Page.objects.select_for_update(of=("self",)).select_related("person").get(pk=page.pk)
    Attempt.objects.filter(pk=attempt.pk).update(told_at=now, told_edition=page.edition)
    return page
