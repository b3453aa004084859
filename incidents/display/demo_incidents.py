"""The demo's incidents of the past year: scenarios (a), (b), (c) and (e) of docs/domain.md, each told at its own time.

Made by the services that the portal uses, from a cut of the network in June to a lock of a database last week. Nobody
was paged for them here, so that the year of call-outs stays as it is (incidents/display/demo_leave.py). The night of
the expert, scenario (f), is in demo_expert.py.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from incidents.command import assigning, offering
from incidents.command import services as command
from incidents.command.lifecycle import Move
from incidents.command.models import Entry
from incidents.command.roles import Role
from incidents.following import services as following
from incidents.latency import blocks, demo_nights, ingest, judging
from incidents.latency.models import SurveyBlock, Visit
from incidents.latency.recording import DELIVERY, VISIT, Record
from incidents.reviews import acting, drafting, keeping, publishing
from incidents.reviews import services as reviewing
from incidents.reviews.models import CatchUp, Review
from incidents.reviews.states import Move as ReviewMove
from incidents.updates import keeping as audiences
from incidents.updates import queries as updates
from incidents.updates import services as telling
from incidents.updates.models import Audience, Template
from incidents.updates.placeholders import fill
from oncall.limits import queries as limits
from oncall.outside.mailing_models import Mailing
from oncall.paging.models import Notice
from oncall.people.models import Person
from oncall.people.queries import observing_site
from oncall.work import services as work
from playbooks.library.models import Playbook
from playbooks.readiness import deploying
from rotations.leave.models import Rest
from rotations.night import sun

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NEXT = 20 * MINUTE  # until the next message
BATCH = 1000
People = Mapping[str, Person]


Stories = list[tuple[datetime, Callable[[datetime], None]]]


def of_the_year(*, people: People, now: datetime) -> Stories:
    """Return the incidents of the year before `now`: from when on each is to be told, and what tells it. Told in the
    order of time, they are numbered as they came.
    """
    now = now.replace(microsecond=0)
    evening = now.replace(hour=4, minute=0, second=0)
    registry, backstop = evening - 33 * DAY, evening - 19 * DAY + timedelta(hours=2)
    return [
        (_cut_began(now) - DAY, lambda at: _brokers(people, at)),
        (_cut_began(now), lambda at: _cut_of_the_network(people, at, now=now)),
        (registry, lambda at: _new_address_of_the_registry(people, at, now=now)),
        (backstop, lambda at: _backstop(people, at, now=now)),
        (evening - 5 * DAY + timedelta(hours=3), lambda at: _lock_of_the_butler(people, at)),
    ]


def put_away(*, now: datetime) -> None:
    """Whatever of it would still be sent was sent long ago: no telephone rings for it now, and no mail goes out."""
    Mailing.objects.filter(state=Mailing.State.WAITING).update(state=Mailing.State.SENT, next_due=None, ended_at=now)
    Rest.objects.filter(ends_at__lte=now).update(next_due=None)  # as in demo_leave: their evidence was looked at anew
    Notice.objects.filter(created_at__lt=now - DAY).delete()  # they were read long ago


def _brokers(people: People, at: datetime) -> None:
    audiences.add_audience(
        name="Brokers",
        addresses="alerts@broker-one.example.org\noperations@broker-two.example.org",
        hears_delays=True,
        kept_by=people["lund"],
        by=people["tanaka"],
        now=at,
    )


class Told:
    """One incident as it goes, minute by minute from when it was declared."""

    def __init__(self, title: str, *, severity: int, by: Person, at: datetime, product: str, began: datetime) -> None:
        self.at, self.by = at, by
        self.incident = command.declare(
            title=title, severity=severity, by=by, now=at, product=product, impact_starts_at=began
        )

    def after(self, minutes: float) -> datetime:
        return self.at + minutes * MINUTE

    def role(self, minutes: float, person: Person, role: Role) -> None:
        assigning.take(incident=self.incident, role=role, by=person, now=self.after(minutes))

    def says(self, minutes: float, person: Person, kind: str, text: str) -> None:
        command.say(incident=self.incident, kind=Entry.Kind(kind), text=text, by=person, now=self.after(minutes))

    def tells(self, minutes: float, person: Person, code: str, *, next_in: timedelta = NEXT, **values: str) -> None:
        """Send a message to the brokers and the public page; `person` has command, or nobody has."""
        now, template = self.after(minutes), Template.objects.get(pk=code)
        next_at = now + next_in if template.stage != "resolved" else None
        self.incident.refresh_from_db()
        known = updates.values_for(self.incident, now=now, next_at=next_at) | values
        draft = telling.Draft(
            fill(template.subject, known),
            fill(template.text, known),
            template.stage or updates.last_stage(self.incident),
            next_at,
            True,
            tuple(Audience.objects.filter(hears_delays=True)),
            template,
        )
        row = telling.write_draft(incident=self.incident, draft=draft, by=person, now=now)
        telling.send(update=row, edition=row.edition, by=person, now=now)

    def passes(self, minutes: float, giver: Person, to: Person, brief: str) -> None:
        """Command is offered, and taken two minutes later."""
        offered = offering.offer(incident=self.incident, to=to, by=giver, brief=brief, now=self.after(minutes))
        offering.answer(offer=offered, by=to, accept=True, now=self.after(minutes + 2))

    def moves(self, minutes: float, person: Person, move: Move, why: str = "") -> None:
        self.incident = command.move(
            incident=self.incident, move=move, by=person, why=why, now=self.after(minutes)
        )  # fmt: skip

    def follows(
        self, minutes: float, slug: str, outcomes: list[tuple[int, str, int]], *, solved_by: int | None
    ) -> None:
        """Follow a playbook: each step with what it came to and how many minutes it took."""
        now, playbook = self.after(minutes), Playbook.objects.get(slug=slug)
        run, _ = following.start(playbook=playbook, incident=self.incident, by=self.by, now=now)
        for step, outcome, took in outcomes:
            now += took * MINUTE
            following.tick(run=run, step=step, outcome=outcome, by=self.by, now=now, minutes=took)
        how = "solved" if solved_by else "written"
        following.end(run=run, how=how, step=solved_by, by=self.by, now=now)

    def asks_to_catch_up(self, minutes: float) -> None:
        """As the chores do of a major incident."""
        keeping.catch_up(incident=self.incident, now=self.after(minutes))

    def draft(self, minutes: float) -> Review:
        """As the chores do: a draft, and a task to catch up, if there is none yet."""
        now = self.after(minutes)
        if self.incident.is_major:
            self.asks_to_catch_up(minutes)
        return reviewing.draft(incident=self.incident, by=None, now=now)

    def caught_up(self, hours: float, outcome: str) -> None:
        item = CatchUp.objects.select_related("work").get(incident=self.incident).work
        if item is not None:
            work.close_item(key=item.key, outcome=outcome, now=self.after(60 * hours))


def reviewed(
    told: Told,
    review: Review,
    *,
    cause: str,
    texts: dict[str, str],
    second: Person,
    lead: Person,
    after: timedelta = DAY + 8 * HOUR,
) -> None:
    """A day after it was written: looked at by a second person, published and closed by a lead."""
    owner = review.owner
    assert owner is not None  # whoever had command
    at = told.at + after
    content = {"impact": "\n".join(drafting.in_words(review.recounted or review.figures))} | texts
    review = reviewing.edit(review=review, content=content, cause=cause, by=owner, version=review.version, now=at)
    review = reviewing.appoint(review=review, reviewers=[second], by=owner, now=at)
    steps: tuple[tuple[int, ReviewMove, Person], ...] = (
        (1, "submit", owner), (5, "approve", second), (24, "close", lead),
    )  # fmt: skip
    for hours, move, by in steps:
        now = at + timedelta(hours=hours)
        if move == "close":
            title = publishing.proposed_title(review)
            texts = publishing.proposed(review)
            publishing.publish(review=review, title=title, texts=texts, by=lead, version=None, now=now)
        review = reviewing.press(review=review, move=move, by=by, now=now)


# --- (a) --------------------------------------------------------------------------------------------------------------

TO_TELL = (43, 62, 81, 100, 119)  # minutes after the declaration
LINK_IS_BACK = 132
DAY_LATER = 60 * 26 + 13  # minutes: 24 h after the last visit of the cut, so that nothing is pending
CAUGHT_UP = 30  # hours: when the reports of what was caught up came


def _cut_began(now: datetime) -> datetime:
    """The Long-Haul Network is cut from 02:10 to 04:40 UTC of a night in June: 243 visits (demo_nights.cut_of)."""
    day = demo_nights.cut_of(sun.day_obs(now))
    return datetime(day.year, day.month, day.day, 2, 10, tzinfo=UTC) + DAY


def _cut_of_the_network(people: People, began: datetime, *, now: datetime) -> None:
    """It is mitigated by the redundant path, and over a day later, when the fibre is mended: then 243 visits have
    failed, and so the review is drafted. All are caught up within the day; the reports of it come the morning after.
    """
    moreno, tanaka, lund, girard, bonnet = (people[one] for one in ("moreno", "tanaka", "lund", "girard", "bonnet"))
    told = Told(
        "Long-Haul Network cut: no images reach the data facility",
        severity=1,
        by=moreno,
        at=began + 18 * MINUTE,
        product="DM Ops/Data Acquisition LHN/LHN",
        began=began,
    )
    told.asks_to_catch_up(0.5)
    told.role(2, tanaka, "commander")
    told.role(3, girard, "scribe")
    told.tells(5, tanaka, "M9")
    told.follows(3, "p1", [(1, "yes", 4), (2, "done", 2), (3, "no", 3), (4, "no", 5), (5, "yes", 2)], solved_by=None)
    told.tells(24, tanaka, "M9")
    told.says(27, moreno, "finding", "The forwarders time out; the control room answers by telephone: it is the link.")
    told.moves(31, tanaka, "identify", "The fibre is cut; the operator has sent a team.")
    for minutes in TO_TELL:
        told.tells(minutes, tanaka, "M9")
    told.says(128, girard, "action", "The redundant path is brought up by hand.")
    told.says(131, moreno, "fixed", "The redundant path carries images again; three visits in a row were in time.")
    told.moves(LINK_IS_BACK, tanaka, "mitigate", "Images arrive by the redundant path; the fibre is still cut.")
    told.tells(
        134, tanaka, "M3", next_in=DAY, CONTEXT="the link to the summit",
        FINDING="a fibre of the link to the summit was cut from 02:10 to 04:40 UTC",
        ACTION="send new alerts in time by another path, and process what was missed during the day",
    )  # fmt: skip
    records = _night_of(sun.day_obs(began), now=now)
    late = [one for one in records if one.kind == DELIVERY and one.at > began + 12 * HOUR]
    rest = [one for one in records if one not in late]
    _arrive(rest, until=told.after(LINK_IS_BACK + 10), by=tanaka)
    _expired(late, at=told.after(LINK_IS_BACK + 11), by=tanaka)
    _arrive(rest, until=told.after(LINK_IS_BACK + 10 * 60), by=tanaka)
    told.passes(170, tanaka, bonnet, "Your morning begins. The fibre is the operator's; what was missed is caught up.")
    told.says(60 * 21, bonnet, "note", "All 243 are processed and their alerts sent; the reports of it come tomorrow.")
    for _ in TO_TELL:  # some hundreds at a time
        judging.judge_due(now=told.after(DAY_LATER), limits=limits.at(told.after(DAY_LATER)))
    told.moves(DAY_LATER, bonnet, "resolve", "The fibre is spliced, and the night went over it without a loss.")
    review = told.draft(DAY_LATER)
    told.tells(DAY_LATER + 1, lund, "M4", CONTEXT="the link to the summit")
    _arrive(late, until=told.at + CAUGHT_UP * HOUR, by=tanaka)
    told.caught_up(CAUGHT_UP, "All 243 were processed the day after and their alerts sent.")
    review = reviewing.recount(review=review, by=bonnet, now=told.at + (CAUGHT_UP + 1) * HOUR)
    due = told.at.date()
    at = told.at + (CAUGHT_UP + 2) * HOUR
    acting.add(
        review=review, title="Switch to the redundant path without a human", kind="technical",
        due_on=due + 120 * DAY, owner=people["fuentes"], by=tanaka,
        ticket="https://jira.example.org/browse/DM-48113", now=at,
    )  # fmt: skip
    drill = acting.add(
        review=review, title="Practise playbook P1 with every triage worker", kind="process", due_on=due + 30 * DAY,
        owner=moreno, by=tanaka, now=at,
    )  # fmt: skip
    if told.at + 25 * DAY <= now:
        acting.finish(action=drill, by=moreno, now=told.at + 25 * DAY)
    year = review.figures["year"]
    texts = {
        "impact": (
            f"When it was over, {review.figures['failed']} visits had failed: {year['late_2']} % of the year's 2 %, "
            f"{year['failed_01']} % of its 0.1 %. They were caught up within the day, so they are delayed instead:\n"
        ) + "\n".join(drafting.in_words(review.recounted or review.figures)),
        "went_well": "The observers kept observing, so that nothing was lost for good.",
        "went_badly": "The redundant path waited for a human. Uncaught, the visits were 81.0 % of the year's 0.1 %.",
        "lucky": "The cut ended hours before dawn.",
    }  # fmt: skip
    second, lead, after = people["lindqvist"], people["admin"], (CAUGHT_UP + 4) * HOUR
    reviewed(told, review, cause="network", texts=texts, second=second, lead=lead, after=after)


def _expired(late: list[Record], *, at: datetime, by: Person) -> None:
    """What waited behind the link is not processed live: when it is back, the pipeline says so of each."""
    nothing = {"sent": 0, "sent_within_limit": 0, "stage": "none", "ended": "failed"}
    _arrive([Record(DELIVERY, at, {"visit_id": one.body["visit_id"]} | nothing) for one in late], until=at, by=by)


def _night_of(day: date, *, now: datetime) -> list[Record]:
    """Return what arrived of the night, unless somebody has sent it already; the generator sends the same again."""
    if Visit.objects.filter(day_obs=int(sun.written(day))).exists():
        return []
    found = demo_nights.records_of(day, today=sun.day_obs(now), place=observing_site())
    return sorted((one for one in found if one.kind in (VISIT, DELIVERY)), key=lambda one: one.at)


def _arrive(records: list[Record], *, until: datetime, by: Person) -> None:
    """Take what has arrived by then, and leave the rest. Survey blocks are settled as the pilot does."""
    in_force = limits.at(until)
    if records and not SurveyBlock.objects.exists():
        for code, expected in demo_nights.BLOCKS.items():
            blocks.settle(code=code, alerts_expected=expected, by=by, now=until, limits=in_force)
    arrived = [one for one in records if one.at <= until]
    del records[: len(arrived)]
    for kind, take in ((VISIT, ingest.take_visits), (DELIVERY, ingest.take_deliveries)):
        bodies = [one.body for one in arrived if one.kind == kind]
        for first in range(0, len(bodies), BATCH):
            take(items=bodies[first : first + BATCH], now=until, limits=in_force)


# --- (b), (c), (e) ----------------------------------------------------------------------------------------------------


def _new_address_of_the_registry(people: People, at: datetime, *, now: datetime) -> None:
    """After work on Sasquatch no nextVisit arrives; triage finds the registry's new address in 12 minutes by P6."""
    castillo, okafor = people["castillo"], people["okafor"]
    deploying.report(
        service="Sasquatch", version="8.2.0", at=at - 40 * MINUTE, who="SQuaRE", by=people["admin"],
        link="https://example.org/sasquatch/8.2.0", now=at - 40 * MINUTE,
    )  # fmt: skip
    told = Told(
        "fanout.error: RegistryBadRequestError 40403, no nextVisit arrives",
        severity=2,
        by=castillo,
        at=at,
        product="DM Ops/Data Services/SQuaRE/Sasquatch",
        began=at - 2 * MINUTE,
    )
    told.role(1, castillo, "commander")
    told.follows(1, "p6", [(1, "yes", 2), (2, "yes", 2), (3, "yes", 5), (7, "yes", 3)], solved_by=3)
    told.says(13, castillo, "finding", "The registry has a new IP since the deployment of Sasquatch.")
    told.says(14, castillo, "fixed", "Three nextVisits in a row arrive.")
    told.moves(15, castillo, "resolve", "nextVisits arrive again.")
    _arrive(_night_of(sun.day_obs(at), now=now), until=at + DAY, by=people["tanaka"])
    review = told.draft(16)
    acting.add(
        review=review, title="Name the registry by its host name, not its IP", kind="technical",
        due_on=at.date() + 21 * DAY, owner=okafor, by=castillo, now=at + DAY,
    )  # fmt: skip
    told.caught_up(9, "Nothing was missed: what waited went out when nextVisits arrived again.")
    texts = {"went_well": "The playbook named the cause in its second step."}
    reviewed(told, review, cause="service", texts=texts, second=okafor, lead=people["admin"])


def _backstop(people: People, at: datetime, *, now: datetime) -> None:
    """Grafana was down, so that no machine told anybody; an observer's button did. Its review waits for a reader."""
    singh, rojas, keller = people["singh"], people["rojas"], people["keller"]
    told = Told(
        "Images are taken, no alerts go out",
        severity=2,
        by=singh,
        at=at,
        product="DM Ops/Alert Production/Alert Distribution",
        began=at - 9 * MINUTE,
    )
    told.says(1, rojas, "note", "We pressed the button: nothing has gone out for ten images, and nobody had called us.")
    told.role(2, singh, "commander")
    told.says(2.5, singh, "finding", "Grafana is down: its alarms were never sent.")
    told.follows(3, "p4", [(1, "yes", 3), (2, "solved", 9)], solved_by=2)
    told.says(16, singh, "fixed", "The brokers are restarted; the offset of the topic moves.")
    told.moves(17, singh, "resolve", "Alerts go out again.")
    _arrive(_night_of(sun.day_obs(at), now=now), until=at + DAY, by=people["tanaka"])
    review = told.draft(18)
    acting.add(
        review=review, title="Watch Grafana by a heartbeat", kind="technical", due_on=at.date() + 40 * DAY,
        owner=people["walker"], by=singh, now=at + DAY,
    )  # fmt: skip
    review = reviewing.edit(
        review=review, content={"lucky": "The observers looked at their display."}, cause="service", by=singh,
        version=review.version, now=at + DAY,
    )  # fmt: skip
    review = reviewing.appoint(review=review, reviewers=[keller], by=singh, now=at + DAY)
    reviewing.press(review=review, move="submit", by=singh, now=at + DAY + 60 * MINUTE)


def _lock_of_the_butler(people: People, at: datetime) -> None:
    """A transaction blocks the registry and no visit is lost: SEV-3, triage alone is everything, no review."""
    keller = people["keller"]
    told = Told(
        "butlerdb.blocked: a transaction waits for 6 min",
        severity=3,
        by=keller,
        at=at,
        product="DM Ops/Data Abstraction",
        began=at - 6 * MINUTE,
    )
    mine: tuple[Role, ...] = ("commander", "scribe", "expert")
    for role in mine:
        told.role(1, keller, role)
    told.follows(2, "p3", [(1, "no", 3)], solved_by=None)
    told.says(6, keller, "finding", "Only the writer waits: alerts still flow.")
    told.says(23, keller, "fixed", "The blocking query has ended by itself; the writer has caught up.")
    told.moves(24, keller, "resolve", "No visit was lost.")
    told.moves(60, keller, "close")
