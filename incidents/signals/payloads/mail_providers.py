"""PURE. Mails that a provider takes in and posts on, taken apart into what `mail.parse` reads.

Twilio SendGrid Inbound Parse: a form (multipart/form-data) with `headers`, `from`, `subject`, `text`, `html`,
`charsets`, `attachments` and `attachment-info`; or, with “POST the raw, full MIME message”, the mail itself in `email`.
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook

Postmark: JSON with `From`, `Subject`, `TextBody`, `HtmlBody`, `MessageID`, `Headers` [{"Name", "Value"}] and
`Attachments` [{"Name", "ContentType", "ContentLength"}]. https://postmarkapp.com/developer/webhooks/inbound-webhook
"""

import json
from collections.abc import Mapping
from email import message_from_string
from typing import Any

from incidents.signals.payloads import mime
from incidents.signals.payloads.items import LONGEST_TEXT, clean

POSTMARK = frozenset({"TextBody", "HtmlBody", "MessageStream", "OriginalRecipient"})  # any of these: it is theirs


def of_form(fields: Mapping[str, bytes]) -> dict[str, Any]:
    """Return a mail that came as a form, its fields as bytes: each is in a character set that `charsets` names."""
    if fields.get("email"):
        return mime.envelope(fields["email"])
    charsets = _charsets(fields.get("charsets", b""))

    def text_of(name: str) -> str:
        return mime.read(fields.get(name, b""), charsets.get(name, ""))

    headers = _headers(text_of("headers"))
    text = text_of("text").strip() or mime.from_html(text_of("html"))
    return {
        "message_id": headers.get("message-id", "")[:500],
        "references": (headers.get("references") or headers.get("in-reply-to") or "").split()[:50],
        "from": text_of("from")[:300],
        "subject": " ".join(text_of("subject").split())[:1000],
        "text": text[:LONGEST_TEXT],
        "headers": {name: headers[name.lower()][:500] for name in mime.KEPT_HEADERS if name.lower() in headers},
        "attachments": _listed(text_of("attachment-info"), "filename", "type"),
    }


def _charsets(raw: bytes) -> dict[str, str]:
    try:
        found = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError):
        return {}
    return {name: str(value)[:40] for name, value in found.items()} if isinstance(found, dict) else {}


def _headers(block: str) -> dict[str, str]:
    """Return the headers in a block of them by their names in small letters, the first of each."""
    found: dict[str, str] = {}
    try:
        for name, value in message_from_string(block.strip() + "\n\n").items():
            found.setdefault(name.lower(), mime.decoded(str(value)))
    except mime.BROKEN:
        pass
    return found


def is_postmark(data: Any) -> bool:
    return isinstance(data, dict) and bool(POSTMARK & data.keys())


def of_postmark(data: dict[str, Any]) -> dict[str, Any]:
    """Return a mail that came as Postmark's JSON."""
    rows = data.get("Headers")
    headers: dict[str, str] = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            headers.setdefault(str(row.get("Name")).lower(), clean(str(row.get("Value")))[:500])
    text = _text(data, "TextBody").strip() or mime.from_html(_text(data, "HtmlBody"))
    return {
        # its own MessageID is Postmark's; the mail's stands among the headers
        "message_id": headers.get("message-id") or _text(data, "MessageID")[:500],
        "references": (headers.get("references") or headers.get("in-reply-to") or "").split()[:50],
        "from": _text(data, "From")[:300],
        "subject": _text(data, "Subject")[:1000],
        "text": clean(text)[:LONGEST_TEXT],
        "headers": {name: headers[name.lower()] for name in mime.KEPT_HEADERS if name.lower() in headers},
        "attachments": _attached(data.get("Attachments"), "Name", "ContentType"),
    }


def of_cut_postmark(body: bytes) -> dict[str, Any] | None:
    """Return a mail by the beginning of Postmark's JSON: the fields that are whole in it, of which the attachments come
    last; nothing if there is neither a subject nor a text.
    """
    fields = _whole_fields(body.decode("utf-8", "ignore"))
    if not is_postmark(fields) or not (_text(fields, "Subject") or _text(fields, "TextBody")):
        return None
    return of_postmark(fields) | {"attachments": ["something too large: the mail was cut off"]}


def _whole_fields(text: str) -> dict[str, Any]:
    """Return the fields of a JSON object up to the first that is not whole."""
    found: dict[str, Any] = {}
    decoder, comma = json.JSONDecoder(), "{"
    at = _past_blanks(text, 0)
    try:
        while text[at : at + 1] == comma:
            name, at = decoder.raw_decode(text, _past_blanks(text, at + 1))
            at = _past_blanks(text, at)
            if not isinstance(name, str) or text[at : at + 1] != ":":
                break
            found[name], at = decoder.raw_decode(text, _past_blanks(text, at + 1))
            at, comma = _past_blanks(text, at), ","
    except (ValueError, RecursionError):
        pass  # here it was cut off
    return found


def _past_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in {" ", "\t", "\n", "\r"}:
        at += 1
    return at


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return clean(value) if isinstance(value, str) else ""


def _listed(text: str, name: str, kind: str) -> list[str]:
    try:
        found = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        return []
    return _attached(list(found.values()) if isinstance(found, dict) else [], name, kind)


def _attached(rows: Any, name: str, kind: str) -> list[str]:
    kept = [row for row in rows if isinstance(row, dict)][:50] if isinstance(rows, list) else []
    return [clean(f"{row.get(name) or 'without a name'} ({row.get(kind) or 'unknown'})")[:200] for row in kept]
