"""Questions about pages: what is late, which page a code means, who was reached."""

from datetime import datetime, timedelta

from django.db.models import Min, QuerySet

from oncall.paging.models import Attempt, InboundSms, Page


def late(*, now: datetime, after: timedelta) -> QuerySet[Page]:
    """Pages whose due time is past by more than `after`: nobody is working on them. The auditor, the metric and the
    dead-man condition are this one question."""
    return Page.objects.calling().filter(next_due__lt=now - after)


def unresolved_attempts(*, now: datetime, after: timedelta) -> QuerySet[Attempt]:
    """Attempts nobody has settled although the time to look came and went (paging.md I4, I5)."""
    return Attempt.objects.unsettled().filter(look_at__lt=now - after)


def page_by_code(*, sender: str, code: str, since: datetime) -> Page | None:
    """Return the page that `code` means when it comes from `sender`: one sent to that very number, and not too old."""
    return (
        Page.objects.filter(reference=code, attempts__address=sender, created_at__gte=since)
        .select_related("person")
        .distinct()
        .first()
    )


def last_told(page: Page, *, channel: str) -> Attempt | None:
    """Return the latest attempt of that channel that told the person something, as far as anybody knows.

    One that was given up as lost may have: who replies to it has read it.
    """
    sent = page.attempts.filter(channel=channel, told_at__isnull=False)
    return sent.exclude(state=Attempt.State.REFUSED).order_by("n").last()


def first_accepted_at(pages: QuerySet[Page], *, after: datetime | None) -> datetime | None:
    """Return when the provider first accepted an attempt of any of these pages, later than `after`; or nothing."""
    attempts = Attempt.objects.filter(page__in=pages)
    if after is not None:
        attempts = attempts.filter(accepted_at__gt=after)
    first: datetime | None = attempts.aggregate(first=Min("accepted_at"))["first"]
    return first


def wrong_codes_in_a_row(*, sender: str, since: datetime) -> int:
    """Count texts from `sender` since the last one we understood, but none older than `since`."""
    count = 0
    texts = InboundSms.objects.filter(sender=sender, received_at__gte=since)
    for understood in texts.values_list("understood", flat=True)[:20]:
        if understood:
            break
        count += 1
    return count
