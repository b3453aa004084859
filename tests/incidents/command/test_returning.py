"""An alarm that comes back after its incident was over says so there, and the incident can be opened again."""

from datetime import timedelta

import pytest

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.command import assigning, declaring, queries, returning, services
from incidents.command.models import Incident
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.paging.models import Notice
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def over(declared, fired, ada, now):
    """An incident that Ada commanded and resolved with its alarm, 10 minutes after it began."""
    alarm = fired()
    incident = declared(alarms=[alarm])
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    alarms.resolve(alarm=alarm, by=ada, now=now + 10 * MINUTE)
    services.move(incident=incident, move="resolve", by=ada, now=now + 10 * MINUTE)
    return Incident.objects.get()


@pytest.fixture
def look(in_force):
    return lambda at: returning.keep(now=at, limits=in_force)


@pytest.mark.parametrize("after", [15 * MINUTE, HOUR])  # the alarm reopens; another of its key fires
def test_what_is_back_is_said_once_and_to_who_had_command(over, fired, look, ada, now, after):
    fired(at=now + after)

    said = [look(now + after), look(now + after + MINUTE)]

    assert said == [1, 0]
    assert lines(over, "alarm")[1:] == [
        "“Alarm dome” is back, SEV-2. Reopen this incident if it is the same trouble; if it is another, declare one."
    ]
    assert Notice.objects.filter(person=ada, text__startswith="An alarm of incident 1").count() == 1


@pytest.mark.parametrize("after", [15 * MINUTE, HOUR])
def test_the_page_offers_to_reopen_and_then_it_is_about_it(over, fired, client, ada, now, after):
    back = fired(at=now + after)
    client.force_login(ada)

    page = client.get(over.path).content.decode()
    services.move(incident=over, move="reopen", by=ada, now=now + after + MINUTE)

    assert "It is the same: reopen" in page
    assert f"/incidents/declare/?alarm={back.pk}" in page
    assert list(queries.alarms_of(over).open()) == [back]
    assert returning.returned(Incident.objects.get()) == []


def test_of_several_that_are_back_each_is_said_and_each_is_part_of_it_again(declared, fired, look, ada, now):
    both = [fired(key) for key in ("dome", "link")]
    incident = declared(alarms=both)
    for alarm in both:
        alarms.resolve(alarm=alarm, by=ada, now=now)
    services.move(incident=incident, move="resolve", by=ada, now=now)
    back = {fired(key, at=now + HOUR) for key in ("dome", "link")}

    said = look(now + HOUR)
    services.move(incident=incident, move="reopen", by=ada, now=now + HOUR)

    assert said == 2
    assert set(queries.alarms_of(incident).open()) == back


def test_what_was_never_over_is_not_back(declared, fired, look, ada, now):
    services.move(incident=declared(alarms=[fired()]), move="resolve", by=ada, now=now + MINUTE)

    assert look(now + HOUR) == 0


def test_what_comes_two_days_later_is_another_trouble(over, fired, look, now):
    fired(at=now + timedelta(days=2))

    assert look(now + timedelta(days=2)) == 0


def test_nothing_back_is_two_queries(over, look, now, django_assert_num_queries):
    with django_assert_num_queries(2):
        look(now + HOUR)


def test_by_rule_it_is_declared_anew_and_names_the_one_before(over, fired, grace, now):
    Limit.objects.create(
        name="incident_declare_sev2_after_s", value=900, unit="s", source="a site with commanders",
        effective_from=now - timedelta(days=1),
    )  # fmt: skip
    back = now + 15 * MINUTE
    work.acknowledge(alarm=fired(at=back), by=grace, now=back + MINUTE)

    early, due = (declaring.keep(now=back + many * MINUTE, limits=limits.at(back)) for many in (14, 15))

    assert (early, due) == (0, 1)
    anew = Incident.objects.get(number=2)
    assert anew.alarm_links.get().alarm.key == "dome"
    assert lines(anew, "link") == ["It was part of incident 1 before, which is resolved."]


@pytest.mark.parametrize(("who", "sees"), [("ada", True), ("grace", False)])
def test_the_page_of_an_alarm_names_its_incident_to_whom_may_see_it(declared, fired, client, ada, grace, who, sees):
    alarm = fired()
    declared(alarms=[alarm], restricted=True, title="A stolen key")
    client.force_login({"ada": ada, "grace": grace}[who])

    assert ("A stolen key" in client.get(alarm.path).content.decode()) is sees
