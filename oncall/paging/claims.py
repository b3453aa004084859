"""Verbs that take what is due: pages, and attempts to ask about; notices stand in noticing.py.

Claim, commit, call the provider, record: no row is locked across HTTP. The row exists before the request, so whoever
dies in between leaves something to look at. A claim of many pages takes hardly more statements than one of a single
page. Source: paging.md 2.8, 2.10, 3.1.
"""

import logging
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Case, Count, F, IntegerField, Max, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Func
from django.db.models.functions import Cast

from oncall import rows
from oncall.limits.queries import Limits
from oncall.paging import services, spending
from oncall.paging.channels import Order
from oncall.paging.holds import REACHED, Past, Rate, take_turns
from oncall.paging.ladder import DEAD, Dial, GiveUp, Rung, climb, hasten
from oncall.paging.lanes import Room
from oncall.paging.models import Attempt, Channel, ContactMethod, Lane, Page, Urgency
from oncall.paging.noticing import claim_notices
from oncall.paging.orders import body_of, order_for
from oncall.paging.providers import Board, names
from oncall.paging.spending import SILENT
from oncall.paging.throttle import NAMES, Hold, put_off, set_back
from oncall.troubles import services as troubles

__all__ = ["claim_notices", "claim_pages", "claim_unsettled"]
log = logging.getLogger(__name__)
PROGRESS = ["next_rung", "next_due", "held_until", "held_why"]  # columns that a claim writes together
KEEP = """
    UPDATE paging_page AS p
       SET next_rung = v.next_rung, next_due = v.next_due, held_until = v.held_until, held_why = v.held_why
      FROM unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::text[])
           AS v (id, next_rung, next_due, held_until, held_why)
     WHERE p.id = v.id
"""
NEXT_CHANNEL = Func(
    F("ladder"),
    Cast("next_rung", IntegerField()),
    template="(%(expressions)s ->> 'channel')",
    arg_joiner=" -> ",
    output_field=TextField(),
)  # null: no rung is left


def claim_pages(
    *, now: datetime, limits: Limits, at_most: int, room: Room | None = None, due_by: datetime | None = None
) -> list[tuple[Attempt, Order]]:
    """Take up to `at_most` due pages and write down the attempt each of them needs now; those that go first, first.

    High urgency goes before low; then the first page of a source that was silent before; then the worst severity; then
    whose person was paged least lately; then who waits longest. So a storm of one source never starves another's first
    alarm. `room`: how many may start of each way; what finds no room stays due.
    `due_by`: only what was due by then; None: by `now`.

    Safe to run late, twice or in parallel: rows another has are skipped. A page with nothing left to try ends here; one
    whose number has had enough of its class is held until it has room, and its other ways keep their own times.
    """
    room, due = room or Room.any(), list[Page]()
    spare = deepcopy(room)  # as it is before anything of this claim
    try:
        with transaction.atomic():
            rate = Rate(limits=limits, now=now)
            due = list(_in_line(Page.objects.calling().due(due_by or now), room=room)[:at_most])
            return _Claim(now=now, limits=limits, room=room, rate=rate).take(due) if due else []
    except OperationalError:
        raise
    except DatabaseError:
        if not due:
            raise
        log.exception("%s pages together; now one by one", len(due))
    return _one_by_one(due, now=now, limits=limits, room=spare)


def _one_by_one(due: list[Page], *, now: datetime, limits: Limits, room: Room) -> list[tuple[Attempt, Order]]:
    """Take each of these by itself: one that the database refuses is put off, and the others go.

    What was claimed is returned even if the database goes away meanwhile: nobody else would send it before its lease
    runs out.
    """
    claimed = []
    for page in due:
        mine = Page.objects.calling().due(now).filter(pk=page.pk)
        try:
            with transaction.atomic():
                claim = _Claim(now=now, limits=limits, room=room, rate=Rate(limits=limits, now=now))
                claimed += claim.take(list(_in_line(mine, room=room)))
        except OperationalError:
            log.exception("page %s", page.pk)
            break
        except DatabaseError as error:
            log.exception("page %s", page.pk)
            _put_off(page, error=error, now=now)
    return claimed


def _in_line(due: QuerySet[Page], *, room: Room) -> QuerySet[Page]:
    """Lock the due pages, in the order in which they go; not those by ways that have no thread free."""
    for lane in (Lane.HIGH, Lane.LOW):
        full = [channel for channel in Channel.values if not room.left(channel, lane)]
        if full:
            ends = Q(next_channel__isnull=True)  # it needs no thread
            free = ~Q(urgency=lane) | ends | ~Q(next_channel__in=full)
            due = due.alias(next_channel=NEXT_CHANNEL).filter(free)
    begins = Case(When(leads=True, next_rung=0, then=Value(0)), default=Value(1), output_field=IntegerField())
    return (
        due.select_for_update(skip_locked=True, of=("self",))
        .select_related("person")
        .order_by("urgency", begins, "severity", F("paged_before_at").asc(nulls_first=True), "next_due")
    )


@dataclass
class _Claim:
    """One claim: what it knows of its pages, their people and numbers, read once for all, and what it decided."""

    now: datetime
    limits: Limits
    room: Room
    rate: Rate
    contacts: dict[str, ContactMethod] = field(default_factory=dict)
    went: dict[uuid.UUID, tuple[int, int]] = field(default_factory=dict)  # attempts of a page, and those that reached
    turns: set[str] = field(default_factory=set)
    cap: Hold | None = None
    moved: list[Page] = field(default_factory=list)
    made: list[Attempt] = field(default_factory=list)
    orders: dict[uuid.UUID, Order] = field(default_factory=dict)  # by attempt

    def __post_init__(self) -> None:
        self.past = Past(limits=self.limits, now=self.now)
        self.board = Board(limits=self.limits, now=self.now)

    def take(self, due: list[Page]) -> list[tuple[Attempt, Order]]:
        self._read(due)
        for page in due:
            try:
                self._climb(page)
            except DatabaseError:
                raise  # nothing more can be done in this transaction
            except Exception as error:  # whatever is wrong with one page must not hold the others
                log.exception("page %s", page.pk)
                _put_off(page, error=error, now=self.now)
        self._write()
        return [(one, self.orders[one.pk]) for one in self.made]

    def _read(self, due: list[Page]) -> None:
        people = {page.person_id for page in due}
        self.contacts = {str(one.pk): one for one in ContactMethod.objects.usable().filter(person__in=people)}
        begun = [page.pk for page in due if page.next_rung]
        if begun:
            of_page = Attempt.objects.filter(page__in=begun).order_by().values("page")
            counts = of_page.annotate(last=Max("n"), reached=Count("pk", filter=REACHED))
            self.went = {row["page"]: (row["last"], row["reached"]) for row in counts}
        self.turns = take_turns({address for page in due for address in self._bounded(page)})
        self.past.read(self.turns)
        if any(page.urgency == Urgency.LOW for page in due):
            self.cap = spending.capped(now=self.now)

    def _first(self, page: Page) -> bool:
        """Say whether nothing of this page may have reached its person yet."""
        return not self.went.get(page.pk, (0, 0))[1]

    def _bounded(self, page: Page) -> set[str]:
        """Return the numbers of which the past must be known before this page goes on."""
        if page.urgency == Urgency.HIGH and self._first(page):
            return set()
        rest = page.ladder[page.next_rung :]
        return {rung["address"] for rung in rest if rung.get("channel") in NAMES and "address" in rung}

    def _climb(self, page: Page) -> None:
        """Decide on the attempt that is due, or end the page. A way that was removed or disabled is passed over."""
        if not page.person.is_active:
            why = f"The account of {page.person.name} is closed."
            services.end(page=page, state=Page.State.UNREACHABLE, why=why, now=self.now)
            return
        held_for = page.held_why
        if page.held_until is not None and page.held_until <= self.now:
            page.held_until, page.held_why = None, ""
        wait, passed_over = self.limits.span("page_wait_after_last_s"), False
        ladder = services.rungs(page)
        while page.next_due is not None and page.next_due <= self.now:
            step = climb(ladder=ladder, next_rung=page.next_rung, now=self.now, wait_after_last=wait)
            if isinstance(step, GiveUp):
                if not (
                    passed_over and page.attempts.filter(accepted_at__isnull=False).exclude(status__in=DEAD).exists()
                ):
                    _give_up(page, now=self.now)
                    return
                page.next_due = self.now + wait  # what went out before may still be answered
                break
            rung = step.rung
            begins = page.created_at + timedelta(seconds=rung.after)
            if rung.held and begins > self.now:  # quiet hours: whatever hastened the page, its person sleeps
                page.next_due = begins
                break
            if rung.contact not in self.contacts or self._told_in_silence(page, rung, ladder):
                page.next_rung, passed_over = step.index + 1, True
                continue
            if self._costs_too_much(page, rung) and (silent := self._silent_way(page, ladder)):
                ladder[step.index] = silent
                _keep(page, ladder)
                continue
            if rung.address not in self.turns and self._bounded(page) and rung.channel in NAMES:
                return  # another loop decides about this number at this moment: it comes again at the next turn
            hold = self._hold(page, rung, held_for=held_for)
            if hold is not None:
                ladder = self._put_back(page, step, ladder, hold)
                continue
            if not self.room.left(rung.channel, page.urgency):
                break  # it stays due
            self._dial(page, step)
            break
        self.moved.append(page)

    def _costs_too_much(self, page: Page, rung: Rung) -> bool:
        return self.cap is not None and page.urgency == Urgency.LOW and rung.channel in NAMES

    def _told_in_silence(self, page: Page, rung: Rung, ladder: list[Rung]) -> bool:
        """Say whether a spending cap stops this rung, and a way that costs nothing has told them or is about to."""
        return self._costs_too_much(page, rung) and any(
            other.channel not in NAMES and other.contact in self.contacts for other in ladder
        )

    def _silent_way(self, page: Page, ladder: list[Rung]) -> Rung | None:
        """Return a way that costs nothing, due at once, if the person has one."""
        theirs = {one.kind: one for one in self.contacts.values() if one.person_id == page.person_id}
        after = max(0.0, (self.now - page.created_at).total_seconds())
        for kind, channel in SILENT.items():
            if kind in theirs:
                return Rung(after, channel.value, str(theirs[kind].pk), theirs[kind].address)
        return None

    def _hold(self, page: Page, rung: Rung, *, held_for: str) -> Hold | None:
        """Return until when this rung waits and why; nothing if it may go now."""
        if rung.channel not in NAMES:
            return None
        if self._costs_too_much(page, rung):
            return self.cap
        if page.urgency == Urgency.LOW and (until := self.board.crowded_until(rung.channel)):
            return Hold(until, "the provider's queue for our number is full")
        hold = self.past.hold(address=rung.address, channel=rung.channel, lane=page.urgency, first=self._first(page))
        return hold or self.rate.hold(rung.channel, held_for=held_for)

    def _put_back(self, page: Page, step: Dial, ladder: list[Rung], hold: Hold) -> list[Rung]:
        """Hold the rung that was due, visibly, and let those behind it come at their own times."""
        after = (hold.until - page.created_at).total_seconds()
        if hold == self.cap:  # none of them may go before then: they keep their distances
            changed = put_off(ladder=ladder, index=step.index, seconds=after - step.rung.after)
        else:
            changed = set_back(ladder=ladder, index=step.index, after=after)
        page.held_until, page.held_why = hold.until, hold.why
        following = changed[step.index]
        gap = timedelta(seconds=max(0.0, following.after - step.rung.after))
        page.next_due = hold.until if following.after == after else self.now + gap
        _keep(page, changed)
        return changed

    def _dial(self, page: Page, step: Dial) -> None:
        rung, silent = step.rung, step.rung.channel == Channel.VOICE
        page.next_rung, page.next_due = step.index + 1, step.next_due
        attempt = Attempt(
            page=page,
            n=self.went.get(page.pk, (0, 0))[0] + 1,
            rung=step.index,
            tries=rung.tries,
            channel=rung.channel,
            lane=page.urgency,
            provider=self.board.choose(rung.channel, avoid=rung.avoid, urgent=page.urgency == Urgency.HIGH)
            or names(rung.channel)[0],
            contact_id=uuid.UUID(rung.contact),
            address=rung.address,
            body=body_of(page, rung.channel),
            started_at=self.now,
            told_at=None if silent else self.now,
            told_edition=None if silent else page.edition,
            look_at=self.now + self.limits.span("attempt_lease_s"),
            lease_token=uuid.uuid4(),
        )
        if self.board.broken(rung.channel):
            self._other_ways_now(page)
        self.orders[attempt.pk] = order_for(attempt, page=page, limits=self.limits)
        self.made.append(attempt)
        self.past.add(address=rung.address, channel=rung.channel, lane=page.urgency)
        self.rate.take(rung.channel)
        self.room.take(rung.channel, page.urgency)

    def _other_ways_now(self, page: Page) -> None:
        """This way may fail for everybody at the moment: let the next one by somebody else come at once."""
        assert page.next_due is not None  # it was dialled just now
        course = hasten(
            ladder=services.rungs(page),
            next_rung=page.next_rung,
            next_due=page.next_due,
            begun=page.created_at,
            now=self.now,
            works=self.board.works,
        )
        if course is not None:
            _keep(page, course.ladder)
            page.next_due = course.next_due

    def _write(self) -> None:
        """Keep what was decided, in two statements; one by one where a row is refused, so that it holds up no other."""
        try:
            with transaction.atomic():
                _keep_progress(self.moved)
                rows.insert_many(self.made)
            return
        except OperationalError:
            raise
        except DatabaseError:
            log.exception("a claim of %s pages", len(self.moved))
        kept = []
        for page in self.moved:
            mine = [attempt for attempt in self.made if attempt.page_id == page.pk]
            try:
                with transaction.atomic():
                    page.save(update_fields=PROGRESS)
                    rows.insert_many(mine)
                kept += mine
            except OperationalError:
                raise
            except DatabaseError as error:
                _put_off(page, error=error, now=self.now)
        self.made = kept


def _keep_progress(pages: list[Page]) -> None:
    columns = [[getattr(page, name) for page in pages] for name in ("pk", *PROGRESS)]
    with connection.cursor() as cursor:
        cursor.execute(KEEP, columns)


def _keep(page: Page, ladder: list[Rung]) -> None:
    page.ladder = [rung.as_json() for rung in ladder]
    page.save(update_fields=["ladder"])


def _put_off(page: Page, *, error: Exception, now: datetime) -> None:
    Page.objects.filter(pk=page.pk, state=Page.State.CALLING).update(next_due=now + timedelta(seconds=5))
    text = f"A page to {page.person.name} cannot go on: {type(error).__name__}: {error}"
    troubles.raise_trouble(kind="page", key=str(page.pk), text=text, url=page.url, now=now)


def _give_up(page: Page, *, now: datetime) -> None:
    """End a page nobody answered: unreachable if no attempt ever got through, unanswered otherwise."""
    through = page.attempts.filter(accepted_at__isnull=False).exclude(status__in=DEAD).exists()
    if through:
        services.end(page=page, state=Page.State.UNANSWERED, why="Nobody answered by any way.", now=now)
    else:
        last = page.attempts.exclude(error_text="").last()
        why = f"No way got through. {last.error_text if last else ''}".strip()
        services.end(page=page, state=Page.State.UNREACHABLE, why=why, now=now)


@transaction.atomic
def claim_unsettled(*, now: datetime, limits: Limits, at_most: int) -> list[tuple[Attempt, Order]]:
    """Take attempts whose lease ran out, whose answer was lost, or that have been silent, to ask the provider."""
    found = (
        Attempt.objects.unsettled()
        .filter(look_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("page")
        .order_by("look_at")[:at_most]
    )
    claimed = []
    for attempt in found:
        try:
            order = order_for(attempt, page=attempt.page, limits=limits)
        except Exception:  # whatever is wrong with one must not keep the others from being asked about
            log.exception("attempt %s", attempt.pk)
            Attempt.objects.filter(pk=attempt.pk).update(look_at=now + limits.span("attempt_lease_s"))
            continue
        attempt.lease_token = uuid.uuid4()
        attempt.look_at = now + limits.span("attempt_lease_s")
        if attempt.state == Attempt.State.INTENT:
            attempt.state = Attempt.State.UNKNOWN
        attempt.save(update_fields=["lease_token", "look_at", "state"])
        claimed.append((attempt, order))
    return claimed
