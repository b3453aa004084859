"""The demo's people, rotations, policy and sources, and three nights they have lived through. Every name is invented.

Made by the same services that the portal uses. Loading it again into a database that has it changes nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db import transaction

from incidents.alarms import services, work
from incidents.alarms.models import PEOPLE, Alarm
from incidents.display import (
    demo_incidents,
    demo_leave,
    demo_pages,
    demo_products,
    demo_readiness,
    demo_rotations,
)
from incidents.escalation.models import EscalationPolicy
from incidents.escalation.services import Wanted, save_policy
from oncall.paging.models import Channel, ContactMethod, NotificationRule, Urgency
from oncall.people.models import Membership, Person, RoleTerm, Team, WorkCalendar
from rotations.coverage import services as coverage
from rotations.schedule.models import Schedule

PASSWORD = "keep-the-sky-dark"
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
PILOTS_CHANGE = datetime(2027, 3, 28, 16, tzinfo=UTC)  # from Campaign Management in the West to Lyon
FOUND = "Found it; the fix is going out. Watching the next visits."
NOT_RUN = "The page of the check never left: its job was down. We tested by telephone; the job is mended tomorrow."
PACIFIC, PARIS, LONDON, SANTIAGO, PHOENIX = (
    "America/Los_Angeles", "Europe/Paris", "Europe/London", "America/Santiago", "America/Phoenix",
)  # fmt: skip


@dataclass(frozen=True)
class Someone:
    username: str
    name: str
    zone: str
    country: str
    number: str
    teams: tuple[str, ...]


TEAMS = {
    "Campaign Management": "campaigns",
    "US Data Facility": "storage, batch, databases",
    "Data Abstraction": "butler, middleware",
    "Algorithms & Pipelines": "pipelines, alert production",
    "Triage": "first answer",
    "Chile DevOps": "summit, base, long-haul network",
    "Community Science": "forum",
    "Support Stewards": "communities' requests",
    "Observing Specialists": "at the summit",
}
STEWARDS = ("Daria Lund", "Elio Marsh", "Fatou Ndiaye", "Goran Pavić", "Hana Sato")  # alphabetical, as their page is
PEOPLE_HERE = [
    Someone("moreno", "Alba Moreno", PACIFIC, "US", "+12025550111", ("Triage", "Campaign Management")),
    Someone("singh", "Priya Singh", PACIFIC, "US", "+12025550112", ("Triage",)),
    Someone("castillo", "Bruno Castillo", PACIFIC, "US", "+12025550113", ("Triage",)),
    Someone("keller", "Rosa Keller", PACIFIC, "US", "+12025550116", ("Triage",)),
    Someone("girard", "Lucie Girard", PARIS, "FR", "+33639980114", ("Triage",)),
    Someone("fraser", "Hamish Fraser", LONDON, "GB", "+447700900115", ("Triage",)),
    Someone("okafor", "Ngozi Okafor", PACIFIC, "US", "+12025550121", ("US Data Facility",)),
    Someone("dubreuil", "Noé Dubreuil", PARIS, "FR", "+33639980122", ("Triage", "US Data Facility")),
    Someone("bonnet", "Claire Bonnet", PARIS, "FR", "+33639980128", ("Campaign Management",)),
    Someone("tanaka", "Emi Tanaka", PACIFIC, "US", "+12025550123", ("Campaign Management",)),
    Someone("reyes", "Tomás Reyes", PHOENIX, "US", "+12025550124", ("Data Abstraction",)),
    Someone("ito", "Ken Ito", PACIFIC, "US", "+12025550125", ("Data Abstraction",)),
    Someone("lindqvist", "Sara Lindqvist", PARIS, "FR", "+33639980126", ("Algorithms & Pipelines",)),
    Someone("walker", "June Walker", PACIFIC, "US", "+12025550127", ("Algorithms & Pipelines",)),
    Someone("fuentes", "Diego Fuentes", SANTIAGO, "CL", "+56955500141", ("Chile DevOps",)),
    Someone("vidal", "Inés Vidal", SANTIAGO, "CL", "+56955500142", ("Chile DevOps",)),
    Someone("osei", "Kwame Osei", PHOENIX, "US", "+12025550143", ("Community Science",)),
    Someone("berg", "Linnea Berg", PACIFIC, "US", "+12025550144", ("Community Science",)),
    *(
        Someone(
            name.split()[1].lower().replace("ć", "c"), name, PACIFIC, "US", f"+1202555015{nth}", ("Support Stewards",)
        )
        for nth, name in enumerate(STEWARDS)
    ),
    Someone("rojas", "Camila Rojas", SANTIAGO, "CL", "+56955500131", ("Observing Specialists",)),
    Someone("novak", "Petr Novak", PACIFIC, "US", "+12025550132", ()),
    Someone("admin", "Ada Minton", PACIFIC, "US", "+12025550133", ()),
]


@transaction.atomic
def load(*, now: datetime, year: bool = False) -> bool:
    """Fill an empty database; with the past `year` of call-outs and leave, which takes some seconds.

    Returns false, and does nothing, where there are people already.
    """
    if Person.objects.exists():
        return False
    people, teams = _people(now=now)
    schedules = demo_rotations.load(people, teams, now=now)
    policy = _policies(people, schedules)
    demo_products.load(people, teams, now=now)
    if year:
        besides = demo_incidents.of_the_year(people=people, now=now)
        demo_leave.load(people=people, teams=teams, schedules=schedules, besides=besides, now=now)
        demo_incidents.put_away(now=now)
        demo_readiness.load(people=people, teams=teams, now=now)
    _past(policy, now=now, year=year)
    demo_rotations.ask_around(schedules, people, now=now)
    while coverage.refresh_due(now=now):
        pass
    return True


def _people(*, now: datetime) -> tuple[dict[str, Person], dict[str, Team]]:
    office = WorkCalendar.objects.create(
        name="Data Management office hours", time_zone=PACIFIC, work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(17)
    )
    teams = {
        name: Team.objects.create(name=name, slug=name.lower().replace(" & ", "-").replace(" ", "-"), skill=skill)
        for name, skill in TEAMS.items()
    }
    people = {}
    for one in PEOPLE_HERE:
        person = Person.objects.create_user(
            one.username,
            PASSWORD,
            name=one.name,
            email=f"{one.username}@example.org",
            time_zone=one.zone,
            country=one.country,
            calendar=office,
            is_superuser=one.username == "admin",
            joined_at=BEGINNING,
        )
        people[one.username] = person
        Membership.objects.bulk_create(Membership(person=person, team=teams[team]) for team in one.teams)
        _ways(person, one.number, now=now)
    for username, role in (("novak", "manager"), ("rojas", "observer")):
        RoleTerm.objects.create(person=people[username], role=role, starts_at=BEGINNING)
    RoleTerm.objects.create(person=people["tanaka"], role="pilot", starts_at=BEGINNING, ends_at=PILOTS_CHANGE)
    RoleTerm.objects.create(person=people["bonnet"], role="pilot", starts_at=PILOTS_CHANGE)
    for team, lead in (("Campaign Management", "tanaka"), ("US Data Facility", "okafor"), ("Triage", "moreno")):
        Team.objects.filter(name=team).update(lead=people[lead])
    return people, teams


def _ways(person: Person, number: str, *, now: datetime) -> None:
    """A telephone, a mail address and a Slack account; a text at once, a call and a message in Slack after 1 minute, a
    call again after 3.
    """
    phone = ContactMethod.objects.create(
        person=person, kind="phone", address=number, label="mobile", created_at=now, confirmed_at=now
    )
    ContactMethod.objects.create(
        person=person, kind="email", address=person.email or "", created_at=now, verified_at=now
    )
    slack = ContactMethod.objects.create(
        person=person, kind="slack", address=f"U0{person.username.upper()}", created_at=now, verified_at=now
    )
    text, calls = (0, Channel.SMS, phone), [(60, Channel.VOICE, phone), (180, Channel.VOICE, phone)]
    for delay_s, channel, contact in (text, (60, Channel.SLACK, slack), *calls):
        NotificationRule.objects.create(
            person=person, urgency=Urgency.HIGH, delay_s=delay_s, channel=channel, contact=contact
        )


def _policies(people: dict[str, Person], schedules: dict[str, Schedule]) -> EscalationPolicy:
    facility, management = schedules["Data Facility on call"], schedules["Campaign Management on call"]
    pipelines = schedules["Algorithms & Pipelines on call"]
    main = save_policy(
        policy=EscalationPolicy(
            name="Prompt Processing", description="Tier 1 triage, tier 2 experts, tier 3 the pilot."
        ),
        default=True,
        steps=[
            Wanted(300, schedule=schedules["Triage"]),
            Wanted(0, schedule=pipelines),
            Wanted(300, schedule=facility),
            Wanted(300, schedule=management),
            Wanted(300, person=people["tanaka"]),
        ],
    )
    for skill, schedule in (("Data Facility", facility), ("Algorithms & Pipelines", pipelines)):
        save_policy(
            policy=EscalationPolicy(name=skill, description="Straight to the experts."),
            steps=[Wanted(300, schedule=schedule), Wanted(300, person=people["tanaka"])],
        )
    return main


def _past(policy: EscalationPolicy, *, now: datetime, year: bool) -> None:
    """Alarms of the last days, lived through by the same services, each at its own time."""
    night = now.replace(hour=2, minute=20, second=0, microsecond=0) - timedelta(days=1)
    _live("Long-Haul Network: no images reach the data facility", 1, policy, night - timedelta(days=5), minutes=150)
    _live("No alerts sent for the last three visits", 2, policy, night - timedelta(days=2), minutes=35)
    _live("Butler database: a transaction blocks the registry", 3, policy, night, minutes=12)
    not_run = demo_readiness.not_run(now=now) if year else None
    if not_run is not None:
        _live(not_run[1], 3, policy, not_run[0], minutes=25, note=NOT_RUN)


def _live(
    title: str, severity: int, policy: EscalationPolicy, at: datetime, *, minutes: int, note: str = FOUND
) -> None:
    """Fire, page, acknowledge three minutes later, write a note, resolve after `minutes`."""
    firing = services.Firing(
        title=title, severity=severity, source_id=PEOPLE, source="demo", product="Prompt Processing"
    )
    alarm = services.fire(firing=firing, policy=policy, now=at)
    holder = demo_pages.page(alarm, at=at)
    work.acknowledge(alarm=alarm, by=holder, now=at + timedelta(minutes=3))
    half = at + timedelta(minutes=3 + minutes // 2)
    work.note(alarm=alarm, by=holder, text=note, now=half)
    services.resolve(alarm=Alarm.objects.get(pk=alarm.pk), by=holder, now=at + timedelta(minutes=minutes))
