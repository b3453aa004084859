"""The one word at the top of the public status page. PURE.

It is green only where everything that it would have to know is known and well. Source: domain.md 3.1 (messages).
"""

from dataclasses import dataclass

DISTURBED, UNKNOWN, WORKING, IDLE = "disturbed", "unknown", "working", "idle"
WORDS = {
    DISTURBED: "There is an incident",
    UNKNOWN: "Not known",
    WORKING: "Alerts go out",
    IDLE: "No alerts are expected now",
}


@dataclass(frozen=True)
class Outlook:
    """`state`: one of `WORDS`; `text`: why, fit for the public."""

    state: str
    text: str

    @property
    def word(self) -> str:
        return WORDS[self.state]


def outlook(*, current: int, untold: bool, late: bool, latency: str) -> Outlook:
    """Return it. `current`: published incidents that are not over; `untold`: there is a major one, not restricted, of
    which nothing is published yet; `late`: this portal's own engine is; `latency`: the state of tonight.

    Nothing of what is not published is told; but it is never called well. Nor is it said that there is no incident: of
    a restricted one nobody outside is told, so all that can be said is that none is announced.
    """
    if current:
        many = "Read its messages below." if current == 1 else f"{current} are under way. Read their messages below."
        return Outlook(DISTURBED, many)
    if late:
        return Outlook(UNKNOWN, "The portal behind this page is late itself, so it cannot say how things are.")
    if untold or latency not in ("sending", "not_expected"):
        return Outlook(UNKNOWN, "It is not known just now whether alerts go out as they should.")
    if latency == "not_expected":
        return Outlook(IDLE, "No incident is announced. By day, under clouds, or without images there are no alerts.")
    return Outlook(WORKING, "No incident is announced, and alerts go out in time.")
