"""The demo's week of 22 to 28 March 2027 is the sample week of domain.md section 4: clocks disagree until the 28th."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.test import TestCase

from incidents.display import demo
from oncall.people.queries import observing_site, pilot
from rotations.coverage import gaps, queries
from rotations.coverage.coverage import Tile
from rotations.night import sun
from rotations.schedule.models import Schedule

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
PACIFIC, PARIS, LONDON = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/Paris"), ZoneInfo("Europe/London")
CLOSE = timedelta(minutes=2)  # how near the sun's instants are to the table's


def night_of(day: int) -> tuple[datetime, datetime]:
    """From noon UTC of a day of March 2027 to the next."""
    noon = datetime(2027, 3, day, 12, tzinfo=UTC)
    return noon, noon + timedelta(days=1)


def on_shift(name: str, day: int, zone: ZoneInfo, *, role: str = "primary") -> list[tuple[str, datetime, datetime]]:
    """Who starts a shift of triage in that night, in this zone, from which instant until which."""
    start, end = night_of(day)
    found = queries.shifts(schedule=Schedule.objects.get(name=name), start=start, end=end, role=role)
    return [
        (one.person.name, one.starts_at.astimezone(zone), one.ends_at.astimezone(zone))
        for one in found
        if one.person.time_zone == str(zone) and "By day" not in one.why and one.starts_at >= start
    ]


TABLE = [
    (22, "Alba Moreno", "15:28", "23:30", "Lucie Girard", PARIS, "07:00", "11:26"),
    (23, "Alba Moreno", "15:27", "23:30", "Lucie Girard", PARIS, "07:00", "11:26"),
    (24, "Priya Singh", "15:25", "00:00", "Hamish Fraser", LONDON, "07:00", "10:27"),
    (25, "Priya Singh", "15:24", "00:00", "Hamish Fraser", LONDON, "07:00", "10:28"),
    (26, "Bruno Castillo", "15:23", "23:30", "Noé Dubreuil", PARIS, "07:00", "11:28"),
    (27, "Bruno Castillo", "15:22", "23:00", "Noé Dubreuil", PARIS, "07:30", "12:29"),
    (28, "Bruno Castillo", "15:20", "23:00", "Noé Dubreuil", PARIS, "07:30", "12:29"),
]


EXPERTS = [
    (22, ["Ngozi Okafor", "Emi Tanaka", "Tomás Reyes", "Sara Lindqvist"]),
    (23, ["Ngozi Okafor", "Emi Tanaka", "Tomás Reyes", "Sara Lindqvist"]),
    (24, ["Ngozi Okafor", "Emi Tanaka", "Ken Ito", "Sara Lindqvist"]),  # swapped in Data Abstraction
    (25, ["Ngozi Okafor", "Emi Tanaka", "Tomás Reyes", "Sara Lindqvist"]),
    (26, ["Ngozi Okafor", "Emi Tanaka", "Tomás Reyes", "Sara Lindqvist"]),
    (27, ["Noé Dubreuil", "Alba Moreno", "Ken Ito", "June Walker"]),  # the weekend's
    (28, ["Noé Dubreuil", "Alba Moreno", "Ken Ito", "June Walker"]),
]


class SampleWeek(TestCase):
    @classmethod
    def setUpTestData(cls):
        demo.load(now=NOW)

    def test_the_handoffs_of_each_night(self):
        for row in TABLE:
            with self.subTest(night=row[0]):
                self._check_handoffs(*row)

    def _check_handoffs(self, day, west, begins, ends, europe, zone, takes_over, goes):
        ((name, start, end),) = on_shift("Triage", day, PACIFIC)
        assert (name, f"{end:%H:%M}") == (west, ends)
        assert abs(start - start.replace(hour=int(begins[:2]), minute=int(begins[3:]))) <= CLOSE
        ((name, start, end),) = on_shift("Triage", day, zone)
        assert (name, f"{start:%H:%M}") == (europe, takes_over)
        assert abs(end - end.replace(hour=int(goes[:2]), minute=int(goes[3:]))) <= CLOSE

    def test_tier_two_of_each_night(self):
        for day, experts in EXPERTS:
            with self.subTest(night=day):
                self._check_experts(day, experts)

    def _check_experts(self, day, experts):
        midnight = night_of(day)[0] + timedelta(hours=16)
        tiers = ("Data Facility", "Campaign Management", "Data Abstraction", "Algorithms & Pipelines")
        found = [
            queries.on_call(schedule=Schedule.objects.get(name=f"{tier} on call"), at=midnight)[0].person.name
            for tier in tiers
        ]
        assert found == experts

    def test_a_new_joiner_shadows_on_wednesday_and_is_not_the_answer(self):
        ((name, _, _),) = on_shift("Triage", 24, PACIFIC, role="shadow")
        assert name == "Rosa Keller"
        assert on_shift("Triage", 22, PACIFIC, role="shadow") == []

    def test_the_pilot_changes_on_sunday(self):
        before, after = (pilot(now=datetime(2027, 3, 28, hour, tzinfo=UTC)) for hour in (15, 16))
        assert before is not None
        assert after is not None
        assert (before.name, after.name) == ("Emi Tanaka", "Claire Bonnet")

    def test_no_observing_minute_of_the_year_is_uncovered(self):
        site = observing_site()
        needed = sun.observing_spans(NOW, NOW + timedelta(days=360), site)
        for schedule in Schedule.objects.filter(needs="night"):
            found = queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=360), role="primary")
            tiles = [Tile(one.starts_at, one.ends_at, str(one.person.pk), "", "") for one in found]
            assert gaps.too_few(tiles, needed) == [], schedule.name

    def test_there_are_always_two_stewards_in_terms_of_four_weeks(self):
        schedule = Schedule.objects.get(name="Support stewards")
        found = queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=364))
        tiles = [Tile(one.starts_at, one.ends_at, str(one.person.pk), "", "") for one in found]
        (count,) = gaps.counts(tiles, [(NOW, NOW + timedelta(days=364))])
        assert count.people == 2
        zone = PACIFIC
        assert {
            (
                one.ends_at.astimezone(zone).replace(tzinfo=None) - one.starts_at.astimezone(zone).replace(tzinfo=None)
            ).days
            for one in found
        } == {28}
        names = [one.person.name for one in found]
        assert names[:6] == [*(sorted(set(names)) * 3)[sorted(set(names)).index(names[0]) :]][:6]
