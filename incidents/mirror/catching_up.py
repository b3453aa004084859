"""What people said in a channel while Slack could not tell us: read there now and then, and before it is put away.

Slack gives up telling of an event after three tries in six minutes; whatever it told already is passed over. What was
removed meanwhile cannot be seen.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from incidents.mirror import hearing
from incidents.mirror.asking import Claim, Failed, ask, keep
from incidents.mirror.models import Mirror
from incidents.mirror.reading import sayings_of
from oncall import clock

log = logging.getLogger(__name__)
EVERY = timedelta(minutes=2)  # own choice: Slack takes some 50 such requests a minute from an app


def catch_up(claim: Claim, mirror: Mirror, *, at_once: bool = False) -> None:
    """Write down what stands in the channel and was not told, if it is time to look or `at_once`.

    :raises Failed: if Slack could not be asked. Where it says no, that is left: the lines need not wait for it.
    """
    now = clock.now()
    if not at_once and mirror.looked_at is not None and now < mirror.looked_at + EVERY:
        return
    try:
        found = ask(claim, lambda slack: slack.messages(mirror.channel, since=mirror.heard_until)).data
    except Failed as failed:
        if not failed.word:
            raise
        log.warning("Slack does not say what is in a channel: %s", failed.word)
        found = []
    for message in found:
        _take(mirror, message)
    until = max((str(message.get("ts", "")) for message in found), key=_seconds, default="")
    mirror.looked_at, mirror.heard_until = now, max(until, mirror.heard_until, key=_seconds)
    keep(claim, looked_at=mirror.looked_at, heard_until=mirror.heard_until)


def _take(mirror: Mirror, message: Mapping[str, Any]) -> None:
    """Take what a message tells that we do not know: that it was said, or else that it was changed since."""
    try:
        sayings = sayings_of(mirror.channel, message)
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    known = set(mirror.heard.filter(ts__in=[one.ts for one in sayings]).values_list("change", flat=True))
    for saying in sayings:
        if saying.change not in known:
            now = clock.now()
            hearing.take(saying, at=now - saying.age_at(clock.reading()), now=now)
            return


def _seconds(ts: str) -> float:
    """Return the instant that a message is named by; of what is no name, the beginning."""
    try:
        return float(ts or 0)
    except ValueError:
        return 0.0
