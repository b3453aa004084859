"""Engines of another epoch, of another site or of another version of the rows claim nothing; clocks are compared."""

import logging
import socket
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents.alarms import services as alarms
from incidents.alarms.loop import Loop
from incidents.alarms.models import PEOPLE
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Page
from oncall.troubles import guard
from oncall.troubles import services as troubles
from oncall.troubles.guard import Guard
from oncall.troubles.models import EngineModule, Epoch, Heartbeat, Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    made = Loop(name="tried", threads=1)
    monkeypatch.setattr(
        made.sender, "send_due", lambda now, limits, due_by: 0
    )  # its threads have connections of their own
    yield made
    made.close()


def fire(policy):
    firing = alarms.Firing(title="Dome drive stalls", severity=2, source_id=PEOPLE, source="Ada Moreno", key="dome")
    return alarms.fire(firing=firing, policy=policy, now=NOW)


def pages_of_people() -> int:
    return Page.objects.exclude(title="Canary").count()


def test_an_engine_of_the_present_epoch_works(loop, policy):
    fire(policy)

    loop.turn()

    assert pages_of_people() == 1
    assert set(Heartbeat.objects.values_list("name", flat=True)) >= {"tried", "engine", "sender", "auditor"}


def test_an_engine_stops_when_a_peer_was_promoted(loop, policy, caplog):
    """W3."""
    loop.turn()
    fire(policy)
    troubles.promote(site="", now=NOW)

    with caplog.at_level(logging.ERROR):
        loop.turn()

    assert pages_of_people() == 0
    assert "tried does not work: This began in epoch 1, and 2 has begun since." in caplog.text


def test_an_engine_that_has_stopped_stays_so_when_its_connection_is_made_anew(loop, policy):
    """W3: a database that comes back does not make an old engine young."""
    loop.turn()
    troubles.promote(site="", now=NOW)
    fire(policy)

    again = Loop(name="again", threads=1)
    again.turn()
    again.close()

    assert pages_of_people() == 0


def test_an_engine_of_another_site_stands_by_however_often_it_is_started(loop, policy, settings):
    """W3: a supervisor starts it again and again."""
    settings.SITE = "summit"
    troubles.promote(site="base", now=NOW)
    fire(policy)

    loop.turn()

    assert pages_of_people() == 0
    assert guard.why_not() == "base has the pager since epoch 2; this is summit and stands by."


def test_an_engine_of_the_promoted_site_works_once_it_is_started_again(loop, policy, settings):
    settings.SITE = "base"
    troubles.promote(site="base", now=NOW)
    fire(policy)

    loop.turn()

    assert pages_of_people() == 1


@pytest.mark.parametrize("version", [0, 2])
def test_an_engine_stops_on_a_version_of_the_rows_that_it_does_not_know(loop, policy, version):
    """F40."""
    EngineModule.objects.filter(name="engine").update(version=version)
    fire(policy)

    loop.turn()

    assert pages_of_people() == 0
    assert guard.why_not() == (
        f"This code knows version 1 of the engine; the database has version {version}. Deploy what matches."
    )


def test_an_engine_stops_where_the_database_knows_nothing_of_it(loop, policy):
    """F40."""
    EngineModule.objects.all().delete()
    fire(policy)

    loop.turn()

    assert (pages_of_people(), Heartbeat.objects.exists()) == (0, False)


def test_it_goes_on_by_itself_once_the_version_is_right(loop, policy):
    """F40: the rest of the release is deployed."""
    EngineModule.objects.update(version=2)
    loop.turn()
    EngineModule.objects.update(version=1)
    fire(policy)

    loop.turn()

    assert pages_of_people() == 1


def test_the_reason_is_logged_once_a_minute(caplog):
    EngineModule.objects.update(version=2)
    made = Guard(name="tried")

    with caplog.at_level(logging.ERROR):
        for seconds in (0, 1, 59, 60, 61):
            made.allows(now=NOW + timedelta(seconds=seconds))

    assert len(caplog.records) == 2


def test_a_part_writes_its_heartbeat_once_a_second_at_most():
    made = Guard(name="tried")

    for ms in (0, 100, 999, 1000, 1500):
        made.finished("engine", now=NOW + timedelta(milliseconds=ms))

    assert Heartbeat.objects.get(name="engine").cycles == 2


def test_a_sender_whose_threads_all_hang_finishes_no_cycle(loop, monkeypatch):
    """W1: only evidence counts."""
    monkeypatch.setattr(type(loop.sender), "free", 0)

    loop.turn()

    assert Heartbeat.objects.filter(name="engine").exists()
    assert not Heartbeat.objects.filter(name="sender").exists()


# --- The command ------------------------------------------------------------------------------------------------------


def test_promoting_raises_the_epoch_and_names_the_site(settings):
    settings.SITE = "base"
    out = StringIO()

    call_command("promote", "--yes", stdout=out)

    epoch = Epoch.objects.get()
    assert (epoch.number, epoch.site) == (2, "base")
    assert out.getvalue().startswith("Epoch 2 (base). Engines of earlier epochs stop at their next cycle.")


def test_promoting_asks_to_be_sure():
    with pytest.raises(CommandError, match="--yes"):
        call_command("promote")

    assert Epoch.objects.get().number == 1


# --- Clocks -----------------------------------------------------------------------------------------------------------


class Times:
    """The database's clock, the time that passed here, and this machine's clock; as they are, in order."""

    def __init__(self, monkeypatch):
        self.database, self.passed, self.machine = NOW, 100.0, NOW
        monkeypatch.setattr(clock, "reading", lambda: self.database)
        monkeypatch.setattr(guard, "elapsed", lambda: self.passed)
        monkeypatch.setattr(guard, "here", lambda: self.machine)

    def pass_by(self, seconds: float, *, database: float = 0.0, machine: float = 0.0) -> None:
        """Let so many seconds pass; clocks jump by so many more."""
        self.passed += seconds
        self.database += timedelta(seconds=seconds + database)
        self.machine += timedelta(seconds=seconds + machine)


@pytest.fixture
def times(monkeypatch):
    return Times(monkeypatch)


def clock_troubles() -> list[str]:
    return [trouble.text.partition(". ")[0] for trouble in Trouble.objects.open().filter(kind="clock")]


@pytest.mark.parametrize(
    ("jump", "said"),
    [
        (600, ["The database's clock jumped by +600 s"]),
        (-600, ["The database's clock jumped by -600 s"]),
        (6, ["The database's clock jumped by +6 s"]),
        (4, []),
    ],
)
def test_a_database_clock_that_jumps_by_more_than_five_seconds_is_told(times, jump, said):
    """F21."""
    made, in_force = Guard(name="tried"), limits.at(NOW)
    made.compare_clocks(now=NOW, limits=in_force)
    times.pass_by(1, database=jump, machine=jump)  # both on one machine

    made.compare_clocks(now=NOW, limits=in_force)

    assert clock_troubles() == said


def test_a_machine_whose_clock_differs_is_told_by_name(times, monkeypatch):
    """F20, F21: it decides nothing, and is told all the same."""
    monkeypatch.setattr(socket, "gethostname", lambda: "web-2")
    times.pass_by(1, machine=-3600)

    Guard(name="tried").compare_clocks(now=NOW, limits=limits.at(NOW))

    assert clock_troubles() == ["The clock of web-2 is -3600 s from the database's"]


def test_a_jump_is_told_for_ten_minutes(times):
    made, in_force = Guard(name="tried"), limits.at(NOW)
    made.compare_clocks(now=NOW, limits=in_force)
    times.pass_by(1, database=30, machine=30)
    for minutes, open_ones in ((0, 1), (9, 1), (11, 0)):
        made.compare_clocks(now=NOW + timedelta(minutes=minutes), limits=in_force)
        assert len(clock_troubles()) == open_ones


def test_time_travel_is_no_jump(times):
    made, in_force = Guard(name="tried"), limits.at(NOW)
    made.compare_clocks(now=NOW, limits=in_force)
    clock.travel(timedelta(hours=3))
    times.pass_by(1)

    made.compare_clocks(now=NOW + timedelta(hours=3), limits=in_force)

    assert clock_troubles() == []


def test_a_database_that_answers_late_is_no_jump(times, monkeypatch):
    made, in_force = Guard(name="tried"), limits.at(NOW)
    made.compare_clocks(now=NOW, limits=in_force)
    times.pass_by(1)
    passed = iter([110.0, 120.0])  # it took ten seconds to say what time it is
    monkeypatch.setattr(guard, "elapsed", lambda: next(passed))

    made.compare_clocks(now=NOW, limits=in_force)

    assert clock_troubles() == []
