"""Roles that go together, and the four ticks of a beginning."""

from datetime import UTC, datetime

import pytest

from incidents.command.roles import ROLES, combining
from incidents.command.ticks import begun_at, ticks


def at(minute: int) -> datetime:
    return datetime(2027, 3, 23, 3, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("severity", "verdict"), [(1, "blocked"), (2, "warned"), (3, "allowed"), (4, "allowed"), (5, "allowed")]
)
def test_a_second_role_depends_on_the_severity(severity, verdict):
    assert combining("expert", ["commander"], severity=severity) == verdict


@pytest.mark.parametrize("severity", [1, 2, 3])
@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_first_role_is_anybodys(severity, role):
    assert combining(role, [], severity=severity) == "allowed"


def test_the_same_role_again_is_no_second_one():
    assert combining("scribe", ["scribe"], severity=1) == "allowed"


def test_a_new_incident_is_on_record_and_has_a_room():
    four = ticks(declared_at=at(10), acknowledged_at=None, commanded_at=None, told_at=None)

    assert [(tick.name, tick.at) for tick in four] == [
        ("record", at(10)), ("acknowledged", None), ("room", at(10)), ("told", None),
    ]  # fmt: skip


def test_what_was_acknowledged_before_it_was_declared_counts_from_then():
    four = ticks(declared_at=at(10), acknowledged_at=at(4), commanded_at=at(12), told_at=None)

    assert four[1].at == at(10)


def test_command_acknowledges_what_came_without_an_alarm():
    four = ticks(declared_at=at(10), acknowledged_at=None, commanded_at=at(12), told_at=None)

    assert four[1].at == at(12)


def test_it_has_begun_with_the_last_of_the_four():
    assert begun_at(ticks(declared_at=at(10), acknowledged_at=at(11), commanded_at=None, told_at=at(14))) == at(14)


def test_it_has_not_begun_before_the_community_is_told():
    assert begun_at(ticks(declared_at=at(10), acknowledged_at=at(11), commanded_at=at(12), told_at=None)) is None


def test_what_is_not_there_yet_says_what_to_do():
    four = ticks(declared_at=at(10), acknowledged_at=None, commanded_at=None, told_at=None)

    assert [tick.todo for tick in four] == [
        "",
        "Take command, or acknowledge one of its alarms.",
        "",
        "Send the first message, within 5 minutes of the declaration.",
    ]


def test_of_a_restricted_one_nobody_is_told_to_tell_the_community():
    four = ticks(declared_at=at(10), acknowledged_at=None, commanded_at=None, told_at=None, restricted=True)

    assert four[3].todo.startswith("It is restricted: tell nobody but whom it names")


def test_what_is_there_says_nothing_more():
    four = ticks(declared_at=at(10), acknowledged_at=at(11), commanded_at=None, told_at=at(14))

    assert {tick.todo for tick in four} == {""}
