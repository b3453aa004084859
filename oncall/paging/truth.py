"""PURE. How much is known of an attempt: accepted < sent < delivered < human-confirmed.

Only the last stops calling. A provider's words are read once, here, so that every screen says the same of the same row.
Source: paging.md 0 (decision 5), 2.3, 2.4.
"""

from enum import IntEnum


class Truth(IntEnum):
    """The furthest that is proven, in rising order. `NOTHING`: nobody has it as far as anybody knows."""

    NOTHING = 0
    ACCEPTED = 1  # its provider has it
    SENT = 2  # it left for the person's device
    DELIVERED = 3  # the device has it: a text arrived, a call was picked up, perhaps by voicemail
    CONFIRMED = 4  # a human answered


WORDS = {
    Truth.NOTHING: "not on its way",
    Truth.ACCEPTED: "accepted",
    Truth.SENT: "sent",
    Truth.DELIVERED: "delivered",
    Truth.CONFIRMED: "human-confirmed",
}
DEAD = frozenset({"failed", "undelivered", "canceled"})
MESSAGE = {"sending": Truth.SENT, "sent": Truth.SENT, "delivered": Truth.DELIVERED, "read": Truth.DELIVERED}
# Which of a provider's words prove more than that it took the message. A mail server's yes is a handover: nothing more
# is ever known of a mail. Slack says nothing of devices. A browser says that it showed the page.
PROVES = {
    "sms": MESSAGE,
    "voice": {
        "initiated": Truth.SENT, "ringing": Truth.SENT, "busy": Truth.SENT, "no-answer": Truth.SENT,
        "in-progress": Truth.DELIVERED, "completed": Truth.DELIVERED,
    },
    "email": {},
    "slack": MESSAGE,
    "push": MESSAGE,
    "null": {},
}  # fmt: skip


def truth(*, channel: str, accepted: bool, status: str, answered: bool) -> Truth:
    """Return how much is proven of one attempt.

    `accepted`: the provider took it; `status`: the provider's last word; `answered`: a human pressed, typed or clicked.
    A way that the provider calls dead proves nothing, however far it seemed to have come.
    """
    if answered:
        return Truth.CONFIRMED
    if not accepted or status in DEAD:
        return Truth.NOTHING
    return PROVES.get(channel, {}).get(status, Truth.ACCEPTED)


def in_words(known: Truth) -> str:
    return WORDS[known]


def stops_calling(known: Truth) -> bool:
    """Whether nobody needs to be called again: delivered is not answered."""
    return known is Truth.CONFIRMED
