"""PURE: what somebody typed into the search box, and which parts of a found text show why it was found."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

LONGEST = 300  # letters that are searched; nobody types more, and what is pasted begins with what matters
FEW = 48  # letters shown before an excerpt, and behind it
HERE, OVER, NEXT = "\x02", "\x03", "\x04"  # where a hit begins and ends, and between two excerpts: no letter is one
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_NUMBER = re.compile(r"(?:(?:review(?: of)? )?incident|review|inc|#)?[\s#-]*0*([1-9]\d{0,8})", re.IGNORECASE)
_ADDRESS = re.compile(r"/(?:incidents|reviews)/([1-9]\d{0,8})(?:/|\Z)")
_PLAYBOOK = re.compile(r"/playbooks/([a-z][a-z0-9-]{0,39})(?:/|\Z)")
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE)
_KEPT_OUT = re.compile(r'(?:\A|\s)-(?:"[^"]*"?|\S+)')
_WORD = re.compile(r"\w+")
_PIECE = re.compile(r'(-?)("[^"]*"?|[^\s"]+)')
MOST_PIECES = 16  # of a question that are looked for in different texts; who types more pastes one text, and means it


@dataclass(frozen=True)
class Part:
    """A piece of a text; `hit`: it is why the text was found."""

    text: str
    hit: bool = False


@dataclass(frozen=True)
class Wanted:
    """Words and "phrases" that are all to be there, and those of which none may be."""

    all: tuple[str, ...]
    none: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join([*self.all, *(f"-{piece}" for piece in self.none)])


@dataclass(frozen=True)
class Question:
    """What is asked: in one line, without what PostgreSQL cannot take. `cut`: more was typed than is searched."""

    text: str
    cut: bool = False

    @property
    def number(self) -> int | None:
        """Return the incident that is meant, or whose review, by its number: 12, #12, incident 12, or an address."""
        found = _NUMBER.fullmatch(self.text) or _ADDRESS.search(self.text)
        return int(found[1]) if found else None

    @property
    def id(self) -> UUID | None:
        """Return the id that is asked for, by itself or in an address."""
        found = _ID.search(self.text)
        return UUID(found[0]) if found else None

    @property
    def slug(self) -> str:
        """Return the short name of the playbook that is meant, by itself or in an address."""
        found = _PLAYBOOK.search(self.text)
        return found[1] if found else self.text.lower()

    @property
    def begun(self) -> list[str]:
        """Return the words, folded, with which other words may begin: “-word” is left out, and “or” is no word."""
        words = _words(_KEPT_OUT.sub(" ", self.text))
        return [word for word in words if word != "or"] if len(words) > 1 else words

    @property
    def choices(self) -> list[Wanted]:
        """Return what is asked piece by piece, for what has several texts; any one of these is enough (“or”)."""
        pieces = [(dash, said) for dash, said in _PIECE.findall(self.text) if _WORD.search(said)]
        if len(pieces) > MOST_PIECES:
            return [Wanted((self.text,), ())]
        choices: list[Wanted] = [Wanted((), ())]
        for dash, said in pieces:
            last = choices[-1]
            if not dash and said.lower() == "or":
                choices.append(Wanted((), ()))
            elif dash:
                choices[-1] = Wanted(last.all, (*last.none, said if said[0] == '"' else f'"{said.lstrip("-")}"'))
            else:
                choices[-1] = Wanted((*last.all, said), last.none)
        return [one for one in choices if one.all or one.none]

    @property
    def kept_out(self) -> list[str]:
        """Return the words, folded, that are not to be there."""
        return [word for said in _KEPT_OUT.findall(self.text) for word in _words(said)]


def question(typed: str) -> Question:
    """Return what is asked; whatever was typed is a question."""
    line = " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", typed)).split())
    return Question(line[:LONGEST].strip(), cut=len(line) > LONGEST)


def folded(text: str) -> str:
    """Return a text in small letters without accents: Gómez is gomez."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _words(text: str) -> list[str]:
    return [word for part in _WORD.findall(folded(text)) for word in part.split("_") if word]


def begins(asked: Question, texts: Iterable[str]) -> int:
    """Return how well texts answer by how their words begin: 0 not at all, 1 somewhere, 2 in the first text alone, 3 if
    that begins with what is asked, 4 if it is that.
    """
    first, *others = [_words(text) for text in texts]
    wanted = asked.begun
    everywhere = [word for words in (first, *others) for word in words]
    if not wanted or set(asked.kept_out) & set(everywhere):
        return 0
    if first == wanted:
        return 4
    if _all_begin(wanted, first):
        return 3 if " ".join(first).startswith(" ".join(wanted)) else 2
    return 1 if _all_begin(wanted, everywhere) else 0


def _all_begin(wanted: Sequence[str], words: Sequence[str]) -> bool:
    return all(any(word.startswith(one) for word in words) for one in wanted)


def marked(text: str, asked: Question) -> tuple[Part, ...]:
    """Return a text with the words marked that begin as asked."""
    wanted, parts, done = asked.begun, [], 0
    for word in re.finditer(r"[^\W_]+", text):
        if any(one.startswith(begun) for one in _words(word[0]) for begun in wanted):
            parts += [Part(text[done : word.start()]), Part(word[0], hit=True)]
            done = word.end()
    return tuple(part for part in (*parts, Part(text[done:])) if part.text)


def parted(headline: str, original: str, apart: str) -> tuple[Part, ...]:
    """Return PostgreSQL's excerpts of `apart` as they stand in the original, letter for letter as long, and a few words
    about them. Parts hold plain text: whatever of HTML somebody wrote is still to be escaped.
    """
    parts: list[Part] = []
    end = -1
    for nth, excerpt in enumerate(headline.split(NEXT)):
        at = apart.find(excerpt.replace(HERE, "").replace(OVER, ""), max(end, 0))
        parts.append(Part(" … " if nth else _before(original, at)))
        for piece in re.split(f"({HERE}[^{HERE}{OVER}]*{OVER})", excerpt):
            text = piece.replace(HERE, "").replace(OVER, "")
            if at >= 0:
                text, at = original[at : at + len(text)], at + len(text)
            parts.append(Part(text, hit=piece.startswith(HERE) and piece.endswith(OVER)))
        end = at
    parts.append(Part(_after(original, end)))
    return _joined(parts)


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts without empty ones, and with plain ones that touch as one."""
    joined: list[Part] = []
    for part in parts:
        if joined and not part.hit and not joined[-1].hit:
            joined[-1] = Part(joined[-1].text + part.text)
        elif part.text:
            joined.append(part)
    return tuple(joined)


def _before(text: str, at: int) -> str:
    """Return the few words that stand before a place; none where that is not known (-1)."""
    start = max(at, 0)
    if start <= FEW:
        return text[:start]
    return "… " + text[start - FEW : start].partition(" ")[2]


def _after(text: str, at: int) -> str:
    rest = text[at:] if at >= 0 else ""
    return rest if len(rest) <= FEW else rest[:FEW].rpartition(" ")[0] + " …"


def around(parts: Sequence[Part], letters: int = 160) -> tuple[Part, ...]:
    """Return what stands about the first hit of a long text: so many letters before it, and after."""
    first = next((nth for nth, part in enumerate(parts) if part.hit), 0)
    before = "".join(part.text for part in parts[:first])
    shown = [Part(before if len(before) <= letters else "… " + before[-letters:])]
    left = letters
    for part in parts[first:]:
        shown.append(Part(part.text if len(part.text) <= left else part.text[:left] + " …", part.hit))
        left -= len(part.text)
        if left <= 0:
            break
    return tuple(part for part in shown if part.text)
