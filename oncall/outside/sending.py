"""Post something to an address that a person gave us: only outside, once, and not for long (security.md S16)."""

import http.client
import ssl
from collections.abc import Collection, Mapping

from oncall.outside.addresses import NotReached, parse
from oncall.outside.connecting import connect, deadline_in

DEADLINE_S = 5.0  # for names, the connection and the answer


def post(
    url: str, *, body: bytes, headers: Mapping[str, str], allowed: Collection[str] = (), deadline_s: float = DEADLINE_S
) -> int:
    """Return the status of the answer; what else it says is not read. No redirect is followed: it is for one address.

    `allowed`: "host" or "host:port" that may be asked wherever it is. What stands before an @ in the address is not
    sent to anybody: signatures prove us.

    :raises NotReached: if it may not be asked, does not answer in time, or breaks off.
    """
    target = parse(url)
    try:
        connection = http.client.HTTPConnection(target.host, target.port)
        ours = connect(target, allowed=allowed, deadline=deadline_in(deadline_s), what="We post")
        connection.sock = ours  # its own connect() would look the name up once more
        try:
            sent = {"Host": target.netloc, "User-Agent": "oncall", "Connection": "close", **headers}
            connection.request("POST", target.path, body=body, headers=sent)
            return connection.getresponse().status
        finally:
            ours.hang_up()
    except TimeoutError:
        raise NotReached(f"{target.host} did not answer within {deadline_s:g} s.") from None
    except ssl.SSLError:
        raise NotReached(f"{target.host} has no valid certificate.") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise NotReached(f"{target.host} could not be reached, or broke off.") from None
