"""PURE. A ladder in words: “SMS at once, call after 1 minute, call again after 3 minutes”."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from oncall.paging.ladder import Rung
from oncall.paging.rules import KIND_OF, Turn

WORDS = {"sms": "SMS", "voice": "call", "email": "e-mail", "slack": "Slack", "push": "push"}


def after(seconds: float) -> str:
    """Return “at once”, “after 1 minute”, “after 90 s”."""
    return f"after {span(seconds)}" if seconds else "at once"


def span(seconds: float) -> str:
    """Return “1 minute”, “5 minutes”, “90 s”."""
    if seconds % 60:
        return f"{seconds:g} s"
    minutes = int(seconds // 60)
    return f"{minutes} minute" + ("" if minutes == 1 else "s")


def in_words(ladder: Sequence[Rung], *, names: dict[str, str]) -> str:
    """Return the ladder as one sentence without its full stop; nothing for no rung.

    `names` says how to call each contact, by its id. Where there is only one of a kind, its name is left out. The same
    way a second time is “again”.
    """
    of_kind: dict[str, set[str]] = {}
    for rung in ladder:
        of_kind.setdefault(_kind(rung), set()).add(rung.contact)
    seen: set[tuple[str, str]] = set()
    parts = []
    for rung in ladder:
        word = WORDS.get(rung.channel, rung.channel)
        again = " again" if (rung.channel, rung.contact) in seen else ""
        named = len(of_kind[_kind(rung)]) > 1
        whom = f" {names.get(rung.contact, rung.contact)}" if named else ""
        if whom and rung.channel != "voice":
            whom = f" to{whom}"
        parts.append(f"{word}{whom}{again} {after(rung.after)}")
        seen.add((rung.channel, rung.contact))
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _kind(rung: Rung) -> str:
    return KIND_OF.get(rung.channel, rung.channel)


def then_policy(turns: Iterable[Turn]) -> str:
    """Return who comes after the person, and when: by the step that waits the shortest. Nothing without any step."""
    waiting = sorted((turn for turn in turns if turn.wait_s > 0), key=lambda turn: (turn.wait_s, turn.policy))
    if not waiting:
        return ""
    soonest = waiting[0]
    return f"then, {span(soonest.wait_s)} after the page began, the policy {soonest.policy} calls the next person"


def overtaken(delay: float, turns: Sequence[Turn]) -> str:
    """Return what is wrong with a rule that comes `delay` seconds after the page began, too late for `turns`."""
    soonest = min(turns, key=lambda turn: turn.wait_s)
    more = f" (and {len(turns) - 1} more)" if len(turns) > 1 else ""
    return (
        f"What comes {after(delay)} may never come: step {soonest.step} of the policy {soonest.policy}{more} calls the "
        f"next person after {span(soonest.wait_s)}, and when they answer, this page ends. Move it earlier."
    )


def waits_until(until: datetime, *, zone: str) -> str:
    """Return why a page is quiet, for whoever looks at it: “... wait until 07:00 in Paris”."""
    place = "" if zone == "UTC" else f" in {zone.rpartition('/')[2].replace('_', ' ')}"
    clock = until.astimezone(ZoneInfo(zone))
    return f"Low urgency in quiet hours: calls and texts wait until {clock:%H:%M}{place or ' UTC'}."
