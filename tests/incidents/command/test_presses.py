"""Whatever is pressed, in whatever order, by whomever: no incident reaches a state that must not be."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import Alarm
from incidents.command import (
    assigning,
    calling,
    editing,
    lapsing,
    liaison,
    offering,
    queries,
    returning,
    services,
    watch,
    worsening,
)
from incidents.command.lifecycle import NotAllowed
from incidents.command.models import COMMAND, CommandOffer, Incident, IncidentAlarm, RoleAssignment
from incidents.command.roles import ROLES
from oncall.people.models import Person
from tests.incidents.command.test_lifecycle import ALLOWED, EVERY_MOVE, LEADS_TO

pytestmark = pytest.mark.django_db
LIVE = {"investigating", "identified", "mitigated"}
SAID_NO = (services.Refused, services.Moved, NotAllowed, offering.Answered)
INDEX = st.integers(0, 3)


class Presses(RuleBasedStateMachine):
    """Four people, three alarms, and as many incidents as they declare. The last of the people is the pilot."""

    people: Any = ()
    alarms: Any = ()
    fire: Any = None
    start: Any = None
    limits: Any = None

    def __init__(self):
        super().__init__()
        self.sandbox = transaction.atomic()
        self.sandbox.__enter__()
        self.now, self.pressed = self.start, 0
        self.people = [Person.objects.get(pk=one.pk) for one in self.people]  # as they were before the last try
        self.written: dict[object, tuple[object, ...]] = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.sandbox.__exit__(None, None, None)

    def someone(self, index):
        """Who is here to press something."""
        here = [one for one in self.people if one.is_active]
        return here[index % len(here)]

    def incident(self, index):
        found = list(Incident.objects.order_by("number"))
        return found[index % len(found)]

    def press(self, verb, **about):
        """Press; whether it was allowed. Every third has waited for another, and comes with an earlier instant."""
        self.now += timedelta(seconds=20)
        self.pressed += 1
        at = self.now - timedelta(seconds=45) if self.pressed % 3 == 0 else self.now
        try:
            with transaction.atomic():
                return verb(**about, now=at), True
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
        incident, by, person = self.incident(which), self.someone(who), self.people[whom]
        had = queries.roles_of(incident, person)
        _, done = self.press(assigning.assign, incident=incident, role=role, person=person, by=by)
        if done and role not in had and incident.severity == 1:
            assert queries.roles_of(incident, person) == [role]
        if done and role == "commander" and not had:
            assert person == by

    @rule(which=INDEX, who=INDEX, whom=INDEX, role=st.sampled_from(sorted(ROLES)))
    def leave(self, which, who, whom, role):
        incident, by, person = self.incident(which), self.someone(who), self.people[whom]
        self.press(assigning.release, incident=incident, role=role, person=person, by=by, why="Asleep.")

    @rule(which=INDEX, who=INDEX, to=INDEX)
    def offer(self, which, who, to):
        self.press(offering.offer, incident=self.incident(which), to=self.people[to], by=self.someone(who))

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
        incident, person = self.incident(which), self.people[whom]
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

    @rule(which=INDEX, who=INDEX, title=st.sampled_from(["A", "B", ""]), began=st.none() | st.integers(-50, 5000))
    def edit(self, which, who, title, began):
        incident, by = self.incident(which), self.someone(who)
        at = None if began is None else self.now - timedelta(seconds=began)
        _, done = self.press(editing.edit, incident=incident, changes={"title": title, "impact_starts_at": at}, by=by)
        now_is = Incident.objects.get(pk=incident.pk)
        assert now_is.title
        assert incident.state not in ("closed", "merged") if done else now_is.version == incident.version

    @rule(which=INDEX, who=INDEX, out=st.booleans())
    def restrict(self, which, who, out):
        incident, by = self.incident(which), self.someone(who)
        at_work = {one.pk for one in queries.unnamed(incident)}
        named = [Incident.objects.naming(one).filter(pk=incident.pk).exists() for one in self.people]
        self.press(editing.restrict, incident=incident, by=by, leave_out=at_work if out else ())
        if incident.restricted:
            return
        for one, was_named in zip(self.people, named, strict=True):
            stays = one.is_active and (was_named or one == by or (one.pk in at_work and not out))
            assert Incident.objects.visible_to(one).filter(pk=incident.pk).exists() is stays

    @rule(which=INDEX, who=INDEX)
    def open_up(self, which, who):
        incident, by = self.incident(which), self.someone(who)
        has = queries.command_of(incident)
        _, done = self.press(editing.open_up, incident=incident, by=by, why="It is public.")
        if done and incident.restricted:
            assert by.pk in (incident.declared_by_id, has.person_id if has else None, self.people[-1].pk)

    @rule(nth=st.integers(0, 9), who=INDEX)
    def take_back(self, nth, who):
        offers = list(CommandOffer.objects.order_by("asked_at", "pk"))
        if offers:
            self.press(offering.take_back, offer=offers[nth % len(offers)], by=self.someone(who))

    @rule(who=st.integers(1, 3), active=st.booleans())
    def an_account_is_closed_or_opened(self, who, active):
        Person.objects.filter(pk=self.people[who].pk).update(is_active=active)
        self.people[who].is_active = active

    @rule(seconds=st.sampled_from([30, 200, 700]))
    def half_minutes_pass(self, seconds):
        self.now += timedelta(seconds=seconds)
        lapsing.keep(now=self.now, limits=self.limits)
        returning.keep(now=self.now, limits=self.limits)
        worsening.keep(now=self.now, limits=self.limits)
        liaison.keep(now=self.now, limits=self.limits)
        assert not CommandOffer.objects.filter(answered_at=None, asked_at__lte=self.now - timedelta(minutes=10))
        assert not RoleAssignment.objects.filter(ends_at=None, incident__state__in=LIVE, person__is_active=False)

    @rule(nth=INDEX, key=st.sampled_from(["one", "two", "three"]), over=st.booleans())
    def an_alarm_ends_or_fires_again(self, nth, key, over):
        about = Alarm.objects.open().exclude(source_id=COMMAND).order_by("fired_at", "pk")
        if over and about:
            alarms.resolve(alarm=about[nth % len(about)], now=self.now, why="It is over.")
        elif not over:
            self.fire(key, at=self.now)

    @invariant()
    def what_is_offered_is_whose_it_is_to_offer(self):
        for offer in CommandOffer.objects.filter(answered_at=None).select_related("incident"):
            has = queries.command_of(offer.incident)
            assert offer.giver_id == (has.person_id if has else None)

    @invariant()
    def who_is_called_is_called_into_something(self):
        calling_nobody = Alarm.objects.open().filter(incident_links__calls=True)
        assert not calling_nobody.exclude(incident_links__unlinked_at=None)

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
            for kind in ("state", "severity"):
                turns = [row for row in rows if row.kind == kind]
                for one, later in pairwise(turns):
                    assert one.at <= later.at
                    assert one.said["is"] == later.said["was"]
                assert not turns or turns[-1].said["is"] == getattr(incident, kind)

    @invariant()
    def nobody_is_called_for_command_that_somebody_has(self):
        calls = Alarm.objects.open().filter(source_id=COMMAND).values_list("key", flat=True)
        by_incident = [key.split(":")[1] for key in calls]
        assert len(by_incident) == len(set(by_incident))


def test_no_sequence_of_presses_reaches_a_forbidden_state(ada, grace, mae, pilot, fired, in_force, now):
    class Tonight(Presses):
        people = (ada, grace, mae, pilot)
        alarms = (fired("one"), fired("two", severity=3), fired("three", severity=1))
        start, limits, fire = now, in_force, staticmethod(fired)

    run_state_machine_as_test(
        Tonight,
        settings=settings(
            max_examples=14,
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
