"""PURE. Where a browser's notifications may be sent: the push services of the browsers, and what settings add.

A browser tells us the address, so anybody signed in could name any address inside the house (security.md S16).
"""

from collections.abc import Collection
from urllib.parse import urlsplit

# Chrome and what is made of it; Firefox; Edge and Windows; Safari.
KNOWN = ("fcm.googleapis.com", "jmt17.google.com", "updates.push.services.mozilla.com")
KNOWN_BELOW = (".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com")
LONGEST = 1000  # characters; theirs have some hundred


def is_push_service(endpoint: str, *, further: Collection[str] = ()) -> bool:
    """Whether `endpoint` is an address of a push service: https at its usual port, or a host that settings name.

    `further`: "host" or "host:port", which may also be plain http, for a stand-in.
    """
    if len(endpoint) > LONGEST or any(ord(one) <= 0x20 or ord(one) == 0x7F for one in endpoint):
        return False
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    if parts.username is not None or parts.password is not None or not host:
        return False
    if parts.scheme in {"http", "https"} and (host in further or f"{host}:{port}" in further):
        return True
    return parts.scheme == "https" and port in {None, 443} and (host in KNOWN or host.endswith(KNOWN_BELOW))
