"""PURE. What each code of the telephone company means, and everything that follows from it: one table.

A code comes as the answer to a request or later with a status report; both ask this table. No row ends a page: `Then`
has no word for that. Source: paging.md 2.2, 2.9.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum


class Then(StrEnum):
    """How the page goes on."""

    LOOK = "look first, then send again"  # it may have been accepted
    WAIT = "the same way after a pause, then another provider, then the next way"
    ELSEWHERE = "another provider at once; without one the same way once more, then the next way"
    OTHER_PROVIDER = "another provider at once; without one the next way"
    WITHOUT_CALLBACKS = "the same way at once without callbacks, and asked about; then the next way"
    NEXT_WAY = "the next way at once"


class Number(StrEnum):
    """What becomes of the number that was paged."""

    KEPT = "kept"
    DEAD = "taken out of use"
    OPTED_OUT = "taken out of use until its owner sends START"
    NO_TEXTS = "called instead of texted"
    SUSPECT = "to be verified anew, when it is the second time in a day"


class Fault(StrEnum):
    """Which trouble it is, if it is one at all."""

    NONE = "none"
    ACCOUNT = "account"  # we are locked out: SEV-1
    PROVIDER = "provider"  # our configuration at the provider, or theirs
    REPEATED = "filtered"  # a trouble only when it is the second in an hour


@dataclass(frozen=True)
class Row:
    """One line of the table. `codes` are the provider's own, or our words for what no provider said."""

    codes: tuple[str, ...]
    means: str
    then: Then = Then.NEXT_WAY
    number: Number = Number.KEPT
    fault: Fault = Fault.NONE
    opens_breaker: bool = False  # the provider will refuse everybody: at once, without waiting for a fifth failure
    fails: bool = False  # a failure of the provider, which its breaker counts
    again_later: bool = False  # a text: the next way now, and this one once more after a minute
    never_same_words: bool = False  # these words do not pass there: no later text repeats them to that provider
    crowded: bool = False  # its queue is full: pages of low urgency wait
    silence: bool = False  # notices to this number stop for a minute
    known: bool = True  # false: in no list of ours; it is logged as an error


TABLE: tuple[Row, ...] = (
    Row(
        ("20003", "20006", "20008"),
        "our credentials are refused",
        then=Then.OTHER_PROVIDER, fault=Fault.ACCOUNT, opens_breaker=True,
    ),
    Row(("20429", "10004", "63017"), "too many requests or calls at once", then=Then.WAIT),
    Row(
        ("20500", "20501", "20502", "20503", "20504"),
        "the provider broke down over it",
        then=Then.LOOK, fails=True,
    ),
    Row(("21211", "21214", "13224"), "the number is invalid or cannot be reached", number=Number.DEAD),
    Row(("21614", "21635", "30006"), "a landline, or a number that takes no texts", number=Number.NO_TEXTS),
    Row(("21610",), "its owner sent STOP", number=Number.OPTED_OUT),
    Row(
        ("21408", "21215", "60605"),
        "its country is not permitted in our account",
        then=Then.OTHER_PROVIDER, fault=Fault.PROVIDER,
    ),
    Row(
        ("21606", "21212", "21659"),
        "our own number may not send this",
        then=Then.OTHER_PROVIDER, fault=Fault.PROVIDER,
    ),
    Row(
        ("21609", "11100"),
        "our callback address is refused",
        then=Then.WITHOUT_CALLBACKS, fault=Fault.PROVIDER,
    ),
    Row(
        ("21611", "30001"),
        "our queue at the provider is full",
        then=Then.OTHER_PROVIDER, fault=Fault.PROVIDER, crowded=True,
    ),
    Row(
        ("30002",),
        "our account is suspended",
        then=Then.OTHER_PROVIDER, fault=Fault.ACCOUNT, opens_breaker=True,
    ),
    Row(("30003",), "the telephone is off or has no signal", again_later=True),
    Row(
        ("30004", "30007", "30450", "32017"),
        "blocked or filtered on the way",
        then=Then.OTHER_PROVIDER, fault=Fault.REPEATED, never_same_words=True,
    ),
    Row(("30005",), "nobody knows this telephone", number=Number.SUSPECT),
    Row(
        ("30008", "30410", "30009"),
        "lost at the carrier",
        then=Then.OTHER_PROVIDER,
    ),
    Row(
        ("30022", "30034", "30032"),
        "our number is not registered for this, or over its rate",
        then=Then.OTHER_PROVIDER, fault=Fault.PROVIDER,
    ),
    Row(("30036",), "not sent in time"),
    Row(("14107",), "too many texts back and forth with this number", silence=True),
    Row(
        ("11200", "11205", "12100", "12300"),
        "the provider cannot reach us or cannot read our answer",
        fault=Fault.PROVIDER,
    ),
    # Ours: what happened where no provider said anything.
    Row(("connection", "dns", "tls"), "the provider cannot be reached", then=Then.ELSEWHERE, fails=True),
    Row(("timeout", "reset", "garbled"), "the answer was lost", then=Then.LOOK, fails=True),
    Row(("defect",), "our own code broke", then=Then.LOOK),
    Row(("settings",), "credentials are not set", then=Then.OTHER_PROVIDER, fault=Fault.PROVIDER, opens_breaker=True),
)  # fmt: skip
BY_CODE = {code: row for row in TABLE for code in row.codes}
REFUSED = BY_CODE["20003"]
SLOWER = BY_CODE["20429"]
BROKEN = BY_CODE["20500"]
OTHER = Row((), "refused", known=False)


def row_of(code: str, *, status: int = 400) -> Row:
    """Return the line for `code`, which came with HTTP `status`; 400 also stands for a code that came in a report.

    An answer of 5xx says nothing about what became of the request, whatever code it bears, and 429 always asks for
    patience. 401 and 403 mean credentials unless the code says something better. A code in no list closes this way.
    """
    if status >= 500:
        return BY_CODE[code] if code in BROKEN.codes else BROKEN
    if status == 429:
        return SLOWER
    if code in BY_CODE:
        known = BY_CODE[code]
        # a 4xx says surely that nothing was accepted, so there is nothing to look for
        return replace(known, then=Then.NEXT_WAY) if known.then is Then.LOOK and code.isdigit() else known
    return REFUSED if status in (401, 403) else OTHER


def pause(
    *, asked: timedelta | None, tries: int, most: int, waited: timedelta, patience: timedelta, luck: float
) -> timedelta | None:
    """Return how long to wait before the same provider is asked again, or nothing if it has had patience enough.

    `asked` is its Retry-After. Without one it is 1, 2, 4 s, 20 % more or less by `luck` (0 to 1), so that those who
    were sent away together do not come back together. `tries`: sends so far, of at most `most`; `waited`: what this
    rung has waited already, of at most `patience`.
    """
    if tries >= most:
        return None
    wait = asked if asked is not None else timedelta(seconds=2 ** (tries - 1) * (0.8 + 0.4 * luck))
    return wait if waited + wait <= patience else None
