"""The playbooks that come with the system: whoever follows one always has a next step, and is told nothing untrue."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from playbooks.library import parsing
from playbooks.library.parsing import loose_ends, parse
from playbooks.library.sheet import DECLARE, END, PLAYBOOK, Branch, Sheet
from playbooks.runs.folding import fold

CONTENT = Path(parsing.__file__).parent / "content"
SHEETS = {path.stem: parse(path.read_text()) for path in CONTENT.glob("*.md") if path.name != "README.md"}
SAYS_SOLVED = {  # each looks whether it helped; a cure by itself solves nothing
    ("p1", "yes", "Is the catch-up task open?"),  # after “Are three visits in time again?”
    ("p2", "yes", "Do pods take the work again?"),
    ("p3", "yes", "Has the Butler Writer caught up?"),
    ("p3b", "yes", "Are the nodes up, and visits processed?"),
    ("p4", "yes", "Does the offset of the topic grow again?"),
    ("p5", "yes", "Do visits run through ApPipe again?"),
    ("p6", "yes", "Do nextVisits arrive again?"),
}
each = pytest.mark.parametrize("slug", sorted(SHEETS))


def walks(sheet: Sheet) -> Iterator[tuple[dict[int, str], tuple[Branch, ...]]]:
    """Yield each way through a playbook: what was answered by step, and where it led at its end."""
    waiting: list[dict[int, str]] = [{}]
    while waiting:
        said = waiting.pop()
        found = fold(sheet, said)
        if found.next is None:
            yield said, tuple(branch for _, branch in found.leads)
            continue
        asks = bool(sheet.steps[found.next - 1].branches)
        waiting += [said | {found.next: answer} for answer in (("yes", "no") if asks else ("done",))]


@each
def test_no_way_through_a_playbook_is_a_dead_end(slug):
    found = [said for said, leads in walks(SHEETS[slug]) if not leads]

    assert found == []


@each
def test_no_answer_leaves_somebody_without_a_next_step(slug):
    assert loose_ends(SHEETS[slug]) == []


def test_only_a_look_whether_it_helped_says_solved():
    said = {
        (slug, branch.answer, step.title)
        for slug, sheet in SHEETS.items()
        for step in sheet.steps
        for branch in step.branches
        if branch.solves
    }

    assert said == SAYS_SOLVED


def test_the_outage_of_the_network_is_over_when_three_visits_were_in_time():
    solved = [said for said, leads in walks(SHEETS["p1"]) if any(one.solves for one in leads)]

    assert solved
    assert all(said[6] == "yes" for said in solved)


@each
def test_what_leads_to_another_playbook_leads_to_one_that_comes_with_the_system(slug):
    assert {one.target for one in SHEETS[slug].leads_to} <= set(SHEETS)


@each
def test_only_a_question_is_answered_by_yes_or_no(slug):
    asking = {step.title for step in SHEETS[slug].steps if step.branches and not step.title.endswith("?")}

    assert asking <= {"Put the registry's new IP in"}  # done, or not possible


def led_from(slug: str, answers: str) -> str:
    """Return what a playbook leads to after these answers, each yes (y) or no (n)."""
    said: dict[int, str] = {}
    sheet = SHEETS[slug]
    for answer in answers:
        step = fold(sheet, said).next
        assert step is not None
        said[step] = {"y": "yes", "n": "no"}[answer]
    found = fold(sheet, said)
    branch = found.leads[-1][1]
    return {PLAYBOOK: branch.target, DECLARE: DECLARE, END: f"end, {branch.target}"}[branch.kind]


@pytest.mark.parametrize(
    ("answers", "leads"),
    [
        ("n", "end, not expected"),
        ("yn", "p6"),
        ("yyny", "p1"),
        ("yynn", "p7"),
        ("yyyn", "p2"),
        ("yyyyy", "p3"),
        ("yyyynyy", "p8"),
        ("yyyynyny", "p4"),
        ("yyyynny", "p5"),
        ("yyyynnnn", "declare"),
    ],
)
def test_the_router_leads_to_the_playbook_of_the_stage_at_which_alerts_stop(answers, leads):
    assert led_from("router", answers) == leads


def test_who_is_to_be_paged_has_a_button():
    paged = {f"{slug}.{step.number}": step.pages for slug, sheet in SHEETS.items() for step in sheet.steps}

    assert paged["router.11"] == ("Campaign Management", "Algorithms & Pipelines")
    assert paged["p1.3"] == ("Data Facility", "Chile DevOps")
    assert paged["p2.7"] == ("Algorithms & Pipelines", "Pipeline Middleware")
    assert paged["p5.3"] == ("Data Facility",)
    assert paged["p6.5"] == ("Chile DevOps", "TSSW")
    assert paged["p8.1"] == ("Algorithms & Pipelines", "Data Facility")


@each
def test_what_a_step_says_to_page_it_pages(slug):
    names = {one for sheet in SHEETS.values() for one in sheet.pages}
    for step in SHEETS[slug].steps:
        words = [line for line in step.text.replace("\n", " ").split(". ") if "page " in line.casefold()]
        named = {one for one in names for line in words if one in line.partition("age ")[2]}
        assert named <= set(step.pages), step.title
