"""What can wait for working hours waits for those of the site, of the owner, or of nobody (R30, domain.md 5.1, 5.6)."""

from datetime import UTC, datetime, time

import pytest

from oncall.catalogue import queries
from oncall.catalogue.models import Product
from oncall.catalogue.services import import_table
from oncall.people.models import Person, Site, Team, WorkCalendar
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db
TREE = "path,tier\nDM,operational\nDM/AP,real_time\nDM/AP/APDB,\nDM/Butler,\n"
NIGHT = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)  # Monday 20:10 in California, Tuesday 04:10 at Paris


@pytest.fixture
def team():
    return Team.objects.create(name="Data Facility", slug="df")


def test_only_real_time_and_what_has_no_tier_calls_at_night():
    import_table(text=TREE, now=NOW)

    assert queries.waits_until("DM/AP/APDB", now=NIGHT) is None
    assert queries.waits_until("Nobody knows this", now=NIGHT) is None
    assert queries.waits_until("DM/Butler", now=NIGHT) == datetime(2027, 3, 23, 16, tzinfo=UTC)


def test_what_waits_calls_in_working_hours():
    import_table(text=TREE, now=NOW)

    assert queries.waits_until("DM/Butler", now=datetime(2027, 3, 23, 18, tzinfo=UTC)) is None


def test_a_route_may_say_another_tier():
    import_table(text=TREE, now=NOW)

    assert queries.waits_until("DM/Butler", now=NIGHT, tier="real_time") is None
    assert queries.waits_until("DM/AP/APDB", now=NIGHT, tier="critical") == datetime(2027, 3, 23, 16, tzinfo=UTC)


def test_hours_are_those_of_the_owning_team(team):
    team.calendar = WorkCalendar.objects.create(
        name="Lyon", time_zone="Europe/Paris", work_days=[1, 2, 3, 4, 5], starts=time(8), ends=time(18)
    )
    team.save()
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM").update(owner_team=team)

    assert queries.waits_until("DM/Butler", now=NIGHT) == datetime(2027, 3, 23, 7, tzinfo=UTC)


def louise_owns(**fields) -> Person:
    louise = make_person("Louise Girard", zone="Europe/Paris", **fields)
    import_table(text="path,owner,tier\nEFD,Louise Girard,operational\n", now=NOW)
    return louise


def lyon() -> WorkCalendar:
    return WorkCalendar.objects.create(
        name="Lyon", time_zone="America/Los_Angeles", work_days=[1, 2, 3, 4, 5], starts=time(8), ends=time(18),
        country="US",
    )  # fmt: skip


def test_a_person_who_owns_it_without_a_calendar_has_the_default_hours_in_their_own_zone():
    louise_owns()

    wait = queries.wait("EFD", now=NIGHT)

    # 04:10 at Paris: 09:00 there is 08:00 UTC
    assert wait is not None
    assert wait.until == datetime(2027, 3, 23, 8, tzinfo=UTC)
    assert wait.why == (
        "Operational tier: waits for working hours (Monday to Friday 09:00-17:00 in Europe/Paris, of Louise Girard)."
    )


def test_a_person_who_owns_it_has_their_teams_calendar_in_their_own_zone(team):
    team.calendar = lyon()
    team.save()
    team.members.add(louise_owns())

    wait = queries.wait("EFD", now=NIGHT)

    # 08:00 at Paris, which is not the zone of the calendar, is 07:00 UTC
    assert wait is not None
    assert wait.until == datetime(2027, 3, 23, 7, tzinfo=UTC)
    assert wait.why == "Operational tier: waits for working hours (Lyon, of Louise Girard)."


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2027, 7, 14, 8, 30, tzinfo=UTC), datetime(2027, 7, 15, 6, tzinfo=UTC)),  # the French one
        (datetime(2027, 7, 5, 8, 30, tzinfo=UTC), None),  # the American one, of the calendar
    ],
)
def test_public_holidays_are_those_of_the_owners_country(now, until):
    louise_owns(country="FR", calendar=lyon())

    assert queries.waits_until("EFD", now=now) == until


def test_what_waits_for_the_hours_at_a_site_names_its_calendar():
    import_table(text=TREE, now=NOW)
    site = Site.objects.create(name="Base", latitude=-30, longitude=-71, time_zone="America/Santiago")
    Product.objects.get(path="DM/Butler").places.create(site=site, calendar=lyon())

    wait = queries.wait("DM/Butler", now=NIGHT, site="Base")

    # 00:10 in Chile (UTC-3): 08:00 there is 11:00 UTC
    assert wait is not None
    assert wait.until == datetime(2027, 3, 23, 11, tzinfo=UTC)
    assert wait.why == "Operational tier: waits for working hours (Lyon, at Base)."


def test_a_product_has_hours_of_its_own_at_a_site():
    import_table(text=TREE, now=NOW)
    product = Product.objects.get(path="DM/Butler")
    site = Site.objects.create(name="Base", latitude=-30, longitude=-71, time_zone="America/Santiago")
    always = WorkCalendar.objects.create(
        name="Evenings", work_days=[1, 2, 3, 4, 5, 6, 7], starts=time(17), ends=time(23, 59)
    )
    product.places.create(site=site, calendar=always)

    # 03:10 UTC is 00:10 in Chile (UTC-3): 17:00 there is 20:00 UTC
    assert queries.waits_until("DM/Butler", now=NIGHT, site="Base") == datetime(2027, 3, 23, 20, tzinfo=UTC)
