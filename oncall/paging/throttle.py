"""PURE. How often one number may be sent something, and until when the next one waits. Source: paging.md 2.10.

Each class of message has a bucket of its own for each number and way: a notice never holds a page, nor a page of low
urgency one of high urgency. Only what may have disturbed somebody counts; what the provider surely refused does not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.paging.ladder import Rung

LOOK_BACK = timedelta(hours=3)  # the widest window below
NAMES = {"sms": ("text", "texts"), "voice": ("call", "calls")}  # the ways that are throttled; mail and the like are not
UNITS = ((3600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds"))


class Lane(StrEnum):
    """What sort of message it is, the one that goes first named first."""

    HIGH = "high"  # a page of high urgency
    LOW = "low"  # a page of low urgency
    REPLY = "reply"  # somebody waits for it: a code of ours, an answer to their text
    NOTICE = "notice"
    STATUS = "status"  # news of an incident for those who asked for it


@dataclass(frozen=True)
class Window:
    """At most so many within any span of that length."""

    most: int
    span: timedelta


@dataclass(frozen=True)
class Hold:
    """It waits until then, for this reason, worded to be shown: “one text a minute to this number”."""

    until: datetime
    why: str


Number = Callable[[str], float]


def windows(*, lane: str, channel: str, first: bool, number: Number) -> list[Window]:
    """Return what bounds this class of message by this way. `number` gives a limit by its name; 0 is no such bound.

    The `first` attempt of a page of high urgency always goes. Its repeats are bounded by the pause alone, because who
    sleeps deeply wants to be called again and again. Replies are bounded by what they reply to.
    """
    if channel not in NAMES or lane == Lane.REPLY or (lane == Lane.HIGH and first):
        return []
    found = [] if lane == Lane.STATUS else [Window(1, timedelta(seconds=number("throttle_pause_s")))]
    if lane == Lane.LOW:
        spans = {"15min": 900, "hour": 3600, "3h": 10800}
        found += [_window(number, f"throttle_low_{channel}_{name}", span) for name, span in spans.items()]
    elif lane == Lane.NOTICE:
        spans = {"15min": 900, "hour": 3600, "3h": 10800}
        found += [_window(number, f"throttle_notice_{name}", span) for name, span in spans.items()]
    elif lane == Lane.STATUS:
        spans = {"3min": 180, "20min": 1200, "2h": 7200}
        found += [_window(number, f"throttle_status_{name}", span) for name, span in spans.items()]
    return [window for window in found if window.most and window.span]


def _window(number: Number, name: str, seconds: int) -> Window:
    return Window(int(number(name)), timedelta(seconds=seconds))


def held(*, sent: Sequence[datetime], windows: Sequence[Window], channel: str, now: datetime) -> Hold | None:
    """Return until when the next one waits and why; nothing if it may go at `now`.

    `sent`: when the same class went to the same number by the same way, in any order.
    """
    latest = None
    past = sorted(sent)
    for window in windows:
        if len(past) < window.most:
            continue
        until = past[-window.most] + window.span
        if until > now and (latest is None or until > latest.until):
            latest = Hold(until, f"{in_words(window, channel)} to this number")
    return latest


def in_words(window: Window, channel: str) -> str:
    """Return “one text a minute”, “5 calls in 15 minutes”."""
    one, many = NAMES[channel]
    seconds = int(window.span.total_seconds())
    size, unit, units = next(found for found in UNITS if seconds % found[0] == 0)
    count = seconds // size
    what = f"one {one}" if window.most == 1 else f"{window.most} {many}"
    if count == 1:
        return f"{what} {'an' if unit == 'hour' else 'a'} {unit}"
    return f"{what} in {count} {units}"


def set_back(*, ladder: Sequence[Rung], index: int, after: float) -> list[Rung]:
    """Return the ladder with rung `index` moved to `after` seconds, behind those that come by that instant.

    Nothing is skipped: the rungs behind it keep their own times, and it keeps its turn.
    """
    rest = list(ladder[index + 1 :])
    behind = next((n for n, rung in enumerate(rest) if rung.after > after), len(rest))
    moved = replace(ladder[index], after=after)
    return [*ladder[:index], *rest[:behind], moved, *rest[behind:]]


def put_off(*, ladder: Sequence[Rung], index: int, seconds: float) -> list[Rung]:
    """Return the ladder with all from rung `index` on so much later, each as far from the next as before."""
    return [*ladder[:index], *(replace(rung, after=rung.after + seconds) for rung in ladder[index:])]
