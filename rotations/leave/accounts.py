"""What stands on people's accounts, and where each call-out stands between its person and their manager."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from oncall.people import access
from oncall.people.models import Person
from rotations.leave import approval
from rotations.leave.approval import State, Word
from rotations.leave.models import MOVES, CallOut, LeaveRequest, LedgerEntry

SAID = {str(kind): kind for kind in approval.SAID}


@dataclass(frozen=True)
class Balance:
    """Whole seconds on a person's account. Taken, expired and asked for are positive and take from what is approved."""

    person: Person
    out_of_hours_s: int  # worked out of hours
    credit_s: int  # everything posted: earned less taken and expired
    earned_s: int = 0  # what call-outs earned, corrections included, approved or not
    approved_s: int = 0  # of it, what a manager approved
    taken_s: int = 0  # leave taken, less what was given back
    expired_s: int = 0
    asked_s: int = 0  # of requests that wait for an answer

    @property
    def awaits_s(self) -> int:
        """Seconds that are earned and not approved."""
        return self.earned_s - self.approved_s

    @property
    def available_s(self) -> int:
        """Seconds that can be asked for; negative where a correction took back what was taken already."""
        return self.approved_s - self.taken_s - self.expired_s - self.asked_s


@dataclass(frozen=True)
class Standing:
    """Where one call-out stands, in whole seconds."""

    state: State
    out_of_hours_s: int = 0  # posted
    posted_s: int = 0  # of leave
    approved_s: int = 0

    @property
    def is_nothing(self) -> bool:
        """Say whether it earns nothing and nobody has said anything: then nothing is waited for."""
        return self.state in {"to_confirm", "changed"} and self.posted_s == 0

    @property
    def waits_for_person(self) -> bool:
        return self.state in approval.FOR_THE_PERSON and not self.is_nothing

    @property
    def waits_for_manager(self) -> bool:
        return self.state in approval.FOR_THE_MANAGER

    def is_with_manager(self, person: Person) -> bool:
        """Say whether a manager has to speak next: also for somebody who has left, and confirms nothing any more."""
        return self.waits_for_manager or (self.waits_for_person and not person.is_active)


def balance(person: Person, *, at: datetime | None = None) -> Balance:
    """Return the balance of `person`: of everything posted and said, or of that up to `at`."""
    return balances([person], at=at)[0]


def balances(people: Iterable[Person], *, at: datetime | None = None) -> list[Balance]:
    """Return the balance of each of `people`, in their order, in three queries."""
    everybody = list(people)
    entries = LedgerEntry.objects.filter(person__in=everybody).order_by()
    if at is not None:
        entries = entries.filter(at__lte=at)
    moves = entries.filter(kind__in=MOVES).values_list("person", "call_out", "kind")
    worked: dict[UUID, int] = defaultdict(int)
    taken: dict[UUID, int] = defaultdict(int)
    expired: dict[UUID, int] = defaultdict(int)
    posted: dict[UUID, dict[UUID, int]] = defaultdict(lambda: defaultdict(int))  # by person and call-out
    for person, call_out, kind, seconds, credit in moves.annotate(Sum("out_of_hours_s"), Sum("credit_s")):
        worked[person] += seconds
        if kind == LedgerEntry.Kind.EXPIRE:
            expired[person] -= credit
        elif call_out is None:
            taken[person] -= credit
        else:
            posted[person][call_out] += credit
    words = _words(entries)
    asked = dict(_pending(everybody, at).values_list("person").annotate(Sum("seconds")).order_by())
    return [
        Balance(
            person,
            out_of_hours_s=worked[person.pk],
            credit_s=sum(posted[person.pk].values()) - taken[person.pk] - expired[person.pk],
            earned_s=sum(posted[person.pk].values()),
            approved_s=sum(
                approval.approved_s(words.get(call_out, ()), posted_s=seconds)
                for call_out, seconds in posted[person.pk].items()
            ),
            taken_s=taken[person.pk],
            expired_s=expired[person.pk],
            asked_s=asked.get(person.pk, 0),
        )
        for person in everybody
    ]


def standings(call_outs: Sequence[CallOut]) -> dict[UUID, Standing]:
    """Return where each of `call_outs` stands, by its id, in two queries."""
    entries = LedgerEntry.objects.filter(call_out__in=[one.pk for one in call_outs]).order_by()
    sums = entries.computed().values_list("call_out").annotate(Sum("out_of_hours_s"), Sum("credit_s"))
    posted = {call_out: (seconds, credit) for call_out, seconds, credit in sums}
    words = _words(entries)
    return {one.pk: _standing(one, words.get(one.pk, []), *posted.get(one.pk, (0, 0))) for one in call_outs}


def standing(call_out: CallOut) -> Standing:
    return standings([call_out])[call_out.pk]


def words_of(call_out: CallOut) -> QuerySet[LedgerEntry]:
    """Return what was said about `call_out`, in the order in which it was said."""
    return LedgerEntry.objects.words().filter(call_out=call_out).select_related("by").order_by("at", "nth")


def managers_of(person: Person, *, now: datetime) -> QuerySet[Person]:
    """Return who decides about the leave of `person`: managers of their teams or of everybody, else administrators."""
    of_team = Q(role_terms__team__isnull=True) | Q(role_terms__team__memberships__person=person)
    during = Q(role_terms__ends_at__isnull=True) | Q(role_terms__ends_at__gt=now)
    others: QuerySet[Person] = Person.objects.active().exclude(pk=person.pk)
    found = others.filter(of_team, during, role_terms__role="manager", role_terms__starts_at__lte=now).distinct()
    return found if found.exists() else others.filter(is_superuser=True)


def _standing(call_out: CallOut, words: Sequence[Word], worked_s: int, posted_s: int) -> Standing:
    closed = call_out.ends_at is not None or call_out.merged_into_id is not None
    return Standing(
        approval.state(words, posted_s=posted_s, closed=closed),
        worked_s,
        posted_s,
        approval.approved_s(words, posted_s=posted_s),
    )


def _words(entries: "QuerySet[LedgerEntry]") -> dict[UUID, list[Word]]:
    """Return, by call-out, what was said of it among `entries`, in order."""
    said: dict[UUID, list[Word]] = defaultdict(list)
    rows = entries.filter(kind__in=list(SAID)).order_by("at", "nth").values_list("call_out", "kind", "stands_s")
    for call_out, kind, stands_s in rows:
        said[call_out].append(Word(SAID[kind], stands_s or 0))  # words have both, the database says
    return said


def _pending(people: Sequence[Person], at: datetime | None) -> QuerySet[LeaveRequest]:
    """Return the requests of `people` that waited for an answer at `at`, or that wait now."""
    requests = LeaveRequest.objects.filter(person__in=people)
    if at is None:
        return requests.filter(state=LeaveRequest.State.ASKED)
    open_then = Q(decided_at__isnull=True) | Q(decided_at__gt=at)
    return requests.filter(open_then, Q(ended_at__isnull=True) | Q(ended_at__gt=at), asked_at__lte=at)


def requests_visible_to(actor: Person, *, now: datetime) -> QuerySet[LeaveRequest]:
    """Return the requests that `actor` may see, their own included, with all that a list shows, latest first."""
    visible = access.people_whose_leave_is_visible(actor, now=now).values("pk")
    found = LeaveRequest.objects.filter(person__in=visible)
    return found.select_related("person", "by", "decided_by", "absence").order_by("-starts_at", "-id")
