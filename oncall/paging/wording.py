"""PURE. A ladder in words: “SMS at once, call after 1 minute, call again after 3 minutes”."""

from collections.abc import Sequence

from oncall.paging.ladder import Rung

WORDS = {"sms": "SMS", "voice": "call", "email": "e-mail"}


def after(seconds: float) -> str:
    """Return “at once”, “after 1 minute”, “after 90 s”."""
    if not seconds:
        return "at once"
    if seconds % 60:
        return f"after {seconds:g} s"
    minutes = int(seconds // 60)
    return f"after {minutes} minute" + ("" if minutes == 1 else "s")


def in_words(ladder: Sequence[Rung], *, names: dict[str, str]) -> str:
    """Return the ladder as one sentence without its full stop; nothing for no rung.

    `names` says how to call each contact, by its id. Where there is only one of a kind, its name is left out. The same
    way a second time is “again”.
    """
    of_kind: dict[bool, set[str]] = {True: set(), False: set()}
    for rung in ladder:
        of_kind[rung.channel == "email"].add(rung.contact)
    seen: set[tuple[str, str]] = set()
    parts = []
    for rung in ladder:
        word = WORDS.get(rung.channel, rung.channel)
        again = " again" if (rung.channel, rung.contact) in seen else ""
        named = len(of_kind[rung.channel == "email"]) > 1
        whom = f" {names.get(rung.contact, rung.contact)}" if named else ""
        if whom and rung.channel != "voice":
            whom = f" to{whom}"
        parts.append(f"{word}{whom}{again} {after(rung.after)}")
        seen.add((rung.channel, rung.contact))
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]
