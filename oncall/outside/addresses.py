"""Addresses that a person gave us, taken apart and judged: http or https, and where a network address lies.

Nothing here opens a connection (connecting.py does). Source: security.md S16.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

LONGEST = 2000  # characters
# Beyond what Python calls not global: public addresses that are the inside of a cloud, and those of a translator.
INSIDE = [
    ipaddress.ip_network(one)
    for one in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4, withdrawn
        "64:ff9b:1::/48",
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing, within one network
    )
]
# IPv6 networks that carry an IPv4 address; it is that address that is reached.
CARRIERS = [
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("::ffff:0:0:0/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
]
SAFE = "%/:=&?~+!$,;'@()*[]"


class NotReached(Exception):
    """What is outside could not be asked. The message is fit to show: it names the host, never the whole address."""


class BadAddress(NotReached):
    """It is no address that we ask."""


@dataclass(frozen=True)
class Target:
    """An address taken apart. `credentials`: "user:password", or nothing."""

    scheme: str
    host: str
    port: int
    path: str
    credentials: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        """The host as a Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (80 if self.scheme == "http" else 443) else f"{host}:{self.port}"


def parse(
    url: str, *, aliases: Mapping[str, str] | None = None, begins: str = "https:// or http://", example: str = ""
) -> Target:
    """Take an address apart.

    `aliases`: other names of a scheme. `begins` and `example` are for whoever reads what is wrong with it.

    :raises BadAddress: if it is not http or https by any name, or names no host.
    """
    if len(url) > LONGEST or any(ord(one) <= 0x20 or ord(one) == 0x7F for one in url):
        raise _bad("That is not an address: it is too long, or has spaces in it.", example)
    try:
        parts = urlsplit(url)
        scheme = (aliases or {}).get(parts.scheme.lower(), parts.scheme.lower())
        port = parts.port or (80 if scheme == "http" else 443)
        host = (parts.hostname or "").rstrip(".")
        name = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        raise _bad("That is not an address we can read.", example) from None
    if scheme not in {"http", "https"}:
        raise _bad(f"The address must begin with {begins}.", example)
    if not name:
        raise _bad("The address names no host.", example)
    credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    path = quote(parts.path or "/", safe=SAFE) + (f"?{quote(parts.query, safe=SAFE)}" if parts.query else "")
    return Target(scheme, name, port, path, credentials)


def _bad(problem: str, example: str) -> BadAddress:
    return BadAddress(f"{problem} {example}".strip())


def is_outside(address: str) -> bool:
    """Whether a network address is one of the open internet: not ours, not this machine's, not a cloud's inside."""
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, ipaddress.IPv6Address):
        carried = one.ipv4_mapped or _carried(one)
        if carried is not None:
            return is_outside(str(carried))
        if one.is_site_local or int(one) >> 32 == 0:
            return False
    return one.is_global and not one.is_multicast and not any(one in network for network in INSIDE)


def _carried(one: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    for network, shift in CARRIERS:
        if one in network:
            return ipaddress.IPv4Address(int(one) >> shift & 0xFFFFFFFF)
    return None
