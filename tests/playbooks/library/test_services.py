"""Writing, revising, reviewing and retiring playbooks."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from oncall.catalogue.models import Product
from playbooks.library import queries, services
from playbooks.library.models import Playbook, Revision
from playbooks.library.parsing import Unreadable
from tests.conftest import NOW
from tests.playbooks.library.conftest import SHORT

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(ada) -> Playbook:
    return services.create(slug="disk", source=SHORT, by=ada, now=NOW)


def test_what_comes_with_the_system_is_there_as_first_revisions():
    assert {(one.slug, one.revision) for one in Playbook.objects.all()} == {
        (slug, 1) for slug in ("router", "p1", "p2", "p3", "p3b", "p4", "p5", "p6", "p7", "p8", "readiness")
    }
    cure = queries.sheet_of(Playbook.objects.get(slug="p6")).steps[2]
    assert (cure.title, cure.who, cure.page) == ("Put the registry's new IP in", "triage", "SQuaRE")


def test_a_new_playbook_keeps_what_its_front_matter_says(team, ada):
    made = services.create(
        slug="disk", source=SHORT.replace("alarms:", "owner: Data Facility\nalarms:"), by=ada, now=NOW
    )

    assert (made.title, made.products, made.alarms, made.steps, made.owner_team, made.revision) == (
        "Disk full", ["Archive"], ["disk.full"], 1, team, 1,
    )  # fmt: skip
    assert (made.reviewed_by, made.reviewed_at) == (ada, NOW)


@pytest.mark.parametrize("slug", ["Disk", "9", "disk full", "../x", "declare", "new", "", "x" * 41, "disk\n", "dísk"])
def test_a_short_name_that_an_address_cannot_hold_is_refused(ada, slug):
    with pytest.raises(services.BadSlug, match=r"cannot be a short name. Begin with a letter and use a-z"):
        services.create(slug=slug, source=SHORT, by=ada, now=NOW)


def test_a_short_name_that_is_taken_is_refused(disk, ada):
    with pytest.raises(services.BadSlug, match=r"A playbook is called disk already."):
        services.create(slug="disk", source=SHORT, by=ada, now=NOW)


def test_a_branch_to_a_playbook_that_is_not_there_is_refused(ada):
    with pytest.raises(Unreadable, match=r"Line 18: there is no playbook “p99”. Name one of disk, p1, p2, p3"):
        services.create(slug="disk", source=SHORT.replace("- no: p1", "- no: p99"), by=ada, now=NOW)


def test_an_owner_that_is_no_team_is_refused(team, ada):
    with pytest.raises(Unreadable, match=r"Line 3: no team is called “Nobody”. The teams are Data Facility."):
        services.create(slug="disk", source=SHORT.replace("products:", "owner: Nobody\nproducts:"), by=ada, now=NOW)


def test_a_revision_leaves_the_one_before_as_it_was(disk, grace):
    source = SHORT.replace("Disk full", "Disk is full")
    services.revise(playbook=disk, source=source, seen=1, by=grace, now=NOW, message="Say  it better")

    assert Playbook.objects.get(slug="disk").title == "Disk is full"
    assert [(one.n, one.source, one.by.name, one.message) for one in disk.revisions.all()] == [
        (2, source, "Grace Okafor", "Say it better"),
        (1, SHORT, "Ada Moreno", "Written"),
    ]


def test_who_was_overtaken_is_told_by_whom_and_nothing_is_written(disk, ada, grace):
    services.revise(playbook=disk, source=SHORT.replace("no room", "no space"), seen=1, by=grace, now=NOW)
    with pytest.raises(services.ChangedMeanwhile, match=r"Grace Okafor wrote revision 2 at 23 Mar 03:10 UTC; yours is"):
        services.revise(playbook=disk, source=SHORT.replace("no room", "nothing"), seen=1, by=ada, now=NOW)

    assert queries.current(Playbook.objects.get(slug="disk")).n == 2


def test_a_text_that_says_the_same_adds_no_revision(disk, grace):
    services.revise(playbook=disk, source=SHORT.replace("\n", "\r\n"), seen=1, by=grace, now=NOW)

    assert disk.revisions.count() == 1


def test_a_revision_is_never_changed_or_removed(disk):
    rows = Revision.objects.filter(playbook=disk)
    with pytest.raises(IntegrityError, match=r"append-only"), transaction.atomic():
        rows.update(message="never")
    with pytest.raises(IntegrityError, match=r"append-only"), transaction.atomic():
        rows.delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE library_revision SET message = message")  # changes nothing, so it passes
    assert rows.get().message == "Written"


def test_who_reads_it_and_finds_it_right_is_kept(disk, grace):
    services.review(playbook=disk, by=grace, now=NOW + timedelta(days=1))

    disk.refresh_from_db()
    assert (disk.reviewed_by, disk.reviewed_at) == (grace, NOW + timedelta(days=1))


def test_a_retired_one_is_found_for_no_alarm_and_is_not_revised_until_it_is_taken_up(disk, ada):
    services.retire(playbook=disk, now=NOW)
    assert queries.Shelf().of_alarm(key="disk.full") is None
    with pytest.raises(services.Retired, match=r"Disk full is out of use since 23 Mar 2027. Take it up again first."):
        services.revise(playbook=disk, source=SHORT + "\nMore.", seen=1, by=ada, now=NOW)

    services.take_up(playbook=disk)
    assert queries.Shelf().of_alarm(key="disk.full") == disk


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ({"playbook": "p6"}, "p6"),
        ({"playbook": "P6"}, "p6"),
        ({"playbook": "Long-haul  network outage"}, "p1"),
        ({"playbook": "/playbooks/p6/"}, "p6"),
        ({"playbook": "http://127.0.0.1:8000/playbooks/p6/"}, "p6"),
        ({"playbook": "https://elsewhere.example/playbooks/p6/"}, None),
        ({"playbook": "https://[/playbooks/p6/"}, None),
        ({"key": "nextvisit.none"}, "p6"),
        ({"key": "8f2a", "title": "redis.lag: two visits behind"}, "p2"),
        ({"key": "8f2a", "title": "redis.lagging"}, None),
        ({"key": "readiness:20270323", "title": "itest.failed: 1 check is red before the night"}, "readiness"),
        ({"key": "8f2a", "names": ["sattle.down"], "title": "redis.lag"}, "p8"),
        ({"playbook": "p8", "key": "nextvisit.none"}, "p8"),
        ({"playbook": "Ask Ada", "key": "nextvisit.none"}, "p6"),
        ({"key": "", "title": ""}, None),
    ],
)
def test_an_alarm_means_the_playbook_that_it_names_else_the_one_for_its_key_or_title(asked, slug, settings):
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    found = queries.Shelf().of_alarm(**asked)

    assert (found.slug if found else None) == slug


def test_a_product_has_the_playbooks_that_name_it_and_those_that_it_names(db):
    product = Product(path="DM/sattle", name="Sattle", playbooks=["p1", "https://wiki.example/x"])
    shelf = queries.Shelf()

    assert [one.slug for one in shelf.of_product(product)] == ["p1", "p8"]
    assert shelf.unknown_of(product) == ["https://wiki.example/x"]


@pytest.mark.parametrize(
    ("words", "slugs"),
    [
        ("registry", ["p3", "p6"]),
        ("forwarder timing out", ["p1", "p6", "router"]),
        ("brokers -schema", ["p1"]),
        ("p3b", ["p3b"]),
        ("nothing of the kind zebra", []),
    ],
)
def test_words_are_found_in_any_form(words, slugs):
    assert sorted(one.slug for one in queries.search(words)) == slugs


def test_words_of_the_title_come_before_words_of_the_text(ada):
    in_text = SHORT.replace("The archive has no room.", "zebra zebra zebra")
    services.create(slug="a", source=in_text, by=ada, now=NOW)
    services.create(slug="b", source=SHORT.replace("Disk full", "Zebras in the dome"), by=ada, now=NOW)

    assert [one.slug for one in queries.search("zebra")] == ["b", "a"]


def test_a_loose_end_is_not_written_and_one_that_was_kept_before_is_still_read(ada):
    loose = SHORT.replace("- no: p1\n", "")
    with pytest.raises(Unreadable, match="so say where “no” leads too"):
        services.create(slug="disk", source=loose, by=ada, now=NOW)

    disk = services.create(slug="disk", source=SHORT, by=ada, now=NOW)
    Revision.objects.create(playbook=disk, n=2, source=loose, at=NOW, message="long ago")
    Playbook.objects.filter(pk=disk.pk).update(revision=2)
    assert len(queries.sheet_of(Playbook.objects.get(pk=disk.pk)).steps) == 1
