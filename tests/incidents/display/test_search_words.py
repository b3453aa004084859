"""What a question means, and which parts of a text are marked."""

from uuid import UUID

import pytest

from incidents.display.search_words import (
    HERE,
    LONGEST,
    NEXT,
    OVER,
    Part,
    Question,
    around,
    begins,
    folded,
    marked,
    parted,
    question,
)

ID = "6f6e6361-6c6c-4000-8000-706167657321"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12", 12), ("incident 12", 12), ("Incident 12", 12), ("#12", 12), ("review 12", 12),
        ("INC-12", 12), (" 012 ", 12),
        ("https://oncall.example.org/incidents/12/#e4", 12), ("/incidents/12", 12),
        ("0", None), ("12 disks", None), ("1234567890", None), ("/incidents/12x", None), ("p6", None),
    ],
)  # fmt: skip
def test_an_incident_is_meant_by_its_number_or_its_address(typed, number):
    assert question(typed).number == number


@pytest.mark.parametrize("typed", [ID, ID.upper(), f"/alarms/{ID}/", f"see {ID}, please"])
def test_an_id_is_found_in_whatever_was_pasted(typed):
    assert question(typed).id == UUID(ID)


@pytest.mark.parametrize("typed", [ID + "a", ID[:-1], "a" + ID])
def test_what_only_looks_like_an_id_is_none(typed):
    assert question(typed).id is None


@pytest.mark.parametrize(("typed", "slug"), [("P6", "p6"), ("https://x.org/playbooks/p3b/", "p3b")])
def test_a_playbook_is_meant_by_its_short_name_or_its_address(typed, slug):
    assert question(typed).slug == slug


def test_what_postgresql_cannot_take_is_a_blank():
    assert question("disk\x00full \ud800\n\tnow") == Question("disk full now")


def test_what_is_too_long_is_cut_and_says_so():
    assert question("x" * 10_000) == Question("x" * LONGEST, cut=True)


def test_accents_and_capitals_are_folded():
    assert folded("Núñez Ångström ß ﬁ") == "nunez angstrom ss fi"


@pytest.mark.parametrize(
    ("typed", "score"),
    [
        ("Inés Núñez", 4), ("ines nunez", 4), ("ine", 3), ("nun", 2), ("nun ine", 2), ("ine data", 1), ("facil", 1),
        ("unez", 0), ("ine grace", 0), ("ine -data", 0), ("-ine", 0), ("", 0), ("...", 0),
    ],
)  # fmt: skip
def test_a_name_answers_by_how_its_words_begin(typed, score):
    assert begins(question(typed), ["Inés Núñez", "inunez", "Data Facility"]) == score


@pytest.mark.parametrize(
    ("typed", "choices"),
    [
        ("redis lag", [(("redis", "lag"), ())]),
        ('redis "ip changed" -lag', [(("redis", '"ip changed"'), ('"lag"',))]),
        ('a -"b c" OR d', [(("a",), ('"b c"',)), (("d",), ())]),
        ("-usdf-prompt", [((), ('"usdf-prompt"',))]),
        ('- -- "" or or', []),
        ("a " * 17, [(("a " * 16 + "a",), ())]),
    ],
    ids=range(6),
)
def test_a_question_is_taken_apart(typed, choices):
    assert [(one.all, one.none) for one in question(typed).choices] == choices


def test_the_words_that_begin_as_asked_are_marked():
    assert marked("DM/AP, Inés's", question("ap ines")) == (
        Part("DM/"), Part("AP", hit=True), Part(", "), Part("Inés", hit=True), Part("'s"),
    )  # fmt: skip


def test_an_excerpt_is_shown_as_it_stands_in_the_original():
    original = "<b>redis.lag</b>: behind"
    assert parted(f"<b>{HERE}redis{OVER} lag< b>", original, original.translate(str.maketrans("./:", "   "))) == (
        Part("<b>"), Part("redis", hit=True), Part(".lag</b>: behind"),
    )  # fmt: skip


def test_a_few_words_about_an_excerpt_are_shown():
    text = "far away, " * 9 + "the disk is full" + ", far away" * 9
    shown = parted(f"{HERE}disk{OVER} is full", text, text)

    assert "".join(part.text for part in shown) == (
        "… far away, far away, far away, far away, the disk is full, far away, far away, far away, far away, far …"
    )


def test_an_excerpt_that_is_nowhere_in_the_original_is_shown_as_it_came():
    assert parted(f"a {HERE}b{OVER}{NEXT}c", "", "") == (Part("a "), Part("b", hit=True), Part(" … c"))


@pytest.mark.parametrize("odd", [f"{OVER}a{HERE}", f"{HERE}{HERE}a", f"{HERE}a{HERE}b{OVER}"])
def test_marks_that_somebody_wrote_themselves_hold_nothing_together(odd):
    assert "".join(part.text for part in parted(odd, "", "")) in ("a", "ab")


def test_of_a_long_text_what_stands_about_the_first_hit_is_shown():
    parts = (Part("x" * 50), Part("disk", hit=True), Part("y" * 50))
    assert around(parts, 10) == (Part("… " + "x" * 10), Part("disk", hit=True), Part("y" * 6 + " …"))
