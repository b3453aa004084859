"""Pager, list, calendar and API give one answer for every instant of the demo's year, clock changes included."""

import random
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django.test import TestCase
from icalendar import Calendar

from incidents.display import demo
from incidents.escalation.decision import Target
from incidents.escalation.queries import who_is_called
from oncall.people.models import Person
from oncall.people.services import create_token
from rotations.coverage import feed_services, queries
from rotations.coverage.compute import compute
from rotations.coverage.coverage import tiles_at
from rotations.schedule.models import Schedule

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
CHANGES = [  # of clocks in 2026 and 2027, here and there
    datetime(2027, 3, 14, 10, tzinfo=UTC),
    datetime(2027, 3, 28, 1, tzinfo=UTC),
    datetime(2027, 4, 4, 3, tzinfo=UTC),
    datetime(2027, 9, 5, 4, tzinfo=UTC),
    datetime(2027, 10, 31, 1, tzinfo=UTC),
    datetime(2027, 11, 7, 9, tzinfo=UTC),
]
SEED = 20270320


class OneAnswer(TestCase):
    triage: Schedule
    instants: list[datetime]

    @classmethod
    def setUpTestData(cls):
        demo.load(now=NOW)
        cls.triage = Schedule.objects.get(name="Triage")
        chosen = random.Random(SEED)
        near = [change + timedelta(minutes=minutes) for change in CHANGES for minutes in (-61, -1, 0, 1, 59)]
        anywhere = [NOW + timedelta(minutes=chosen.randrange(355 * 24 * 60)) for _ in range(150)]
        cls.instants = [*near, *anywhere]

    def test_at_random_instants_and_around_every_clock_change(self):
        tiles = compute([self.triage], NOW, NOW + timedelta(days=358)).by_schedule[self.triage.pk].tiles
        listed = queries.shifts(schedule=self.triage, start=NOW, end=NOW + timedelta(days=358))
        feed = self._feed()
        api = self._api()
        names = {str(person.pk): person.name for person in Person.objects.all()}
        for at in self.instants:
            with self.subTest(at=at):
                expected = sorted(names[tile.person] for tile in tiles_at(at, tiles) if tile.role == "primary")
                pager = who_is_called([Target("schedule", str(self.triage.pk), "Triage", "primary")], now=at)
                assert sorted(called.person.name for called in pager) == expected
                assert sorted(duty.person.name for duty in queries.on_call(schedule=self.triage, at=at)) == expected
                assert (
                    sorted(
                        one.person.name for one in listed if one.role == "primary" and one.starts_at <= at < one.ends_at
                    )
                    == expected
                )
                assert sorted(name for name, start, end in feed if start <= at < end) == expected
                assert api(at) == expected

    def _feed(self) -> list[tuple[str, datetime, datetime]]:
        reader = Person.objects.get(username="novak")
        _, secret = feed_services.create(person=reader, schedule=self.triage, now=NOW)
        with _clock_at(NOW):
            answer = self.client.get(f"/feeds/{secret}.ics")
        assert answer.status_code == 200
        return [
            (str(event["SUMMARY"]).split(":")[0], event.decoded("DTSTART"), event.decoded("DTEND"))
            for event in Calendar.from_ical(answer.content).walk("VEVENT")
            if event.get("STATUS") != "CANCELLED" and "primary" in str(event["SUMMARY"]).lower()
        ]

    def _api(self):
        reader = Person.objects.get(username="novak")
        _, secret = create_token(person=reader, name="reader", read_only=True, now=NOW)

        def asked(at: datetime) -> list[str]:
            with _clock_at(NOW):
                answer = self.client.get(
                    "/api/v1/on-call/",
                    {"at": at.isoformat(), "schedule": str(self.triage.pk)},
                    headers={"Authorization": f"Token {secret}"},
                )
            (schedule,) = answer.json()["schedules"]
            (primary,) = (role for role in schedule["roles"] if role["role"] == "primary")
            return sorted(person["name"] for person in primary["people"])

        return asked


def _clock_at(instant: datetime):
    return patch("oncall.clock.now", lambda: instant)
