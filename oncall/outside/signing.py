"""PURE. Signatures of outgoing webhooks, as the Standard Webhooks specification has them, so that receivers need no
code of ours: HMAC-SHA256 over “id.timestamp.body”, one signature for each secret of a rotation.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection

PREFIX = "whsec_"
SECRET_BYTES = 32


def secret_of(raw: bytes) -> str:
    """Return random bytes as a secret that can be copied."""
    return PREFIX + base64.b64encode(raw).decode()


def signature(secret: str, *, id: str, timestamp: int, body: bytes) -> str:
    """Return one signature, “v1,” and base64. `timestamp`: seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(secrets: Collection[str], *, id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove a body. The id stays the same when it is sent again: a repeat can be told."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(one, id=id, timestamp=timestamp, body=body) for one in secrets),
    }
