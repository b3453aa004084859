"""Call-outs as they are looked for: by person, team, month and state; and what was said about the hours of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db.models import DateTimeField, F, Func, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from oncall.people.instants import LATEST
from oncall.people.models import Membership, Person
from rotations.leave import accounts, approval, queries, rules
from rotations.leave.accounts import Standing
from rotations.leave.credit import Credit
from rotations.leave.models import CallOut, Correction, Evidence, LedgerEntry

FORGOTTEN, NOTHING = "forgotten", "nothing"
STATES: tuple[str, ...] = (*approval.STATES, FORGOTTEN, NOTHING)
STATE_WORDS = {
    "open": "open",
    "to_confirm": "to be confirmed",
    "confirmed": "confirmed",
    "asked_back": "asked back",
    "disputed": "disputed",
    "approved": "approved",
    "changed": "changed since",
    FORGOTTEN: "nobody stood down",
    NOTHING: "counts nothing",
}
WIDEST = timedelta(hours=26)  # how far two clocks are apart at most


@dataclass(frozen=True)
class Explained:
    """A call-out with what it earns, by which rule, and where it stands between its person and their manager."""

    call_out: CallOut
    earned: Credit
    standing: Standing

    @property
    def rule(self) -> str:
        return rules.in_words(self.call_out.rule)

    @property
    def evidence(self) -> QuerySet[Evidence]:
        return queries.evidence_of(self.call_out)

    @property
    def corrections(self) -> QuerySet[Correction]:
        return corrections_of(self.call_out)


def explained(call_outs: Sequence[CallOut], *, now: datetime) -> list[Explained]:
    """Return each of `call_outs` with its figures, in two queries."""
    standings = accounts.standings(call_outs)
    return [Explained(one, queries.credit_of(one, now=now), standings[one.pk]) for one in call_outs]


def people_asked_for(
    actor: Person, *, person: UUID | None, team: UUID | None, everybody: bool, now: datetime
) -> QuerySet[Person]:
    """Return, of those whose leave `actor` may see: this person, those of this team, everybody, or else `actor`."""
    visible = queries.visible_people(actor, now=now)
    if person is not None:
        visible = visible.filter(pk=person)
    if team is not None:
        visible = visible.filter(pk__in=Membership.objects.filter(team=team).values("person"))
    return visible if person or team or everybody else visible.filter(pk=actor.pk)


def of_people(people: QuerySet[Person]) -> QuerySet[CallOut]:
    """Return the call-outs of `people` that stand for themselves, newest first."""
    return CallOut.objects.listed().filter(person__in=people.values("pk")).select_related("person")


def of_month(call_outs: QuerySet[CallOut], month: date) -> QuerySet[CallOut]:
    """Return those that began in the month of this day on the clock of their own zone, as approval and reports have
    it: each call-out is in one month.
    """
    first = datetime(month.year, month.month, 1, tzinfo=UTC)
    after = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    near = call_outs.filter(starts_at__gt=first - WIDEST, starts_at__lt=after + WIDEST)
    zone = Coalesce(KeyTextTransform("own_zone", "rule"), KeyTextTransform("time_zone", "rule"))
    local = Func(zone, F("starts_at"), function="timezone", output_field=DateTimeField())
    return near.annotate(local_start=local).filter(local_start__gte=first, local_start__lt=after)


def in_state(call_outs: QuerySet[CallOut], state: str) -> QuerySet[CallOut]:
    """Return those in one of STATES: where they stand between their person and the manager (approval.state), or
    forgotten, or counting nothing. The same as accounts.standings says, for lists too long to ask it of each.
    """
    if state == FORGOTTEN:
        return call_outs.filter(forgotten=True)
    if state == NOTHING:
        return call_outs.filter(starts_at=F("ends_at"))
    if state == "open":
        return call_outs.filter(ends_at__isnull=True)
    words = LedgerEntry.objects.words().filter(call_out=OuterRef("pk")).order_by("-at", "-nth")
    moves = LedgerEntry.objects.computed().filter(call_out=OuterRef("pk")).order_by().values("call_out")
    said = call_outs.filter(ends_at__isnull=False).annotate(
        last_word=Subquery(words.values("kind")[:1]),
        last_stands_s=Subquery(words.values("stands_s")[:1]),
        posted_s=Coalesce(Subquery(moves.annotate(total=Sum("credit_s")).values("total")), 0),
    )
    if state == "to_confirm":
        return said.filter(last_word__isnull=True)
    if state == "changed":
        return said.filter(last_word__isnull=False).exclude(last_stands_s=F("posted_s"))
    word = next(word for word, after in approval.AFTER.items() if after == state)
    return said.filter(last_word=word, last_stands_s=F("posted_s"))


def corrections_of(call_out: CallOut) -> QuerySet[Correction]:
    """Return what was said about the hours of `call_out`, in order: of it, or of hours that touch its own.

    A part that a pause cut off has no correction of its own; the one that made it is where its hours are.
    """
    ends_at = call_out.ends_at or LATEST
    hours = Q(was_starts_at__lte=ends_at, was_ends_at__gte=call_out.starts_at)
    hours |= Q(starts_at__lte=ends_at, ends_at__gte=call_out.starts_at)
    touching = Q(call_out=call_out) | Q(person=call_out.person_id) & hours
    return Correction.objects.filter(touching).select_related("by").order_by("at", "id")
