"""PURE. Kind `mail`: what a mail says, once it has been taken apart (mime.py, mail_providers.py), as JSON:
{"subject", "from", "text", "message_id", "references": [], "headers": {}, "attachments": ["name (type, size)"]}.

The subject is the title and the key: “Re:”, “RESOLVED:” and severities are taken off it for the key, so that what a
monitor writes when a thing breaks and when it is well again are one alarm. Without a subject the thread is the key.

Only a marker ends something, such as “RESOLVED: …”, “[OK] …” or “OK - …”; a sentence that begins with such a word does
not. "unbegun": true says that what it would end was never heard of here: then it is a thing of its own.
"""

import re
from typing import Any

from incidents.signals.payloads.items import LONGEST_TITLE, Item, Parsed, Reader, Unreadable, as_key, clean, load

OURS = re.compile(r"<[0-9a-f]{8}-[0-9a-f-]{27}@oncall>", re.IGNORECASE)  # as paging/email.py writes its Message-ID
REPLY = re.compile(r"^\s*(?:re|fwd?|aw|wg|sv|rv|tr)\s*(?:\[\d+\])?:\s*", re.IGNORECASE)
ENDS = r"(?:resolved|recovered|recovery|cleared|closed|ok|up|normal)"
OVER = re.compile(
    rf"^[^\w\[]*(?:\[[\W_]*{ENDS}(?:\s*:\s*\d+)?[\W_]*\]"  # [RESOLVED], [RESOLVED:2], [OK]
    rf"|{ENDS}\s*(?::|\s[-–—]+\s)"  # RESOLVED: …, OK - …
    r"|resolved in (?:\d+\s*[a-z]+\s*)+:"  # Zabbix: after how long
    r")"
    rf"|^\*+\s*{ENDS}\s",  # Nagios: ** RECOVERY Service Alert: … is OK **
    re.IGNORECASE,
)
AUTOMATIC = re.compile(
    r"^\s*(?:auto(?:matic)?[ -]?reply|autosvar|out of (?:the )?office|abwesend|réponse automatique)\b", re.I
)
WORST = {
    "emergency": 1, "critical": 1, "fatal": 1, "disaster": 1, "sev1": 1,
    "error": 2, "major": 2, "sev2": 2,
    "warning": 3, "warn": 3, "sev3": 3,
    "info": 4, "information": 4, "sev4": 4,
    "sev5": 5,
}  # fmt: skip  # of the words in items.py those that mean nothing else in a subject
STATES = frozenset(
    {
        "problem", "firing", "triggered", "alert", "alerting", "resolved", "recovered", "recovery", "cleared", "closed",
        "ok", "up", "down", "normal", "unknown", "acknowledged", *WORST,
    }
)  # fmt: skip  # of a subject, what changes while the thing stays the same
RESOLVED_IN = re.compile(r"\bresolved in (?:\d+\s*[a-z]+\s*)+:", re.IGNORECASE)  # Zabbix says after how long
COUNTED = re.compile(r"\[\s*([a-z]+)\s*:\s*\d+\s*\]", re.IGNORECASE)  # Grafana and Alertmanager count: [FIRING:2]
UNBEGUN = "It reads as the end of something, and nothing here ever began by that name. Look what it says."
WORD = re.compile(r"[^\W_]+")


class Unwanted(Unreadable):
    """A mail that must not raise an alarm: an automatic answer, a bounce, a page of our own. It is kept."""


def parse(body: bytes) -> Parsed:
    """Return what one mail says.

    :raises Unwanted: if it is an automatic answer, a bounce or our own.
    :raises Unreadable: if it is not the JSON of a mail, or says nothing at all.
    """
    data = load(body)
    reader = Reader(data)
    subject = reader.text("subject", most=1000, line=True)
    sender = reader.text("from", most=300, line=True)
    text = reader.text("text")
    if reader.errors:
        raise Unreadable(reader.errors)
    why = unwanted(data, subject)
    if why:
        raise Unwanted({"mail": [why]})
    if not subject and not text:
        raise Unreadable({"subject": ["The mail has neither subject nor text. Give it one."]})
    bare = without_replies(subject)
    unbegun = data.get("unbegun") is True
    key = key_of(bare, data)
    return Parsed(
        [
            Item(
                firing=unbegun or not OVER.match(bare),
                key=as_key(f"unbegun:{key}") if unbegun else key,
                title=(subject or _first_line(text))[:LONGEST_TITLE],
                severity=None if unbegun else severity_in(bare),
                description=_description(text, sender, data),
                labels={"from": sender} if sender else {},
            )
        ],
        [],
    )


def unwanted(data: dict[str, Any], subject: str) -> str:
    """Return why this mail must not raise an alarm, or nothing."""
    headers = {str(name).lower(): str(value).lower() for name, value in _object(data.get("headers")).items()}
    if any(OURS.search(one) for one in [str(data.get("message_id", "")), *_texts(data.get("references"))]):
        return "It is a page or a notice of our own, or an answer to one. Answer by the link in it."
    said = headers.get("auto-submitted", "")
    # “auto-generated” is what monitors say (RFC 3834); only an answer without a human is none of our business
    if said.startswith(("auto-replied", "auto-notified")) or "x-autoreply" in headers or "x-autorespond" in headers:
        return "It is an automatic reply."
    if headers.get("precedence", "").strip() in {"auto_reply", "auto-reply"} or AUTOMATIC.match(subject):
        return "It is an automatic reply."
    kind = headers.get("content-type", "")
    if kind.startswith("multipart/report"):
        return "It is a report on a mail that was not delivered."
    return ""


def without_replies(subject: str) -> str:
    """Return a subject without the “Re:” and “Fwd:” before it."""
    before = None
    while subject != before:
        before, subject = subject, REPLY.sub("", subject)
    return subject


def key_of(subject: str, data: dict[str, Any]) -> str:
    """Return what mails about the same thing have in common: the subject without its states, else the thread."""
    plain = COUNTED.sub(r"\1", RESOLVED_IN.sub(" ", subject)).lower()
    plain = re.sub(r"\bsev(?:erity)?[\s-]?([1-5])\b", r"sev\1", plain)
    words = WORD.findall(plain)
    telling = [word for word in words if word not in STATES] or words
    if telling:
        return as_key("subject:" + " ".join(telling))
    thread = [*_texts(data.get("references")), str(data.get("message_id") or "")]
    root = next((one.strip() for one in thread if one.strip()), "")
    return as_key(clean(f"thread:{root}")) if root else ""


def severity_in(subject: str) -> int | None:
    """Return the worst severity that a word of the subject names, or nothing."""
    plain = re.sub(r"\bsev(?:erity)?[\s-]?([1-5])\b", r"sev\1", subject.lower())
    return min((WORST[word] for word in WORD.findall(plain) if word in WORST), default=None)


def _description(text: str, sender: str, data: dict[str, Any]) -> str:
    parts = [text]
    if data.get("unbegun") is True:
        parts.insert(0, UNBEGUN)
    attached = _texts(data.get("attachments"))
    if attached:
        parts.append("Attached, and not kept: " + ", ".join(attached[:20]))
    if sender:
        parts.append(f"From {sender}")
    return clean("\n\n".join(part for part in parts if part))


def _first_line(text: str) -> str:
    return next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
