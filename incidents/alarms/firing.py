"""What somebody or something says is wrong, before it is an alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Firing:
    """What somebody or something says is wrong. `key` empty: an alarm of its own, never a repeat."""

    title: str
    severity: int
    source_id: UUID
    source: str
    key: str = ""
    description: str = ""
    labels: Mapping[str, str] | None = None
    link: str = ""
    product: str = ""
    stage: str = ""  # of the pipeline
    playbook: str = ""  # a name or an address
    tier: str = ""  # how sorely it is needed, as its route says; empty: as its product's tier is
    plan: dict[str, Any] | None = None  # whom to call where no policy is meant to say so; None: the policy does
    hold_until: datetime | None = None  # calls nobody before then; None: it calls at once
    hold_why: str = ""  # in words, such as “Operational tier: waits for working hours of SQuaRE”
