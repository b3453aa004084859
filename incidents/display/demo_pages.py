"""An alarm of the demo's past: somebody is paged for it as the portal pages, and no telephone rings for it now."""

from datetime import datetime, timedelta

from incidents.alarms import engine
from incidents.alarms.models import Alarm
from oncall.limits import queries as limits
from oncall.paging import claims, outbox
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.people.models import Person


def page(alarm: Alarm, *, at: datetime) -> Person:
    """Let the first step page whom it asks for, at the instant `at`; the text is accepted then and delivered. Returns
    who was paged.
    """
    in_force = limits.at(at)
    engine.escalate_due(now=at, limits=in_force)
    for attempt, _ in claims.claim_pages(now=at, limits=in_force, at_most=5):
        sid = f"SM{attempt.pk.hex}"
        assert attempt.lease_token is not None
        accepted = Outcome(Verdict.ACCEPTED, sid=sid, status="queued")
        outbox.record_outcome(
            attempt_id=attempt.pk, lease=attempt.lease_token, outcome=accepted, now=at, limits=in_force
        )
        delivered = Report(sid=sid, status="delivered", rank=90)
        seen = at + timedelta(seconds=4)
        outbox.apply_report(attempt_id=attempt.pk, report=delivered, now=seen, limits=in_force, callback=True)
    return alarm.links.select_related("page__person").get().page.person
