"""PURE. How fast a budget burns, judged over two windows at once.

A long window says that much is gone, a short one that it still goes: only both together are news, and the short one
lets the alarm end soon after the cause. A rate of 1 uses a limit up exactly when the planned visits are taken; losing
every visit burns 2 % at 50, 1 % at 100, 0.1 % at 1,000. Source: multi-window, multi-burn-rate alerting as in the Site
Reliability Workbook, chapter 5; the numbers are own choices and limit rows.
"""

from dataclasses import dataclass
from decimal import Decimal

from incidents.latency.budget import Use


@dataclass(frozen=True)
class Window:
    """What was taken and lost in a window of time, of one limit: `bad` of `eligible` visits."""

    eligible: int
    bad: int


@dataclass(frozen=True)
class Rule:
    """`share`: the fraction of the year's limit that is too much in the long window; `rate`: at which it is still
    burning in the short one, in times the pace that the year bears.
    """

    share: Decimal
    rate: Decimal


def rate(window: Window, limit: Decimal) -> Decimal:
    """Return how many times faster than it may the limit burns; `limit` is a fraction of the visits."""
    return Use(window.bad, limit * window.eligible).share if window.eligible else Decimal(0)


def burns(long: Window, short: Window, *, limit: Decimal, planned: Decimal, rule: Rule) -> bool:
    """Say whether it burns: enough of the year is gone in the long window, and more goes in the short one."""
    return _much(long, limit, planned, rule) and short.bad > 0 and rate(short, limit) >= rule.rate


def is_over(long: Window, short: Window, *, limit: Decimal, planned: Decimal, rule: Rule) -> bool:
    """Say whether it has stopped, once it burned: little is gone lately, or what is taken now is well.

    A short window in which nothing was taken proves nothing; the long one empties in its own time.
    """
    if not _much(long, limit, planned, rule):
        return True
    return short.eligible > 0 and rate(short, limit) < rule.rate


def _much(long: Window, limit: Decimal, planned: Decimal, rule: Rule) -> bool:
    return long.bad > 0 and Use(long.bad, limit * planned).share >= rule.share
