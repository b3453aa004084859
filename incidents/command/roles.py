"""Who may have which role beside which. PURE.

Several roles in one person's hands are blocked at SEV-1, warned of at SEV-2 and allowed below, where a lone triage
worker at night is everything until somebody joins. Source: domain.md 3.1 (roles).
"""

from collections.abc import Collection
from typing import Literal

Role = Literal["commander", "deputy", "scribe", "expert", "external_liaison", "internal_liaison"]
ROLES: dict[Role, str] = {
    "commander": "Incident commander",
    "deputy": "Deputy",
    "scribe": "Scribe",
    "expert": "Expert",
    "external_liaison": "External liaison",
    "internal_liaison": "Internal liaison",
}
Verdict = Literal["allowed", "warned", "blocked"]


def combining(role: Role, has: Collection[Role], *, severity: int) -> Verdict:
    """Say whether somebody who `has` roles may take `role` too, in an incident of `severity`."""
    if not has or role in has:
        return "allowed"
    if severity == 1:
        return "blocked"
    return "warned" if severity == 2 else "allowed"
