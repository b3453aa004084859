"""An edge: mails that come by SMTP, to `<secret>@our domain`. Our own mail server stands behind the site's.

250 is said only once the mail is committed; 451 while the database is away, so that whoever sends keeps it and tries
again; 550 for an address that nobody has; 552 for a mail that is too large, 500 for a line that is. How large one may
be is not told before: who brings it would refuse it by itself, and nobody here would know. The machinery waits, the
database works in threads of its own.
"""

import asyncio
import logging
import smtplib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import AnyStr

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.db import DatabaseError, InterfaceError, connections, transaction

from incidents.signals import mails
from incidents.signals.payloads import mime
from oncall import clock

THREADS = 2
ANSWERS_WITHIN_S = 5.0
LONGEST_LINE = 1024 * 1024  # bytes; RFC 5321 says 1,000, and programs that send alarms do not
TAKEN = "250 2.0.0 Taken, and kept."
AWAY = "451 4.3.0 The database is away. Send it again in a moment."
FAILED = "451 4.3.0 This went wrong here. Send it again in a moment."
NO_SUCH = "550 5.1.1 No source has this address. See Sources for the right one."
TOO_LARGE = f"552 5.3.4 Larger than {mails.LARGEST // 1024 // 1024} MiB. Send it without what is attached."
LONG_LINE = f"500 5.6.0 A line is longer than {LONGEST_LINE // 1024} KiB. Send it in lines of 1,000 characters."
log = logging.getLogger(__name__)


class Server(SMTP):
    """One conversation. Lines may be long, and a mail that is too large, or a line of it, does not go unnoticed."""

    line_length_limit = LONGEST_LINE
    in_data = False

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name, and below
        """Judge the size here alone: judged at MAIL, nobody would know for whom it was."""
        self.in_data, self.data_size_limit = True, mails.LARGEST
        try:
            await super().smtp_DATA(arg)
        finally:
            self.in_data, self.data_size_limit = False, None

    async def push(self, status: AnyStr) -> None:
        told = self.envelope.rcpt_tos if self.envelope else []
        answer = {"552": TOO_LARGE, "500": LONG_LINE}.get(str(status)[:3]) if self.in_data and told else None
        await super().push(await self.event_handler.refuse(told, answer) if answer else status)


class Inbox:
    """What is said to whoever brings a mail."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mail")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._aside(partial(_known, address))
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return await self._aside(partial(_take, list(envelope.rcpt_tos), envelope.original_content or b""))

    async def handle_exception(self, error: Exception) -> str:
        log.error("a conversation by mail", exc_info=error)
        return FAILED

    async def refuse(self, addresses: list[str], answer: str) -> str:
        """Keep that a mail is refused, and return what is said of it."""
        return await self._aside(partial(_refuse, list(addresses), answer))

    async def _aside(self, work: Callable[[], str]) -> str:
        return await asyncio.get_running_loop().run_in_executor(self.threads, partial(_guarded, work))


def _guarded(work: Callable[[], str]) -> str:
    """Do it with a connection of its own, a few milliseconds' worth; say 451 where it fails, so that the mail comes
    again.
    """
    try:
        return work()
    except (DatabaseError, InterfaceError):
        log.exception("a mail")
        return AWAY
    except Exception:  # whatever it is: a mail that is refused for good is an alarm that nobody hears of
        log.exception("a mail")
        return FAILED
    finally:
        connections.close_all()  # this thread's


def _known(address: str) -> str:
    return TAKEN if mails.source_at(address) is not None else NO_SUCH


@transaction.atomic
def _take(addresses: list[str], raw: bytes) -> str:
    now = clock.now()
    body = mime.written(mime.envelope(raw))
    sources = {source.pk: source for address in addresses if (source := mails.source_at(address)) is not None}
    for source in sources.values():
        mails.receive(source=source, body=body, now=now)
    return TAKEN if sources else NO_SUCH


@transaction.atomic
def _refuse(addresses: list[str], answer: str) -> str:
    now, why = clock.now(), "" if answer == TOO_LARGE else answer.partition(" ")[2].partition(" ")[2]
    for source in {found.pk: found for one in addresses if (found := mails.source_at(one)) is not None}.values():
        mails.keep_too_large(source=source, beginning=b"", now=now, why=why)
    return answer


class MailServer(Controller):
    """The server in a thread of its own: `start()` returns once it listens, `stop()` once it does not."""

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(Inbox(), hostname=host, port=port)

    def factory(self) -> SMTP:
        return Server(self.handler, data_size_limit=None, enable_SMTPUTF8=True, ident="oncall")

    def answers(self) -> bool:
        """Ask it as a client would, and say whether it is there."""
        host = "localhost" if self.hostname in {None, "", "0.0.0.0", "::"} else self.hostname  # noqa: S104
        try:
            with smtplib.SMTP(host, self.port, timeout=ANSWERS_WITHIN_S) as client:
                return client.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False
