import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from oncall.people.models import Site, check_time_zone
from oncall.people.queries import NoObservingSite, observing_site

pytestmark = pytest.mark.django_db


def test_the_summit_observes_from_the_beginning():
    site = observing_site()

    assert (site.name, site.latitude, site.longitude) == ("Cerro Pachón", -30.2446, -70.7494)
    assert site.time_zone == "America/Santiago"


def test_only_one_site_observes():
    with pytest.raises(IntegrityError, match="one_observing_site"):
        Site.objects.create(
            name="Mauna Kea", latitude=19.8, longitude=-155.5, time_zone="Pacific/Honolulu", observing=True
        )


def test_many_sites_may_be_without_a_night():
    for name in ("SLAC", "Lyon"):
        Site.objects.create(name=name, latitude=40, longitude=0, time_zone="UTC")

    assert observing_site().name == "Cerro Pachón"


@pytest.mark.parametrize(("latitude", "longitude"), [(90.5, 0), (-91, 0), (0, 180.5), (0, -181)])
def test_a_site_is_on_earth(latitude, longitude):
    with pytest.raises(IntegrityError, match="site_on_earth"):
        Site.objects.create(name="Nowhere", latitude=latitude, longitude=longitude, time_zone="UTC")


def test_without_an_observing_site_there_is_no_night():
    Site.objects.update(observing=False)

    with pytest.raises(NoObservingSite, match="No site is marked as observing"):
        observing_site()


@pytest.mark.parametrize("name", ["localtime", "Factory", "posixrules", "Mars/Olympus", ""])
def test_what_is_no_place_is_no_time_zone(name):
    with pytest.raises(ValidationError, match=f"“{name}” is not a time zone. Write a name such as America/Santiago"):
        check_time_zone(name)


@pytest.mark.parametrize("name", ["UTC", "America/Santiago", "CET"])
def test_names_of_the_database_are_time_zones(name):
    check_time_zone(name)
