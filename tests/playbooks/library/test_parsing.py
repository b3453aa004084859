"""A playbook from Markdown and back."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from playbooks.library import parsing
from playbooks.library.parsing import Unreadable, loose_ends, parse, write
from playbooks.library.sheet import Branch, Sheet, Step

CONTENT = Path(parsing.__file__).parent / "content"
PLAYBOOK = """\
---
title: Link down
products: LHN, Prompt Kafka
alarms: lhn.down
owner: Data Facility
---
Nothing arrives.

## 1. Is the link up?
who: triage
minutes: 2
page: Chile DevOps
needs: consent of the incident commander

Look at **both** paths.

```
ping -c 3 summit
## 2. no step: it stands in a fence
```

- yes: 2
- no: p1

## 2. Wait
- yes: end, solved
- no: declare
"""


def problems(source: str) -> list[tuple[int, str]]:
    with pytest.raises(Unreadable) as caught:
        parse(source)
    return [(one.line, one.words) for one in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert PLAYBOOK.count(old) == 1, old
    return PLAYBOOK.replace(old, new)


def test_a_playbook_is_read_as_it_is_written():
    assert parse(PLAYBOOK) == Sheet(
        title="Link down",
        products=("LHN", "Prompt Kafka"),
        alarms=("lhn.down",),
        owner="Data Facility",
        intro="Nothing arrives.",
        steps=(
            Step(
                number=1,
                title="Is the link up?",
                who="triage",
                minutes=2,
                page="Chile DevOps",
                needs="consent of the incident commander",
                text="Look at **both** paths.\n\n```\nping -c 3 summit\n## 2. no step: it stands in a fence\n```",
                commands=("ping -c 3 summit\n## 2. no step: it stands in a fence",),
                branches=(Branch("yes", "step", "2"), Branch("no", "playbook", "p1")),
            ),
            Step(number=2, title="Wait", branches=(Branch("yes", "end", "solved"), Branch("no", "declare"))),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("title: Link down\n", "title:\n", 2, "it has no title. Write one, as in title: Link down."),
        ("title: Link down\n", "titel: Link down\n", 2, ("“titel” says nothing here. Write one of title, products, "
         "alarms, owner, revision, as in title: Link down.")),
        ("alarms: lhn.down", "title: Again", 4, "title is there twice. Keep one of them."),
        ("minutes: 2", "minutes: two", 11, "minutes “two” is no span of time. Write a whole number from 1 to 600."),
        ("minutes: 2", "minutes: 0", 11, "minutes “0” is no span of time. Write a whole number from 1 to 600."),
        ("minutes: 2", "minutes: ２", 11, "minutes “２” is no span of time. Write a whole number from 1 to 600."),
        ("who: triage", "who: anybody", 10, "who “anybody” is nobody known here. Write triage or expert."),
        ("who: triage", "whom: triage", 10, ("“whom:” says nothing here. Write one of who, minutes, page, needs, or "
         "leave a line empty before text.")),
        ("page: Chile DevOps", "page:", 12, "page says nothing. Write it, or leave the line out."),
        ("page: Chile DevOps", "page: , ,", 12, "page says nothing. Write it, or leave the line out."),
        ("- yes: 2", "- yes: 3", 22, "there is no step 3. Name one from 1 to 2."),
        ("- yes: 2", "- yes: 1", 22, "step 1 leads to itself. Name another step, or end."),
        ("- yes: 2", "- yes: end", 22, ("“end” leads nowhere. Write the number of a step, the short name of a "
         "playbook, declare, or end and the outcome, as in end, solved.")),
        ("- no: p1", "- Yes: p1", 23, "“yes” is there twice in one step. Keep one of them."),
        ("## 2. Wait", "## 3. Wait", 25, "step 3 stands where step 2 should. Number the steps 1, 2, 3 …"),
        ("## 2. Wait", "## 2.", 25, "the step has a number and no title. Say what to look at or to do."),
        ("it stands in a fence\n```", "it stands in a fence", 17,
         "the commands that begin here have no end. Close them with a line of ```."),
        ("ping -c 3", "ping \u202e-c 3", 18,
         "it holds a character that cannot be seen, U+202E (RIGHT-TO-LEFT OVERRIDE). Remove it."),
        ("ping -c 3", "ping \x00-c 3", 18,
         "it holds a character that cannot be seen, U+0000 (a control character). Remove it."),
    ],
)  # fmt: skip
def test_an_error_names_the_line_the_value_and_what_would_do(old, new, line, said):
    assert (line, said) in problems(changed(old, new))


def test_a_step_pages_several_skills_with_commas_between():
    step = parse(changed("page: Chile DevOps", "page: Chile DevOps,Data  Facility, Chile DevOps")).steps[0]

    assert step.pages == ("Chile DevOps", "Data Facility")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            "- no: declare",
            "- no: 1",
            27,
            "step 1 is taken by then. Lead on: to a later step, a playbook, declare or end.",
        ),
        ("- no: declare\n", "", 25, "no step comes after this one, so say where “no” leads too."),
    ],
)
def test_an_answer_that_leaves_no_next_step_is_a_loose_end_and_yet_is_read(old, new, line, said):
    sheet = parse(changed(old, new))

    assert [(one.line, one.words) for one in loose_ends(sheet)] == [(line, said)]


def test_all_that_is_wrong_is_said_at_once_in_order_of_lines():
    found = problems(
        changed("minutes: 2", "minutes: x").replace("who: triage", "who: me").replace("- no: p1", "- no: ?")
    )

    assert [line for line, _ in found] == [10, 11, 23]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "“” is no beginning. Begin with ---, then title: and its words."),
        ("# Link down\n", "“# Link down” is no beginning. Begin with ---, then title: and its words."),
        ("---\ntitle: x\n", "the front matter has no end. Close it with a line of ---."),
    ],
)
def test_what_does_not_begin_as_a_playbook_is_none(source, said):
    assert (1, said) in problems(source)


def test_a_playbook_without_a_step_is_none():
    assert problems("---\ntitle: x\n---\nWords.\n") == [
        (4, "there is no step. Begin one with a line such as “## 1. Is the link up?”.")
    ]


def test_lines_may_end_in_any_way():
    assert parse("\ufeff" + PLAYBOOK.replace("\n", "\r\n")) == parse(PLAYBOOK)


@pytest.mark.parametrize("path", [one for one in sorted(CONTENT.glob("*.md")) if one.name != "README.md"], ids=str)
def test_what_comes_with_the_system_is_written_back_letter_by_letter(path):
    assert write(parse(path.read_text())) == path.read_text()


def test_the_router_eight_playbooks_p3b_and_the_one_of_readiness_come_with_the_system():
    assert {path.stem for path in CONTENT.glob("*.md")} - {"README"} == {
        "router", "p1", "p2", "p3", "p3b", "p4", "p5", "p6", "p7", "p8", "readiness",
    }  # fmt: skip


WORDS = (
    st.text("abcÄß<>&\"'`*_[]()!#:-. 7", min_size=1, max_size=30).map(lambda said: " ".join(said.split())).filter(bool)
)
NAME = WORDS.filter(lambda said: "," not in said)
TEXT = st.lists(st.text("ab<>*_-+#:yesno 1.`~\t", max_size=20), max_size=5).map(
    lambda lines: "\n".join(line for line in lines if "```" not in line and "~~~" not in line)
)
LEADS = st.one_of(
    st.builds(lambda n: ("step", str(n)), st.integers(1, 3)),
    st.just(("playbook", "p1")),
    st.just(("declare", "")),
    NAME.map(lambda words: ("end", words)),
)


@st.composite
def written(draw) -> str:
    """The text of a playbook with three steps, as somebody might type it."""
    lines = ["---", f"title: {draw(WORDS)}", f"alarms: {draw(NAME)}, {draw(NAME)}", "---", draw(TEXT)]
    for number in (1, 2, 3):
        lines += [f"## {number}{draw(st.sampled_from(['.', ')', '']))} {draw(WORDS)}"]
        lines += draw(st.lists(st.sampled_from(["who: expert", "minutes: 07", "page: SQuaRE"]), unique=True))
        lines += ["", draw(TEXT), *draw(st.sampled_from([[], ["```", "## 2. kubectl get pods", "- yes: 9", "```"]]))]
        for answer in draw(st.sampled_from([[], ["yes"], ["yes", "no"]])):
            kind, target = draw(LEADS)
            lines.append(f"* {answer}: " + {"end": f"end,{target}", "declare": "declare"}.get(kind, target))
    return "\n".join(lines)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(written())
def test_what_is_read_is_written_so_that_it_reads_the_same(source):
    sheet = read(source)
    assume(sheet is not None)
    assert sheet is not None
    assert parse(write(sheet)) == sheet
    assert write(parse(write(sheet))) == write(sheet)


def read(source: str) -> Sheet | None:
    try:
        return parse(source)
    except Unreadable:
        return None


def said_of(source: str) -> tuple[parsing.Problem, ...]:
    try:
        parse(source)
    except Unreadable as error:
        return error.problems
    return ()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), written().flatmap(lambda text: st.permutations(text.split("\n")).map("\n".join))))
def test_any_text_is_a_playbook_or_says_in_which_lines_it_is_none(source):
    found, sheet = said_of(source), read(source)
    assert (sheet is None) == bool(found)
    many = parsing.normal(source).count("\n") + 1
    assert all(1 <= one.line <= many and one.words for one in found)


def test_commands_in_a_list_or_a_quotation_hide_no_step_and_are_commands():
    listed = "- first\n- ```\n  kubectl get pods\n  ```\n"
    quoted = "> ~~~\n> kubectl delete pod X\n> ~~~\n\n- no: declare\n"

    sheet = parse(f"---\ntitle: X\n---\n## 1. Look\n\n{listed}\n## 2. Then\nwho: expert\n\n{quoted}")

    assert [(one.title, one.commands) for one in sheet.steps] == [
        ("Look", ("kubectl get pods",)), ("Then", ("kubectl delete pod X",)),
    ]  # fmt: skip
    assert sheet.steps[1].branches[0].kind == "declare"


def test_commands_in_a_list_that_nobody_closed_are_named_and_not_the_line_that_opens_the_next():
    with pytest.raises(parsing.Unreadable) as caught:
        parse("---\ntitle: X\n---\n## 1. Look\n\n- ```\n  ls\n\n## 2. Then\n\n- ```\n  df\n  ```\n")

    assert [one.line for one in caught.value.problems] == [6]
