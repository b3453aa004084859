"""PURE. Takes a mail as it travelled (RFC 5322, MIME) apart into what `mail.parse` reads. Never fails: what cannot be
decoded is shown as well as can be, so that every mail is kept and somebody can read it.

The older policy of the standard library is used on purpose: the newer one raises on headers that nobody should send
and somebody does.
"""

import binascii
import json
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from html import unescape
from typing import Any

from incidents.signals.payloads.items import LONGEST_TEXT, clean

MOST_PARTS = 200
MOST_HTML = 200_000  # characters
KEPT_HEADERS = (
    "Auto-Submitted", "Precedence", "X-Autoreply", "X-Autorespond", "Content-Type", "Date", "Return-Path", "To",
)  # fmt: skip
BROKEN = (
    MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, binascii.Error,
)  # fmt: skip  # what the library is known to raise on what it cannot read
HIDDEN = ("script", "style", "head", "title")
BREAKS = ("br", "p", "/p", "div", "/div", "tr", "/tr", "li", "h1", "h2", "h3", "table", "/table", "hr")


def envelope(raw: bytes) -> dict[str, Any]:
    """Return the parts of a mail by name, as `mail.parse` reads them."""
    try:
        message = message_from_bytes(raw)
    except BROKEN:  # nested without end, say
        return {"subject": "", "text": clean(raw[:LONGEST_TEXT].decode("utf-8", "replace"))}
    text, attached = _body(message)
    references = _header(message, "References").split() or _header(message, "In-Reply-To").split()
    return {
        "message_id": _header(message, "Message-ID")[:500],
        "references": [one[:500] for one in references[:50]],
        "from": _header(message, "From")[:300],
        "subject": " ".join(_header(message, "Subject").split())[:1000],
        "text": text[:LONGEST_TEXT],
        "headers": {name: found[:500] for name in KEPT_HEADERS if (found := _header(message, name))},
        "attachments": attached,
    }


def written(parts: dict[str, Any]) -> bytes:
    """Return the parts of a mail as the JSON that is kept and read."""
    return json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace")


def _header(message: "Message[str, str]", name: str) -> str:
    try:
        value = message.get(name)
        return decoded(str(value)) if value is not None else ""
    except BROKEN:
        return ""


def decoded(value: str) -> str:
    """Return a header with its encoded words (RFC 2047) read, those that can be."""
    try:
        pairs = decode_header(value)
    except BROKEN:
        return plain(value)
    return "".join(read(piece, charset or "") if isinstance(piece, bytes) else plain(piece) for piece, charset in pairs)


def plain(text: str) -> str:
    """Return a text whose bytes the library could not read, read as UTF-8 where that fits, else as Latin 1."""
    raw = text.encode("utf-8", "surrogateescape") if _has_bytes(text) else None
    return clean(read(raw, "") if raw is not None else text)


def _has_bytes(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text)


def read(raw: bytes, charset: str) -> str:
    """Return bytes as text: in the character set they claim, else as UTF-8 where that fits, else as Latin 1."""
    for name in (charset, "utf-8"):
        try:
            return clean(raw.decode(name))
        except (LookupError, ValueError):  # a charset that does not exist, or that it is not in
            continue
    return clean(raw.decode("latin-1"))


def _body(message: "Message[str, str]") -> tuple[str, list[str]]:
    """Return the text of a mail, and the names of what is attached. Plain text goes before HTML."""
    texts: list[str] = []
    pages: list[str] = []
    attached: list[str] = []
    try:
        parts = [part for part, _ in zip(message.walk(), range(MOST_PARTS), strict=False)]
    except BROKEN:
        parts = [message]
    for part in parts:
        if part.is_multipart():
            continue
        kind, name = _kind(part), _file_name(part)
        raw = _payload(part)
        if name or kind not in {"text/plain", "text/html"}:
            attached.append(clean(f"{name or 'without a name'} ({kind}, {_size(len(raw))})")[:200])
        elif kind == "text/plain":
            texts.append(read(raw, _charset(part)))
        else:
            pages.append(from_html(read(raw[:MOST_HTML], _charset(part))))
    text = next((one for one in texts if one.strip()), "") or next((one for one in pages if one.strip()), "")
    return text.strip(), attached[:50]


def _kind(part: "Message[str, str]") -> str:
    try:
        return part.get_content_type()
    except BROKEN:
        return "text/plain"


def _file_name(part: "Message[str, str]") -> str:
    try:
        name = part.get_filename()
        return (
            decoded(name)[:120] if name else ("an attachment" if part.get_content_disposition() == "attachment" else "")
        )
    except BROKEN:
        return "an attachment"


def _charset(part: "Message[str, str]") -> str:
    try:
        return part.get_content_charset() or ""
    except BROKEN:
        return ""


def _payload(part: "Message[str, str]") -> bytes:
    try:
        raw = part.get_payload(decode=True)
    except BROKEN:
        raw = None
    if isinstance(raw, bytes) and raw:
        return raw
    text = part.get_payload()
    return text.encode("utf-8", "replace") if isinstance(text, str) else b""


def _size(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.0f} kB"


def from_html(page: str) -> str:
    """Return the words of an HTML page, roughly in lines. In one pass, whatever stands in it."""
    page = _without_comments(page[:MOST_HTML])
    return _words(page, hide=True) or _words(page, hide=False)  # a head that never ends hides everything


def _without_comments(page: str) -> str:
    kept, at = [], 0
    while (start := page.find("<!--", at)) >= 0:
        kept.append(page[at:start])
        end = page.find("-->", start)
        if end < 0:
            return "".join(kept)
        at = end + 3
    return "".join([*kept, page[at:]])


def _words(page: str, *, hide: bool) -> str:
    first, *chunks = page.split("<")
    words, hidden = [first], ""
    for chunk in chunks:
        tag, _, rest = chunk.partition(">")
        name = tag.split(None, 1)[0].lower().rstrip("/") if tag.strip() else ""
        if hidden and name != f"/{hidden}":
            continue
        hidden = name if hide and name in HIDDEN else ""
        if hidden:
            continue
        if not (name[:1].isalpha() or name[:1] in {"/", "!", "?"}):
            words.append(f"<{chunk}")  # no tag: “a < b”
            continue
        words.append(("\n" if name in BREAKS else "") + rest)
    lines = (" ".join(line.split()) for line in unescape("".join(words)).splitlines())
    return clean("\n".join(line for line in lines if line))
