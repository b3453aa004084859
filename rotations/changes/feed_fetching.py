"""Fetch a file from an address that a person gave us, without being made to knock on doors inside (security.md S16).

The host is looked up once, its addresses are checked, and the connection goes to a checked address: a name that means
something else a moment later changes nothing. Each redirect is checked anew. One deadline holds for all of it, however
slowly the bytes drip, and no more is taken than there may be, also of what arrives compressed. The address may open
the calendar to whoever has it, so errors name its host and nothing else.
"""

import base64
import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

DEADLINE_S = 10.0  # for everything: names, redirects, the last byte
LARGEST = 5 * 1024 * 1024  # bytes, as read in the end
MOST_REDIRECTS = 3
PORTS = (80, 443)
CHUNK = 64 * 1024
REDIRECTS = (301, 302, 303, 307, 308)
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


class Unfetched(Exception):
    """The file could not be had. The message is fit to show: it says at which host, and never the whole address."""


class BadAddress(Unfetched):
    """It is no address that we fetch from."""


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


def fetch(url: str, *, allowed: Collection[str] = (), deadline_s: float = DEADLINE_S, largest: int = LARGEST) -> bytes:
    """Return what is at `url`.

    `allowed`: "host" or "host:port" that may be asked wherever it is, for a calendar inside the house.

    :raises Unfetched: if it may not be asked, does not answer in time, answers no, or answers with too much.
    """
    deadline = time.monotonic() + deadline_s
    target = parse(url)
    credentials, origin = target.credentials, target.origin
    try:
        for _ in range(MOST_REDIRECTS + 1):
            # A name and a password are for the host that was given, never for where it sends us.
            answer = _ask(target, credentials if target.origin == origin else "", allowed, deadline, largest)
            if isinstance(answer, bytes):
                return answer
            target = parse(urljoin(f"{target.scheme}://{_netloc(target)}{target.path}", answer))
    except TimeoutError:
        raise Unfetched(f"The calendar at {target.host} did not answer within {deadline_s:g} s.") from None
    except ssl.SSLError:
        raise Unfetched(f"The calendar at {target.host} has no valid certificate, so we do not ask it.") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise Unfetched(f"The calendar at {target.host} could not be reached, or broke off.") from None
    raise Unfetched(
        f"The calendar at {target.host} sends us on more than {MOST_REDIRECTS} times. Give its own address."
    )


def parse(url: str) -> Target:
    """Take an address apart.

    :raises BadAddress: if it is not http, https or webcal, or names no host.
    """
    example = "Write it as https://calendar.example.org/…/basic.ics."
    if len(url) > 2000 or any(ord(one) <= 0x20 or ord(one) == 0x7F for one in url):
        raise BadAddress(f"That is not an address: it is too long, or has spaces in it. {example}")
    try:
        parts = urlsplit(url)
        scheme = {"webcal": "https", "webcals": "https"}.get(parts.scheme.lower(), parts.scheme.lower())
        port = parts.port or (80 if scheme == "http" else 443)
        host = (parts.hostname or "").rstrip(".")
        name = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        raise BadAddress(f"That is not an address we can read. {example}") from None
    if scheme not in {"http", "https"}:
        raise BadAddress(f"The address must begin with https://, http:// or webcal://. {example}")
    if not name:
        raise BadAddress(f"The address names no host. {example}")
    credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else ""
    path = quote(parts.path or "/", safe=SAFE) + (f"?{quote(parts.query, safe=SAFE)}" if parts.query else "")
    return Target(scheme, name, port, path, credentials)


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


def _netloc(target: Target) -> str:
    """Return the host as a Host header has it."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (80 if target.scheme == "http" else 443) else f"{host}:{target.port}"


def _ask(target: Target, credentials: str, allowed: Collection[str], deadline: float, largest: int) -> bytes | str:
    """Ask once: return the file, or the address to which we are sent."""
    connection = http.client.HTTPConnection(target.host, target.port)
    ours = _connect(target, allowed, deadline)
    connection.sock = ours  # its own connect() would look the name up once more
    headers = {"Host": _netloc(target), "Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity"}
    headers |= {"User-Agent": "oncall", "Connection": "close"}
    if credentials:
        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    try:
        connection.request("GET", target.path, headers=headers)
        with connection.getresponse() as answer:
            if answer.status in REDIRECTS and answer.headers.get("Location"):
                return str(answer.headers["Location"])
            _refuse_status(answer.status, target.host)
            return _body(answer, target.host, largest)
    finally:
        ours.hang_up()


def _refuse_status(status: int, host: str) -> None:
    if status in {401, 403}:
        raise Unfetched(f"The calendar at {host} refuses us ({status}). Make a new private address there.")
    if status in {404, 410}:
        raise Unfetched(f"There is no calendar at that address of {host} ({status}). Look for its address there again.")
    if status != 200:
        raise Unfetched(f"The calendar at {host} answered {status} instead of a calendar.")


def _body(answer: http.client.HTTPResponse, host: str, largest: int) -> bytes:
    too_large = Unfetched(f"The calendar at {host} is larger than {largest / 1024 / 1024:g} MB. Give a smaller one.")
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > largest:
        raise too_large
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", "deflate"}:
        raise Unfetched(f"The calendar at {host} is packed in a way we do not read.")
    body, read = bytearray(), 0
    unpack = None if coding == "identity" else zlib.decompressobj(47 if "gzip" in coding else 15)
    while chunk := answer.read1(CHUNK):
        read += len(chunk)
        try:
            body += unpack.decompress(chunk, largest + 1 - len(body)) if unpack else chunk
        except zlib.error:
            raise Unfetched(f"The calendar at {host} is packed in a way we do not read.") from None
        if len(body) > largest or read > largest:
            raise too_large
    if (length.isdecimal() and read < int(length)) or (unpack and not unpack.eof):
        raise Unfetched(f"The calendar at {host} broke off in the middle.")
    return bytes(body)


def _connect(target: Target, allowed: Collection[str], deadline: float) -> "_Patient":
    """Connect to one of the addresses of the host that may be asked.

    :raises Unfetched: if there is none.
    """
    free = target.host in allowed or f"{target.host}:{target.port}" in allowed
    if not free and target.port not in PORTS:
        raise BadAddress(
            f"We read calendars at ports 80 and 443 only, and {target.host} is to be asked at {target.port}."
        )
    found = _look_up(target, deadline)
    good = [one for one in found if free or is_outside(one)]
    if not good:
        raise BadAddress(f"{target.host} is not on the open internet, so we do not ask it. Give a public address.")
    for place, address in enumerate(good):
        try:
            left = _left(deadline) / (len(good) - place)  # one that is silent leaves time for the next
            plain = socket.create_connection((address, target.port), timeout=left)
        except OSError:
            if place == len(good) - 1:
                raise
            continue
        return _Patient(_wrapped(plain, target, deadline), deadline)
    raise AssertionError("unreachable: there is at least one address")


def _wrapped(plain: socket.socket, target: Target, deadline: float) -> socket.socket:
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(_left(deadline))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _look_up(target: Target, deadline: float) -> list[str]:
    """Return the addresses of a host. The system's resolver knows no deadline, so it works beside us."""
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError from None
    if not isinstance(answer, list):
        raise Unfetched(f"There is no host called {target.host}. Look at the address again.")
    return answer


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Patient:
    """A connected socket of which every read and write ends by the deadline; what http.client needs of one."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._socket = plain
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._deadline), CHUNK)

    def close(self) -> None:
        """The client closes as soon as it has the head of an answer without a length; its reader goes on."""

    def hang_up(self) -> None:
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket = plain
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)
