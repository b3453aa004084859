"""What somebody typed, as HTML that does nothing but show it. PURE.

A small grammar of our own: fences of code, `code`, bare links to http, https and mailto, and @names. Everything else
is text, and every character of it is escaped; no word of the writer becomes a tag, an attribute's name or a scheme.
Source: security.md S20.
"""

import re
from collections.abc import Collection
from html import escape

_FENCE = re.compile(r"^ {0,3}(`{3,})[^`]*$")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
# \u2028 and \u2029 are line ends to some readers; so none of them is part of a link.
_TOKEN = re.compile(
    r"(?P<link>\b(?:https?://|mailto:)[^\s<>\"'`\\^{|}\u2028\u2029]{1,2000})"
    r"|(?<![\w@./+-])@(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,39})",
    re.IGNORECASE,
)
_PLAIN_LINK = re.compile(r"(?:https?://[\w\[]|mailto:[\w.+-]+@[\w.-])", re.IGNORECASE)
_TRAILING = ".,;:!?)]*_~"
# Controls that nobody sees, and those that turn the direction of what follows: shown, so that they fool nobody.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def as_html(text: str, *, names: Collection[str] = ()) -> str:
    """Return `text` as HTML. `names`: usernames that are somebody's; only these are marked where they are mentioned."""
    known = {name.lower() for name in names}
    parts: list[str] = []
    for is_code, lines in _blocks(seen(text).split("\n")):
        if is_code:
            parts.append(f"<pre><code>{escape(chr(10).join(lines))}</code></pre>")
            continue
        paragraphs = re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines).strip("\n"))
        parts += [f"<p>{_inline(one, known)}</p>" for one in paragraphs if one.strip()]
    return "".join(parts)


def seen(text: str) -> str:
    """Return `text` with one kind of line end, and every character that hides or turns others written out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def mentions(text: str) -> set[str]:
    """Return what may be usernames in `text`, in small letters, also without a dot that ends the sentence; none of a
    piece of code.
    """
    found: set[str] = set()
    for is_code, lines in _blocks(seen(text).split("\n")):
        if is_code:
            continue
        for token in _TOKEN.finditer(_CODE.sub(" ", "\n".join(lines))):
            if token["name"]:
                found |= {token["name"].lower(), token["name"].lower().rstrip("._-")}
    return found


def longest_ticks(text: str) -> int:
    """Return the length of the longest run of backticks in `text`: a fence around it must be longer."""
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _blocks(lines: list[str]) -> list[tuple[bool, list[str]]]:
    """Return runs of lines, each with whether it is code. A fence that is never closed runs to the end."""
    blocks: list[tuple[bool, list[str]]] = [(False, [])]
    fence = 0
    for line in lines:
        opened = _FENCE.match(line)
        if fence:
            closes = opened is not None and len(opened[1]) >= fence and line.strip() == opened[1]
            if closes:
                fence = 0
                blocks.append((False, []))
            else:
                blocks[-1][1].append(line)
        elif opened is not None:
            fence = len(opened[1])
            blocks.append((True, []))
        else:
            blocks[-1][1].append(line)
    return [(is_code, run) for is_code, run in blocks if run or is_code]


def _inline(text: str, known: Collection[str]) -> str:
    parts, at = [], 0
    for found in _CODE.finditer(text):
        parts.append(_words(text[at : found.start()], known))
        parts.append(f"<code>{escape(found[2].strip())}</code>")
        at = found.end()
    parts.append(_words(text[at:], known))
    return "".join(parts)


def _words(text: str, known: Collection[str]) -> str:
    parts, at = [], 0
    for found in _TOKEN.finditer(text):
        parts.append(_escaped(text[at : found.start()]))
        at = found.end()
        if found["link"]:
            link = found["link"].rstrip(_TRAILING)
            at = found.start() + len(link)
            parts.append(_link(link))
        else:
            name = found["name"]
            name = name if name.lower() in known else name.rstrip("._-")
            at = found.start() + 1 + len(name)
            shown = escape(f"@{name}")
            parts.append(f'<span class="mention">{shown}</span>' if name.lower() in known else shown)
    parts.append(_escaped(text[at:]))
    return "".join(parts)


def _link(link: str) -> str:
    if not _PLAIN_LINK.match(link):
        return _escaped(link)
    return f'<a href="{escape(link)}" rel="noopener noreferrer nofollow">{escape(link)}</a>'


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>")
