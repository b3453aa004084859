"""PURE. A playbook from Markdown with front matter, and back. The format is described in content/README.md."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from playbooks.library.fences import Fence, fences_in
from playbooks.library.sheet import (
    DECLARE,
    END,
    EXPERT,
    NO,
    PLAYBOOK,
    STEP,
    TRIAGE,
    YES,
    Branch,
    Sheet,
    Step,
    names_in,
)

LONGEST = 100_000  # characters of a playbook
MOST_STEPS = 99
MOST_MINUTES = 600
LONGEST_WORDS = 200  # of a title, a skill, an outcome
MOST_NAMES = 40  # products or alarms of one playbook
SLUG = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
RESERVED = frozenset({DECLARE, END, "new"})
FRONT = ("title", "products", "alarms", "owner", "revision")
ATTRIBUTES = ("who", "minutes", "page", "needs")

_HEADING = re.compile(r"##[ \t]+(\d{1,4})(?:[.)])?[ \t]+(\S.*)\Z")
_BARE = re.compile(r"##[ \t]+(\d{1,4})[.)]?[ \t]*\Z")
_BRANCH = re.compile(r" {0,3}[-*+][ \t]+(yes|no):(.*)\Z", re.IGNORECASE)
_PAIR = re.compile(r"([A-Za-z][\w-]*):(?:[ \t]+(.*))?\Z")
_RULE = "---"


@dataclass(frozen=True)
class Problem:
    """What is wrong in line `line` (from 1), and what would be right."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.words}"


class Unreadable(Exception):
    """It is no playbook. `problems` are all that were found, in order of lines; the message is fit to show."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: one.line))
        super().__init__(" ".join(str(one) for one in self.problems))


def parse(source: str) -> Sheet:
    """Return what `source` says. Lines may end in any way; a byte order mark is passed over.

    :raises Unreadable: naming each line, what stands there and what would be right.
    """
    if (many := len(kept(source))) > LONGEST:
        raise Unreadable([Problem(1, f"{many} characters are too many; {LONGEST} is the most. Split it.")])
    lines = normal(source).split("\n")
    problems = list(_unseen(lines))
    front, begin = _front(lines, problems)
    intro, blocks = _blocks(lines, begin, problems)
    if len(blocks) > MOST_STEPS:
        problems.append(Problem(blocks[MOST_STEPS][0] + 1, f"{MOST_STEPS} steps are the most. Split the playbook."))
        blocks = blocks[:MOST_STEPS]
    fences = {one.begin: one for one in fences_in(lines, begin)}
    steps = tuple(_step(lines, block, place, fences, problems) for place, block in enumerate(blocks, start=1))
    if not steps:
        problems.append(Problem(begin + 1, "there is no step. Begin one with a line such as “## 1. Is the link up?”."))
    _lead_somewhere(steps, problems)
    if problems:
        raise Unreadable(problems)
    return Sheet(
        title=front.words("title"),
        products=front.names("products"),
        alarms=front.names("alarms"),
        owner=front.words("owner"),
        intro=intro,
        steps=steps,
        revision=int(front.words("revision")) if front.words("revision") else None,
        owner_line=front.line("owner"),
    )


def write(sheet: Sheet) -> str:
    """Return the file that says what `sheet` says: `parse(write(sheet)) == sheet`."""
    front = [f"title: {sheet.title}"]
    front += [f"{key}: {', '.join(names)}" for key, names in (("products", sheet.products), ("alarms", sheet.alarms))]
    front += [f"owner: {sheet.owner}"] if sheet.owner else []
    front += [f"revision: {sheet.revision}"] if sheet.revision is not None else []
    parts = ["\n".join(["---", *front, "---"])]
    parts += [sheet.intro] if sheet.intro else []
    text = "\n".join(parts)
    return "\n\n".join([text, *(_written(step) for step in sheet.steps)]) + "\n"


def _written(step: Step) -> str:
    head = [f"## {step.number}. {step.title}"]
    said = ((key, getattr(step, key)) for key in ATTRIBUTES)
    head += [f"{key}: {value}" for key, value in said if value not in ("", None)]
    words = {STEP: "{0}", PLAYBOOK: "{0}", DECLARE: DECLARE, END: f"{END}, {{0}}"}
    leads = [f"- {one.answer}: {words[one.kind].format(one.target)}" for one in step.branches]
    return "\n\n".join(part for part in ("\n".join(head), step.text, "\n".join(leads)) if part)


def normal(source: str) -> str:
    """Return the text with lines that end in a line feed, without a byte order mark, with one line feed at the end."""
    text = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text.rstrip("\n") + "\n" if text.strip("\n") else ""


def kept(source: str) -> str:
    """Return the text as it is kept: `normal`, with bare rules about its front matter, and in it no number of a
    revision, which is the file's and not the text's.
    """
    lines = normal(source).split("\n")
    end = _front_end(lines)
    if end is None:
        return "\n".join(lines)
    front = [line for line in lines[1:end] if not _says_revision(line)]
    return "\n".join([_RULE, *front, _RULE, *lines[end + 1 :]])


def with_revision(source: str, n: int) -> str:
    """Return `source` as it is kept, with the line `revision: n` as the last of its front matter."""
    lines = kept(source).split("\n")
    end = _front_end(lines)
    return "\n".join([*lines[:end], f"revision: {n}", *lines[end:]]) if end is not None else "\n".join(lines)


def _says_revision(line: str) -> bool:
    pair = _PAIR.match(line.strip())
    return pair is not None and pair[1] == "revision"


def _front_end(lines: Sequence[str]) -> int | None:
    """Return the index of the rule that closes the front matter; None where it does not begin or end."""
    if lines[0].rstrip() != _RULE:
        return None
    return next((place for place, line in enumerate(lines[1:], start=1) if line.rstrip() == _RULE), None)


def _unseen(lines: Sequence[str]) -> Iterable[Problem]:
    """Characters that nobody sees can turn a command round that somebody copies, so there are none."""
    for number, line in enumerate(lines, start=1):
        for char in line:
            if char != "\t" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
                name = unicodedata.name(char, "a control character")
                yield Problem(
                    number, f"it holds a character that cannot be seen, U+{ord(char):04X} ({name}). Remove it."
                )
                break


class _Front:
    """The lines between the two rules at the top: key -> (line from 1, value)."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[int, str]] = {}

    def words(self, key: str) -> str:
        return self.found.get(key, (0, ""))[1]

    def line(self, key: str) -> int:
        return self.found.get(key, (0, ""))[0]

    def names(self, key: str) -> tuple[str, ...]:
        return names_in(self.words(key))


def _front(lines: Sequence[str], problems: list[Problem]) -> tuple[_Front, int]:
    """Return the front matter, and the index of the first line behind it."""
    front = _Front()
    if lines[0].rstrip() != _RULE:
        problems.append(Problem(1, f"“{lines[0][:40]}” is no beginning. Begin with ---, then title: and its words."))
        return front, 0
    end = _front_end(lines)
    if end is None:
        problems.append(Problem(1, "the front matter has no end. Close it with a line of ---."))
        return front, len(lines)
    for place in range(1, end):
        line = lines[place].strip()
        pair = _PAIR.match(line)
        if not line:
            continue
        if pair is None or pair[1] not in FRONT:
            said = pair[1] if pair else line[:40]
            problems.append(
                Problem(
                    place + 1, f"“{said}” says nothing here. Write one of {', '.join(FRONT)}, as in title: Link down."
                )
            )
        elif pair[1] in front.found:
            problems.append(Problem(place + 1, f"{pair[1]} is there twice. Keep one of them."))
        else:
            front.found[pair[1]] = (place + 1, " ".join((pair[2] or "").split()))
    _check_front(front, problems)
    return front, end + 1


def _check_front(front: _Front, problems: list[Problem]) -> None:
    if not front.words("title"):
        problems.append(Problem(front.line("title") or 1, "it has no title. Write one, as in title: Link down."))
    for key in ("title", "owner"):
        if (many := len(front.words(key))) > LONGEST_WORDS:
            problems += [Problem(front.line(key), f"the {key} has {many} letters; {LONGEST_WORDS} are the most.")]
    for key in ("products", "alarms"):
        names = front.names(key)
        if len(names) > MOST_NAMES or any(len(one) > LONGEST_WORDS for one in names):
            problems.append(
                Problem(front.line(key), f"name at most {MOST_NAMES} {key}, each in {LONGEST_WORDS} letters.")
            )
    said = front.words("revision")
    if said and not re.fullmatch(r"[0-9]{1,6}", said):
        problems.append(
            Problem(
                front.line("revision"), f"revision “{said[:40]}” is no number. Leave the line as it was pulled, or out."
            )
        )


_Block = tuple[int, int, int, str]  # index of the heading, of the line behind the step, its number, its title


def _blocks(lines: Sequence[str], begin: int, problems: list[Problem]) -> tuple[str, list[_Block]]:
    """Return the words before the first step, and each step's lines. Headings within a fence are text."""
    heads: list[tuple[int, int, str]] = []
    fences = fences_in(lines, begin)
    inside = {place for one in fences for place in range(one.begin, one.end)}
    for place in range(begin, len(lines)):
        if place in inside:
            continue
        head = _HEADING.match(lines[place].rstrip())
        if head:
            heads.append((place, int(head[1]), head[2].strip()))
            if len(head[2].strip()) > LONGEST_WORDS:
                problems.append(
                    Problem(place + 1, f"the title of the step is longer than {LONGEST_WORDS} letters. Shorten it.")
                )
        elif _BARE.match(lines[place]):
            problems.append(Problem(place + 1, "the step has a number and no title. Say what to look at or to do."))
    problems += [
        Problem(one.begin + 1, f"the commands that begin here have no end. Close them with a line of {one.mark}.")
        for one in fences
        if not one.is_closed
    ]
    ends = [place for place, _, _ in heads[1:]] + [len(lines)]
    first = heads[0][0] if heads else len(lines)
    return _text(lines[begin:first]), [(*head[:1], end, *head[1:]) for head, end in zip(heads, ends, strict=False)]


def _text(lines: Sequence[str]) -> str:
    """Return lines without the empty ones around them; what stands between stays as it is."""
    kept = list(lines)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept)


def _step(
    lines: Sequence[str], block: _Block, place: int, fences: Mapping[int, Fence], problems: list[Problem]
) -> Step:
    begin, end, number, title = block
    if number != place:
        problems.append(
            Problem(begin + 1, f"step {number} stands where step {place} should. Number the steps 1, 2, 3 …")
        )
    said, at = _attributes(lines, begin + 1, end, problems)
    text: list[str] = []
    commands: list[str] = []
    branches: list[Branch] = []
    fenced_until = at
    for index in range(at, end):
        line = lines[index]
        if index in fences:
            fenced_until = fences[index].end
            commands.append(fences[index].commands)
        branch = _BRANCH.match(line) if index >= fenced_until else None
        if branch:
            _add_branch(branches, branch[1].lower(), branch[2].strip(), index + 1, problems)
            continue
        text.append(line)
    return Step(
        number=number,
        title=title,
        who=said.get("who", ""),
        minutes=int(said["minutes"]) if "minutes" in said else None,
        page=said.get("page", ""),
        needs=said.get("needs", ""),
        text=_text(text),
        commands=tuple(one.strip("\n") for one in commands if one.strip()),
        branches=tuple(branches),
        line=begin + 1,
    )


def _attributes(lines: Sequence[str], at: int, end: int, problems: list[Problem]) -> tuple[dict[str, str], int]:
    """Read the lines right below a heading. Return what they say, and the index of the first line behind them."""
    said: dict[str, str] = {}
    while at < end and (pair := _PAIR.match(lines[at].strip())) and pair[1][0].islower():
        key, value = pair[1], " ".join((pair[2] or "").split())
        wrong = _wrong(key, value, key in said)
        if wrong:
            problems.append(Problem(at + 1, wrong))
        else:
            said[key] = value
        at += 1
    return said, at


def _wrong(key: str, value: str, again: bool) -> str:
    """Say what is wrong with a line right below a heading; nothing if all is well."""
    if key not in ATTRIBUTES:
        return f"“{key}:” says nothing here. Write one of {', '.join(ATTRIBUTES)}, or leave a line empty before text."
    if again:
        return f"{key} is there twice. Keep one of them."
    if not value or (key == "page" and not names_in(value)):
        return f"{key} says nothing. Write it, or leave the line out."
    if key == "who" and value not in (TRIAGE, EXPERT):
        return f"who “{value[:40]}” is nobody known here. Write {TRIAGE} or {EXPERT}."
    if key == "minutes" and not (re.fullmatch(r"[0-9]{1,3}", value) and 1 <= int(value) <= MOST_MINUTES):
        return f"minutes “{value[:40]}” is no span of time. Write a whole number from 1 to {MOST_MINUTES}."
    return f"{key} is longer than {LONGEST_WORDS} letters. Shorten it." if len(value) > LONGEST_WORDS else ""


def _add_branch(found: list[Branch], answer: str, words: str, line: int, problems: list[Problem]) -> None:
    words = " ".join(words.split())
    if any(one.answer == answer for one in found):
        problems.append(Problem(line, f"“{answer}” is there twice in one step. Keep one of them."))
        return
    branch = _branch(answer, words, line)
    if branch is None:
        problems.append(
            Problem(
                line,
                f"“{words[:40]}” leads nowhere. Write the number of a step, the short name of a playbook, "
                f"{DECLARE}, or {END} and the outcome, as in {END}, solved.",
            )
        )
    else:
        found.append(branch)


def _branch(answer: str, words: str, line: int) -> Branch | None:
    head, comma, outcome = words.partition(",")
    if head.strip() == END and comma and 0 < len(outcome.strip()) <= LONGEST_WORDS:
        return Branch(answer, END, outcome.strip(), line)
    if words == DECLARE:
        return Branch(answer, DECLARE, "", line)
    if re.fullmatch(r"[0-9]{1,4}", words):
        return Branch(answer, STEP, str(int(words)), line)
    return Branch(answer, PLAYBOOK, words, line) if SLUG.match(words) and words not in RESERVED else None


def _lead_somewhere(steps: Sequence[Step], problems: list[Problem]) -> None:
    for step in steps:
        for one in step.branches:
            if one.kind != STEP:
                continue
            if not 1 <= int(one.target) <= len(steps):
                problems.append(Problem(one.line, f"there is no step {one.target}. Name one from 1 to {len(steps)}."))
            elif int(one.target) == step.number:
                problems.append(Problem(one.line, f"step {step.number} leads to itself. Name another step, or {END}."))


def loose_ends(sheet: Sheet) -> list[Problem]:
    """Return the answers of a playbook that leave somebody without a next step: what is written anew has none.

    It is asked of new texts alone: what was kept before stays readable, and so does a run of it.
    """
    problems = []
    for step in sheet.steps:
        said = {one.answer for one in step.branches}
        for one in step.branches:
            if one.kind == STEP and int(one.target) < step.number:
                words = f"step {one.target} is taken by then. Lead on: to a later step, a playbook, {DECLARE} or {END}."
                problems.append(Problem(one.line, words))
        if said and step.number == len(sheet.steps) and (missing := {YES, NO} - said):
            words = f"no step comes after this one, so say where “{missing.pop()}” leads too."
            problems.append(Problem(step.line, words))
    return problems
