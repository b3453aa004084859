"""PURE. What the telephone company's callbacks say: forms in, reports out. Source: paging.md 2.3, 2.4."""

import json
from typing import Any

from oncall.paging.channels import Report

LARGEST_CALLBACK = 64 * 1024  # bytes (security.md S34)
END = 90
MESSAGE_RANK = {
    "accepted": 10, "scheduled": 10, "queued": 10, "sending": 20, "sent": 30,
    "delivered": END, "undelivered": END, "failed": END, "canceled": END, "read": END,
}  # fmt: skip
CALL_RANK = {
    "queued": 10, "initiated": 20, "ringing": 30, "in-progress": 40,
    "completed": END, "busy": END, "no-answer": END, "failed": END, "canceled": END,
}  # fmt: skip


def status_report(data: Any) -> Report:
    """Read a status callback's form into a report; what is missing or strange becomes rank 0, which changes nothing."""
    code = field(data, "ErrorCode", most=10)
    if "CallSid" in data:
        status = field(data, "CallStatus", most=20)
        if status == "failed" and field(data, "SipResponseCode", most=5) == "480":
            status = "no-answer"  # temporarily unavailable: it is the telephone, not the way (paging.md 2.4)
        number = field(data, "SequenceNumber", most=20)
        sequence = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else -1
        return Report(field(data, "CallSid", most=40), status, CALL_RANK.get(status, 0), sequence, code)
    status = field(data, "MessageStatus", most=20)
    return Report(field(data, "MessageSid", most=40), status, MESSAGE_RANK.get(status, 0), code=code)


def complaint(data: Any) -> tuple[str, str]:
    """Return the code and the words of a debugger event; empty where it makes no sense."""
    try:
        payload = json.loads(field(data, "Payload", most=LARGEST_CALLBACK))
        code, more = str(payload.get("error_code", "")), payload.get("more_info") or {}
        text = str(more.get("msg") or more.get("Msg") or payload.get("resource_sid") or "")
    except (ValueError, AttributeError):
        return "", ""
    return code[:10], text[:300].replace("\x00", "")


def field(data: Any, name: str, *, most: int) -> str:
    """Return one field of a callback's form as the database can keep it: without NUL, cut to `most`; empty if missing.

    A signature says who sent it, not that it makes sense: a text may hold any character its sender can type.
    """
    return str(data.get(name, "")).replace("\x00", "")[:most]
