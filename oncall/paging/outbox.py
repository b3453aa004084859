"""Verbs about attempts: claim what is due, record what a provider answered, look before sending again.

Claim, commit, call the provider, record: no row is locked across HTTP. The row exists before the request, so whoever
dies in between leaves something to look at. Source: paging.md 2.2, 2.3, 2.8, 3.1.
"""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Max

from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging import text as words
from oncall.paging.channels import Order, Outcome, Report, Verdict
from oncall.paging.ladder import DEAD, TRANSIENT, Dial, GiveUp, climb, redial
from oncall.paging.models import Attempt, Callback, ContactMethod, Notice, Page
from oncall.paging.wake import wake
from oncall.troubles import services as troubles

END = 90
log = logging.getLogger(__name__)


@transaction.atomic
def claim_pages(*, now: datetime, limits: Limits, at_most: int) -> list[tuple[Attempt, Order]]:
    """Take up to `at_most` due pages, high urgency first, and write down the attempt each of them needs now.

    Safe to run late, twice or in parallel: rows another has are skipped. A page with nothing left to try ends here.
    """
    due = list(
        Page.objects.calling()
        .due(now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("person")
        .order_by("urgency", "severity", "next_due")[:at_most]
    )
    people = {page.person_id for page in due}
    usable = {str(pk) for pk in ContactMethod.objects.usable().filter(person__in=people).values_list("pk", flat=True)}
    claimed = []
    for page in due:
        try:
            with transaction.atomic():
                attempt = _climb(page, usable=usable, now=now, limits=limits)
        except OperationalError:
            raise  # a database that is away says nothing about the page: all of them come again
        except Exception as error:  # whatever is wrong with one page must not hold the others
            log.exception("page %s", page.pk)
            _put_off(page, error=error, now=now)
            continue
        if attempt is not None:
            claimed.append((attempt, order_for(attempt, page=page, limits=limits)))
    return claimed


def _put_off(page: Page, *, error: Exception, now: datetime) -> None:
    Page.objects.filter(pk=page.pk, state=Page.State.CALLING).update(next_due=now + timedelta(seconds=5))
    text = f"A page to {page.person.name} cannot go on: {type(error).__name__}: {error}"
    troubles.raise_trouble(kind="page", key=str(page.pk), text=text, url=page.url, now=now)


def _climb(page: Page, *, usable: set[str], now: datetime, limits: Limits) -> Attempt | None:
    """Write down the attempt that is due, or end the page. A way that was removed or disabled since is passed over."""
    if not page.person.is_active:
        why = f"The account of {page.person.name} is closed."
        services.end(page=page, state=Page.State.UNREACHABLE, why=why, now=now)
        return None
    ladder, wait, passed_over = services.rungs(page), limits.span("page_wait_after_last_s"), False
    while True:
        step = climb(ladder=ladder, next_rung=page.next_rung, now=now, wait_after_last=wait)
        if isinstance(step, GiveUp):
            if passed_over and page.attempts.filter(accepted_at__isnull=False).exists():
                page.next_due = now + wait  # what went out before may still be answered
                page.save(update_fields=["next_rung", "next_due"])
            else:
                _give_up(page, now=now)
            return None
        page.next_rung, page.next_due = step.index + 1, step.next_due
        if step.rung.contact in usable:
            page.save(update_fields=["next_rung", "next_due"])
            return _intend(page, step, now=now, limits=limits)
        passed_over = True


def _intend(page: Page, step: Dial, *, now: datetime, limits: Limits) -> Attempt:
    return Attempt.objects.create(
        page=page,
        n=_last_n(page) + 1 if step.index else 1,  # nothing comes before the first rung
        rung=step.index,
        tries=step.rung.tries,
        channel=step.rung.channel,
        contact_id=step.rung.contact,
        address=step.rung.address,
        body=_body(page, step.rung.channel),
        started_at=now,
        told_at=None if step.rung.channel == "voice" else now,
        told_edition=None if step.rung.channel == "voice" else page.edition,
        look_at=now + limits.span("attempt_lease_s"),
        lease_token=uuid.uuid4(),
    )


def _last_n(page: Page) -> int:
    return page.attempts.aggregate(last=Max("n"))["last"] or 0


def _body(page: Page, channel: str) -> str:
    """What this attempt says. A call says nothing yet: its words are asked for when it is picked up."""
    if channel == "sms":
        return words.sms_body(reference=page.reference, severity=page.severity, title=page.title)
    if channel == "email":
        return f"{page.text or page.title}\n\nAnswer here: {page.url}\n\nThis page goes on until somebody answers it."
    return ""


def _give_up(page: Page, *, now: datetime) -> None:
    """End a page nobody answered: unreachable if no attempt ever got through, unanswered otherwise."""
    through = page.attempts.filter(accepted_at__isnull=False).exclude(status__in=DEAD).exists()
    if through:
        services.end(page=page, state=Page.State.UNANSWERED, why="Nobody answered by any way.", now=now)
    else:
        last = page.attempts.exclude(error_text="").last()
        why = f"No way got through. {last.error_text if last else ''}".strip()
        services.end(page=page, state=Page.State.UNREACHABLE, why=why, now=now)


@transaction.atomic
def claim_notices(*, now: datetime, limits: Limits, at_most: int) -> list[tuple[Attempt, Order]]:
    """Take up to `at_most` due notices. The caller asks only when no page is due: pages never wait behind notices."""
    due = Notice.objects.filter(next_due__lte=now).select_for_update(skip_locked=True).order_by("next_due")[:at_most]
    claimed = []
    for note in due:
        attempt = Attempt.objects.create(
            notice=note,
            n=note.attempts.count() + 1,
            channel=note.channel,
            address=note.address,
            body=words.cut(words.gsm(note.text), words.SEGMENT * 3) if note.channel == "sms" else note.text,
            started_at=now,
            told_at=now,
            look_at=now + limits.span("attempt_lease_s"),
            lease_token=uuid.uuid4(),
        )
        note.next_due = None
        note.save(update_fields=["next_due"])
        claimed.append((attempt, order_for(attempt, page=None, limits=limits)))
    return claimed


def order_for(attempt: Attempt, *, page: Page | None, limits: Limits) -> Order:
    validity = limits.span("sms_validity_s")
    return Order(
        attempt_id=attempt.pk,
        channel=attempt.channel,
        address=attempt.address,
        subject=" ".join((f"[SEV-{page.severity}] {page.title}" if page else attempt.body[:80]).split()),
        body=attempt.body,
        reference=page.reference if page else "",
        answer_path=page.answer_path if page else "",
        started_at=attempt.started_at,
        valid_for=validity,
        ring_for=limits.span("ring_timeout_s"),
        talk_for=limits.span("call_time_limit_s"),
    )


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
def claim_unsettled(*, now: datetime, limits: Limits, at_most: int) -> list[tuple[Attempt, Order]]:
    """Take attempts whose lease ran out, whose answer was lost, or that have been silent, to ask the provider."""
    rows = (
        Attempt.objects.unsettled()
        .filter(look_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("page")
        .order_by("look_at")[:at_most]
    )
    claimed = []
    for attempt in rows:
        attempt.lease_token = uuid.uuid4()
        attempt.look_at = now + limits.span("attempt_lease_s")
        if attempt.state == Attempt.State.INTENT:
            attempt.state = Attempt.State.UNKNOWN
        attempt.save(update_fields=["lease_token", "look_at", "state"])
        claimed.append((attempt, order_for(attempt, page=attempt.page, limits=limits)))
    return claimed


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
