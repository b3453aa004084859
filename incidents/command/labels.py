"""What roles are called here: a site may have words of its own for them (row C8), as a setting."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from incidents.command.roles import ROLES

if unknown := [role for role, words in settings.ROLE_LABELS.items() if role not in ROLES or not words]:
    raise ImproperlyConfigured(
        f"ONCALL_ROLE_LABELS: “{unknown[0]}” cannot be named. Write role=words, one of: {', '.join(ROLES)}."
    )


def label(role: str) -> str:
    """Return what a role is called here, such as: Incident commander."""
    words: dict[str, str] = settings.ROLE_LABELS
    return words.get(role) or ROLES[role]  # type: ignore[index]  # the column has a constraint


def all_labels() -> dict[str, str]:
    """Return every role and what it is called here, in the order in which they are shown."""
    return {role: label(role) for role in ROLES}
