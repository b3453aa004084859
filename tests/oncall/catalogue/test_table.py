"""The product table, read: what its cells say, both forms, and every problem named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.catalogue.services import own_table
from oncall.catalogue.table import Said, lineage, parse, said

# As the text of RTN-046 (2025-07-07) has it: no indentation, a page break, and the page that follows.
FLAT = (
    "7 Products\n\nProduct\tManager\tOwner\tNotes\n"
    "DM Ops\tWil O'Mullane\t\tData Management (Ops)\n"
    "Data Abstraction\tTim Jenness\t\tData Abstraction\n"
    "\nPrompt f/ w\tTBD\t\tPrompt forwarder\n"
    "Butler\tTim Jenness\tY (Jim B)\tButler\n"
    "\nA References\nBPS\tTBD\t\tBPS\n"
)


@pytest.mark.parametrize(
    ("raw", "names", "certain", "words"),
    [
        ("", (), True, ""),
        ("TBD", (), False, "to be decided"),
        ("?", (), False, "to be decided"),
        ("Tim Jenness", ("Tim Jenness",), True, "Tim Jenness"),
        ("KT Lim ?", ("KT Lim",), False, "KT Lim (not certain)"),
        ("Y (Jim B)", ("Jim B",), True, "Jim B"),
        ("? (Jim Bosch)", ("Jim Bosch",), False, "Jim Bosch (not certain)"),
        ("Y (N/ A)", (), True, ""),
        ("Y (TBD)", (), False, "to be decided"),
        ("Lynne Jones\n Eric Neilsen", ("Lynne Jones", "Eric Neilsen"), True, "Lynne Jones, Eric Neilsen"),
        ("Gregory Dubois Felsmann", ("Gregory Dubois Felsmann",), True, "Gregory Dubois Felsmann"),
    ],
)
def test_a_cell_names_somebody_for_certain_or_perhaps_or_nobody(raw, names, certain, words):
    assert said(raw) == Said(names, certain)
    assert said(raw).words == words


def test_the_text_of_the_note_takes_its_places_from_a_known_tree():
    known = [
        ("DM Ops", "DM Ops"),
        ("DM Ops/Data Abstraction", "Data Abstraction"),
        ("DM Ops/Data Abstraction/Prompt f-w", "Prompt f/ w"),
        ("DM Ops/Data Abstraction/Butler", "Butler"),
    ]

    table = parse(FLAT, known=known)

    assert [row.path for row in table.rows] == [path for path, _ in known]
    assert (table.rows[2].name, table.rows[2].manager) == ("Prompt f/ w", "TBD")
    assert table.rows[3].owner == "Y (Jim B)"
    assert table.problems == ()


def test_a_name_that_occurs_twice_takes_its_places_in_order():
    text = "Product\tManager\tOwner\tNotes\nBPS\tTBD\t\tthe first\nBPS\tMichelle Gower\t\tthe second\n"

    table = parse(text, known=[("BPS", "BPS"), ("CM/BPS", "BPS")])

    assert [(row.path, row.notes) for row in table.rows] == [("BPS", "the first"), ("CM/BPS", "the second")]


def test_a_name_without_a_place_is_a_problem_that_says_what_to_do():
    table = parse("Product\tManager\tOwner\tNotes\nNovelty\t\t\t\n")

    assert [str(one) for one in table.problems] == [
        "Line 2: “Novelty” has no place in the tree. Indent it below its parent, or use the form with a path column."
    ]


def test_indentation_says_what_hangs_below_what():
    text = "Product\tManager\tOwner\tNotes\nDM Ops\t\t\t\n  Data Eng\t\t\t\n    Felis\t\t\t\n  EUPS\t\t\t\n"

    assert [row.path for row in parse(text).rows] == [
        "DM Ops",
        "DM Ops/Data Eng",
        "DM Ops/Data Eng/Felis",
        "DM Ops/EUPS",
    ]


@pytest.mark.parametrize("separator", [",", "\t"])
def test_columns_may_come_in_any_order_with_commas_or_tabs(separator):
    rows = [["owner", "tier", "path", "playbooks"], ["Y (Jim B)", "Real Time", " A / B ", "P1; P2"], ["", "", "A", ""]]

    table = parse("\n".join(separator.join(row) for row in rows))

    assert table.problems == ()
    assert [(row.path, row.name, row.kind, row.tier) for row in table.rows] == [
        ("A/B", "B", "product", "real_time"),
        ("A", "A", "product", ""),
    ]
    assert table.rows[0].playbooks == ("P1", "P2")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("path\nA\nA\n", "Line 3: The path “A” stands here twice."),
        ("path\nA/B\n", "Line 2: “A/B” hangs below “A”, which is not in the table. Add a row for that."),
        ("path,tier\nA,urgent\n", "Line 2: Its tier “urgent” is none of real_time, critical, operational, nor empty."),
        ("path,kind\nA,thing\n", "Line 2: Its kind “thing” is none of group, team, product, activity."),
        ("path,colour\nA,red\n", "Line 1: Columns are path, product, kind"),
        ("product\nA\n", "Line 1: Columns are path, product, kind"),
        ("path,notes\nA,b,c\n", "Line 2: 3 cells for 2 columns. Quote commas."),
        ("path,product\n,\n,B\n", "Line 3: Its path is empty."),
        ("path\n" + "x" * 121 + "\n", "is too long: names have 80 letters at most, paths 120."),
        ("", "Line 1: No row was found."),
        ("path\nA\x00\n", "Line 1: It holds zero bytes"),
        ('path\n"A\n', ""),
    ],
)
def test_each_problem_names_its_line_and_what_would_be_right(text, problem):
    assert problem in "\n".join(map(str, parse(text).problems))


@given(
    st.text(max_size=400)
    | st.lists(st.sampled_from(["path", "tier", "A", "A/B", "\t", ",", "\n", '"', "?", "  "])).map("".join)
)
def test_whatever_comes_is_rows_or_problems(text):
    table = parse(text)

    assert table.rows or table.problems


def test_the_table_that_comes_with_us_has_the_74_rows_of_the_note_and_26_services_beside_them():
    table = parse(own_table())

    assert (len(table.rows), table.problems) == (100, ())
    kept = [row for row in table.rows[:74] if row.manager == "TBD"]
    assert len(kept) == 45
    assert [row.path for row in table.rows if row.owner.strip()][:3] == [
        "DM Ops/Data Abstraction/Pipe Middleware/Butler",
        "DM Ops/Data Production/Campaign Management",
        "DM Ops/Data Production/Algorithms & Pipelines",
    ]


def test_a_lineage_begins_with_the_path_itself():
    assert lineage(" A / B//C ") == ["A/B/C", "A/B", "A"]
