"""A playbook as its page shows it: text as safe HTML, branches as links."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from oncall.people.templatetags.nav import nav_url
from playbooks.library.models import Playbook
from playbooks.library.render import html
from playbooks.library.sheet import DECLARE, END, NO, PLAYBOOK, STEP, YES, Branch, Sheet, Step


@dataclass(frozen=True)
class Lead:
    """Where an answer leads, in words; `href` is empty where it leads to no page."""

    answer: str
    kind: str
    words: str
    href: str = ""


@dataclass(frozen=True)
class ShownStep:
    """`unknown`: the skills it pages that no schedule has."""

    step: Step
    text: SafeString
    leads: list[Lead]
    unknown: list[str]


@dataclass(frozen=True)
class Shown:
    sheet: Sheet
    intro: SafeString
    steps: list[ShownStep]

    @property
    def unknown(self) -> list[ShownStep]:
        """Return the steps from which somebody is to be paged who cannot be."""
        return [one for one in self.steps if one.unknown]


def shown(sheet: Sheet) -> Shown:
    """Return what the page shows. What `render.html` answers is safe, and here alone is it said to be."""
    slugs = {one.target for one in sheet.leads_to}
    titles = dict(Playbook.objects.filter(slug__in=slugs).values_list("slug", "title")) if slugs else {}
    unknown = import_string(settings.UNKNOWN_SKILLS)(sheet.pages)
    steps = [
        ShownStep(
            step=step,
            text=SafeString(html(step.text)),
            leads=list(_leads(step, sheet, titles)),
            unknown=[skill for skill in step.pages if skill in unknown],
        )
        for step in sheet.steps
    ]
    return Shown(sheet, SafeString(html(sheet.intro)), steps)


def _leads(step: Step, sheet: Sheet, titles: dict[str, str]) -> Iterator[Lead]:
    """Yield where the answers lead. One that says nothing goes on with the next step."""
    said = {one.answer: one for one in step.branches}
    after = step.number + 1 if step.number < len(sheet.steps) else None
    if not said:
        if after is not None:
            yield _lead(Branch("", STEP, str(after)), sheet, titles)
        return
    for answer in (YES, NO):
        if answer in said and said[answer].kind == DECLARE:
            yield _declaring(said[answer], sheet, after)
        elif answer in said:
            yield _lead(said[answer], sheet, titles)
        elif after is not None:
            yield _lead(Branch(answer, STEP, str(after)), sheet, titles)


def _lead(branch: Branch, sheet: Sheet, titles: dict[str, str]) -> Lead:
    if branch.kind == STEP:
        step = sheet.steps[int(branch.target) - 1]
        return Lead(branch.answer, STEP, f"{step.number}. {step.title}", f"#step-{step.number}")
    if branch.kind == PLAYBOOK:
        href = reverse("playbook", args=[branch.target])
        return Lead(branch.answer, PLAYBOOK, f"Playbook: {titles.get(branch.target, branch.target)}", href)
    return Lead(branch.answer, END, f"Over: {branch.target}")


def _declaring(branch: Branch, sheet: Sheet, after: int | None) -> Lead:
    """Declaring an incident is done beside the playbook: it goes on with the step `after` that."""
    then = f", then {after}. {sheet.steps[after - 1].title}" if after is not None else ""
    return Lead(branch.answer, DECLARE, f"Declare an incident{then}", nav_url("incident_declare"))
