"""Which provider serves which channel. Another company is another entry here, behind the same protocol."""

from functools import cache

from oncall.paging import email, twilio
from oncall.paging.channels import Channel


@cache
def channel(name: str) -> Channel:
    """Return the way called `name` (sms, voice, email)."""
    made: dict[str, Channel] = {"sms": twilio.Sms(), "voice": twilio.Voice(), "email": email.Mail()}
    return made[name]
