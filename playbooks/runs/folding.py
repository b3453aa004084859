"""PURE. What still applies of a playbook, given what was answered: the rest folds away (R20).

A step applies while some answer to what is still open leads to it. Each step counts by its last outcome alone, so an
answer that is corrected unfolds what it had folded. A playbook that an answer led to and that did not help is `gone`:
then the answer goes on with the next step.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from playbooks.library.sheet import DECLARE, NO, PLAYBOOK, STEP, YES, Branch, Sheet, Step

Outcome = Literal["done", "yes", "no", "solved", "no_help", "skipped"]
WORDS: Mapping[str, str] = {
    "done": "done",
    YES: "yes",
    NO: "no",
    "solved": "solved it",
    "no_help": "did not help",
    "skipped": "skipped",
}
State = Literal["done", "open", "folded"]


@dataclass(frozen=True)
class Fold:
    """`states`: of each step, by number. `next`: the step to take now; None: nothing is left on the way taken.

    `leads`: what answers led to that is no step of this playbook, each with the number of the step that was answered.
    """

    states: Mapping[int, State]
    next: int | None
    leads: tuple[tuple[int, Branch], ...]

    @property
    def solved(self) -> bool:
        """Say whether the way taken is at its end, and the playbook calls that solved."""
        return self.next is None and any(branch.solves for _, branch in self.leads)


def fits(step: Step, outcome: str) -> bool:
    """Say whether a step can have that outcome: yes and no only where it asks something, everything else anywhere."""
    return outcome in WORDS and (outcome not in (YES, NO) or bool(step.branches))


def ways(step: Step, outcome: str | None, *, steps: int, gone: Collection[str] = ()) -> tuple[Branch, ...]:
    """Return where it may go on from a step of a playbook of `steps`, after that outcome; None: not taken yet.

    An answer that no branch names goes on with the next step, and so do a step without branches, an answer that
    leads to a playbook which is `gone`, and one that declares an incident: that is done beside it. A step that asks
    something and was not answered by yes or no (skipped, done) leaves both ways.
    """
    after = (Branch("", STEP, str(step.number + 1)),) if step.number < steps else ()
    if not step.branches:
        return after
    said: dict[str, tuple[Branch, ...]] = {}
    for one in step.branches:
        is_gone = one.kind == PLAYBOOK and one.target in gone
        said[one.answer] = after if is_gone else (one, *after) if one.kind == DECLARE else (one,)
    answers = (outcome,) if outcome in (YES, NO) else (YES, NO)
    return tuple(dict.fromkeys(one for answer in answers for one in said.get(answer, after)))


def fold(sheet: Sheet, said: Mapping[int, str], gone: Collection[str] = ()) -> Fold:
    """Return which steps are done, open and folded away, after the outcomes `said` by number of step.

    `gone`: the short names of playbooks that it led to and that did not help.
    """
    reached = applying(sheet, said, gone)
    walked = _reached(sheet, said, gone, through_open=False)
    states: dict[int, State] = {}
    for step in sheet.steps:
        states[step.number] = "done" if step.number in said else "open" if step.number in reached else "folded"
    leads = tuple(
        (number, one)
        for number in sorted(walked)
        if said.get(number) in (YES, NO)
        for one in ways(sheet.steps[number - 1], said[number], steps=len(sheet.steps), gone=gone)
        if one.kind != STEP
    )
    return Fold(states, min((number for number in walked if number not in said), default=None), leads)


def likely(order: Sequence[int], *, at_the_end: bool) -> int | None:
    """Return what most likely solved it, of the steps in the `order` in which they were taken: the last; at the end the
    one before, which the last looks at.
    """
    return order[-2] if at_the_end and len(order) > 1 else order[-1] if order else None


def applying(sheet: Sheet, said: Mapping[int, str], gone: Collection[str] = ()) -> set[int]:
    """Return the steps that still apply, taken or not: all but what folds away."""
    return _reached(sheet, said, gone, through_open=True)


def _reached(sheet: Sheet, said: Mapping[int, str], gone: Collection[str], *, through_open: bool) -> set[int]:
    """Return the steps that the first leads to; `through_open`: also by way of such as are not taken yet."""
    found: set[int] = set()
    waiting = [1] if sheet.steps else []
    while waiting:
        number = waiting.pop()
        if number in found:
            continue
        found.add(number)
        if number in said or through_open:
            onward = ways(sheet.steps[number - 1], said.get(number), steps=len(sheet.steps), gone=gone)
            waiting += [int(one.target) for one in onward if one.kind == STEP]
    return found
