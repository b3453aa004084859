"""Whether a result speaks of what is deployed: its version, and when it was made, beside the deployments. PURE.

Own choices, all of them (playbooks/README.md): versions are compared as far as they are written alike, and only with
those of services that they may be of.
"""

import re
from collections.abc import Iterable, Sequence

from playbooks.readiness.difference import Deployed

NUMBER = re.compile(r"[0-9]+")


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

    A result that names no version, or one that no service has or is written like, is overtaken by any deployment. The
    same version and a newer one were tried before they were deployed: that counts.
    """
    newest, version = in_use(deployed), result.version
    had = {one.service for one in deployed if one.version == version}
    related = [one for one in newest if one.service in had or are_alike(version, one.version)] if version else []
    after = [
        one
        for one in related or newest
        if one.at > result.at and one.version != version and not is_older(one.version, version)
    ]
    return min(after, key=lambda one: one.at, default=None)


def in_use(deployed: Iterable[Deployed]) -> list[Deployed]:
    """Return the newest deployment of each service."""
    newest: dict[str, Deployed] = {}
    for one in sorted(deployed, key=lambda one: one.at):
        newest[one.service] = one
    return list(newest.values())


def telling(tried: Sequence[str], deployed: Sequence[Deployed]) -> int:
    """Return which of the results of a check counts, by their versions, the newest result first; 0 if none does.

    What is outdated is passed over. Where nothing that is deployed is written alike, a newer version that was tried
    stands before an older one, however late that one was tried.
    """
    fit = [nth for nth, version in enumerate(tried) if outdated_by(version, deployed) is None]
    newest = in_use(deployed)
    for nth in fit:
        version = tried[nth]
        is_known = any(version == one.version or are_alike(version, one.version) for one in newest)
        if is_known or not any(is_older(version, tried[other]) for other in fit):
            return nth
    return 0
