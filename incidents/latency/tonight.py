"""PURE. The latency of now in one word, as display and home say it (docs/latency.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.latency.facts import KINDS, LATE, LINK, NEXT_VISIT, NONE, WITHHELD, dome_open, last_sign
from incidents.latency.rules import NO_SITE, clock_words
from incidents.latency.standing import Looked

SENDING, LATELY, NOT_SENDING, NOT_EXPECTED, UNKNOWN = "sending", "late", "not_sending", "not_expected", "unknown"
WORDS = {
    SENDING: "SENDING",
    LATELY: "LATE",
    NOT_SENDING: "NOT SENDING",
    NOT_EXPECTED: "NOT EXPECTED",
    UNKNOWN: "UNKNOWN",
}
REASONS = {
    "block": "the survey block calls for no alerts",
    "template_gap": "there are no templates for this field",
    "engineering": "these are engineering images",
    "sky": "the telescope is not on the sky",
    "dome": "the dome is closed",
    "flood": "the last images have too many alerts to count",
    "waived": "the last images are waived",
}
RECENT = timedelta(minutes=30)  # of which the share in time is told
PAUSE = timedelta(minutes=5)  # so long without an image, and none is being taken
FEW = 3  # images in a row without alerts are no accident


@dataclass(frozen=True)
class Tonight:
    """`state`: one of `WORDS`; `text`: why, fit to show; `since`: of what is wrong; `data_at`: when anything was last
    heard; `visits`, `in_time`: of the last half hour, those decided and those in time.
    """

    state: str
    text: str
    since: datetime | None = None
    data_at: datetime | None = None
    visits: int = 0
    in_time: int = 0

    @property
    def word(self) -> str:
        return WORDS[self.state]


def tonight(looked: Looked) -> Tonight:
    """Return the state as of the look. Green only where fresh images had their alerts in time."""
    seen = looked.picture
    decided = [line for line in seen.decided if line.at > _their_now(looked) - RECENT]
    state, text, since = _said_first(looked) or _of_fresh_images(looked)
    if state in (NOT_EXPECTED, UNKNOWN):
        text += _what_stands(looked, text)
    text += clock_words(seen.off)
    return Tonight(state, text, since, last_sign(seen), len(decided), sum(line.good for line in decided))


def _what_stands(looked: Looked, text: str) -> str:
    """Return sentences, with a space before each, about alarms that stand while nothing is known or expected."""
    standing = [(kind, looked.memory.of(kind)) for kind in KINDS]
    stand = [(kind, one) for kind, one in standing if one.stands and one.title not in text]
    return "".join(f" {kind} still stands, SEV-{one.severity}: {one.title}" for kind, one in stand)


Said = tuple[str, str, datetime | None]


def _said_first(looked: Looked) -> Said | None:
    """Return what goes before any image: day, a lost link, nothing sent, a closed dome, old data."""
    seen, facts, numbers = looked.picture, looked.picture.facts, looked.picture.numbers
    if facts.night is None:
        return UNKNOWN, NO_SITE, None
    if not facts.night[0] <= facts.now < facts.night[1]:
        return NOT_EXPECTED, "It is day.", None
    link = looked.memory.of(LINK)
    if link.stands and link.quiet_since is None:
        return UNKNOWN, link.title, link.since
    for kind in (NONE, WITHHELD):
        found = looked.findings.get(kind)
        standing = looked.memory.of(kind)
        if found is not None and found.fires:
            return NOT_SENDING, found.why, standing.since or found.since
    data_at = last_sign(seen)
    closed = dome_open(facts) is False
    if closed and (facts.beat_at is None or (data_at and facts.now - data_at <= numbers.data_old)):
        return NOT_EXPECTED, "The dome is closed.", None
    if data_at is None:
        return UNKNOWN, "Nothing was heard this night.", None
    if facts.now - data_at > numbers.data_old:
        was = " The dome was closed then." if closed else ""
        return UNKNOWN, f"Nothing was heard since {data_at:%H:%M:%S} UTC.{was}", data_at
    return None


def _their_now(looked: Looked) -> datetime:
    """Return now by the summit's clock, where that is slow."""
    return looked.picture.facts.now - max(looked.picture.off, timedelta())


def _of_fresh_images(looked: Looked) -> Said:
    seen = looked.picture
    now = _their_now(looked)
    others = [(one.at, "flood") for one in seen.floods]
    if seen.other:
        others.append((seen.other[0].at, seen.other[1]))
    other = max(others, default=None)
    last = seen.lines[-1].at if seen.lines else None
    if last is None and other is None:
        return NOT_EXPECTED, "No image was taken this night yet.", None
    if last is None or (other is not None and other[0] > last):
        assert other is not None
        return NOT_EXPECTED, f"The last image is of {other[0]:%H:%M:%S} UTC; {REASONS[other[1]]}.", None
    if now - last > PAUSE:
        return NOT_EXPECTED, f"No image was taken since {last:%H:%M:%S} UTC.", None
    return _of_eligible(looked)


def _of_eligible(looked: Looked) -> Said:
    seen, decided, run = looked.picture, looked.picture.decided, looked.picture.run()
    recent = [line for line in decided if line.at > _their_now(looked) - RECENT]
    if not recent or recent[-1].at < seen.lines[-1].at - PAUSE:
        return UNKNOWN, "Images are taken, and it is not known yet whether their alerts go out.", None
    words = f"{sum(line.good for line in recent)} of {len(recent)} visits of the last half hour were in time."
    if len(run) >= FEW:
        return NOT_SENDING, f"{len(run)} images in a row have no alerts. {words}", run[0].at
    late = looked.memory.of(LATE)
    if late.stands:
        return LATELY, late.title, late.since
    if not recent[-1].good:
        return LATELY, words, recent[-1].at
    if any(looked.memory.of(kind).stands for kind in (NONE, WITHHELD, NEXT_VISIT)):
        return LATELY, f"Alerts go out again; {words}", None
    return SENDING, words, None
