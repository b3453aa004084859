"""What a newcomer finds in the demo: its incidents with their reviews, a night of checks, a note without an overlap."""

from datetime import UTC, datetime, timedelta
from typing import Any

from incidents.alarms.models import Alarm
from incidents.command.models import Entry, Incident
from incidents.display import demo, demo_readiness
from incidents.following.queries import unknown_skills
from incidents.handover.queries import handoffs
from incidents.reviews.models import Review
from oncall.paging.models import Notice
from oncall.people.models import Person
from oncall.troubles.models import Trouble
from oncall.work.models import WorkItem
from playbooks.library.models import Revision
from playbooks.library.parsing import parse
from playbooks.readiness import queries
from playbooks.readiness.models import Result, Waiver
from rotations.leave.models import CallOut, Evidence

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)  # Monday, 11:00 in California: one check is red, and will be until 13:40


class Stories:
    """Of a demo that was loaded at NOW."""

    board: dict[int, Any]

    @classmethod
    def look(cls):
        nights = queries.board(queries.last_nights(30, now=NOW), now=NOW)
        cls.board = dict(enumerate(nights))

    def test_whom_the_shipped_playbooks_page_can_be_paged(self):
        paged = {skill for row in Revision.objects.newest() for skill in parse(row.source).pages}
        assert unknown_skills(paged) == {"SQuaRE", "TSSW"}  # other teams: reached as their products say

    # (a), (b), (c), (e), (f)

    def test_the_incidents_are_numbered_as_they_came_and_all_are_over(self):
        rows = list(Incident.objects.order_by("number").values_list("state", "severity", "title"))
        assert [row[:2] for row in rows] == [
            ("closed", 1),
            ("closed", 2),
            ("closed", 2),
            ("resolved", 2),
            ("closed", 3),
        ]
        assert [row[2][:10] for row in rows] == ["Long-Haul ", "s3notify.s", "fanout.err", "Images are", "butlerdb.b"]
        declared = list(Incident.objects.order_by("number").values_list("declared_at", flat=True))
        assert declared == sorted(declared)

    def test_the_review_of_the_cut_says_what_failed_and_that_it_was_caught_up(self):
        cut = Review.objects.get(incident__number=1)
        assert (cut.figures["failed"], cut.figures["delayed"], cut.figures["pending"]) == (243, 0, 0)
        assert cut.figures["year"] == {"late_2": "4.1", "delayed_1": "0.0", "failed_01": "81.0"}
        assert cut.recounted is not None
        assert (cut.recounted["failed"], cut.recounted["delayed"]) == (0, 243)
        assert cut.recounted["year"] == {"late_2": "4.1", "delayed_1": "8.1", "failed_01": "0.0"}
        assert cut.published["figures"]["delayed"] == 243
        assert (
            "243 visits had failed: 4.1 % of the year's 2 %, 81.0 % of its 0.1 %" in cut.published["sections"]["impact"]
        )
        assert cut.recounted["minutes_by_severity"] == {"1": 150}

    def test_the_call_out_of_the_expert_belongs_to_an_incident_with_a_commander_and_a_review(self):
        night = Incident.objects.get(number=2)
        [alarm] = Alarm.objects.filter(incident_links__incident=night)
        called = CallOut.objects.live().get(person__username="dubreuil", subjects__contains=[alarm.subject])
        assert (called.ends_at, night.resolved_at) == (called.starts_at + timedelta(hours=2),) * 2
        assert night.assignments.get(role="commander").person.username == "tanaka"
        assert night.review.figures["people_called"] == 1
        assert night.review.figures["worked_s"] == 7200
        [line] = night.entries.filter(text__contains="rests until 12:00; Lucie Girard has the triage of the morning")
        assert line.url == f"/leave/call-outs/{called.pk}/"

    def test_nobody_was_called_for_incidents_but_the_expert(self):
        called = Evidence.objects.filter(kind="page", subject__startswith="incident:")
        assert set(called.values_list("person__username", flat=True)) == {"dubreuil"}

    # (g)

    def test_west_wrote_to_britain_what_it_could_not_say(self):
        [note] = handoffs().exclude(words="")
        assert (note.at, note.incoming.username) == (datetime(2026, 3, 27, 7, tzinfo=UTC), "fraser")
        assert note.outgoing is not None
        assert note.accepted_at == note.at + timedelta(minutes=2)
        assert "We do not overlap this week" in note.words

    # (d)

    def test_the_nights_are_mostly_green_one_has_a_check_missing_and_one_a_waiver(self):
        verdicts = [self.board[back].verdict for back in range(30)]
        assert verdicts == ["fail", "waived", *["pass"] * 5, "fail", *["pass"] * 22]
        assert [row.check.number for row in self.board[7].red] == [16]
        assert [row.check.number for row in self.board[1].waived] == [7]

    def test_tonight_is_red_with_the_time_that_is_left(self):
        assert [(row.check.number, row.word) for row in self.board[0].red] == [(4, "fail")]
        [item] = WorkItem.objects.filter(key="readiness:20261123:4")
        assert (item.state, item.team and item.team.name) == ("open", "US Data Facility")
        assert "5 h 19 min until sunset at 23:24 UTC, 6 h 55 min until 17:00 Pacific." in item.text

    def test_what_was_red_in_the_morning_was_mended_and_its_work_item_closed(self):
        fails = Result.objects.filter(result="fail").exclude(of__number=7).values_list("day_obs", flat=True)
        assert sorted({(NOW.date() - day).days for day in fails}) == [0, 3, 11, 20, 26]
        done = WorkItem.objects.filter(key__startswith="readiness:", state="done").values_list("outcome", flat=True)
        assert sorted(done) == ["The check passed."] * 4 + ["The night is over."] * 2

    def test_one_check_has_an_honest_waiver_and_no_other_has_one(self):
        [waiver] = Waiver.objects.all()
        assert (waiver.of.number, waiver.by.username) == (7, "tanaka")
        assert timedelta(days=4) < waiver.until - NOW < timedelta(days=6)

    def test_every_check_has_an_owner_and_every_result_names_what_was_deployed(self):
        assert all(row.check.owner_team for row in self.board[0].rows)
        assert {row.newest.version for row in self.board[0].rows if row.newest} == {"w47"}
        assert not Result.objects.filter(detail="").exists()

    def test_nobody_is_called_now_for_what_was_red(self):
        assert not Trouble.objects.open().filter(kind__startswith="readiness").exists()
        assert not Alarm.objects.open().exists()
        assert not Notice.objects.filter(next_due__lt=NOW - timedelta(days=1)).exists()

    # Stopped and started again

    def test_started_again_in_time_nothing_is_reported_twice(self):
        before = Result.objects.count()
        assert demo_readiness.catch_up(now=NOW + timedelta(minutes=3)) == 0
        assert Result.objects.count() == before

    def test_started_again_the_same_evening_it_reports_how_it_stands(self):
        late = NOW + timedelta(hours=6)
        assert demo_readiness.catch_up(now=late) == 16
        assert queries.one_night(NOW.date(), now=late).verdict == "waived"
        assert not Trouble.objects.open().filter(kind__startswith="readiness").exists()

    def test_days_later_tonight_is_there_and_the_nights_between_are_not_known(self):
        later = NOW + timedelta(days=5)
        demo_readiness.catch_up(now=later)
        found = queries.board(queries.last_nights(6, now=later), now=later)
        assert [one.verdict for one in found] == ["fail", "unknown", "unknown", "fail", "fail", "fail"]
        assert {row.standing.state for row in found[3].rows} == {"missing", "waived"}
        assert {row.newest.version for row in found[0].rows if row.newest} == {"w48"}  # released on Tuesday

    def test_loading_again_changes_nothing(self):
        people = {person.username: person for person in Person.objects.all()}
        before = (Entry.objects.count(), Result.objects.count(), Waiver.objects.count())
        assert demo.load(now=NOW, year=True) is False
        demo_readiness.load(people=people, teams={}, now=NOW)
        assert (Entry.objects.count(), Result.objects.count(), Waiver.objects.count()) == before
