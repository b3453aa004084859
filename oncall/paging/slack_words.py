"""PURE. What a message in Slack looks like: words, and buttons that name what they answer.

Text in Slack's markup escapes three characters; a title must not become a link or a mention of everybody.
"""

from typing import Any
from uuid import UUID

LONGEST = 2900  # characters; a section takes 3000
LONGEST_HEADER = 150
PAGE_ACTION, ALARM_ACTION = "page", "alarm"  # what a button's value names
Block = dict[str, Any]


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def header(text: str) -> Block:
    cut = text if len(text) <= LONGEST_HEADER else text[: LONGEST_HEADER - 1] + "…"
    return {"type": "header", "text": {"type": "plain_text", "text": cut, "emoji": False}}


def section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": escaped(text)[:LONGEST], "verbatim": True}}


def context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(text)[:LONGEST], "verbatim": True}]}


def button(text: str, *, action: str, value: str, style: str = "") -> Block:
    made: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": text, "emoji": False},
        "action_id": action,
        "value": value,
    }
    return made | ({"style": style} if style else {})


def link_button(text: str, *, url: str) -> Block:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": text, "emoji": False},
        "action_id": "open",
        "url": url,
    }


def buttons(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def page_blocks(*, subject: str, body: str, attempt_id: UUID) -> list[Block]:
    """A page to one person: what is wrong, and two buttons that answer this very attempt."""
    value = f"{PAGE_ACTION}:{attempt_id.hex}"
    return [
        header(subject),
        section(body),
        buttons(
            button("Acknowledge", action="acknowledge", value=value, style="primary"),
            button("Escalate", action="escalate", value=value, style="danger"),
        ),
    ]


def answered_blocks(*, subject: str, reply: str) -> list[Block]:
    """The same message once it is answered: no buttons, and what came of it."""
    return [header(subject), section(reply)]


def alarm_blocks(*, title: str, facts: str, open_now: bool, value: str, url: str) -> list[Block]:
    """An alarm in the channel of all: what it is, how it stands, and the buttons while it is open."""
    rows = [header(title), context(facts)]
    offered = [link_button("Open", url=url)]
    if open_now:
        offered = [
            button("Acknowledge", action="acknowledge", value=value, style="primary"),
            button("Escalate", action="escalate", value=value, style="danger"),
            *offered,
        ]
    return [*rows, buttons(*offered)]
