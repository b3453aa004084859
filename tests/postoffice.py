"""A mail server of our own, which says no in every way that servers do."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller

from deploy.supervisor import free_port


class PostOffice:
    """Takes mail, or says what it is told to say."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.to_recipient = self.to_data = self.to_sender = ""

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 -- aiosmtpd's name
        if self.to_sender:
            return self.to_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.to_data == "hang up":
            server.transport.abort()
            return "250 never heard"
        if self.to_data:
            return self.to_data
        self.taken.append(envelope.content)
        return "250 OK"


@contextmanager
def post_office(settings) -> Iterator[PostOffice]:
    """Let what is mailed go there."""
    handler = PostOffice()
    server = Controller(handler, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 10
    try:
        yield handler
    finally:
        server.stop()
