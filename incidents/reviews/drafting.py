"""The words a review begins with, from what is known of its incident. PURE.

Nobody's name is a cause: the story is told by what was found and done, and people stand only among the responders.
Source: domain.md 3.1 (afterwards).
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from incidents.reviews.impact import YEAR_WORDS as YEAR_WORDS  # noqa: PLC0414  # who shows shares takes it from here
from incidents.reviews.impact import Figures

# What a review consists of, in order: name, heading, what belongs there.
SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("overview", "Overview", "Two or three sentences: what was wrong, for how long, for whom."),
    ("what_happened", "What happened", "The story in order. What was seen and done, not who is to blame."),
    ("contributing", "Contributing factors", "Everything that had to come together. No names."),
    ("resolution_temporary", "Resolution, for now", "What ended the effect, and how that was verified."),
    ("resolution_long_term", "Resolution, for good", "What keeps it from coming back; the work itself is an action."),
    ("impact", "Impact", "Exact numbers; they stand beside this as they were counted."),
    ("responders", "Responders", "Who had which role, and when."),
    ("timeline", "Timeline", "The turning points, in UTC."),
    ("went_well", "What went well", "What to keep."),
    ("went_badly", "What did not", "What hindered, and what was missing."),
    ("lucky", "Where we got lucky", "What would have made it worse."),
    ("internal_mail", "Mail to colleagues", "Short, with the link to this page."),
    ("external_message", "Message to the community", "What users noticed, what was done, what comes."),
)
NAMES: tuple[str, ...] = tuple(name for name, _, _ in SECTIONS)
LONGEST = 20_000
PUBLIC: tuple[str, ...] = tuple(
    name for name in NAMES if name not in ("responders", "internal_mail", "external_message")
)  # the message was written for all, so it goes out as it is, not in a report
TURNING = ("impact began", "detected", "declared", "state", "severity", "finding", "action", "fixed", "message sent")


@dataclass(frozen=True)
class Told:
    """A line of the timeline. `kind`: in words, as the timeline has it."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True)
class Known:
    """What is known of an incident. `roles`: (role, name, since, until)."""

    number: int
    title: str
    summary: str
    severity: int
    product: str
    link: str
    lines: Sequence[Told]
    roles: Sequence[tuple[str, str, datetime, datetime | None]]
    figures: Figures


def draft(known: Known) -> dict[str, str]:
    """Return the text of each section; empty where nothing is known that belongs there."""
    numbers = known.figures
    found = [one.text for one in known.lines if one.kind == "finding"]
    done = [one for one in known.lines if one.kind in ("finding", "action", "fixed")]
    fixed = [one.text for one in known.lines if one.kind == "fixed"]
    where = f" on {known.product}" if known.product else ""
    overview = f"{sentence(known.title)} It was a SEV-{known.severity}{where}. {effect(numbers)}"
    if known.summary:
        overview = f"{overview}\n\n{known.summary}"
    texts = dict.fromkeys(NAMES, "")
    texts |= {
        "overview": overview,
        "what_happened": "\n".join(f"{clock(one.at)} {sentence(one.text)}" for one in done),
        "contributing": "\n".join(sentence(text) for text in found),
        "resolution_temporary": "\n".join(sentence(text) for text in fixed),
        "impact": "\n".join(in_words(numbers)),
        "responders": "\n".join(
            f"{role}: {name}, {clock(since)} to {clock(until) if until else 'now'}"
            for role, name, since, until in known.roles
        ),
        "timeline": "\n".join(
            f"{stamp(one.at)}  {one.kind}: {' '.join(one.text.split())}" for one in known.lines if one.kind in TURNING
        ),
        "internal_mail": (
            f"Incident {known.number}, SEV-{known.severity}: {known.title}\n\n{effect(numbers)}\n\n"
            f"The review is being written: {known.link}"
        ),
        "external_message": (
            f"{sentence(known.title)} {effect(numbers)} It is over. A report follows when it has been reviewed."
        ),
    }
    return {name: text[:LONGEST] for name, text in texts.items()}


def effect(numbers: Figures) -> str:
    return f"The effect lasted {length(numbers['seconds'])}. {lost(numbers)}"


def lost(numbers: Figures) -> str:
    """243 of 250 eligible visits were not in time: 0 delayed, 243 failed. With what is not known yet, and never was."""
    said = []
    if numbers["eligible"]:
        so_far = " so far" if numbers["pending"] else ""
        said.append(
            f"{numbers['lost']:,} of {numbers['eligible']:,} eligible visits were not in time{so_far}: "
            f"{numbers['delayed']:,} delayed, {numbers['failed']:,} failed."
        )
    if numbers["pending"]:
        said.append(f"{numbers['pending']:,} more are pending: their alerts may still be sent, too late or not at all.")
    if unknown := numbers.get("unknown", 0):
        said.append(f"Of {unknown:,} more it is not known.")
    if numbers["unseen"] and numbers["eligible"]:
        said.append(f"At the usual cadence about {numbers['unseen']:,} more would have been; nobody reported them.")
    elif numbers["unseen"]:
        said.append(f"No visit was reported; at the usual cadence about {numbers['unseen']:,} would have been.")
    return " ".join(said) or "No visit was affected."


def follow(texts: Mapping[str, str], was: Iterable[Figures], now_is: Figures) -> dict[str, str]:
    """Return the texts with what is counted now, where they still say, word for word, what was counted before."""
    found = dict(texts)
    for one in was:
        for old, new in (("\n".join(in_words(one)), "\n".join(in_words(now_is))), (effect(one), effect(now_is))):
            found = {name: text.replace(old, new) for name, text in found.items()}
    return found


def in_words(numbers: Figures) -> list[str]:
    """Return the impact as lines of text."""
    rows = [f"Lasted {length(numbers['seconds'])}{_as_severe(numbers['minutes_by_severity'])}.", lost(numbers)]
    if numbers["alerts_late"]:
        rows.append(f"{numbers['alerts_late']:,} alerts were sent after the limit.")
    if numbers["lost"]:
        shares = ", ".join(f"{numbers['year'][name]} % of the {words}" for name, words in YEAR_WORDS.items())
        rows.append(f"Of the year's budgets: {shares}.")
    for one in numbers["nights"]:
        shares = ", ".join(f"{one['used'][name]} % of the {words}" for name, words in YEAR_WORDS.items())
        rows.append(
            f"Night of {one['night']}{'' if one.get('over', True) else ', which is not over'}: {one['lost']} % of its "
            f"{one['eligible']:,} eligible visits{'' if one.get('over', True) else ' so far'} were not in time; "
            f"of its budgets: {shares}."
        )
    called = "Nobody was paged for it"
    if numbers["people_called"] or numbers["worked_s"]:
        people = "1 person was" if numbers["people_called"] == 1 else f"{numbers['people_called']} people were"
        called = f"{people} called; those called worked {length(numbers['worked_s'])} in all"
    rows.append(f"{called}. Messages sent out: {numbers['messages_sent']}.")
    return rows


def _as_severe(minutes: Mapping[str, int]) -> str:
    """as SEV-1, where it was that all the time; else how long it was what: (30 min as SEV-2, 2 h as SEV-1)."""
    if len(minutes) == 1:
        return "".join(f" as SEV-{level}" for level in minutes)
    many = ", ".join(f"{length(many * 60)} as SEV-{level}" for level, many in minutes.items())
    return f" ({many})" if many else ""


def length(seconds: int) -> str:
    """2 h 30 min; 45 s where it is less than a minute."""
    if seconds < 60:
        return f"{seconds} s"
    hours, rest = divmod(seconds // 60, 60)
    parts = [f"{hours} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} min")
    return " ".join(parts)


def sentence(text: str) -> str:
    """Return it on one line, with a full stop behind it unless something else ends it."""
    text = " ".join(text.split())
    return text if not text or text[-1] in ".!?…:" else f"{text}."


def clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M} UTC"


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


# --- Blameless --------------------------------------------------------------------------------------------------------

_HOME = re.compile(r"(/(?:home|users)(?:/[a-z](?=/))?/)[\w.-]+", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@(?=[\w.-]*[^\W\d])[\w-]+(?:\.[\w-]+)*")  # also somebody at a host
_NUMBER = re.compile(
    r"\+\d[\d ()./-]{6,}\d"  # +1 415 555 0101
    r"|(?<![\w./:-])00\d[\d ()./-]{6,}\d(?!\w)"
    r"|(?<![\w./:-])\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}(?![\w-])"  # (415) 555-0101
    r"|(?<![\w./:-])\(?\d{1,4}\)?[ -]\d{3,4}[ -]\d{4}(?![\w-])"  # 9 8765 4321
    r"|(?<![\w./:-])0\d(?:[ .]\d{2}){4}(?!\w)"  # 01 44 27 55 00
)
SHORTEST = 2  # letters of a name that is looked for
ALSO_WORDS = frozenset(
    "admin art bill bot chance demo dev drew faith frank grace grant guest hope in joy mark may miles on oncall ops "
    "pat pilot ray rich rob root rose service star sue system test user victor wade will".split()
)  # usernames that are words too: only with a capital letter or an @


def blameless(text: str, people: Mapping[str, str], usernames: Collection[str] = ()) -> str:
    """Return `text` with every name in `people` replaced by its role, and addresses and telephone numbers taken out.

    Names are found as whole words, the longest first, however they are accented, parted or turned round; one word alone
    only with a capital letter or an @, unless it is one of `usernames`. Whoever publishes looks at it all the same: a
    name nobody told us of, or a word that is a name too, only a human finds.
    """
    text = unicodedata.normalize("NFC", text)
    text = _NUMBER.sub("(number)", _MAIL.sub("(address)", _HOME.sub(r"\1(somebody)", text)))
    patterns: dict[str, str] = {}
    for name, role in people.items():
        if len(name.strip()) >= SHORTEST:
            patterns |= dict.fromkeys(_ways(_folded(name)[0].split()), role)
    if not patterns:
        return text
    always = {_folded(name)[0] for name in usernames if len(name) > SHORTEST} - ALSO_WORDS
    longest = sorted(patterns, key=len, reverse=True)
    alone = r"(?<![^\W_])@?(?:" + "|".join(f"({one})" for one in longest) + r")(?![^\W_])"
    folded, places = _folded(text)
    parts, done = [], 0
    for hit in re.finditer(alone, folded):
        since, until = places[hit.start()], places[hit.end()]
        found = text[since:until]
        one_word = not re.search(r"[\W_]", found)
        if one_word and found.islower() and hit[0] not in always:
            continue  # "will", "may" and "mark" are names only where they begin with a capital letter
        assert hit.lastindex is not None  # one of the ways was found
        parts += [text[done:since], patterns[longest[hit.lastindex - 1]]]
        done = until
    return "".join([*parts, text[done:]])


def _ways(words: Sequence[str]) -> list[str]:
    """Return how a name is written, as patterns: Ada Moreno, Ada_Moreno; Moreno, Ada; A. Moreno."""
    escaped = [re.escape(word) for word in words]
    ways = [r"[\s_.]+".join(escaped)] if escaped else []
    if len(words) > 1:
        first, last = r"[\s_.]+".join(escaped[:-1]), escaped[-1]
        ways += [rf"{last},\s*{first}", rf"{re.escape(words[0][0])}\.\s*{last}"]
    return ways


def _folded(text: str) -> tuple[str, list[int]]:
    """Return `text` without case, accents and what is not seen, and where in `text` each of its letters began; one
    place more for the end.
    """
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for one in unicodedata.normalize("NFD", char.casefold()):
            if unicodedata.category(one) not in ("Mn", "Cf"):
                letters.append(one)
                places.append(place)
    return "".join(letters), [*places, len(text)]


def public(texts: Mapping[str, str], people: Mapping[str, str], usernames: Collection[str] = ()) -> dict[str, str]:
    """Return the sections that a report for everybody has, without names."""
    return {name: blameless(texts.get(name, ""), people, usernames) for name in PUBLIC}


def plain(texts: Iterable[str]) -> str:
    """Return all of it as one text, to be searched."""
    return "\n".join(one for one in texts if one)
