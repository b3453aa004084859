"""Several alarms take their step in one transaction: the same rows as one after the other, in few statements.

Only what is ordinary is done here: a firing alarm whose step calls people who can be reached. Whatever is odd (a lapsed
acknowledgement, the end of a policy, nobody on call, somebody without a way) is left to the engine, which takes it by
itself. Locks are taken in the order that stands in pages.py: alarms, turns, pages.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F

from incidents.alarms import turnover
from incidents.alarms.announcing import announce
from incidents.alarms.calling import explained, said_of
from incidents.alarms.grouping import Told, words_for
from incidents.alarms.models import Alarm, AlarmPage, LogEntry
from incidents.alarms.pages import (
    ANSWER_PATH,
    MOST_TOLD,
    key_of,
    link_row,
    open_to_more,
    text_of,
    told,
    wait_for_turn,
    words_of_many,
)
from incidents.escalation.decision import EmptyPolicy, Fire, Plan, Position, Target, decide, plan_from_json
from incidents.escalation.queries import Called, named
from oncall import rows
from oncall.limits.queries import Limits
from oncall.paging import services, several
from oncall.paging.models import Page
from oncall.paging.several import Ways
from oncall.paging.wake import wake
from oncall.people.models import Person

Ask = Callable[..., list[Called]]  # who_is_called
ABOUT = """
    SELECT page_id, array_remove(array_agg(CASE WHEN alarm_id = ANY(%s) THEN alarm_id || ':' || cycle END), NULL)
      FROM alarms_alarmpage WHERE page_id = ANY(%s) GROUP BY page_id
"""
ADVANCE = """
    UPDATE alarms_alarm AS a
       SET step = v.step, round = v.round, next_due = v.next_due, stepped_at = %s,
           cover_due = NULL, cover_schedules = '{}', cover_edition = NULL
      FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::timestamptz[]) AS v (id, step, round, next_due)
     WHERE a.id = v.id
"""


class Odd(Exception):
    """Something came in between that one alarm after the other will see to."""


@dataclass
class Step:
    """One alarm, the step that fires, and whom it calls."""

    alarm: Alarm
    plan: Plan
    fire: Fire
    called: list[Called] = field(default_factory=list)

    @property
    def urgency(self) -> str:
        return services.urgency_of(self.alarm.severity)


def take(alarms: Sequence[Alarm], *, ask: Ask, now: datetime, limits: Limits) -> set[UUID]:
    """Let those of `alarms` take their step for which this is ordinary. Returns which.

    The caller holds the alarms, undoes everything if this raises, and takes the others one by one. `ask`: who is
    called; each target is asked once.
    """
    repeat = limits.span("policy_end_repeat_s")
    steps = [step for alarm in alarms if (step := _ordinary(alarm, now=now, repeat=repeat)) is not None]
    _find_called(steps, ask=ask, now=now)
    ways = Ways.of(
        (one.person for step in steps for one in step.called),
        low=any(step.urgency != "high" for step in steps),
        limits=limits,
    )
    steps = [step for step in steps if step.called and all(_reachable(step, one, ways) for one in step.called)]
    if not steps:
        return set()
    batch = _Batch(ways=ways, now=now, limits=limits)
    batch.read(steps)
    taken = [step for step in steps if not batch.calls_already(step)]
    for step in taken:
        batch.take(step)
    batch.write(taken)
    return {step.alarm.pk for step in taken}


def _ordinary(alarm: Alarm, *, now: datetime, repeat: object) -> Step | None:
    looks = alarm.cover_due is not None and alarm.cover_due <= now
    if alarm.state != Alarm.State.FIRING or looks or alarm.next_due is None or alarm.next_due > now:
        return None
    try:
        plan = plan_from_json(alarm.plan)
        fire = decide(plan=plan, position=Position(alarm.step, alarm.round), now=now, repeat=repeat)  # type: ignore[arg-type]
    except (EmptyPolicy, KeyError, TypeError, ValueError):
        return None
    return None if fire.end else Step(alarm, plan, fire)


def _find_called(steps: Sequence[Step], *, ask: Ask, now: datetime) -> None:
    """Ask whom each target means, once; people who are named in one query."""
    targets = {target for step in steps for target in step.fire.step.targets}
    by_name = {target for target in targets if target.kind == "person"}
    found: dict[Target, list[Called]] = named(by_name)
    for target in targets - by_name:
        found[target] = ask([target], now=now)
    for step in steps:
        each: dict[UUID, Called] = {}
        for target in step.fire.step.targets:
            for one in found[target]:
                each.setdefault(one.person.pk, one)
        step.called = list(each.values())


def _reachable(step: Step, called: Called, ways: Ways) -> bool:
    return bool(ways.ladder(called.person, urgency=step.urgency))


@dataclass
class _Batch:
    """What is known of the people and pages of one batch, and what is to be written."""

    ways: Ways
    now: datetime
    limits: Limits
    calling: dict[UUID, list[Page]] = field(default_factory=lambda: defaultdict(list))
    about: dict[UUID, list[str]] = field(default_factory=dict)  # by page about alarms: those of this batch, and cycles
    paged: dict[tuple[UUID, UUID], int] = field(default_factory=dict)  # how often in this cycle, by alarm and person
    new: dict[UUID, list[Alarm]] = field(default_factory=dict)  # by page: what it is about
    pages: list[Page] = field(default_factory=list)
    joined: dict[UUID, Page] = field(default_factory=dict)
    leads: set[UUID] = field(default_factory=set)  # pages that were joined by the first of a source
    links: list[AlarmPage] = field(default_factory=list)
    log: list[LogEntry] = field(default_factory=list)

    def read(self, steps: Sequence[Step]) -> None:
        """Wait for the turns of all who are called, then lock and read what they are called for."""
        people = {one.person.pk: one.person for step in steps for one in step.called}
        wait_for_turn(people.values())
        pages = list(Page.objects.calling().select_for_update().filter(person__in=people).order_by("pk"))
        for page in pages:
            self.calling[page.person_id].append(page)
        alarms = [step.alarm.pk for step in steps]
        if pages:
            with connection.cursor() as cursor:
                cursor.execute(ABOUT, [alarms, [page.pk for page in pages]])
                self.about = dict(cursor.fetchall())
        self.ways.read_last(people.values(), now=self.now)
        again = [step.alarm.pk for step in steps if step.alarm.stepped_at is not None]
        if again:
            links = AlarmPage.objects.filter(alarm__in=again, cycle=F("alarm__cycle")).order_by()
            counts = links.values_list("alarm_id", "page__person_id").annotate(Count("pk"))
            self.paged = {(alarm, person): count for alarm, person, count in counts}

    def calls_already(self, step: Step) -> bool:
        """Say whether one of its people is being called for this very alarm, in this cycle."""
        mine = f"{step.alarm.pk}:{step.alarm.cycle}"
        pages = [page for one in step.called for page in self.calling[one.person.pk]]
        return any(mine in self.about.get(page.pk, ()) for page in pages)

    def take(self, step: Step) -> None:
        alarm, fire = step.alarm, step.fire
        names = ", ".join(target.name for target in fire.step.targets)
        self._note(alarm, LogEntry.Kind.STEP, f"Step {fire.index + 1}: {names}.")
        for one in step.called:
            because, why = explained(alarm, one, step=fire.index, at_round=alarm.round, now=self.now)
            page = self._page(step, one.person, why=why)
            self.links.append(
                link_row(
                    alarm=alarm, page=page, step=fire.index, why=why, now=self.now,
                    edition=page.edition, because=because,
                )
            )  # fmt: skip
            self._note(alarm, LogEntry.Kind.PAGED, said_of(page, one, now=self.now), person=one.person, page=page)
        alarm.step, alarm.round = fire.after.step, fire.after.round
        alarm.next_due, alarm.stepped_at = fire.next_due, self.now

    def _page(self, step: Step, person: Person, *, why: str) -> Page:
        """Return the page that this alarm joins, or a new one."""
        alarm, urgency = step.alarm, step.urgency
        open_to = open_to_more(self.calling[person.pk], urgency=urgency, now=self.now, limits=self.limits)
        found = [page for page in open_to if page.pk in self.about]
        if found:
            share = max(found, key=lambda page: page.created_at)
            share.edition += 1
            if alarm.leads:
                self.leads.add(share.pk)
            if share.pk in self.new:
                self.new[share.pk].append(alarm)
            else:
                self.joined[share.pk] = share
            return share
        words = words_for([told(alarm)])
        nth = 0 if alarm.stepped_at is None else self.paged.get((alarm.pk, person.pk), 0)
        page = services.draft(
            key=key_of(alarm, person, step=step.fire.index, nth=nth),
            person=person,
            severity=alarm.severity,
            title=words.title,
            text=text_of(words, why=why),
            url=urljoin(settings.PUBLIC_BASE_URL, alarm.path),
            answer_path=ANSWER_PATH,
            rungs=self.ways.ladder(person, urgency=urgency),
            hours=self.ways.quiet(person, urgency=urgency),
            leads=alarm.leads,
            last=self.ways.last.get(person.pk),
            now=self.now,
        )
        self.ways.last[person.pk] = self.now
        self.calling[person.pk].append(page)
        self.about[page.pk], self.new[page.pk] = [], [alarm]
        self.pages.append(page)
        return page

    def _note(
        self, alarm: Alarm, kind: str, text: str, *, person: Person | None = None, page: Page | None = None
    ) -> None:
        self.log.append(
            LogEntry(alarm=alarm, cycle=alarm.cycle, at=self.now, kind=kind, person=person, text=text, page=page)
        )

    def write(self, steps: Sequence[Step]) -> None:
        """Write all of it: pages before what names them."""
        for page in self.pages:
            about = sorted(self.new[page.pk], key=lambda alarm: alarm.severity)
            if len(about) > 1:
                self._retold(page, [told(alarm) for alarm in about[:MOST_TOLD]], len(about))
        if not several.begin(self.pages, now=self.now):
            raise Odd("A page was there already, or its code.")
        rows.insert_many(self.links)
        for page_id, (first, count) in words_of_many(list(self.joined)).items():
            self._retold(self.joined[page_id], first, count)
        several.retell(list(self.joined.values()))
        rows.insert_many(self.log)
        with connection.cursor() as cursor:
            cursor.execute(
                ADVANCE,
                [
                    self.now,
                    [step.alarm.pk for step in steps],
                    [step.alarm.step for step in steps],
                    [step.alarm.round for step in steps],
                    [step.alarm.next_due for step in steps],
                ],
            )
        for entry in self.log:
            announce(entry.alarm, entry)
        for step in steps:
            step.alarm.forget_cover()
            if any(target.kind == "schedule" for other in step.plan.steps for target in other.targets):
                turnover.mark(step.alarm, now=self.now, limits=self.limits)
        if self.pages or self.joined:
            wake()

    def _retold(self, page: Page, first: Sequence[Told], count: int) -> None:
        words = words_for(first, count=count)
        services.retold(
            page, severity=words.severity, title=words.title, text=words.text,
            leads=page.pk in self.leads, limits=self.limits, now=self.now,
        )  # fmt: skip
