"""A telephone company that only looks at its watch: the instant at which each request arrived.

It answers Twilio's call for a message at once and reports `sent` and `delivered` with signed callbacks, so that the
portal has all the work it has in life; the simulator does far more, and on two cores that would be measured too.
Instants are seconds of CLOCK_MONOTONIC, which all processes of a machine share. `GET /arrivals?from=N` lists those
after the first N: `[[instant, to, body], ...]`.

Run as: python -m bench.provider PORT AUTH_TOKEN ACCOUNT_SID
"""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit

Arrival = tuple[float, str, str]
CALLBACKS_AT_ONCE = 4


class Provider:
    def __init__(self, *, auth_token: str, account_sid: str) -> None:
        self.auth_token = auth_token
        self.account_sid = account_sid
        self.arrivals: list[Arrival] = []
        self.reports: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests of one connection until its other end hangs up."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                instant = time.monotonic()
                length = next(
                    (line[15:] for line in head.split("\r\n") if line.lower().startswith("content-length:")), "0"
                )
                body = await reader.readexactly(int(length))
                status, answer = self.answer(head.split(" ", 2)[0], head.split(" ", 2)[1], body, instant)
                content = json.dumps(answer).encode()
                begin = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                writer.write(begin.encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def answer(self, method: str, target: str, body: bytes, instant: float) -> tuple[str, object]:
        address = urlsplit(target)
        if address.path == "/arrivals":
            return "200 OK", self.arrivals[int(parse_qs(address.query).get("from", ["0"])[0]) :]
        if method == "POST":
            form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
            self.arrivals.append((instant, form.get("To", ""), form.get("Body", "")))
            sid = f"SM{len(self.arrivals):032x}"
            if form.get("StatusCallback"):
                self.reports.put_nowait((form["StatusCallback"], sid))
            return "201 Created", {"sid": sid, "status": "queued", "to": form.get("To"), "body": form.get("Body")}
        return "200 OK", {"messages": [], "calls": [], "next_page_uri": None}

    async def report(self) -> None:
        """Send callbacks for ever."""
        while True:
            wanted, sid = await self.reports.get()
            url = wanted.partition("#")[0]  # what follows says how often to try, and is not signed
            for status in ("sent", "delivered"):
                form = {"AccountSid": self.account_sid, "MessageSid": sid, "MessageStatus": status}
                await self._post(url, form)

    async def _post(self, url: str, form: dict[str, str]) -> None:
        signed = url + "".join(name + form[name] for name in sorted(form))
        signature = base64.b64encode(hmac.new(self.auth_token.encode(), signed.encode(), hashlib.sha1).digest())
        address, content = urlsplit(url), urlencode(form)
        try:
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(
                f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(content)}\r\n"
                f"X-Twilio-Signature: {signature.decode()}\r\n\r\n{content}".encode()
            )
            await reader.read()
            writer.close()
        except ConnectionError:
            return  # the portal is stopping


async def main(port: int, auth_token: str, account_sid: str) -> None:
    provider = Provider(auth_token=auth_token, account_sid=account_sid)
    server = await asyncio.start_server(provider.serve, "127.0.0.1", port)
    reporting = [asyncio.create_task(provider.report()) for _ in range(CALLBACKS_AT_ONCE)]
    async with server:
        await asyncio.gather(server.serve_forever(), *reporting)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
