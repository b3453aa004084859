"""Whatever is pressed, in whatever order, by whomever: no incident reaches a state that must not be."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from incidents.alarms import work
from incidents.alarms.models import Alarm
from incidents.command import assigning, calling, offering, queries, services, watch
from incidents.command.lifecycle import NotAllowed
from incidents.command.models import COMMAND, CommandOffer, Incident, IncidentAlarm
from incidents.command.roles import ROLES
from tests.incidents.command.test_lifecycle import ALLOWED, EVERY_MOVE, LEADS_TO

pytestmark = pytest.mark.django_db
LIVE = {"investigating", "identified", "mitigated"}
SAID_NO = (services.Refused, services.Moved, NotAllowed, offering.Answered)
INDEX = st.integers(0, 3)


class Presses(RuleBasedStateMachine):
    """Four people, three alarms, and as many incidents as they declare."""

    people: Any = ()
    alarms: Any = ()
    start: Any = None
    limits: Any = None

    def __init__(self):
        super().__init__()
        self.sandbox = transaction.atomic()
        self.sandbox.__enter__()
        self.now = self.start
        self.written: dict[object, tuple[object, ...]] = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.sandbox.__exit__(None, None, None)

    def someone(self, index):
        return self.people[index % len(self.people)]

    def incident(self, index):
        found = list(Incident.objects.order_by("number"))
        return found[index % len(found)]

    def press(self, verb, **about):
        """Press; whether it was allowed."""
        self.now += timedelta(seconds=20)
        try:
            with transaction.atomic():
                return verb(**about, now=self.now), True
        except SAID_NO:
            return None, False

    @initialize(severity=st.integers(1, 5))
    def first(self, severity):
        self.press(services.declare, title="Something", severity=severity, by=self.people[0])

    @rule(who=INDEX, severity=st.integers(1, 5), which=st.sets(st.integers(0, 2)))
    def declare(self, who, severity, which):
        alarms = [self.alarms[index] for index in which]
        self.press(services.declare, title="Another", severity=severity, by=self.someone(who), alarms=alarms)

    @rule(which=INDEX, who=INDEX, move=st.sampled_from(EVERY_MOVE), into=st.none() | INDEX)
    def move(self, which, who, move, into):
        incident = self.incident(which)
        other = self.incident(into) if into is not None else None
        _, done = self.press(services.move, incident=incident, move=move, by=self.someone(who), into=other)
        now_is = Incident.objects.get(pk=incident.pk).state
        if done:
            assert move in ALLOWED[incident.state]
            assert now_is == LEADS_TO[move]
        else:
            assert now_is == incident.state

    @rule(which=INDEX, who=INDEX, severity=st.integers(1, 5))
    def severity(self, which, who, severity):
        self.press(services.set_severity, incident=self.incident(which), severity=severity, by=self.someone(who))

    @rule(which=INDEX, who=INDEX, whom=INDEX, role=st.sampled_from(sorted(ROLES)))
    def role(self, which, who, whom, role):
        incident, by, person = self.incident(which), self.someone(who), self.someone(whom)
        had = queries.roles_of(incident, person)
        _, done = self.press(assigning.assign, incident=incident, role=role, person=person, by=by)
        if done and role not in had and incident.severity == 1:
            assert queries.roles_of(incident, person) == [role]
        if done and role == "commander" and not had:
            assert person == by

    @rule(which=INDEX, who=INDEX, whom=INDEX, role=st.sampled_from(sorted(ROLES)))
    def leave(self, which, who, whom, role):
        incident, by, person = self.incident(which), self.someone(who), self.someone(whom)
        self.press(assigning.release, incident=incident, role=role, person=person, by=by, why="Asleep.")

    @rule(which=INDEX, who=INDEX, to=INDEX)
    def offer(self, which, who, to):
        self.press(offering.offer, incident=self.incident(which), to=self.someone(to), by=self.someone(who))

    @rule(nth=st.integers(0, 9), who=INDEX, accept=st.booleans())
    def answer(self, nth, who, accept):
        offers = list(CommandOffer.objects.order_by("asked_at", "pk"))
        if offers:
            offer, by = offers[nth % len(offers)], self.someone(who)
            _, done = self.press(offering.answer, offer=offer, by=by, accept=accept)
            assert not done or by.pk == offer.to_id

    @rule(which=INDEX, alarm=st.integers(0, 2), out=st.booleans())
    def alarm(self, which, alarm, out):
        verb = services.detach if out else services.attach
        self.press(verb, incident=self.incident(which), alarm=self.alarms[alarm], by=self.people[0])

    @rule(which=INDEX, whom=INDEX)
    def call_in(self, which, whom):
        incident, person = self.incident(which), self.someone(whom)
        self.press(calling.call_in_expert, incident=incident, person=person, by=self.people[0])

    @rule(who=INDEX, nth=INDEX)
    def answer_a_call(self, who, nth):
        calls = Alarm.objects.filter(incident_links__calls=True, state="firing").order_by("fired_at")
        if calls:
            work.acknowledge(alarm=calls[nth % len(calls)], by=self.someone(who), now=self.now)

    @rule(seconds=st.sampled_from([1, 60, 600]))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        for _ in range(2):
            self.now += timedelta(seconds=1)
            watch.keep(now=self.now, limits=self.limits)

    @rule(which=INDEX, who=INDEX)
    def note(self, which, who):
        incident, by = self.incident(which), self.someone(who)
        self.press(services.say, incident=incident, kind="note", text="Looking.", by=by)

    @invariant()
    def one_commander_at_a_time_and_none_in_what_is_over(self):
        for incident in Incident.objects.prefetch_related("assignments"):
            now_has = [one.role for one in incident.assignments.all() if one.ends_at is None]
            assert now_has.count("commander") <= 1
            assert incident.state in LIVE or not now_has
        open_offers = CommandOffer.objects.filter(answered_at=None).values_list("incident__state", flat=True)
        assert set(open_offers) <= LIVE

    @invariant()
    def instants_and_mergers_fit_the_state(self):
        for incident in Incident.objects.all():
            assert (incident.resolved_at is not None) == (incident.state in ("resolved", "closed"))
            assert (incident.closed_at is not None) == (incident.state == "closed")
            assert (incident.merged_into_id is not None) == (incident.state == "merged")

    @invariant()
    def an_alarm_is_part_of_one_live_incident(self):
        parts = list(
            IncidentAlarm.objects.filter(unlinked_at=None, incident__state__in=LIVE).values_list("alarm", flat=True)
        )
        assert len(parts) == len(set(parts))

    @invariant()
    def lines_count_without_a_hole_and_stay_as_they_were(self):
        for incident in Incident.objects.prefetch_related("entries"):
            rows = sorted(incident.entries.all(), key=lambda row: row.nth)
            assert [row.nth for row in rows] == list(range(1, len(rows) + 1))
            for row in rows:
                says = (row.nth, row.kind, row.at, row.text)
                assert self.written.setdefault(row.pk, says) == says

    @invariant()
    def nobody_is_called_for_command_that_somebody_has(self):
        calls = Alarm.objects.open().filter(source_id=COMMAND).values_list("key", flat=True)
        by_incident = [key.split(":")[1] for key in calls]
        assert len(by_incident) == len(set(by_incident))


def test_no_sequence_of_presses_reaches_a_forbidden_state(ada, grace, mae, pilot, fired, in_force, now):
    class Tonight(Presses):
        people = (ada, grace, mae, pilot)
        alarms = (fired("one"), fired("two", severity=3), fired("three", severity=1))
        start, limits = now, in_force

    run_state_machine_as_test(
        Tonight,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
