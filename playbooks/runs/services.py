"""Verbs about runs: start, tick, end, reopen, say what was missing. Rooms above hold what it is about locked before.

Of two who press at once one waits for the other, and was told the time before: nothing happens before what was done.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Min

from oncall.people.models import Person
from oncall.work import services as work
from oncall.work.models import WorkItem
from playbooks.library import queries as library
from playbooks.library.models import Playbook
from playbooks.library.sheet import Sheet
from playbooks.runs import queries
from playbooks.runs.counting import LONGEST_MIN, head_of, minutes_between
from playbooks.runs.folding import WORDS, applying, fits
from playbooks.runs.models import Run, StepOutcome

LONGEST_MISSING = 4000


class Refused(Exception):
    """Why it cannot be done like that. The message is fit to show; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Overtaken(Exception):
    """Somebody else was faster. The message says who and what, and is fit to show."""


@dataclass(frozen=True)
class Subject:
    """What a run is about, in words: `id` names it in the room above; all empty: practice."""

    id: str = ""
    about: str = ""
    url: str = ""
    restricted: bool = False
    key: str = ""
    title: str = ""
    product: str = ""


@transaction.atomic
def start(
    *, playbook: Playbook, subject: Subject, by: Person, now: datetime, parent: Run | None = None
) -> tuple[Run, bool]:
    """Begin to follow the newest revision, or join whoever does about the same. Returns the run, and whether it is new.

    `parent`: the run that led to it; one that was begun without is linked to it then.

    :raises Refused: if the playbook is out of use.
    """
    if playbook.retired_at is not None:
        raise Refused("playbook", f"{playbook.title} is out of use since {playbook.retired_at:%d %b %Y}. Use another.")
    open_ones = Run.objects.open().filter(playbook=playbook, subject=subject.id)
    if subject.id and (known := open_ones.first()):
        return _led_by(known, parent), False
    try:
        with transaction.atomic():
            run = Run.objects.create(
                playbook=playbook, revision=library.current(playbook), parent=parent, subject=subject.id,
                about=subject.about[:300], url=subject.url[:200], restricted=subject.restricted,
                alarm_key=subject.key[:200], alarm_head=head_of(subject.title), product=subject.product[:120],
                started_at=now, started_by=by, touched_at=now,
            )  # fmt: skip
    except IntegrityError:  # somebody else has begun at the same moment
        return _led_by(open_ones.get(), parent), False
    return run, True


def _led_by(run: Run, parent: Run | None) -> Run:
    """Link a run that no other led to so far, unless it would lead to itself."""
    above = parent
    while above is not None and above.pk != run.pk:
        above = above.parent
    if parent is not None and run.parent_id is None and above is None:
        run.parent = parent
        run.save(update_fields=["parent"])
    return run


@transaction.atomic
def tick(
    *,
    run: Run,
    step: int,
    outcome: str,
    by: Person,
    now: datetime,
    seen: int | None = None,
    minutes: int | None = None,
) -> tuple[StepOutcome, bool]:
    """Say what a step came to; said again it is corrected. Returns what holds then, and whether that is new.

    `seen`: the number of the outcome that the press was made over, 0 for none; None: whichever. `minutes`: how long it
    took, whole minutes; None: what the clock says since the step before, or what was said of it before.

    :raises Refused: naming the field: the run is over, there is no such step, it cannot come to that.
    :raises Overtaken: if somebody else has said something else of this step since.
    """
    run = _lock(run)
    now = max(now, run.touched_at)
    if run.ended_at is not None:
        raise Refused("run", f"It ended at {run.ended_at:%H:%M} UTC, {run.get_end_display()}. Start another run.")
    sheet = queries.sheet_of(run)
    if not 1 <= step <= len(sheet.steps):
        raise Refused("step", f"There is no step {step}. Name one from 1 to {len(sheet.steps)}.")
    one = sheet.steps[step - 1]
    if not fits(one, outcome):
        known = [word for word in WORDS if fits(one, word)]
        raise Refused("outcome", f"Step {step} cannot come to “{outcome[:40]}”. Choose one of {', '.join(known)}.")
    if minutes is not None and not 0 <= minutes <= LONGEST_MIN:
        raise Refused("minutes", f"“{minutes}” is no time for a step. Write whole minutes, from 0 to {LONGEST_MIN}.")
    last = run.outcomes.select_related("by").order_by("-nth").first()
    holds = run.outcomes.select_related("by").filter(step=step).order_by("-nth").first()
    if holds is not None and holds.outcome == outcome and minutes in (None, holds.minutes):
        return holds, False
    if seen is not None and seen != (holds.nth if holds else 0):
        said = f"{holds.by.name} said “{holds.get_outcome_display()}”" if holds else "It was open"
        at = f" at {holds.at:%H:%M} UTC" if holds else ""
        mine = f"yours, “{WORDS[outcome]}”, is not written. Press again to correct it"
        raise Overtaken(f"{said} to step {step}{at}; {mine}.")
    if minutes is None:
        minutes = holds.minutes if holds else _by_the_clock(run, now=now)
    row = StepOutcome.objects.create(
        run=run, nth=last.nth + 1 if last else 1, step=step, title=one.title, outcome=outcome, minutes=minutes, by=by,
        at=now,
    )  # fmt: skip
    run.solved_step = _solved_by(run, sheet, was=holds.outcome if holds else None, row=row)
    run.touched_at = now
    run.save(update_fields=["solved_step", "touched_at"])
    if run.parent_id is not None:
        Run.objects.open().filter(pk=run.parent_id, touched_at__lt=now).update(touched_at=now)
    return row, True


@transaction.atomic
def end(
    *, run: Run, how: str, by: Person | None, now: datetime, step: int | None = None, missing: str = ""
) -> tuple[Run, bool]:
    """End a run: solved (by `step`, or by the one that is marked), written (as the playbook says), failed, left.

    Where the playbook says “solved”, an end as it says is solved, by the step that most likely did it.

    One that was left may be ended again: it has been asked what became of it. What was `missing` opens a work item for
    the owner. Returns the run, and whether anything changed.

    :raises Refused: naming the field.
    :raises Overtaken: if somebody else has ended it otherwise.
    """
    run = _lock(run)
    now = max(now, run.touched_at)
    if how not in Run.End.values:
        raise Refused("end", f"“{how[:40]}” is no end. Choose one of {', '.join(Run.End.values)}.")
    if how == "written" and run.end != "written" and queries.fold_of(run).solved:
        how, step = "solved", step or queries.likely_step(run, at_the_end=True)
    if run.ended_at is not None and run.end != "left":
        if run.end == how and not missing.strip():
            return run, False
        if run.end != how:
            who = run.ended_by.name if run.ended_by else "It"
            raise Overtaken(f"{who} ended it at {run.ended_at:%H:%M} UTC already: {run.get_end_display()}.")
    if step is not None and not run.outcomes.filter(step=step).exists():
        raise Refused("step", f"Nobody took step {step} in this run. Name one that was taken.")
    if how == "solved":
        run.solved_step = step or run.solved_step
    run.ended_at, run.ended_by, run.end = run.ended_at or now, by, how
    run.missing = "" if how in ("solved", "written") else run.missing
    run.save(update_fields=["ended_at", "ended_by", "end", "solved_step", "missing"])
    if run.parent_id is not None and how != "left":  # whoever followed it goes on there
        Run.objects.open().filter(pk=run.parent_id, touched_at__lt=now).update(touched_at=now)
    if missing.strip() and how in ("failed", "left"):
        run = say_missing(run=run, text=missing, by=by, now=now)
    return run, True


@transaction.atomic
def reopen(*, run: Run, by: Person, now: datetime) -> tuple[Run, bool]:
    """Go on with a run whose end was a wrong press. What was missing then is withdrawn. Returns it, whether changed.

    :raises Refused: if it is too late, it solved it or was left, or somebody has begun it anew.
    """
    run = _lock(run)
    if run.ended_at is None:
        return run, False
    if not queries.may_reopen(run, now=now):
        words = f"It ended at {run.ended_at:%H:%M} UTC, {run.get_end_display()}, and stays so. Start another run."
        raise Refused("run", words)
    if run.subject and Run.objects.open().filter(playbook=run.playbook, subject=run.subject).exists():
        raise Refused("run", "Somebody has begun it anew since. Go on there.")
    run.ended_at, run.ended_by, run.end, run.missing = None, None, "", ""
    run.touched_at = max(run.touched_at, now)
    run.save(update_fields=["ended_at", "ended_by", "end", "missing", "touched_at"])
    work.close_item(key=_key(run), by=by, outcome=f"{by.name} goes on with the run.", now=now)
    return run, True


@transaction.atomic
def say_missing(*, run: Run, text: str, by: Person | None, now: datetime) -> Run:
    """Keep what the playbook lacked, and give it to its owner as a thing to do in working hours.

    Said in a restricted incident, the words stay in the run.

    :raises Refused: if the run did not end without success, or nothing is said.
    """
    run = _lock(run)
    text = text.replace("\x00", "").strip()
    if run.end not in ("failed", "left"):
        raise Refused("missing", "It did not end without success. End it first.")
    if not text or len(text) > LONGEST_MISSING:
        raise Refused("missing", f"Say what was missing, in at most {LONGEST_MISSING} characters.")
    run.missing = text
    run.save(update_fields=["missing"])
    if not run.restricted:
        _open_item(run, by=by, now=now)
    return run


def _open_item(run: Run, *, by: Person | None, now: datetime) -> WorkItem:
    """Open the work item that asks the owner to improve the playbook: one for each run."""
    return work.open_item(
        key=_key(run),
        title=f"Improve the playbook “{run.playbook.title}”",
        text=_asked(run, by),
        url=run.path,
        team=run.playbook.owner_team,
        origin=f"Playbook {run.playbook.slug}, revision {run.revision.n}",
        now=now,
    )


def _key(run: Run) -> str:
    return f"playbook-missing:{run.pk}"


def _asked(run: Run, by: Person | None) -> str:
    return f"{by.name if by else 'Somebody'} followed it without success. Missing was: {run.missing}"


@transaction.atomic
def restrict(*, run: Run, restricted: bool, now: datetime) -> Run:
    """Let what is written in a run be for few (R43), or for everybody again. Twice is once.

    What it lacked leaves the work item, and comes back to it.
    """
    run = _lock(run)
    if run.restricted == restricted:
        return run
    run.restricted = restricted
    run.save(update_fields=["restricted"])
    if not run.missing:
        return run
    hidden = "Somebody followed it without success. What was missing stands in the run, which is not for everybody."
    known = work.reword(key=_key(run), text=hidden if restricted else _asked(run, run.ended_by), now=now)
    if not restricted and not known:
        _open_item(run, by=run.ended_by, now=now)
    return run


def _by_the_clock(run: Run, *, now: datetime) -> int | None:
    """Return how long a step took that is taken for the first time: since the step before it was, whatever was said of
    others again meanwhile, or since the run began. A run that begins with the press tells nothing.
    """
    firsts = run.outcomes.order_by().values("step").annotate(first=Min("at")).values_list("first", flat=True)
    last = max(firsts, default=None)
    since = last or run.started_at
    return minutes_between(since, now) if last or now > since else None


def _solved_by(run: Run, sheet: Sheet, *, was: str | None, row: StepOutcome) -> int | None:
    """Return which step is marked after `row`: an answer that folds it away takes the mark, and gives it back."""
    if row.outcome == "solved":
        return row.step
    marked = None if run.solved_step == row.step else run.solved_step
    gone = queries.gone(run.children.select_related("playbook"))
    holds = {step: one.outcome for step, one in queries.standing(run).items()}
    before = {step: said for step, said in holds.items() if step != row.step} | ({row.step: was} if was else {})
    here, there = applying(sheet, holds, gone), applying(sheet, before, gone)
    if marked is not None:
        return None if marked in there and marked not in here else marked
    back = [step for step, said in holds.items() if said == "solved" and step in here and step not in there]
    return max(back, default=None)


def _lock(run: Run) -> Run:
    rows = Run.objects.select_for_update(of=("self",), no_key=True).select_related("playbook__owner_team", "revision")
    return rows.get(pk=run.pk)
