"""The telephone company's accounts we may page through, from settings, in the order in which they are preferred."""

import re
from dataclasses import dataclass

from django.conf import settings

FIRST, SECOND = "twilio", "second"
OFFICIAL = re.compile(r"^https://api(\.[a-z0-9-]+){0,2}\.twilio\.com$")


@dataclass(frozen=True)
class Account:
    """One account: whose keys, which numbers, and under which addresses it is reached (the second one is another edge).

    The API key signs our requests; the tokens only check the signatures of theirs, two of them during a rotation.
    """

    name: str
    prefix: str  # of its settings
    bases: tuple[str, ...]
    sid: str
    key: str
    secret: str
    tokens: tuple[str, ...]
    number: str
    service: str

    @property
    def complete(self) -> bool:
        return bool(self.sid and self.key and self.secret)


def accounts() -> dict[str, Account]:
    """Return the accounts by name. The first is always there, so that a page without credentials fails aloud."""
    found = [_account(FIRST, "TWILIO_")]
    if settings.TWILIO_SECOND_ACCOUNT_SID:
        found.append(_account(SECOND, "TWILIO_SECOND_"))
    return {account.name: account for account in found}


def _account(name: str, prefix: str) -> Account:
    def get(what: str) -> str:
        return str(getattr(settings, prefix + what))

    return Account(
        name=name,
        prefix=prefix,
        bases=tuple(base for base in (get("API_BASE"), get("API_BASE_OTHER")) if base),
        sid=get("ACCOUNT_SID"),
        key=get("API_KEY"),
        secret=get("API_SECRET"),
        tokens=tuple(getattr(settings, prefix + "AUTH_TOKENS")),
        number=get("FROM"),
        service=get("MESSAGING_SERVICE_SID"),
    )


def missing(name: str) -> Account:
    """Stand in for an account that attempts remember and settings do not."""
    return Account(name, "TWILIO_SECOND_", ("https://api.twilio.com",), "", "", "", (), "", "")


def of_sid(sid: str) -> Account | None:
    """Return the account that a callback names, if it is ours."""
    return next((account for account in accounts().values() if account.sid and account.sid == sid), None)
