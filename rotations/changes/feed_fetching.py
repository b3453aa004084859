"""Fetch a file from an address that a person gave us, without being made to knock on doors inside (security.md S16).

The host is looked up once, its addresses are checked, and the connection goes to a checked address: a name that means
something else a moment later changes nothing. Each redirect is checked anew. One deadline holds for all of it, however
slowly the bytes drip, and no more is taken than there may be, also of what arrives compressed. The address may open
the calendar to whoever has it, so errors name its host and nothing else.
"""

import base64
import http.client
import ssl
import zlib
from collections.abc import Collection
from urllib.parse import urljoin

from oncall.outside import addresses
from oncall.outside.addresses import Target
from oncall.outside.connecting import CHUNK, connect, deadline_in

DEADLINE_S = 10.0  # for everything: names, redirects, the last byte
LARGEST = 5 * 1024 * 1024  # bytes, as read in the end
MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
WEBCAL = {"webcal": "https", "webcals": "https"}
Unfetched = addresses.NotReached
BadAddress = addresses.BadAddress
is_outside = addresses.is_outside


def fetch(url: str, *, allowed: Collection[str] = (), deadline_s: float = DEADLINE_S, largest: int = LARGEST) -> bytes:
    """Return what is at `url`.

    `allowed`: "host" or "host:port" that may be asked wherever it is, for a calendar inside the house.

    :raises Unfetched: if it may not be asked, does not answer in time, answers no, or answers with too much.
    """
    deadline = deadline_in(deadline_s)
    target = parse(url)
    credentials, origin = target.credentials, target.origin
    try:
        for _ in range(MOST_REDIRECTS + 1):
            # A name and a password are for the host that was given, never for where it sends us.
            answer = _ask(target, credentials if target.origin == origin else "", allowed, deadline, largest)
            if isinstance(answer, bytes):
                return answer
            target = parse(urljoin(f"{target.scheme}://{target.netloc}{target.path}", answer))
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
    return addresses.parse(url, aliases=WEBCAL, begins="https://, http:// or webcal://", example=example)


def _ask(target: Target, credentials: str, allowed: Collection[str], deadline: float, largest: int) -> bytes | str:
    """Ask once: return the file, or the address to which we are sent."""
    connection = http.client.HTTPConnection(target.host, target.port)
    ours = connect(target, allowed=allowed, deadline=deadline, what="We read calendars")
    connection.sock = ours  # its own connect() would look the name up once more
    headers = {"Host": target.netloc, "Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity"}
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
