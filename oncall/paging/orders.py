"""What an attempt says and how its way is asked to carry it."""

from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging import text as words
from oncall.paging.channels import Order
from oncall.paging.ladder import valid_for
from oncall.paging.models import Attempt, Page

SPOKEN_NOTICES = "/hooks/twilio/notice/"  # where a call that needs no answer asks for its words (spoken.py)


def body_of(page: Page, channel: str) -> str:
    """What this attempt says. A call says nothing yet: its words are asked for when it is picked up."""
    if channel == "sms":
        return words.sms_body(reference=page.reference, severity=page.severity, title=page.title)
    if channel in ("email", "slack", "push"):  # how to answer is the channel's to add
        told = page.text or f"{page.title}\n{page.url}"  # a page's text names the address of each alarm itself
        return f"{told}\n\nThis page goes on until somebody answers it."
    return ""


def order_for(attempt: Attempt, *, page: Page | None, limits: Limits) -> Order:
    most, rung = limits.span("sms_validity_s"), services.rungs(page)[attempt.rung] if page else None
    return Order(
        attempt_id=attempt.pk,
        channel=attempt.channel,
        address=attempt.address,
        subject=" ".join((f"[SEV-{page.severity}] {page.title}" if page else attempt.body[:80]).split()),
        body=attempt.body,
        reference=page.reference if page else "",
        answer_path=page.answer_path if page else SPOKEN_NOTICES,
        started_at=attempt.started_at,
        valid_for=valid_for(ladder=services.rungs(page), index=attempt.rung, most=most) if page else most,
        ring_for=limits.span("ring_timeout_s"),
        talk_for=limits.span("call_time_limit_s"),
        provider=attempt.provider,
        callbacks=rung.callbacks if rung else True,
    )
