"""The demo's night of the expert, scenario (f) of docs/domain.md: called at 03:20 in Paris for two hours.

A real alarm pages the Data Facility's expert in an incident that somebody commands; it earns 3 hours of leave and a
rest until noon, and a colleague has the expert's shift of triage. All of it is done by the services of the portal.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import PEOPLE, Alarm
from incidents.command import services as command
from incidents.display import demo_incidents, demo_leave_calls, demo_pages
from incidents.display.demo_incidents import Told
from incidents.escalation.models import EscalationPolicy
from incidents.reviews import acting
from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.coverage import queries as coverage
from rotations.coverage import swap_services as swaps
from rotations.leave import rest_keeping
from rotations.leave.models import CallOut, Rest
from rotations.schedule.models import Schedule

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TITLE = "s3notify.silent: files in the bucket, no notification"
PRODUCT = "DM Ops/Data Facilities"
BEFORE = 8  # minutes from the declaration until the expert is called
WORKED = 120  # minutes
TO_TELL = (24, 43, 62, 81, 100, 119)  # minutes after the declaration
COVERED = 25  # minutes after the work, when somebody has the shift
Put = Callable[[datetime, Callable[[datetime], None]], None]


class Night:
    """What happens, in its order; each at its own time."""

    def __init__(self, people: Mapping[str, Person], schedules: Mapping[str, Schedule]) -> None:
        self.people, self.schedules = people, schedules
        self.expert = people["dubreuil"]
        self.told: Told
        self.alarm: Alarm

    def declare(self, at: datetime) -> None:
        """Triage sees it, follows the playbook, and that says: the Data Facility."""
        on_call = coverage.on_call(schedule=self.schedules[demo_leave_calls.TRIAGE], at=at)
        triage = on_call[0].person if on_call else self.people["moreno"]
        self.told = Told(TITLE, severity=2, by=triage, at=at, product=PRODUCT, began=at - 4 * MINUTE)
        self.told.asks_to_catch_up(0.5)
        self.told.role(1, self.people["tanaka"], "commander")
        self.told.follows(2, "p7", [(1, "yes", 2), (2, "no", 2)], solved_by=None)
        self.told.tells(4.5, self.people["tanaka"], "M9")
        self.told.says(7, triage, "finding", "The files are there; no notification since 2 min before. To the experts.")

    def call(self, at: datetime) -> None:
        firing = alarms.Firing(title=TITLE, severity=2, source_id=PEOPLE, source="triage", product=PRODUCT)
        policy = EscalationPolicy.objects.get(name="Data Facility")
        self.alarm = alarms.fire(firing=firing, policy=policy, now=at, by=self.told.by)
        command.attach(incident=self.told.incident, alarm=self.alarm, by=self.told.by, now=at)
        demo_pages.page(self.alarm, at=at)

    def answer(self, at: datetime) -> None:
        work.acknowledge(alarm=self.alarm, by=self.expert, now=at)
        self.told.role(BEFORE + 5, self.expert, "expert")

    def find(self, at: datetime) -> None:
        self.told.says(BEFORE + 20, self.expert, "finding", "Notifications of the bucket are off since the upgrade.")
        self.told.says(BEFORE + 24, self.expert, "action", "A poll of the bucket stands in: alerts go out, some late.")
        self.told.moves(BEFORE + 26, self.people["tanaka"], "mitigate", "Alerts go out by polling.")

    def tell(self, at: datetime) -> None:
        self.told.tells(
            (at - self.told.at) / MINUTE, self.people["tanaka"], "M3", CONTEXT="notifications of new files",
            FINDING="the storage has not told of new files since its upgrade",
            ACTION="look for them ourselves: alerts go out, some of them late",
        )  # fmt: skip

    def mend(self, at: datetime) -> None:
        text = "Topic made again with 200 partitions; ingest restarts."
        work.note(alarm=self.alarm, by=self.expert, text=text, now=at)

    def resolve(self, at: datetime) -> None:
        alarms.resolve(alarm=Alarm.objects.get(pk=self.alarm.pk), by=self.expert, now=at)
        self.told.says(BEFORE + WORKED, self.told.by, "fixed", "Notifications come; three visits in time.")
        self.told.moves(BEFORE + WORKED, self.people["tanaka"], "resolve", "Notified at once again.")
        self.told.tells(BEFORE + WORKED + 0.5, self.people["tanaka"], "M4", CONTEXT="notifications of new files")

    def ask_for_cover(self, at: datetime) -> None:
        """The rest of the expert lets their shift of the morning be offered to colleagues."""
        Rest.objects.filter(ends_at__lte=at).update(next_due=None)  # over: nobody is asked for cover then
        while rest_keeping.keep(now=at, limits=limits.at(at)):
            pass  # a few at a time

    def cover(self, at: datetime) -> None:
        rest = self._rest(at)
        for offer in rest.offers.open().select_related("schedule", "asker"):
            colleague = "girard" if offer.schedule.name == demo_leave_calls.TRIAGE else "okafor"
            swaps.accept(swap=offer, by=self.people[colleague], now=at)
        call_out = CallOut.objects.live().get(person=self.expert, subjects__contains=[self.alarm.subject])
        path = reverse("call_out", args=[call_out.pk])
        text = (
            f"{self.expert.name} was called at 03:20 in Paris, worked 2 h and rests until "
            f"{rest.ends_at.astimezone(rest.person.zone):%H:%M}; {self.people['girard'].name} has the triage of the "
            f"morning. The call-out and what it earns: {urljoin(settings.PUBLIC_BASE_URL, path)}"
        )
        command.say(incident=self.told.incident, kind="note", text=text, by=self.people["tanaka"], url=path, now=at)

    def review(self, at: datetime) -> None:
        """Written the next days; its figures name who was called and for how long they worked."""
        review = self.told.draft(BEFORE + WORKED + 1)
        acting.add(
            review=review, title="Check the bucket's notifications after each upgrade", kind="technical",
            due_on=at.date() + 21 * DAY, owner=self.people["okafor"], by=self.people["tanaka"], now=at + DAY,
        )  # fmt: skip
        self.told.caught_up(6, "Nothing was missed: alerts went out by polling, some of them late.")
        texts = {
            "went_well": "The playbook led to the experts in four minutes.",
            "went_badly": "The upgrade of the afternoon had no check of notifications.",
            "lucky": "Polling was written for another purpose, a year ago.",
        }
        demo_incidents.reviewed(
            self.told, review, cause="service", texts=texts, second=self.people["okafor"], lead=self.people["admin"]
        )

    def _rest(self, at: datetime) -> Rest:
        return Rest.objects.filter(person=self.expert, withdrawn_at=None, ends_at__gt=at).latest("created_at")


def play(at: datetime, *, people: Mapping[str, Person], schedules: Mapping[str, Schedule], put: Put) -> None:
    """Let it happen: the expert is called at the instant `at`."""
    night, over = Night(people, schedules), at + WORKED * MINUTE
    put(at - BEFORE * MINUTE, night.declare)
    put(at, night.call)
    put(at + 3.5 * MINUTE, night.answer)
    put(at + 20 * MINUTE, night.find)
    for minutes in TO_TELL:
        put(at + (minutes - BEFORE) * MINUTE, night.tell)
    put(at + 75 * MINUTE, night.mend)
    put(over, night.resolve)
    put(over + timedelta(seconds=1), night.ask_for_cover)
    put(over + COVERED * MINUTE, night.cover)
    put(over + (COVERED + 1) * MINUTE, night.review)
