"""What becomes of an incident, in the database: states, severity, merging, reopening, and the lines they leave."""

from datetime import timedelta

import pytest

from incidents.command import assigning, queries, services
from incidents.command.lifecycle import NotAllowed
from incidents.command.models import Entry, Incident
from incidents.command.services import Moved, Refused
from tests.conftest import make_schedule
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def press(ada, now):
    def pressed(incident, move, **more):
        return services.move(**({"incident": incident, "move": move, "by": ada, "now": now} | more))

    return pressed


def test_a_move_is_a_line_with_what_it_was_and_is(declared, press):
    incident = declared()

    press(incident, "identify", why="A switch in Lyon.")

    line = incident.entries.last()
    assert (line.kind, line.text) == ("state", "Ada Moreno: the cause is known. A switch in Lyon.")
    assert line.said == {"was": "investigating", "is": "identified"}


def test_what_the_table_does_not_have_changes_nothing(declared, press):
    incident = declared()
    before = lines(incident)

    with pytest.raises(NotAllowed):
        press(incident, "close")

    assert Incident.objects.get().version == 1
    assert lines(incident) == before


def test_a_press_on_a_page_that_is_out_of_date_is_refused(declared, press):
    incident = declared()
    press(incident, "mitigate")

    with pytest.raises(Moved, match="it is mitigated, SEV-3"):
        press(incident, "resolve", version=1)

    assert Incident.objects.get().state == "mitigated"


def test_resolved_it_has_its_instant(declared, press, now):
    assert press(declared(), "resolve", now=now + timedelta(hours=1)).resolved_at == now + timedelta(hours=1)


def test_reopened_it_has_none_and_says_how_often(declared, press):
    incident = press(declared(), "resolve")

    again = press(incident, "reopen")

    assert (again.state, again.resolved_at, again.reopened) == ("investigating", None, 1)


def test_a_false_alarm_is_over(declared, press):
    assert press(declared(), "false_alarm").state == "false_alarm"


def test_closed_it_keeps_when_it_was_resolved(declared, press, now):
    incident = press(declared(), "resolve")

    closed = press(incident, "close", now=now + timedelta(days=1))

    assert (closed.resolved_at, closed.closed_at) == (now, now + timedelta(days=1))


def test_merged_its_alarms_go_to_the_other(declared, fired, press):
    alarm = fired()
    one, other = declared(alarms=[alarm]), declared(title="Lyon does not answer")

    merged = press(one, "merge", into=other)

    assert (merged.state, merged.merged_into) == ("merged", other)
    assert list(queries.alarms_of(other)) == [alarm]
    assert list(queries.alarms_of(merged)) == []
    assert lines(other, "link") == ["Incident 1 was merged into this one."]


@pytest.mark.parametrize("over", ["resolve", "false_alarm"])
def test_nothing_is_merged_into_one_that_is_over(declared, press, over):
    one, other = declared(), declared(title="Lyon does not answer")
    press(other, over)

    with pytest.raises(NotAllowed, match="still worked on"):
        press(one, "merge", into=other)


def test_nothing_is_merged_into_itself_or_into_nothing(declared, press):
    incident = declared()

    for into in (incident, None):
        with pytest.raises(Refused) as refusal:
            press(incident, "merge", into=into)
        assert refusal.value.field == "into"


def test_another_move_takes_no_other_incident(declared, press):
    one, other = declared(), declared(title="Lyon does not answer")

    with pytest.raises(Refused, match="Leave it out"):
        press(one, "resolve", into=other)


def test_a_restricted_one_is_not_merged_into_one_that_all_can_read(declared, press):
    one, other = declared(restricted=True), declared(title="Lyon does not answer")

    with pytest.raises(Refused, match="lest it be read"):
        press(one, "merge", into=other)


def test_reopened_after_a_merge_it_stands_for_itself(declared, press):
    one, other = declared(), declared(title="Lyon does not answer")
    press(one, "merge", into=other)

    assert press(one, "reopen").merged_into is None


def test_severity_keeps_its_history(declared, ada, grace, now):
    incident = declared()
    services.set_severity(incident=incident, severity=1, by=grace, now=now, why="The night is at risk.")
    services.set_severity(incident=incident, severity=2, by=ada, now=now)

    assert lines(incident, "severity") == [
        "Grace Okafor: SEV-3 is now SEV-1. The night is at risk.",
        "Ada Moreno: SEV-1 is now SEV-2.",
    ]
    assert [row.said for row in incident.entries.filter(kind="severity")] == [
        {"was": 3, "is": 1}, {"was": 1, "is": 2},
    ]  # fmt: skip


def test_the_same_severity_again_is_no_line(declared, ada, now):
    incident = declared()

    services.set_severity(incident=incident, severity=3, by=ada, now=now)

    assert lines(incident, "severity") == []


def test_what_is_closed_keeps_its_severity(declared, press, ada, now):
    incident = declared()
    press(incident, "resolve")
    press(incident, "close")

    with pytest.raises(Refused, match="Reopen it first"):
        services.set_severity(incident=incident, severity=1, by=ada, now=now)


def test_when_it_gets_worse_combined_roles_are_named_and_left(declared, ada, now):
    incident = declared(severity=3)
    for role in ("commander", "expert"):
        assigning.take(incident=incident, role=role, by=ada, now=now)

    worse = services.set_severity(incident=incident, severity=1, by=ada, now=now)

    ((person, roles),) = queries.combined(worse)
    assert (person, [one.role for one in roles]) == (ada, ["commander", "expert"])
    assert "Ada Moreno is incident commander, expert at once" in lines(worse, "severity")[0]


def test_below_sev_2_combined_roles_need_no_settling(declared, ada, now):
    incident = declared(severity=3)
    for role in ("commander", "expert"):
        assigning.take(incident=incident, role=role, by=ada, now=now)

    assert queries.combined(incident) == []


def test_lines_count_from_one_without_a_hole(declared, press, ada, now):
    incident = declared()
    for move in ("identify", "mitigate", "resolve", "reopen"):
        press(incident, move)
    services.say(incident=incident, kind="note", text="Quiet now.", by=ada, now=now)

    assert list(incident.entries.values_list("nth", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_a_line_pressed_twice_is_one(declared, ada, now):
    incident = declared()

    for _ in range(2):
        services.say(incident=incident, kind="note", text="Rebooted it.", by=ada, now=now, key="press-1")

    assert lines(incident, "note") == ["Rebooted it."]


def test_a_correction_points_at_the_line_that_stays(declared, ada, now):
    incident = declared()
    wrong = services.say(incident=incident, kind="finding", text="It is the switch.", by=ada, now=now)

    right = services.say(incident=incident, kind="correction", text="The router.", by=ada, now=now, corrects=wrong)

    assert right.corrects == wrong
    assert lines(incident, "finding") == ["It is the switch."]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "severity"}, "kind"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 20_001}, "text"),
        ({"kind": "correction"}, "corrects"),
        ({"at": "later"}, "at"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_its_field(declared, ada, now, changes, field):
    incident = declared()
    if "at" in changes:
        changes = {"at": now + timedelta(seconds=1)}

    with pytest.raises(Refused) as refusal:
        services.say(**({"incident": incident, "kind": "note", "text": "x", "by": ada, "now": now} | changes))

    assert refusal.value.field == field


def test_a_line_of_another_incident_is_not_corrected(declared, ada, now):
    one, other = declared(), declared(title="Something else")

    with pytest.raises(Refused, match="not of this incident"):
        services.say(incident=one, kind="correction", text="No.", by=ada, now=now, corrects=other.entries.get(nth=1))


def test_what_may_be_pressed_follows_the_state(declared, press):
    incident = declared()
    assert services.may(incident) == ["identify", "mitigate", "resolve", "false_alarm", "merge"]

    assert services.may(press(incident, "resolve")) == ["close", "reopen"]


def test_the_ticks_say_when_each_happened(declared, ada, now):
    incident = declared()
    assigning.take(incident=incident, role="commander", by=ada, now=now + timedelta(minutes=2))
    services.write(
        services.lock(incident), Entry.Kind.UPDATE, "To the brokers: late.", now=now + timedelta(minutes=5), person=ada
    )

    assert [(tick.name, tick.at) for tick in queries.four_ticks(incident)] == [
        ("record", now),
        ("acknowledged", now + timedelta(minutes=2)),
        ("room", now),
        ("told", now + timedelta(minutes=5)),
    ]


def test_merged_a_restricted_one_tells_the_other_its_number_alone(declared, press):
    one, other = declared(restricted=True, title="A stolen key"), declared(restricted=True, title="A strange login")

    press(one, "merge", into=other)

    assert "stolen" not in " ".join(lines(other))
    assert "strange" not in " ".join(lines(one))


def test_reopened_after_a_merge_it_says_who_keeps_the_alarms(declared, press):
    one, other = declared(), declared(title="The network")
    press(one, "merge", into=other)

    press(one, "reopen")

    assert lines(one, "state")[-1].endswith("opened again, apart from incident 2, which keeps the alarms.")


def test_what_was_done_in_a_restricted_one_is_not_in_the_ledger(declared, ada, now):
    from rotations.leave.models import Evidence

    incident = declared(restricted=True, title="A stolen key")
    services.say(incident=incident, kind="note", text="The key was on a laptop.", by=ada, now=now)

    assert set(Evidence.objects.values_list("text", flat=True)) <= {"Worked in incident 1."}


def test_reopened_a_major_one_has_the_steward_on_duty_again(declared, press, mae):
    incident = declared(severity=2)
    schedule = make_schedule("Stewards", mae)
    schedule.skill = "support"
    schedule.save()
    press(incident, "resolve")

    press(incident, "reopen")

    assert [(one.role, one.person) for one in queries.roles_now(incident)] == [("external_liaison", mae)]
