"""PURE. What a playbook says: its steps, who may take them, where each leads (R20)."""

from dataclasses import dataclass, field

TRIAGE, EXPERT = "triage", "expert"
YES, NO = "yes", "no"
STEP, PLAYBOOK, DECLARE, END = "step", "playbook", "declare", "end"
SOLVED = "solved"  # the outcome of an end that counts as success


@dataclass(frozen=True)
class Branch:
    """Where one answer leads: to a step (its number), a playbook (its slug), an incident, or the end in words.

    Declaring an incident is done beside the playbook, which goes on with its next step.

    `line` is where it stands in the file; it is no part of what the branch says.
    """

    answer: str
    kind: str
    target: str = ""
    line: int = field(default=0, compare=False)

    @property
    def solves(self) -> bool:
        """Say whether it is the end, and with success."""
        return self.kind == END and self.target.casefold() == SOLVED


@dataclass(frozen=True)
class Step:
    """One thing to look at or to do. `minutes`: how long it takes, None where nobody says; `page`: the skills that are
    paged from it, with commas between; `needs`: whose consent it needs; `text` is Markdown; `commands` are those of its
    fences.
    """

    number: int
    title: str
    who: str = ""
    minutes: int | None = None
    page: str = ""
    needs: str = ""
    text: str = ""
    commands: tuple[str, ...] = ()
    branches: tuple[Branch, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def pages(self) -> tuple[str, ...]:
        """Return the skills that are paged from it, one by one."""
        return names_in(self.page)


@dataclass(frozen=True)
class Sheet:
    """A playbook as it is written. `revision`: the one that the file was pulled at; None: it does not say."""

    title: str
    products: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    owner: str = ""
    intro: str = ""
    steps: tuple[Step, ...] = ()
    revision: int | None = field(default=None, compare=False)
    owner_line: int = field(default=0, compare=False)

    @property
    def minutes(self) -> int:
        """Return how long all steps take that say so."""
        return sum(step.minutes or 0 for step in self.steps)

    @property
    def pages(self) -> tuple[str, ...]:
        """Return the skills that are paged from its steps, each once."""
        return tuple(dict.fromkeys(skill for step in self.steps for skill in step.pages))

    @property
    def leads_to(self) -> tuple[Branch, ...]:
        """Return the branches that lead to other playbooks."""
        return tuple(one for step in self.steps for one in step.branches if one.kind == PLAYBOOK)


def names_in(words: str) -> tuple[str, ...]:
    """Return the names in a list with commas between, each once."""
    return tuple(dict.fromkeys(one for part in words.split(",") if (one := " ".join(part.split()))))
