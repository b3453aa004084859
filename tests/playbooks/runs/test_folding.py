"""Which steps apply after what was answered: nothing that can still be reached folds away."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playbooks.library.parsing import parse
from playbooks.library.sheet import DECLARE, END, NO, PLAYBOOK, STEP, YES, Branch, Sheet, Step
from playbooks.runs.folding import WORDS, fits, fold

FAN_OUT = """\
---
title: Fan-out
---
## 1. Is the queue running science?

- yes: 2
- no: end, not expected

## 2. Does the log name the registry?

- yes: 6
- no: 3

## 3. Do the forwarders time out?

- yes: p1
- no: 4

## 4. Errors of authentication?

- yes: end, handed on
- no: 5

## 5. Restart it

## 6. Do visits arrive again?

- yes: end, solved
- no: declare
"""
SHEET = parse(FAN_OUT)


@pytest.mark.parametrize(
    ("said", "done", "folded", "following", "leads"),
    [
        ({}, [], [], 1, []),
        ({1: "yes"}, [1], [], 2, []),
        ({1: "no"}, [1], [2, 3, 4, 5, 6], None, [(1, "not expected")]),
        ({1: "yes", 2: "yes"}, [1, 2], [3, 4, 5], 6, []),
        ({1: "yes", 2: "no"}, [1, 2], [], 3, []),
        ({1: "yes", 2: "skipped"}, [1, 2], [], 3, []),
        ({1: "yes", 2: "no", 3: "yes"}, [1, 2, 3], [4, 5, 6], None, [(3, "p1")]),
        ({1: "yes", 2: "no", 3: "no", 4: "no", 5: "solved"}, [1, 2, 3, 4, 5], [], 6, []),
        ({1: "yes", 2: "yes", 6: "no"}, [1, 2, 6], [3, 4, 5], None, [(6, "")]),
        ({4: "no"}, [4], [], 1, []),
    ],
)
def test_what_an_answer_leaves(said, done, folded, following, leads):
    found = fold(SHEET, said)

    assert [number for number, state in found.states.items() if state == "done"] == done
    assert [number for number, state in found.states.items() if state == "folded"] == folded
    assert found.next == following
    assert [(number, branch.target) for number, branch in found.leads] == leads


def test_a_corrected_answer_unfolds_what_it_had_folded():
    assert fold(SHEET, {1: "yes", 2: "yes"}).states[3] == "folded"
    assert fold(SHEET, {1: "yes", 2: "no"}).states[3] == "open"


def test_an_answer_that_led_to_a_playbook_that_did_not_help_goes_on_with_the_next_step():
    found = fold(SHEET, {1: "yes", 2: "no", 3: "yes"}, {"p1"})

    assert (found.next, found.leads, found.states[4]) == (4, (), "open")


def test_an_incident_is_declared_beside_the_playbook_which_goes_on():
    declares = parse(FAN_OUT.replace("- no: 3", "- no: declare"))
    found = fold(declares, {1: "yes", 2: "no"})

    assert (found.next, found.states[6], [branch.kind for _, branch in found.leads]) == (3, "open", [DECLARE])


@pytest.mark.parametrize(
    ("said", "solved"),
    [
        ({1: "yes", 2: "yes", 6: "yes"}, True),
        ({1: "yes", 2: "yes", 6: "no"}, False),
        ({6: "yes"}, False),
        ({1: "no"}, False),
    ],
)
def test_a_way_is_solved_where_the_playbook_says_so_at_its_end(said, solved):
    assert fold(SHEET, said).solved is solved


def test_a_step_that_asks_nothing_is_not_answered_by_yes():
    assert not fits(SHEET.steps[4], "yes")
    assert fits(SHEET.steps[4], "no_help")
    assert fits(SHEET.steps[0], "yes")
    assert not fits(SHEET.steps[0], "perhaps")


@st.composite
def followed(draw):
    """A playbook of up to five steps that may lead anywhere, also in circles, and what some of them came to."""
    many = draw(st.integers(1, 5))
    steps: list[Step] = []
    said: dict[int, str] = {}
    for number in range(1, many + 1):
        branches = []
        for answer in (YES, NO):
            kind = draw(st.sampled_from([STEP, PLAYBOOK, END, DECLARE, ""]))
            target = str(draw(st.integers(1, many))) if kind == STEP else "elsewhere"
            branches += [Branch(answer, kind, target)] if kind else []
        step = Step(number, f"Step {number}", branches=tuple(branches))
        steps.append(step)
        outcome = draw(st.sampled_from(["", *(word for word in WORDS if fits(step, word))]))
        said |= {number: outcome} if outcome else {}
    return Sheet("t", steps=tuple(steps)), said


def walked(sheet, answers):
    """Follow a playbook of which every step is answered by yes or no, as a person would. Return the steps passed."""
    passed, at = [], 1
    while 1 <= at <= len(sheet.steps) and at not in passed:
        passed.append(at)
        step = sheet.steps[at - 1]
        branch = next((one for one in step.branches if one.answer == answers[at]), None)
        if branch is None or branch.kind == DECLARE:
            at += 1
        elif branch.kind == STEP:
            at = int(branch.target)
        else:
            break
    return passed


@settings(max_examples=60, deadline=None)
@given(followed())
def test_no_step_folds_away_that_some_further_answers_lead_to(case):
    sheet, said = case
    free = [step.number for step in sheet.steps if said.get(step.number) not in (YES, NO)]
    reached = set()
    for answers in product((YES, NO), repeat=len(free)):
        reached |= set(walked(sheet, {**said, **dict(zip(free, answers, strict=True))}))

    states = fold(sheet, said).states

    assert {number for number, state in states.items() if state == "folded"} == (
        {step.number for step in sheet.steps} - reached - set(said)
    )


@settings(max_examples=60, deadline=None)
@given(followed())
def test_taking_an_answer_back_folds_nothing(case):
    sheet, said = case
    before = {number for number, state in fold(sheet, said).states.items() if state == "folded"}
    for number in said:
        fewer = fold(sheet, {key: word for key, word in said.items() if key != number}).states
        assert {key for key, state in fewer.items() if state == "folded"} - {number} <= before
