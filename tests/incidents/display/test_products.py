"""Product pages: the tree and one product, what is inherited, open alarms, changes by the pilot, and the API."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.urls import reverse

from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE
from oncall import clock
from oncall.catalogue.models import Contact, Product
from oncall.catalogue.services import import_table, own_table, version_of
from oncall.people.models import Site, Team
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
TREE = (
    "path,kind,manager,owner,notes,tier,playbooks\n"
    "DM,group,Wil O'Mullane,,,operational,\n"
    "DM/AP,group,TBD,,,real_time,P1; https://example.org/p2\n"
    "DM/AP/APDB,product,TBD,,Cassandra,,\n"
    "DM/Butler,product,Tim Jenness,Y (Jim B),,,\n"
)


@pytest.fixture(autouse=True)
def _tree(db):
    clock.travel(NOW - clock.now())
    import_table(text=TREE, now=NOW)


@pytest.fixture
def team(ada):
    team = Team.objects.create(name="Facility", slug="facility")
    team.members.add(ada)
    return team


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


def get(path: str) -> Product:
    return Product.objects.get(path=path)


def fire(product: str, severity: int = 3, title: str = "It is slow"):
    firing = alarms.Firing(title=title, severity=severity, source_id=PEOPLE, source="test", product=product)
    return alarms.fire(firing=firing, policy=None, now=NOW)


def row_of(page: str, name: str) -> str:
    return next(row for row in page.split("<tr")[1:] if f">{name}</a>" in row)


def test_the_tree_shows_each_product_below_its_parent_with_what_counts_for_it(as_pilot, team):
    Product.objects.filter(path="DM").update(owner_team=team)

    page = as_pilot.get(reverse("products")).content.decode()

    assert page.index(">DM</a>") < page.index(">AP</a>") < page.index(">APDB</a>") < page.index(">Butler</a>")
    apdb = row_of(page, "APDB")
    assert 'class="depth2"' in apdb
    assert '<span class="muted">Real Time</span>' in apdb
    assert '<span class="muted">Facility</span>' in apdb
    assert "to be decided" in apdb
    assert '<span class="muted">none</span>' in apdb


def test_open_alarms_count_at_the_product_and_at_all_above_it(as_pilot, policy):
    fire("DM/AP/APDB", 2)
    fire("APDB", 4)  # by its only name
    fire("DM/AP", 3)
    fire("Somebody else's")

    page = as_pilot.get(reverse("products")).content.decode()

    assert '<span class="badge sev2">2</span>' in row_of(page, "APDB")
    assert '<span class="badge sev2">1 + 2 below</span>' in row_of(page, "AP")
    assert '<span class="badge sev2">3 below</span>' in row_of(page, "DM")
    assert "badge sev" not in row_of(page, "Butler").split("<td>")[1]


@pytest.mark.parametrize("text", ["butler", "dm/butler", "dm/butler/node 3"])
def test_an_alarm_that_writes_its_product_in_small_letters_counts_and_stands_on_its_page(as_pilot, policy, text):
    fire(text, 2, "Nobody can read")

    assert '<span class="badge sev2">1</span>' in row_of(as_pilot.get(reverse("products")).content.decode(), "Butler")
    page = as_pilot.get(reverse("product", args=[get("DM/Butler").pk])).content.decode()
    assert "Nobody can read" in page


def test_a_search_finds_by_name_notes_and_what_the_table_says(as_pilot):
    found = as_pilot.get(reverse("products"), {"q": "cassandra"}).content.decode()

    assert ">APDB</a>" in found
    assert ">Butler</a>" not in found
    assert ">Butler</a>" in as_pilot.get(reverse("products"), {"q": "jim b"}).content.decode()
    assert "No product has “zzz”" in as_pilot.get(reverse("products"), {"q": "zzz"}).content.decode()


def test_the_unowned_list_has_what_names_nobody_and_says_who_stands_in(as_pilot, team):
    Product.objects.filter(path="DM").update(owner_team=team)

    page = as_pilot.get(reverse("products_unowned")).content.decode()

    assert "2 of 4 products" in page
    assert 'Facility <span class="muted">of DM</span>' in row_of(page, "APDB")
    assert "manager “TBD”" in row_of(page, "APDB")
    assert "Wil O&#x27;Mullane" in row_of(page, "APDB")
    assert ">Butler</a>" not in page


def test_a_product_shows_owner_contacts_tier_playbooks_and_alarms(as_pilot, team, policy, ada):
    Product.objects.filter(path="DM").update(owner_team=team)
    Contact.objects.create(product=get("DM"), kind="dba", team=team)
    fire("DM/AP/APDB", 2, "Two nodes are down")
    over = fire("DM/AP/APDB", 3, "Was slow")
    alarms.resolve(alarm=over, now=NOW + timedelta(minutes=1), by=ada)

    page = as_pilot.get(reverse("product", args=[get("DM/AP/APDB").pk])).content.decode()

    assert "Two nodes are down" in page.split("Last alarms")[0]
    assert "Was slow" in page.split("Last alarms that are over")[1]
    assert 'Facility <span class="muted">(owner of' in page
    assert "everyone in Facility, for DM:" in page
    assert "Database administration" in page
    assert "Real Time" in page
    assert "call at any hour" in page
    assert "No playbook says what to do." in page


def test_a_product_that_can_wait_says_by_whose_hours(as_pilot):
    page = as_pilot.get(reverse("product", args=[get("DM/Butler").pk])).content.decode()

    assert "wait for working hours: Monday to Friday 09:00-17:00 Pacific." in page
    assert "One that comes now waits until" in page
    assert "Jim B" in page


def test_an_address_of_a_playbook_is_a_link_and_a_script_is_not(as_pilot):
    Product.objects.filter(path="DM/AP").update(playbooks=["https://example.org/p2", "javascript:alert(1)"])

    page = as_pilot.get(reverse("product", args=[get("DM/AP").pk])).content.decode()

    assert 'href="https://example.org/p2"' in page
    assert 'href="javascript' not in page


@pytest.mark.parametrize("text", ["DM/AP/APDB", "APDB", "DM/AP/APDB/Node 3", "apdb", "dm/ap/apdb", "dm/Ap/APDB/node 3"])
def test_what_an_alarm_calls_its_product_leads_to_the_page(as_pilot, text):
    answer = as_pilot.get(f"/products/at/?path={quote(text)}")

    assert answer.url == reverse("product", args=[get("DM/AP/APDB").pk])


@pytest.mark.parametrize("text", ["", "Elsewhere/Thing", "\x00", "x" * 5000])
def test_what_nobody_knows_leads_to_a_search(as_pilot, text):
    answer = as_pilot.get("/products/at/", {"path": text})

    assert answer.url.startswith("/products/?q=")
    assert as_pilot.get(answer.url).status_code == 200


def edit_data(**changes) -> dict[str, str]:
    return {
        "kind": "product", "owner_team": "", "owner_person": "", "elsewhere": "", "elsewhere_contact": "",
        "manager": "", "tier": "", "books": "",
        "places-TOTAL_FORMS": "1", "places-INITIAL_FORMS": "0",
        "places-0-site": "", "places-0-calendar": "", "places-0-note": "",
        "contacts-TOTAL_FORMS": "1", "contacts-INITIAL_FORMS": "0",
        "contacts-0-kind": "dba", "contacts-0-site": "", "contacts-0-team": "", "contacts-0-person": "",
        "contacts-0-text": "",
    } | changes  # fmt: skip


def test_the_pilot_says_who_owns_it_where_it_runs_and_whom_to_ask(as_pilot, team, ada):
    site = Site.objects.create(name="Base", latitude=-30, longitude=-71, time_zone="America/Santiago")
    butler = get("DM/Butler")
    data = edit_data(
        **{
            "owner_team": str(team.pk), "tier": "critical", "books": "P3 Butler\nP9\n", "elsewhere": "TSSW",
            "elsewhere_contact": "room 5", "places-0-site": str(site.pk), "places-0-note": "the copy",
            "contacts-0-person": str(ada.pk), "contacts-0-text": "mornings",
        }
    )  # fmt: skip

    answer = as_pilot.post(reverse("product_edit", args=[butler.pk]), data | {"version": version_of(butler.pk)})

    assert answer.status_code == 302
    butler.refresh_from_db()
    assert (butler.owner_team, butler.tier, butler.playbooks) == (team, "critical", ["P3 Butler", "P9"])
    assert (butler.elsewhere, butler.owner_raw) == ("TSSW", "Y (Jim B)")
    assert [str(one) for one in butler.contacts.all()] == ["Database administration: Ada Moreno: mornings"]
    assert [(one.site, one.note) for one in butler.places.all()] == [(site, "the copy")]
    again = as_pilot.get(reverse("product_edit", args=[butler.pk])).content.decode()
    assert "mornings" in again
    assert "the copy" in again


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"owner_person": "ada", "owner_team": "team"}, "Name a person or a team as the owner, not both"),
        ({"contacts-0-person": "ada", "contacts-0-team": "team"}, "A team or a person, not both."),
        ({"books": "x" * 201}, "At most 20 playbooks, each in 200 letters."),
        ({"tier": "quick"}, "Select a valid choice."),
        ({"contacts-0-person": "2000"}, "Select a valid choice. 2000 is not one of the available choices."),
        ({"places-0-site": "\x00"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(as_pilot, team, ada, changes, says):
    ids = {"ada": str(ada.pk), "team": str(team.pk)}
    data = edit_data(**{name: ids.get(value, value) for name, value in changes.items()})

    answer = as_pilot.post(reverse("product_edit", args=[get("DM/Butler").pk]), data)

    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not get("DM/Butler").is_owned


def test_of_two_who_change_one_product_the_second_is_told_and_may_then_replace(as_pilot, team):
    butler = get("DM/Butler")
    address, opened = reverse("product_edit", args=[butler.pk]), version_of(butler.pk)
    as_pilot.post(address, edit_data(owner_team=str(team.pk), version=opened))

    answer = as_pilot.post(address, edit_data(elsewhere="TSSW", version=opened))

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else has changed DM/Butler since this page was opened. Nothing was saved." in page
    assert 'value="TSSW"' in page
    assert (get("DM/Butler").owner_team, get("DM/Butler").elsewhere) == (team, "")
    again = page.split('name="version" value="')[1].split('"')[0]
    assert as_pilot.post(address, edit_data(elsewhere="TSSW", version=again)).status_code == 302
    assert (get("DM/Butler").owner_team, get("DM/Butler").elsewhere) == (None, "TSSW")


def test_a_contact_that_somebody_added_meanwhile_is_not_lost(as_pilot):
    butler = get("DM/Butler")
    opened = version_of(butler.pk)
    Contact.objects.create(product=butler, kind="dba", text="Racks")

    answer = as_pilot.post(reverse("product_edit", args=[butler.pk]), edit_data(version=opened))

    assert answer.status_code == 409
    assert [one.text for one in butler.contacts.all()] == ["Racks"]


def test_what_is_wrong_keeps_the_version_that_the_change_began_with(as_pilot):
    butler = get("DM/Butler")

    page = as_pilot.post(
        reverse("product_edit", args=[butler.pk]), edit_data(tier="quick", version="begun")
    ).content.decode()

    assert 'name="version" value="begun"' in page


def with_contacts(product: Product, many: int) -> dict[str, str]:
    """Write contacts; return what the browser sends of them when they are saved as they are."""
    kept = [Contact.objects.create(product=product, kind="dba", text=f"Rack {nth}") for nth in range(many)]
    data = edit_data(version=version_of(product.pk))
    data |= {"contacts-TOTAL_FORMS": str(many), "contacts-INITIAL_FORMS": str(many)}
    for nth, one in enumerate(kept):
        data |= {f"contacts-{nth}-{name}": "" for name in ("site", "team", "person")}
        data |= {f"contacts-{nth}-kind": "dba", f"contacts-{nth}-text": one.text}
    return data


@pytest.mark.parametrize("many", [11, 60])
def test_a_product_with_many_contacts_can_be_saved_with_all_of_them(as_pilot, many):
    butler = get("DM/Butler")

    answer = as_pilot.post(reverse("product_edit", args=[butler.pk]), with_contacts(butler, many))

    assert answer.status_code == 302
    assert butler.contacts.count() == many


def test_the_form_takes_the_same_queries_for_thirty_contacts_as_for_none(as_pilot, django_assert_max_num_queries):
    butler = get("DM/Butler")
    with_contacts(butler, 30)

    with django_assert_max_num_queries(18):
        page = as_pilot.get(reverse("product_edit", args=[butler.pk])).content.decode()

    assert "Rack 29" in page


def test_only_the_pilot_and_administrators_change_products(client, ada):
    client.force_login(ada)

    assert client.get(reverse("product_edit", args=[get("DM").pk])).status_code == 403
    assert client.post(reverse("product_new"), {"name": "X", "kind": "product"}).status_code == 403


def test_a_new_product_hangs_below_another(as_pilot):
    answer = as_pilot.post(
        reverse("product_new"), {"name": "Prompt f/ w", "parent": str(get("DM").pk), "kind": "product"}
    )

    made = get("DM/Prompt f-w")
    assert answer.url == reverse("product_edit", args=[made.pk])
    assert made.name == "Prompt f/ w"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Butler", "DM/Butler is there already. Change that one, or choose another name."),
        ("z" * 81, "Ensure this value has at most 80 characters"),
        ("\x00", "Null characters are not allowed."),
    ],
)
def test_a_place_that_is_taken_or_too_long_is_refused_in_words(as_pilot, name, says):
    answer = as_pilot.post(reverse("product_new"), {"name": name, "parent": str(get("DM").pk), "kind": "product"})

    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert Product.objects.count() == 4


def test_a_product_made_here_can_be_changed(as_pilot):
    made = as_pilot.post(reverse("product_new"), {"name": "Mine", "kind": "product"}).url

    data = edit_data(tier="critical", version=version_of(get("Mine").pk))
    assert as_pilot.post(made, data).status_code == 302
    assert get("Mine").tier == "critical"


def test_what_the_table_no_longer_has_is_shown_apart(as_pilot):
    import_table(text=TREE.replace("DM/Butler,product,Tim Jenness,Y (Jim B),,,\n", ""), now=NOW)

    page = as_pilot.get(reverse("products")).content.decode()

    assert "1 that the table no longer has" in page
    assert (
        "The table no longer has it since"
        in as_pilot.get(reverse("product", args=[get("DM/Butler").pk])).content.decode()
    )


def test_pages_take_the_same_queries_for_a_hundred_products_as_for_four(
    as_pilot, policy, django_assert_max_num_queries
):
    import_table(text=own_table(), now=NOW, table="own")
    for product in Product.objects.all():
        Contact.objects.create(product=product, kind="dba", text="somebody")
    for nth in range(20):
        fire("DM Ops/Alert Production/APDB", title=f"alarm {nth}")

    with django_assert_max_num_queries(9):
        as_pilot.get(reverse("products"))
    with django_assert_max_num_queries(9):
        as_pilot.get(reverse("products_unowned"))
    with django_assert_max_num_queries(24):
        as_pilot.get(reverse("product", args=[get("DM Ops").pk]))


def test_the_api_lists_products_by_path_with_what_counts(as_pilot, team, policy):
    Product.objects.filter(path="DM").update(owner_team=team)
    fire("DM/AP/APDB")

    first = as_pilot.get("/api/v1/products/?limit=2").json()
    second = as_pilot.get(first["next"]).json()

    assert [one["path"] for one in first["results"]] == ["DM", "DM/AP"]
    assert [one["path"] for one in second["results"]] == ["DM/AP/APDB", "DM/Butler"]
    apdb, butler = second["results"]
    assert (apdb["tier"], apdb["owner"], apdb["open_alarms"]) == ("real_time", {"name": "Facility", "path": "DM"}, 1)
    assert (butler["manager"], butler["owner_said"], butler["open_alarms"]) == ("Tim Jenness", "Jim B", 0)
    assert first["results"][1]["playbooks"] == ["P1", "https://example.org/p2"]


def test_the_api_takes_the_same_queries_however_many(as_pilot, django_assert_max_num_queries):
    import_table(text=own_table(), now=NOW, table="own")

    with django_assert_max_num_queries(8):
        assert len(as_pilot.get("/api/v1/products/?limit=500").json()["results"]) == 104
