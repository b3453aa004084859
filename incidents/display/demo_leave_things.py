"""What goes with being on call: ground rules accepted by most, phones lent, back, volunteers, a rest given up."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from oncall.people.models import Person, Team
from oncall.phones import services as phones
from oncall.phones.models import Loan
from rotations.ground_rules import services as ground_rules
from rotations.ground_rules.models import Version
from rotations.leave import rest_keeping
from rotations.leave.models import Rest
from rotations.volunteers import services as volunteers

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOT_YET = {"keller", "ito", "osei", "berg"}  # who has not accepted the ground rules: the pilot sees it
Put = Callable[[datetime, Callable[[datetime], None]], None]


def arrange(people: Mapping[str, Person], teams: Mapping[str, Team], *, now: datetime, put: Put) -> None:
    for nth, (username, person) in enumerate(sorted(people.items())):
        if username not in NOT_YET:
            put(now - (90 - nth) * DAY, lambda at, who=person: _accept(who, at))  # type: ignore[misc]
    _phones(people, now=now, put=put)
    put(
        now - 60 * DAY,
        lambda at: _volunteer(people["walker"], None, "Alert distribution", "In the evening, by text.", at),
    )
    put(
        now - 45 * DAY,
        lambda at: _volunteer(people["bonnet"], teams["Campaign Management"], "", "Paris daytime, call me.", at),
    )
    for ago in range(30, 330, 15):
        put(now - ago * DAY, give_a_rest_up)


def _accept(person: Person, at: datetime) -> None:
    version = Version.objects.in_force(at)
    assert version is not None  # the first came with the system
    ground_rules.accept(number=version.number, person=person, now=at)


def _volunteer(person: Person, team: Team | None, skill: str, note: str, at: datetime) -> None:
    volunteers.put(person=person, team=team, skill=skill, note=note, until=None, now=at)


def _phones(people: Mapping[str, Person], *, now: datetime, put: Put) -> None:
    """One is out, one is back, one is asked for."""
    manager = people["novak"]

    def lend(person: Person, why: str, device: str, number: str, *, days: int | None) -> Callable[[datetime], None]:
        def do(at: datetime) -> None:
            loan = phones.ask(person=person, why=why, special="", now=at)
            loan = phones.decide(loan=loan, by=manager, approve=True, words="Of course.", now=at + 2 * HOUR)
            phones.issue(loan=loan, by=manager, device=device, number=number, now=at + 26 * HOUR)
            if days is not None:
                back = at + days * DAY
                put(back, lambda at: _take_back(loan, manager, at))

        return do

    vidal, reyes, singh = people["vidal"], people["reyes"], people["singh"]
    put(now - 210 * DAY, lend(vidal, "My own has no signal at the base.", "Android, box 3", "+56955500161", days=None))
    put(now - 190 * DAY, lend(reyes, "For my two weeks on call.", "Android, box 1", "+12025550162", days=16))
    put(
        now - 4 * DAY,
        lambda at: _drop(phones.ask(person=singh, why="I keep work off my own phone.", special="Two SIMs", now=at)),
    )


def _take_back(loan: Loan, manager: Person, at: datetime) -> None:
    phones.take_back(loan=loan, by=manager, words="With its charger.", confirmed=True, now=at)


def give_a_rest_up(at: datetime) -> None:
    """Whoever is at rest then, or soon, gives it up; mostly nobody is, and it happens once."""
    ahead = Rest.objects.filter(withdrawn_at=None, ends_at__gt=at, created_at__lte=at).select_related("person").first()
    if ahead and not Rest.objects.filter(waived_at__isnull=False).exists():
        rest_keeping.waive(rest=ahead, by=ahead.person, reason="The review of the release is this morning.", now=at)


def _drop(_: object) -> None:
    """What a verb returns is not needed."""
