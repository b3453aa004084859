"""The catalogue: import twice, follow the table or who set it here, climb to an owner, and a tree without circles."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from oncall.catalogue import queries, services
from oncall.catalogue.models import Contact, Product
from oncall.catalogue.services import import_table
from oncall.people.models import Person, Team
from tests.conftest import NOW, make_person

pytestmark = pytest.mark.django_db
BUTLER = "DM Ops/Data Abstraction/Pipe Middleware/Butler"
TREE = (
    "path,manager,owner,tier\nDM,,,operational\nDM/AP,,,real_time\nDM/AP/APDB,TBD,,\nDM/Butler,Tim Jenness,Y (Jim B),\n"
)


@pytest.fixture
def team():
    return Team.objects.create(name="Data Facility", slug="df")


@pytest.fixture
def own(db):
    return import_table(text=services.own_table(), now=NOW)


def test_importing_again_changes_nothing(own):
    again = import_table(text=services.own_table(), now=NOW)

    assert len(own.made) == 100
    assert again.words == "0 made, 0 changed, 100 as they were, 0 no longer in the table, 0 in it again."


def test_what_the_table_says_is_kept_as_it_stands(own):
    ocps = Product.objects.get(name="OCPS")

    assert ocps.path == "DM Ops/Data Abstraction/Pipe Middleware/Sis Exec/OCPS"
    assert (ocps.manager_raw, ocps.manager_said.words) == ("KT Lim ?", "KT Lim (not certain)")
    assert Product.objects.get(path=BUTLER).owner_raw == "Y (Jim B)"


def test_the_text_of_the_note_updates_the_same_products(own):
    rows = list(Product.objects.filter(position__lt=74).order_by("position"))
    text = "\n".join(f"{row.name}\t{row.manager_raw}\t{row.owner_raw}\t{row.notes_raw}" for row in rows)

    found = import_table(
        text=f"Product\tManager\tOwner\tNotes\n{text.replace('Richard Dubois', 'Adam Bolton')}\n", now=NOW
    )

    assert found.made == []
    assert Product.objects.get(path="DM Ops/Data Facilities").manager_raw == "Adam Bolton"
    assert Product.objects.get(path="DM Ops/Data Services/SQuaRE/Sasquatch").tier == "real_time"
    assert len(found.vanished) == 26  # the services, which the note does not have


def test_rows_that_are_gone_are_marked_and_come_back():
    import_table(text=TREE, now=NOW)

    gone = import_table(text=TREE.replace("DM/AP/APDB,TBD,,\n", ""), now=NOW)

    assert gone.vanished == ["DM/AP/APDB"]
    assert Product.objects.get(path="DM/AP/APDB").vanished_at == NOW
    assert import_table(text=TREE, now=NOW).returned == ["DM/AP/APDB"]
    assert Product.objects.get(path="DM/AP/APDB").vanished_at is None


def test_a_table_of_another_name_takes_nothing_away():
    import_table(text=TREE, now=NOW)

    found = import_table(text="path\nOther\n", now=NOW, table="other")

    assert (found.made, found.vanished) == (["Other"], [])


def test_what_somebody_set_here_stays(team):
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM/AP").update(owner_team=team, tier="critical", playbooks=["P9"])

    import_table(text=TREE.replace("DM/AP,,,", "DM/AP,Somebody Else,,"), now=NOW)

    row = Product.objects.get(path="DM/AP")
    assert (row.owner_team, row.tier, row.playbooks, row.manager_raw) == (team, "critical", ["P9"], "Somebody Else")


def owned_by(owner: str, manager: str = "") -> Product:
    import_table(text=f"path,manager,owner\nDM,{manager},{owner}\n", now=NOW)
    return Product.objects.get(path="DM")


def test_who_came_from_the_table_follows_the_table(ada, grace):
    owned_by("Ada Moreno", "Ada Moreno")

    row = owned_by("Grace Okafor", "Grace Okafor")

    assert (row.owner_person, row.manager) == (grace, grace)


@pytest.mark.parametrize("cell", ["TBD", "", "Somebody Else", "Ada Moreno ?"])
def test_who_the_table_names_no_more_answers_no_more(ada, cell):
    owned_by("Ada Moreno", "Ada Moreno")

    row = owned_by(cell, cell)

    assert (row.owner_person, row.manager) == (None, None)


def test_who_has_left_still_follows_the_table(ada, grace):
    owned_by("Ada Moreno")
    Person.objects.filter(pk=ada.pk).update(name="Ada Moreno (left)", is_active=False)

    assert owned_by("Grace Okafor").owner_person == grace


def test_whom_somebody_set_here_stays_whatever_the_table_says(ada, grace):
    owned_by("Ada Moreno", "Ada Moreno")
    Product.objects.filter(path="DM").update(owner_person=grace, manager=grace)

    for cell in ("TBD", "Ada Moreno"):
        row = owned_by(cell, cell)
        assert (row.owner_person, row.manager) == (grace, grace)


def test_a_team_that_somebody_set_here_stays_whatever_the_table_says(ada, grace, team):
    owned_by("Ada Moreno")
    Product.objects.filter(path="DM").update(owner_person=None, owner_team=team)

    row = owned_by("Grace Okafor")

    assert (row.owner_person, row.owner_team) == (None, team)


def test_a_table_without_a_column_says_nothing_about_it(ada):
    owned_by("Ada Moreno", "Ada Moreno")

    import_table(text="path,tier\nDM,critical\n", now=NOW)

    row = Product.objects.get(path="DM")
    assert (row.owner_person, row.manager, row.owner_raw, row.tier) == (ada, ada, "Ada Moreno", "critical")


def test_a_table_with_a_problem_changes_nothing():
    import_table(text=TREE, now=NOW)

    with pytest.raises(services.UnreadableTable, match="Line 3: Its tier “quick”"):
        import_table(text="path,tier\nDM,\nDM/AP,quick\n", now=NOW)

    assert Product.objects.present().count() == 4


def test_a_name_in_the_table_that_has_an_account_is_that_person():
    jim = make_person("Jim B")
    import_table(text=TREE, now=NOW)

    assert Product.objects.get(name="Butler").owner_person == jim


def test_a_row_of_kind_team_belongs_to_our_team_of_that_name(team):
    import_table(text="path,kind\nData Facility,team\n", now=NOW)

    assert Product.objects.get().owner_team == team


def test_the_command_says_what_it_did(tmp_path, capsys):
    file = tmp_path / "products.csv"
    file.write_text(TREE)

    call_command("import_products", str(file))

    assert capsys.readouterr().out.splitlines() == [
        "made: DM", "made: DM/AP", "made: DM/AP/APDB", "made: DM/Butler",
        "4 made, 0 changed, 0 as they were, 0 no longer in the table, 0 in it again.",
    ]  # fmt: skip


def test_the_command_names_what_to_mend(tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("path\nA/B\n")

    with pytest.raises(CommandError, match=r"Nothing was imported.*\nLine 2: “A/B” hangs below “A”"):
        call_command("import_products", str(file))


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "DM/Elsewhere/APDB"},
        {"parent_id": "DM/AP/APDB"},  # itself
        {"parent_id": None},
        {"segment": "AP/APDB", "path": "DM/AP/AP/APDB"},
        {"tier": "quick"},
        {"kind": "thing"},
    ],
)
def test_the_database_refuses_a_tree_that_does_not_hang_together(changes):
    import_table(text=TREE, now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(path="DM/AP/APDB").update(**changes)


def test_an_owner_is_found_by_climbing(team, django_assert_num_queries):
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM").update(owner_team=team)

    with django_assert_num_queries(1):
        owner = queries.nearest_owner("DM/AP/APDB")

    assert owner is not None
    assert (owner.team, owner.product.path) == (team, "DM")


@pytest.mark.parametrize("named", ["APDB", "DM/AP/APDB", " DM / AP/APDB/", "Elsewhere/APDB", "DM/AP/Unknown"])
def test_a_product_is_found_by_path_by_its_only_name_and_by_what_it_would_hang_below(named, team):
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM/AP").update(owner_team=team)

    assert queries.nearest_owner(named).team == team  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("named", "tier"),
    [
        ("Butler", "operational"), ("butler", "operational"), ("BUTLER", "operational"), ("dm/butler", "operational"),
        ("dm / Butler/", "operational"), ("dm/butler/node 3", "operational"), ("dm/unknown", "real_time"),
    ],
)  # fmt: skip
def test_large_and_small_letters_are_alike(named, tier):
    import_table(text="path,tier\nDM,real_time\nDM/Butler,operational\n", now=NOW)

    assert queries.tier_of(named) == tier


def test_of_two_that_differ_in_letters_alone_each_is_found_as_it_is_written_and_neither_otherwise():
    import_table(text="path,tier\nDM,real_time\nDM/Butler,operational\nDM/butler,critical\n", now=NOW)

    found = [queries.tier_of(named) for named in ("DM/Butler", "butler", "Butler/x", "BUTLER", "DM/BUTLER")]

    assert found == ["operational", "critical", "", "", "real_time"]


def test_a_name_that_two_products_have_means_neither():
    import_table(text="path,tier\nA,critical\nB,\nA/BPS,\nB/BPS,\n", now=NOW)

    assert (queries.tier_of("BPS"), queries.tier_of("A/BPS")) == ("", "critical")


@pytest.mark.parametrize(
    ("path", "tier"),
    [("DM/AP/APDB", "real_time"), ("DM/Butler", "operational"), ("Nothing", ""), ("", ""), ("\x00", "")],
)
def test_a_tier_is_inherited(path, tier, django_assert_max_num_queries):
    import_table(text=TREE, now=NOW)

    with django_assert_max_num_queries(1):
        assert queries.tier_of(path) == tier


def test_a_name_without_an_account_owns_nothing_that_can_be_called(team):
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM").update(owner_team=team)

    assert queries.nearest_owner("DM/Butler").team == team  # type: ignore[union-attr]


def test_a_foreign_owner_is_said_with_how_to_reach_them():
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM/AP/APDB").update(
        elsewhere="TSSW", elsewhere_contact="+56 51 220 5200, ask for CSCs"
    )

    owner = queries.nearest_owner("DM/AP/APDB")

    assert owner is not None
    assert owner.words == "TSSW, elsewhere: +56 51 220 5200, ask for CSCs"


def test_who_owns_nothing_of_a_closed_account_is_passed_over(team):
    ada = make_person("Ada Moreno", is_active=False)
    import_table(text=TREE, now=NOW)
    Product.objects.filter(path="DM/AP").update(owner_person=ada)
    Product.objects.filter(path="DM").update(owner_team=team)

    assert queries.nearest_owner("DM/AP").team == team  # type: ignore[union-attr]


def test_contacts_are_those_of_the_nearest_above_by_kind(team):
    import_table(text=TREE, now=NOW)
    Contact.objects.create(product=Product.objects.get(path="DM"), kind="dba", team=team)
    Contact.objects.create(product=Product.objects.get(path="DM"), kind="infrastructure", text="Lab IT, form 7")
    Contact.objects.create(product=Product.objects.get(path="DM/AP"), kind="infrastructure", text="Racks")

    found = queries.contacts_in(queries.line("DM/AP/APDB"))

    assert [str(one) for one in found] == ["Database administration: Data Facility", "Infrastructure: Racks"]
