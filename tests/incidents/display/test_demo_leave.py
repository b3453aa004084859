"""The demo's year of call-outs reconciles: ledger, reports and evidence agree to the second, for each and in all."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from django.test import TestCase

from incidents.display import demo
from oncall.limits import queries as limits
from oncall.limits.services import set_limit
from oncall.paging.models import Notice
from oncall.people.models import Person
from rotations.changes.models import Override
from rotations.leave import reconciling
from rotations.leave.models import CallOut, Evidence, LeaveRequest, LedgerEntry, Rest
from rotations.leave.recompute import recompute as post_differences
from rotations.reports import queries as reports
from rotations.schedule.models import Schedule
from tests.incidents.display.demo_stories import NOW, Stories
from tests.incidents.display.recount import recount

JULY = datetime(2026, 7, 1, tzinfo=UTC)


class DemoYear(Stories, TestCase):
    people: list[Person]

    @classmethod
    def setUpTestData(cls):
        demo.load(now=NOW, year=True)
        cls.look()
        cls.people = list(Person.objects.filter(evidence__isnull=False).distinct())

    def test_about_150_call_outs_of_the_whole_cast_lie_in_the_year(self):
        found = CallOut.objects.live().filter(ends_at__gt=NOW - timedelta(days=365))
        assert 140 <= found.count() <= 170
        assert found.values("person").distinct().count() >= 12
        assert not found.filter(ends_at__isnull=True).exists()

    def test_every_kind_of_evidence_and_every_word_occurs(self):
        kinds = set(Evidence.objects.values_list("kind", flat=True))
        assert kinds >= {"page", "acknowledge", "note", "step", "role", "resolve", "hand_over", "stand_down", "undone"}
        said = set(LedgerEntry.objects.values_list("kind", flat=True))
        assert said >= {"earn", "adjust", "take", "confirm", "approve", "ask_back", "dispute"}
        states = set(LeaveRequest.objects.values_list("state", flat=True))
        assert states == {"asked", "approved", "refused", "withdrawn", "cancelled"}

    def test_each_piece_of_evidence_leads_to_the_night_on_which_it_was(self):
        assert not Evidence.objects.filter(url="", at__lt=NOW - timedelta(days=9)).exists()
        [first, *_] = Evidence.objects.filter(kind="page", url__startswith="/nights/").order_by("at")
        assert first.url == f"/nights/{first.at - timedelta(hours=12):%Y%m%d}/"

    def test_the_ledger_is_what_a_second_count_of_the_evidence_says(self):
        for person in self.people:
            with self.subTest(person=person.name):
                entries = LedgerEntry.objects.computed().filter(person=person)
                posted = [
                    sum(column) for column in zip(*entries.values_list("out_of_hours_s", "credit_s"), strict=True)
                ] or [0, 0]  # they acted, and nobody had called them
                counted = recount(person)
                assert posted == [sum(one.out_of_hours_s for one in counted), sum(one.credit_s for one in counted)]

    def test_each_call_out_is_one_of_the_second_count(self):
        for person in self.people:
            with self.subTest(person=person.name):
                entries = LedgerEntry.objects.computed().filter(person=person, call_out__merged_into=None)
                posted: Counter[datetime] = Counter()
                for start, seconds in entries.values_list("call_out__starts_at", "credit_s"):
                    posted[start] += seconds
                counted = {one.starts_at: one.credit_s for one in recount(person) if one.credit_s}
                assert +posted == counted

    def test_the_expert_called_at_three_twenty_in_paris_has_three_hours_and_the_morning(self):
        night = self._night()
        assert night.ends_at == night.starts_at + timedelta(hours=2)
        assert list(night.entries.filter(kind="earn").values_list("out_of_hours_s", "credit_s")) == [(7200, 10800)]

    def _night(self) -> CallOut:
        expert = Person.objects.get(username="dubreuil")
        called = CallOut.objects.live().filter(person=expert)
        return next(one for one in called if f"{one.starts_at.astimezone(expert.zone):%H:%M:%S}" == "03:20:00")

    def test_triage_is_tier_one_and_the_experts_are_tier_two(self):
        tiers = dict(Schedule.objects.values_list("name", "tier"))
        assert tiers["Triage"] == 1
        assert {tier for name, tier in tiers.items() if name.endswith("on call")} == {2}

    def test_the_books_agree_among_themselves(self):
        assert reconciling.check(now=NOW) == []

    def test_reports_say_what_the_second_count_says_for_each_and_in_all(self):
        counted = {person.name: recount(person) for person in self.people}
        for person in self.people:
            with self.subTest(person=person.name):
                self._check_report([person], counted[person.name])
        self._check_report(self.people, [one for many in counted.values() for one in many])

    def _check_report(self, people, counted):
        report = reports.report(people, first=(NOW - timedelta(days=366)).date(), last=NOW.date(), now=NOW)
        assert report.holds
        assert report.total.out_of_hours_s == sum(one.out_of_hours_s for one in counted)
        assert report.total.credit_s == report.total.account.earned_s == sum(one.credit_s for one in counted)

    def test_a_rule_of_july_posts_the_right_differences_and_nothing_twice(self):
        before = {person.pk: sum(one.credit_s for one in recount(person)) for person in self.people}
        set_limit(name="credit_multiplier", value=2, effective_from=JULY, source="A test: twice, from July on.")
        limits.forget()
        span: dict[str, Any] = {
            "since": NOW - timedelta(days=400),
            "until": NOW,
            "by": None,
            "reason": "Twice since July.",
            "now": NOW,
        }

        posted = post_differences(**span)
        again = post_differences(**span)

        wanted = {
            person.pk: sum(one.credit_s for one in recount(person, multiplier=twice_since_july)) - before[person.pk]
            for person in self.people
        }
        found: Counter[object] = Counter()
        for change in posted:
            found[change.call_out.person_id] += change.credit_s
        assert again == []
        assert +found == {person: seconds for person, seconds in wanted.items() if seconds}
        assert sum(found.values()) > 0
        assert all(change.call_out.starts_at >= JULY and change.out_of_hours_s == 0 for change in posted)
        assert reconciling.check(now=NOW) == []

    def test_the_experts_shift_of_that_morning_is_covered_while_they_rest(self):
        rest = Rest.objects.get(person__username="dubreuil", call_out__in=CallOut.objects.filter(pk=self._night().pk))
        assert f"{rest.ends_at.astimezone(rest.person.zone):%H:%M}" == "12:00"
        cover = Override.objects.get(
            schedule__name="Triage", replaces=rest.person, starts_at__lt=rest.ends_at, starts_at__gte=rest.starts_at
        )
        assert cover.person.name == "Lucie Girard"

    def test_no_telephone_rings_for_what_was_long_ago(self):
        assert not Notice.objects.filter(next_due__lt=NOW - timedelta(days=1)).exists()
        assert not Rest.objects.filter(next_due__isnull=False, ends_at__lte=NOW).exists()


def twice_since_july(at: datetime) -> Fraction:
    return Fraction(2) if at >= JULY else Fraction(3, 2)
