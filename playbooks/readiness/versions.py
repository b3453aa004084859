"""Whether a result speaks of what is deployed: its version, and when it was made, beside the deployments. PURE.

Own choices, all of them (playbooks/README.md): versions are compared as far as they are written alike, and numbers
alone make nothing green.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playbooks.readiness.difference import Deployed

NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class Tried:
    """What a check found with a version; "": none was named, so it was with what is in use."""

    version: str
    passed: bool


def is_older(one: str, other: str) -> bool:
    """Say whether `one` is written like `other`, with lesser numbers: w12 and w13, 1.9.0 and 1.10.0."""
    return are_alike(one, other) and _numbers(one) < _numbers(other)


def are_alike(one: str, other: str) -> bool:
    """Say whether two versions are the same but for their numbers; without a number in them they are not."""
    return NUMBER.sub("#", one) == NUMBER.sub("#", other) != other


def _numbers(version: str) -> list[int]:
    return [int(number) for number in NUMBER.findall(version[:120])]


def outdated_by(version: str, deployed: Sequence[Deployed]) -> Deployed | None:
    """Return the deployment because of which results of `version` say nothing; None: they count.

    Its service had that version and has another, or every service whose version is written alike has a newer one.
    What is in use counts, and so does what is newer. `deployed`: all that is known until then, in any order.
    """
    newest = in_use(deployed)
    if not version or any(one.version == version for one in newest):
        return None
    had = {one.service for one in deployed if one.version == version}
    after = [one for one in newest if one.service in had]
    alike = [one for one in newest if are_alike(version, one.version)]
    if not after and alike and all(is_older(version, one.version) for one in alike):
        after = alike
    return min(after, key=lambda one: one.at, default=None)


def overtaken_by(result: Deployed, deployed: Sequence[Deployed]) -> Deployed | None:
    """Return the deployment after which a result says nothing more; None: it counts. Of `result`, its version and
    instant are looked at.

    Any deployment after it is one, of whatever service, but of the version that was tried: a night is all that is in
    use together, and numbers of one service say nothing of another.
    """
    after = [one for one in in_use(deployed) if one.at > result.at and one.version != result.version]
    return min(after, key=lambda one: one.at, default=None)


def used_instead(version: str, deployed: Sequence[Deployed]) -> Deployed | None:
    """Return what is in use where no service has `version`: the newest that is written alike, else the newest.

    None where some service has it, and where that cannot be said: it names no version, or no deployment is known.
    """
    newest = in_use(deployed)
    if not version or any(one.version == version for one in newest):
        return None
    return max(newest, key=lambda one: (are_alike(version, one.version), one.at), default=None)


def in_use(deployed: Iterable[Deployed]) -> list[Deployed]:
    """Return the newest deployment of each service."""
    newest: dict[str, Deployed] = {}
    for one in sorted(deployed, key=lambda one: one.at):
        newest[one.service] = one
    return list(newest.values())


def telling(tried: Sequence[Tried], deployed: Sequence[Deployed]) -> int:
    """Return which of the results of a check counts, one of each version, the newest first; 0 if none does.

    What is outdated is passed over, and so is a pass of what is not in use where something that is was tried. Where
    nothing that is deployed is written alike, a newer version that was tried stands before an older one, however late
    that one was tried.
    """
    fit = [nth for nth, one in enumerate(tried) if outdated_by(one.version, deployed) is None]
    used = [nth for nth in fit if used_instead(tried[nth].version, deployed) is None]
    if used:
        fit = [nth for nth in fit if nth in used or not tried[nth].passed]
    newest = in_use(deployed)
    for nth in fit:
        version = tried[nth].version
        is_known = any(version == one.version or are_alike(version, one.version) for one in newest)
        if is_known or not any(is_older(version, tried[other].version) for other in fit):
            return nth
    return 0
