"""PURE. What became of a visit (domain.md 5.2, 5.3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

CAMERA = "LSSTCam"
FAILED_AFTER = timedelta(hours=24)
WITHOUT_TEMPLATES = frozenset({"isr", "single_frame"})  # the stages at which a pipeline ends for want of a template


@dataclass(frozen=True)
class Told:
    """A visit, its block and what was sent for it, as far as anybody has said. Instants are UTC.

    `alerts_expected`: of its survey block, true where nobody has settled it; `listening`: a delivery report or a
    heartbeat shows that we would have heard of alerts; `reported`: a delivery report came for it.
    """

    instrument: str
    end_readout: datetime
    on_sky: bool
    dome_open: bool
    alerts_expected: bool
    expected_alerts: int | None = None
    waived: str = ""
    reported: bool = False
    sent: int = 0
    sent_within_limit: int = 0
    first_sent_at: datetime | None = None
    stage: str = "none"
    ended: str = ""
    listening: bool = False


@dataclass(frozen=True)
class Judged:
    """`verdict`: in_time, delayed, failed, pending, unknown or not_eligible; `why`: what makes it not eligible
    (instrument, sky, dome, block, waived, template_gap, engineering, flood); `due`: when time alone may change it.
    """

    verdict: str
    why: str = ""
    due: datetime | None = None


def judge(
    told: Told,
    *,
    now: datetime,
    most_alerts: int = 40_000,
    share: Decimal | float = Decimal("0.98"),
    failed_after: timedelta = FAILED_AFTER,
) -> Judged:
    """Return the verdict on a visit as of `now`, from all that is known of it and nothing else.

    `most_alerts`: a visit with more, expected or sent, is not eligible; `share`: of its alerts, the part that must be
    within the reporting limit, a fraction, compared exactly (49 of 50 are 98 %); `failed_after`: how long after the
    end of readout nothing sent is no longer pending, and a first alert is too late to count as one. Instants are UTC.
    A verdict that is not pending changes only when more is told. Source: domain.md 5.2, 5.3; rows R13, R17.
    """
    why = _not_eligible_because(told, most_alerts=most_alerts)
    if why:
        return Judged("not_eligible", why)
    too_late = told.end_readout + failed_after
    if told.sent:
        if told.sent_within_limit >= Decimal(str(share)) * told.sent:
            return Judged("in_time")
        # One whose first instant nobody gave was sent all the same, and is not called failed without a proof.
        return Judged("failed" if told.first_sent_at and told.first_sent_at > too_late else "delayed")
    if now < too_late:
        return Judged("pending", due=too_late)
    return Judged("failed" if told.reported or told.listening else "unknown")


def _not_eligible_because(told: Told, *, most_alerts: int) -> str:
    """Return the first thing that makes a visit not eligible; nothing if it counts."""
    if told.instrument != CAMERA:
        return "instrument"
    if not told.on_sky:
        return "sky"
    if not told.dome_open:
        return "dome"
    if not told.alerts_expected:
        return "block"
    if told.waived:
        return told.waived if told.waived in ("template_gap", "engineering") else "waived"
    if max(told.expected_alerts or 0, told.sent) > most_alerts:
        return "flood"
    if told.reported and not told.sent and told.ended == "complete" and told.stage in WITHOUT_TEMPLATES:
        return "template_gap"
    return ""
