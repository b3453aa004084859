"""Questions about runs: how one stands, what steps achieved, which playbook solved the like of an alarm."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Max, Q

from oncall.limits import queries as limits
from playbooks.library.models import Playbook
from playbooks.library.parsing import parse
from playbooks.library.sheet import Sheet
from playbooks.runs.counting import StepCount, Taken, by_promise, count, head_of, key_of
from playbooks.runs.folding import Fold, fold, likely
from playbooks.runs.models import Run, StepOutcome

MISSING_SHOWN = 10
MOST_COUNTED = 20_000  # outcomes of one playbook; older ones say little


def sheet_of(run: Run) -> Sheet:
    """Return the steps that the run follows: as its revision said."""
    return parse(run.revision.source)


def gone(children: Iterable[Run]) -> set[str]:
    """Return the short names of the playbooks, of those that a run led to, that ended without having solved it."""
    last = {one.playbook.slug: one.end for one in sorted(children, key=lambda one: one.started_at)}
    return {slug for slug, how in last.items() if how not in ("", "solved")}


def fold_of(run: Run) -> Fold:
    """Return what still applies of a run. Two queries."""
    said = {number: one.outcome for number, one in standing(run).items()}
    return fold(sheet_of(run), said, gone(run.children.select_related("playbook")))


def likely_step(run: Run, *, at_the_end: bool) -> int | None:
    """Return the step that most likely solved it: the one that is marked, else by the order in which they came."""
    holds = sorted(standing(run).values(), key=lambda one: one.nth)
    return run.solved_step or likely([one.step for one in holds], at_the_end=at_the_end)


def standing(run: Run) -> dict[int, StepOutcome]:
    """Return the outcome that holds, by number of step."""
    return {one.step: one for one in run.outcomes.select_related("by").order_by("nth")}


def statistics(playbook: Playbook) -> dict[str, StepCount]:
    """Return what each step achieved in all runs that were about something, by `counting.key_of` its title.

    Of an open run its times count, and nothing is solved by it yet. Where there are very many, the newest runs count.
    """
    rows = _standing_of([playbook.pk])
    return count(
        Taken(row.title, row.outcome, row.minutes, row.run.end == "solved" and row.run.solved_step == row.step)
        for row in rows
    )


def _standing_of(playbooks: Collection[UUID]) -> Iterable[StepOutcome]:
    """Return the outcomes that hold, of each step of each run of these playbooks that is about something."""
    rows = StepOutcome.objects.filter(run__playbook__in=playbooks).exclude(run__subject="").select_related("run")
    by_run = ("-run__started_at", "run_id", "step")
    return rows.order_by(*by_run, "-nth").distinct("run__started_at", "run_id", "step")[:MOST_COUNTED]


@dataclass(frozen=True)
class Use:
    """How a playbook was used: `last_at` None where it never was."""

    runs: int = 0
    solved: int = 0
    last_at: datetime | None = None


def use_of(playbook: Playbook) -> Use:
    """Return how often it was followed and solved it; practice counts for the last time alone."""
    counted = ~Q(subject="")
    row = Run.objects.filter(playbook=playbook).aggregate(
        runs=Count("pk", filter=counted),
        solved=Count("pk", filter=counted & Q(end="solved")),
        last=Max("started_at"),
    )
    return Use(row["runs"], row["solved"], row["last"])


def may_reopen(run: Run, *, now: datetime) -> bool:
    """Say whether a press that ended it without success, or as it says, can be taken back (limit run_reopen_s)."""
    if run.end not in ("failed", "written") or run.ended_at is None or run.ended_by_id is None:
        return False
    return now < run.ended_at + limits.at(now).span("run_reopen_s")


def lacking(playbook: Playbook) -> list[Run]:
    """Return the runs that said what was missing, the newest first; not what was said where not everybody reads."""
    rows = Run.objects.filter(playbook=playbook, restricted=False).exclude(missing="")
    return list(rows.select_related("ended_by", "revision").order_by("-started_at")[:MISSING_SHOWN])


def marks(playbooks: Collection[Playbook], *, now: datetime) -> Mapping[UUID, str]:
    """Return words about those that nobody has followed for long (limit run_stale_s), by their ids. Two queries.

    One that is younger than that, and not used yet, has no mark.
    """
    before = now - limits.at(now).span("run_stale_s")
    rows = Playbook.objects.filter(pk__in=[one.pk for one in playbooks])
    first = Max("revisions__at", filter=Q(revisions__n=1))
    found = rows.values_list("pk").annotate(last=Max("runs__started_at"), first=first).order_by()
    words = {}
    for pk, last, first in found:
        if last is not None and last < before:
            words[pk] = f"not run since {last:%d %b %Y}"
        elif last is None and first is not None and first < before:
            words[pk] = "never run"
    return words


@dataclass(frozen=True)
class Suggestion:
    """A playbook for an alarm, with what it did for such alarms: same key, same beginning of the title, same product.

    `step`: the title of the step that solved it most often, `step_solved` times; `minutes`: that step's median.
    """

    playbook: Playbook
    runs: int
    solved: int
    step: str = ""
    step_number: int | None = None
    step_solved: int = 0
    minutes: float | None = None


def suggestions(
    *, key: str, title: str, product: str, candidates: Iterable[Playbook], now: datetime
) -> list[Suggestion]:
    """Return the playbooks that solved such alarms, and `candidates`, ordered by how often they did. A few queries.

    Only runs that are over count.
    """
    like = Q(pk__in=[])
    for field, said in (("alarm_key", key), ("alarm_head", head_of(title)), ("product", product)):
        if said:
            like |= Q(**{field: said})
    runs = Run.objects.counted().filter(like, ended_at__isnull=False, started_at__lte=now)
    tallies = {
        row["playbook"]: (row["solved"], row["runs"])
        for row in runs.values("playbook").annotate(runs=Count("pk"), solved=Count("pk", filter=Q(end="solved")))
    }
    shelf = {one.pk: one for one in candidates}
    unknown = [pk for pk in tallies if pk not in shelf]
    shelf |= {one.pk: one for one in Playbook.objects.present().filter(pk__in=unknown)} if unknown else {}
    steps = _best_steps(runs.filter(end="solved", playbook__in=shelf)) if tallies else {}
    ranked = by_promise((one, *tallies.get(one.pk, (0, 0))) for one in shelf.values())
    found = []
    for one in ranked:
        solved, used = tallies.get(one.pk, (0, 0))
        found.append(Suggestion(one, used, solved, *steps.get(one.pk, ())))
    return found


def _best_steps(solved: "Iterable[Run]") -> dict[UUID, tuple[str, int, int, float | None]]:
    """Return, by playbook, the step that ended these runs most often: title, number as it was last, how often, median
    minutes.
    """
    rows = StepOutcome.objects.filter(run__in=solved, step=F("run__solved_step")).select_related("run")
    by_playbook: dict[UUID, dict[str, list[StepOutcome]]] = {}
    for row in rows.order_by("run_id", "step", "-nth").distinct("run_id", "step"):
        by_playbook.setdefault(row.run.playbook_id, {}).setdefault(key_of(row.title), []).append(row)
    best = {}
    for playbook, steps in by_playbook.items():
        many = max(steps.values(), key=len)
        last = max(many, key=lambda row: row.at)
        numbers = count(Taken(row.title, row.outcome, row.minutes, True) for row in many)
        median_min = next(iter(numbers.values())).minutes if numbers else None
        best[playbook] = (last.title, last.step, len(many), median_min)
    return best
