"""Verbs about attempts that were claimed: record what a provider answered, reported, or says when it is asked.

Source: paging.md 2.2, 2.3, 2.8, 3.1.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.ladder import DEAD, TRANSIENT, redial
from oncall.paging.models import Attempt, Callback, Notice, Page
from oncall.paging.wake import wake
from oncall.troubles import services as troubles

END = 90


@transaction.atomic
def record_outcome(*, attempt_id: uuid.UUID, lease: uuid.UUID, outcome: Outcome, now: datetime, limits: Limits) -> bool:
    """Write what the provider answered. False if somebody else owns the attempt by now: then nothing is touched.

    A callback may have been here before us; what it said is kept.
    """
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.lease_token != lease:
        return False
    attempt.lease_token = None
    if attempt.state != Attempt.State.INTENT:  # a callback came first and bound the SID
        attempt.save(update_fields=["lease_token"])
        return True
    attempt.error_code, attempt.error_text = outcome.code[:10], outcome.text[:300]
    if outcome.verdict is Verdict.ACCEPTED:
        _bind(attempt, Report(outcome.sid, outcome.status, 10), now=now, limits=limits)
    elif outcome.verdict is Verdict.UNKNOWN:
        attempt.state, attempt.look_at = Attempt.State.UNKNOWN, now + _settle(attempt, limits)
    else:
        _refused(attempt, outcome, now=now, limits=limits)
    attempt.save()
    return True


def _settle(attempt: Attempt, limits: Limits) -> timedelta:
    return limits.span("settle_call_s" if attempt.channel == "voice" else "settle_sms_s")


def _bind(attempt: Attempt, report: Report, *, now: datetime, limits: Limits) -> None:
    attempt.state, attempt.sid, attempt.status = Attempt.State.ACCEPTED, report.sid, report.status[:20]
    attempt.accepted_at = attempt.accepted_at or now
    attempt.rank = max(attempt.rank, 10)
    attempt.look_at = now + limits.span("poll_after_s")
    if attempt.channel == "email":
        attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.FINISHED, None, now
    troubles.clear_trouble(kind="provider", key=attempt.channel, now=now)


def _refused(attempt: Attempt, outcome: Outcome, *, now: datetime, limits: Limits) -> None:
    """The provider surely has nothing: the same way again where it asked for patience, else the next way at once."""
    attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.REFUSED, None, now
    if outcome.misconfigured or outcome.code == "connection":
        troubles.raise_trouble(
            kind="provider",
            key=attempt.channel,
            text=f"The telephone company refuses us ({attempt.get_channel_display()}, {outcome.code}): {outcome.text}",
            now=now,
        )
    if outcome.dead_address and attempt.contact:
        services.disable_contact(contact=attempt.contact, reason=outcome.dead_address, now=now)
    if outcome.no_texts and attempt.contact:
        services.no_more_texts(contact=attempt.contact, reason=f"The provider says: {outcome.text}", now=now)
    if outcome.retry_after is not None and attempt.tries < limits.count("attempt_tries"):
        _send_again(attempt, at=now + outcome.retry_after)
    else:
        next_way(attempt, now=now)


def _send_again(attempt: Attempt, *, at: datetime) -> None:
    """Step the page back to this attempt's rung, or make the notice due again."""
    if attempt.page_id:
        page = Page.objects.select_for_update().get(pk=attempt.page_id)
        if page.state != Page.State.CALLING:
            return
        after = max(0.0, (at - page.created_at).total_seconds())
        rung = page.ladder[attempt.rung] | {"after": after, "tries": attempt.tries + 1}
        page.ladder = [*page.ladder[: page.next_rung], rung, *page.ladder[page.next_rung :]]
        page.next_due = min(page.next_due or at, at)
        page.save(update_fields=["ladder", "next_due"])
    elif attempt.notice_id and attempt.n < 3:
        Notice.objects.filter(pk=attempt.notice_id).update(next_due=at)
    wake()


def next_way(attempt: Attempt, *, now: datetime) -> None:
    """This way is closed: let the page's next rung come at once instead of waiting for its time."""
    if attempt.page_id:
        page = Page.objects.select_for_update().get(pk=attempt.page_id)
        if page.state == Page.State.CALLING and page.next_rung == attempt.rung + 1:
            page.next_due = now
            page.save(update_fields=["next_due"])
            wake()


@transaction.atomic
def apply_report(
    *, attempt_id: uuid.UUID, report: Report, now: datetime, limits: Limits, callback: bool
) -> Attempt | None:
    """Note where a message or call is. Repeated, reordered and late reports change nothing but the log.

    A callback that arrives before our own request returned, or after its sender died, binds the SID: no report is
    dropped. Returns nothing for an attempt that is not ours.
    """
    attempt = Attempt.objects.select_for_update().filter(pk=attempt_id).first()
    if attempt is None or not report.sid:
        return None
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
        return attempt  # a second copy of the same attempt; kept in the log, it decides nothing
    if attempt.state in (Attempt.State.INTENT, Attempt.State.UNKNOWN):
        _bind(attempt, report, now=now, limits=limits)
    newer = report.rank > attempt.rank or (report.rank == attempt.rank and report.sequence > attempt.sequence >= 0)
    if attempt.state == Attempt.State.ACCEPTED and newer:
        attempt.status, attempt.rank, attempt.sequence = report.status, report.rank, report.sequence
        attempt.error_code = report.code or attempt.error_code
        if report.rank >= END:
            _finish(attempt, now=now, limits=limits)
    attempt.save()
    return attempt


def _finish(attempt: Attempt, *, now: datetime, limits: Limits) -> None:
    """The provider's last word: busy rings once more, a dead way opens the next one, anything else waits for a
    human.
    """
    attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.FINISHED, None, now
    if attempt.status in TRANSIENT and attempt.page_id:
        page = Page.objects.select_for_update().get(pk=attempt.page_id)
        pause = limits.span("redial_busy_s")
        again = redial(ladder=services.rungs(page), index=attempt.rung, next_rung=page.next_rung, pause=pause)
        if again and page.state == Page.State.CALLING:
            page.ladder = [rung.as_json() for rung in again]
            page.next_due = min(page.next_due or now + pause, now + pause)
            page.save(update_fields=["ladder", "next_due"])
    elif attempt.status in DEAD:
        attempt.error_text = (
            attempt.error_text or f"The provider reports: {attempt.status} {attempt.error_code}".strip()
        )
        next_way(attempt, now=now)


@transaction.atomic
def record_lookup(
    *, attempt_id: uuid.UUID, lease: uuid.UUID, found: Report | None, failed: bool, now: datetime, limits: Limits
) -> None:
    """Write what the provider said about an attempt we were unsure of.

    Found: adopted. Not there, and it had time to appear: lost, and sent again (three times, then the next way). The
    provider cannot be asked for 20 s: sent again all the same; a duplicate is better than silence (paging.md 2.8).
    """
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.lease_token != lease or attempt.state not in (Attempt.State.UNKNOWN, Attempt.State.ACCEPTED):
        return
    attempt.lease_token = None
    age = now - attempt.started_at
    if found is not None and Attempt.objects.filter(sid=found.sid).exclude(pk=attempt.pk).exists():
        found = None  # the same words were sent before, by another attempt: this one is not there
    if found is not None:
        attempt.save(update_fields=["lease_token"])
        apply_report(attempt_id=attempt.pk, report=found, now=now, limits=limits, callback=False)
        _look_again(attempt_id, now=now, limits=limits)
        return
    if attempt.state == Attempt.State.ACCEPTED:
        attempt.look_at = now + limits.span("poll_after_s")
    elif (not failed and age >= _settle(attempt, limits)) or age >= limits.span("lookup_patience_s"):
        attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.LOST, None, now
        if attempt.tries < limits.count("attempt_tries"):
            _send_again(attempt, at=now)
        else:
            next_way(attempt, now=now)
    else:
        attempt.look_at = now + timedelta(seconds=2)
    attempt.save()


def _look_again(attempt_id: uuid.UUID, *, now: datetime, limits: Limits) -> None:
    """Arm the next poll; after ten minutes of silence the attempt has ended, unconfirmed."""
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.state != Attempt.State.ACCEPTED:
        return
    if now - attempt.started_at >= limits.span("poll_give_up_s"):
        attempt.state, attempt.look_at, attempt.ended_at = Attempt.State.FINISHED, None, now
    else:
        attempt.look_at = now + limits.span("poll_after_s")
    attempt.save(update_fields=["state", "look_at", "ended_at"])


@transaction.atomic
def told(*, attempt: Attempt, page: Page, now: datetime) -> Page:
    """A call was picked up and hears the page as it is now. Returns it so; what joins it later was not told to them."""
    page = Page.objects.select_for_update(of=("self",)).select_related("person").get(pk=page.pk)
    Attempt.objects.filter(pk=attempt.pk).update(told_at=now, told_edition=page.edition)
    return page
