"""A night as it might be: visits, what was sent for them, nextVisits, heartbeats, each when it arrives. PURE, seeded.

The same night, seed and plan give the same records. Numbers are those of domain.md 2.1: 29 s exposures (38 s in u),
2.4 s readout, a slew of some 5 s, 120 s to change the filter, so a visit about every 37 s and 650 to 1,065 of them;
10,000 alerts for each on average and seldom more than 40,000; weather that closes the dome. Instants are UTC.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from incidents.latency.recording import BEAT, DELIVERY, NEXT_VISIT, VISIT, Record, in_order
from incidents.latency.recording import written as z
from rotations.night.sun import Night, written

Span = tuple[datetime, datetime]  # half-open

CAMERA = "LSSTCam"
SURVEY = ("BLOCK-365", "BLOCK-365", "BLOCK-365", "BLOCK-407", "BLOCK-421")  # wide, wide, wide, deep, twilight
CHECKOUT, NO_IMAGES, NO_ALERTS = "BLOCK-T17", "BLOCK-T250", "BLOCK-T539"  # of engineering; no alerts of any of them
WATCHER = "Summit monitoring"
BANDS = "ugrizy"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CADENCE = 37 * SECOND
FILTER_CHANGE = 120 * SECOND
READOUT_AND_SLEW = 7.4  # seconds
MOST = 40_000  # alerts, of a visit that counts


@dataclass(frozen=True)
class Plan:
    """What befalls a night. All of it may be left out; then chance alone decides, and the dome stays open.

    `cut`: the Long-Haul Network is down: observing goes on, visits are heard of when it is back, and what they show is
    caught up in the morning, from `caught_up` hours after the end of the night; `crash`: the pipeline fails at
    `crash_stage`; `late`: alerts leave too late; `closed`: the dome is closed; `unknown_block`: one that nobody knows.
    """

    cut: Span | None = None
    caught_up: float = 4.0
    crash: Span | None = None
    crash_stage: str = "ap_pipe"
    late: Span | None = None
    closed: Span | None = None
    unknown_block: str = ""


@dataclass
class _Shot:
    """A visit on its way."""

    number: int
    end: datetime
    block: str
    band: str
    expected: int | None
    on_sky: bool = True
    dome_open: bool = True


def by_chance(night: Night, *, seed: int) -> Plan | None:
    """Return what befalls an ordinary night; None: nothing is observed at all. One in twelve is lost to weather, one in
    four is cut short by it; now and then the pipeline crashes, alerts are late, or a block is new.
    """
    chance, span = Random(f"plan {seed}"), night.observing  # noqa: S311  # a night, not a secret
    if span is None or chance.random() < 1 / 12:
        return None

    def some(odds: float, shortest: float, longest: float) -> Span | None:
        """Return a part of the night of so many minutes, or nothing."""
        if chance.random() >= odds:
            return None
        length = min(chance.uniform(shortest, longest) * MINUTE, (span[1] - span[0]) / 2)
        start = span[0] + chance.random() * (span[1] - span[0] - length)
        return start, start + length

    return Plan(
        closed=some(0.25, 60, 300),
        crash=some(0.015, 2, 8),
        crash_stage=chance.choice(["isr", "single_frame", "ap_pipe"]),
        late=some(0.05, 5, 25),
        unknown_block=f"BLOCK-{chance.randint(430, 490)}" if chance.random() < 0.03 else "",
    )


def generate(night: Night, *, seed: int, plan: Plan | None = None) -> list[Record]:
    """Return a night's records as they arrive; nothing where it does not get dark. `plan` None: undisturbed."""
    if night.observing is None:
        return []
    return in_order(_Night(night, Random(seed), plan or Plan()).records())  # noqa: S311  # a night, not a secret


class _Night:
    def __init__(self, night: Night, chance: Random, plan: Plan) -> None:
        assert night.observing is not None
        self.start, self.end = night.observing
        self.chance, self.plan = chance, plan
        self.prefix = int(written(night.day_obs)) * 100_000
        self.gap_left = 0  # visits that still lie where there is no template
        self.caught = 0  # visits that were caught up

    def records(self) -> Iterator[Record]:
        for shot in self._shots():
            yield from self._next_visit(shot)
            yield self._visit(shot)
            delivery = self._delivery(shot)
            if delivery is not None:
                yield delivery
        yield from self._never_taken()
        yield from self._beats()

    # The telescope --------------------------------------------------------------------------------------------------

    def _shots(self) -> Iterator[_Shot]:
        number = 0
        for nth in range(6):  # the checkout of the afternoon
            number += 1
            at = self.start - timedelta(hours=3) + nth * MINUTE
            yield _Shot(number, at, CHECKOUT, "r", None, on_sky=False, dome_open=False)
        at, band, left, block = self.start + 30 * SECOND, "r", 0, SURVEY[0]
        while at < self.end:
            closed, cut = self.plan.closed, self.plan.cut
            if closed and closed[0] <= at < closed[1]:
                for nth in range(8):  # darks behind the closed dome
                    number += 1
                    yield _Shot(number, closed[0] + (nth + 2) * MINUTE, CHECKOUT, "", None, False, False)
                at = closed[1] + 5 * MINUTE
                continue
            if _within(at, cut):  # a steady run: the scenario counts 243 visits from 02:10 to 04:40
                assert cut is not None
                at, number = yield from self._steady(cut, number)
                continue
            if not left:
                band = self.chance.choice([one for one in BANDS if one != band])
                left, block = self.chance.randint(25, 45), self.chance.choice(SURVEY)
                if self.plan.unknown_block and self.chance.random() < 0.15:
                    block = self.plan.unknown_block
                at += FILTER_CHANGE
                if self.chance.random() < 0.03:
                    block, left = NO_ALERTS, 6
            number, left = number + 1, left - 1
            yield _Shot(number, at, block, band, self._expected())
            at += self._cadence(band)

    def _steady(self, cut: Span, number: int) -> Any:
        at = cut[0] + 20 * SECOND
        while at < cut[1]:
            number += 1
            yield _Shot(number, at, SURVEY[0], "i", min(self._expected(), MOST))
            at += CADENCE
        return at, number

    def _cadence(self, band: str) -> timedelta:
        slew = self.chance.gauss(0.6, 0.5) if self.chance.random() < 0.9 else self.chance.uniform(4, 40)
        return timedelta(seconds=round((38 if band == "u" else 29) + READOUT_AND_SLEW + max(0.0, slew), 1))

    def _expected(self) -> int:
        """Return a number of alerts: 10,000 on average, more than 40,000 about once in 1,000 visits."""
        return max(800, round(self.chance.lognormvariate(math.log(9_000), 0.46)))

    # What is heard of it --------------------------------------------------------------------------------------------

    def _visit(self, shot: _Shot) -> Record:
        body = {
            "visit_id": self.prefix + shot.number,
            "instrument": CAMERA,
            "survey_block": shot.block,
            "band": shot.band,
            "end_readout": z(shot.end),
            "on_sky": shot.on_sky,
            "dome_open": shot.dome_open,
        }
        if shot.expected is not None:
            body["expected_alerts"] = shot.expected
        return Record(VISIT, self._heard(shot.end + self._some(1, 3)), body)

    def _heard(self, at: datetime) -> datetime:
        """Return when something from the summit arrives: at once, or some minutes after the link is back."""
        cut = self.plan.cut
        return cut[1] + self._some(60, 400) if cut and _within(at, cut) else at

    def _next_visit(self, shot: _Shot) -> Iterator[Record]:
        at = shot.end - self._some(55, 65)
        if not _within(at + SECOND, self.plan.cut):  # nobody keeps them: those of the cut never come
            yield self._announced(at, shot.block, self.prefix + shot.number)

    def _never_taken(self) -> Iterator[Record]:
        """Yield nextVisits without an image: some scripts are stopped, and one block never takes any."""
        for nth in range(self.chance.randint(4, 12)):
            at = self.start + self.chance.random() * (self.end - self.start)
            if not _within(at + SECOND, self.plan.cut) and not _within(at, self.plan.closed):
                yield self._announced(at, NO_IMAGES if nth % 3 == 0 else SURVEY[0], None)

    def _announced(self, at: datetime, block: str, visit_id: int | None) -> Record:
        body = {"group_id": z(at), "instrument": CAMERA, "survey_block": block, "announced_at": z(at)}
        return Record(NEXT_VISIT, at + SECOND, body if visit_id is None else body | {"visit_id": visit_id})

    def _beats(self) -> Iterator[Record]:
        at = self.start - timedelta(hours=1)
        while at < self.end + timedelta(hours=1):
            if not _within(at, self.plan.cut):
                is_open = self.start <= at < self.end and not _within(at, self.plan.closed)
                yield Record(BEAT, at, {"name": WATCHER, "dome_open": is_open})
            at += MINUTE

    # What is sent for it --------------------------------------------------------------------------------------------

    def _delivery(self, shot: _Shot) -> Record | None:
        if shot.block in (CHECKOUT, NO_ALERTS):
            return self._nothing(shot, stage="isr", ended="complete")
        if _within(shot.end, self.plan.cut):
            return self._caught_up(shot)
        if _within(shot.end, self.plan.crash):
            return self._nothing(shot, stage=self.plan.crash_stage, ended="failed")
        if not self.gap_left and self.chance.random() < 0.003:
            self.gap_left = self.chance.randint(3, 10)
        if self.gap_left:
            self.gap_left -= 1
            return self._nothing(shot, stage=self.chance.choice(["isr", "single_frame"]), ended="complete")
        luck = self.chance.random()
        if luck < 0.0003:
            return self._nothing(shot, stage="ap_pipe", ended="failed")
        if luck < 0.0005:
            return None  # a report that is lost: pending, and unknown a day later
        is_late = luck < 0.004 or _within(shot.end, self.plan.late)
        sent = max(1, round((shot.expected or 0) * self.chance.uniform(0.97, 1.01)))
        within = (
            math.ceil(sent * self.chance.uniform(0.981, 1)) if not is_late else int(sent * self.chance.random() * 0.97)
        )
        first, last = self._some(33, 48), self._some(50, 59) if not is_late else self._some(70, 170)
        return self._sent(shot, sent, within, shot.end + first, shot.end + last)

    def _sent(self, shot: _Shot, sent: int, within: int, first: datetime, last: datetime) -> Record:
        body = {
            "visit_id": self.prefix + shot.number,
            "sent": sent,
            "sent_within_limit": within,
            "first_sent_at": z(first),
            "last_sent_at": z(last),
            "stage": "sent",
        }
        return Record(DELIVERY, last + self._some(1, 2), body)

    def _nothing(self, shot: _Shot, *, stage: str, ended: str) -> Record:
        body = {
            "visit_id": self.prefix + shot.number,
            "sent": 0,
            "sent_within_limit": 0,
            "stage": stage,
            "ended": ended,
        }
        return Record(DELIVERY, shot.end + self._some(60, 110), body)

    def _caught_up(self, shot: _Shot) -> Record:
        """In the morning, one after the other, some 40 s each."""
        self.caught += 1
        first = self.end + timedelta(hours=self.plan.caught_up) + self.caught * 40 * SECOND
        return self._sent(shot, shot.expected or 1, 0, first, first + self._some(10, 30))

    def _some(self, least: float, most: float) -> timedelta:
        return timedelta(seconds=round(self.chance.uniform(least, most), 1))


def _within(at: datetime, span: Span | None) -> bool:
    return span is not None and span[0] <= at < span[1]
