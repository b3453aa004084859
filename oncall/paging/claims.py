"""Verbs that take what is due: pages, lookups, notices.

Claim, commit, call the provider, record: no row is locked across HTTP. The row exists before the request, so whoever
dies in between leaves something to look at. Source: paging.md 2.8, 3.1.
"""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import Max

from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging import text as words
from oncall.paging.channels import Order
from oncall.paging.ladder import DEAD, Dial, GiveUp, climb
from oncall.paging.models import Attempt, ContactMethod, Notice, Page
from oncall.troubles import services as troubles

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
