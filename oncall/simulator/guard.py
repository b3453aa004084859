"""Who may speak to the simulator: programs on this machine, and its own pages. No other website's pages."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a Host header (`127.0.0.1:8001`, `localhost`, `[::1]:8001`) names this machine and nothing else.

    A website whose name is made to lead to 127.0.0.1 (DNS rebinding) is told apart by this.
    """
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_foreign(headers: Mapping[str, str], *, origin: str) -> bool:
    """Whether a browser says that another site's page made this request. Scripts say nothing and are not foreign."""
    if headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return True
    return headers.get("Origin", origin) != origin


def is_own_page(headers: Mapping[str, str], *, origin: str) -> bool:
    """Whether a browser says that a page of ours made this request."""
    says = "Origin" in headers or "Sec-Fetch-Site" in headers
    return says and not is_foreign(headers, origin=origin)
