"""The code cites the project's documents by number and row; every such citation must land."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
HOUSES = ("oncall", "rotations", "playbooks", "incidents", "deploy", "bench", "tests")
KINDS = {".py", ".js", ".html", ".md", ".css"}
ID = r"(?:\d+(?:\.\d+)?|[A-Z]\d{1,2})"
CITATION = re.compile(rf"\b(domain|paging|security|api|architecture)\.md\)?((?: {ID}(?:(?:,| and|-) {ID})*)?)")
CHAPTER = re.compile(r"\b(\w+)\.md, ([A-Z]\w+)")
ROW_OF_THE_DOMAIN = re.compile(r"\bR\d\d\b")
DOCUMENT = re.compile(r"(?<![\w*<{])[\w./-]+\.md\b")
LINK = re.compile(r"\]\(([^)#:]+\.\w+)\)")
HEADING = re.compile(r"^#+ (?:(\d+(?:\.\d+)?) )?(.+)$", re.MULTILINE)
ROW = re.compile(r"^\| ([A-Z]\d{1,2}) \|", re.MULTILINE)


def sources() -> list[Path]:
    """Every text of ours that may cite a document, but this one."""
    inside = [path for house in HOUSES for path in (ROOT / house).rglob("*") if path.suffix in KINDS]
    around = [ROOT / name for name in ("README.md", "manage.py", "pyproject.toml", "Makefile")]
    found = [path for path in [*inside, *around, *DOCS.glob("*.md")] if path.is_file()]
    return [path for path in found if path != Path(__file__).resolve()]


def flat(text: str) -> str:
    """The text on one line: a citation may be broken over two lines, of a comment too."""
    return re.sub(r"\s+(?:# )?", " ", text)


def citations(text: str) -> set[tuple[str, str]]:
    """Return (document, number or row id) for everything cited by number or id."""
    return {(name, id) for name, ids in CITATION.findall(flat(text)) for id in re.findall(ID, ids)}


def anchors(document: str) -> set[str]:
    """Return what can be cited of a document: its numbered headings and the ids of its rows."""
    text = (DOCS / f"{document}.md").read_text()
    return {number for number, _ in HEADING.findall(text) if number} | set(ROW.findall(text))


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_citation_is_read_as_it_is_written():
    text = """Source: paging.md 2.1,
    # 2.6 and P3 (docs/domain.md 5.9: a page), rows R10; security.md S34; api.md: {"""
    assert citations(text) == {
        ("paging", "2.1"), ("paging", "2.6"), ("paging", "P3"), ("domain", "5.9"), ("security", "S34"),
    }  # fmt: skip


def test_every_cited_number_lands_on_a_heading_or_a_row():
    there = {name: anchors(name) for name in ("domain", "paging", "security", "api", "architecture")}
    astray = {
        f"{where(path)}: {name}.md {id}"
        for path in sources()
        for name, id in citations(path.read_text())
        if id not in there[name]
    }
    assert not astray


def test_every_cited_chapter_is_a_heading():
    astray = {
        f"{where(path)}: {name}.md, {chapter}"
        for path in sources()
        for name, chapter in CHAPTER.findall(flat(path.read_text()))
        if (DOCS / f"{name}.md").exists()
        and chapter not in {title for _, title in HEADING.findall((DOCS / f"{name}.md").read_text())}
    }
    assert not astray


def test_every_row_that_the_code_answers_to_stands_in_the_domain():
    known = anchors("domain")
    astray = {f"{where(path)}: {row}" for path in sources() for row in ROW_OF_THE_DOMAIN.findall(path.read_text())}
    assert {one for one in astray if one.split(": ")[1] not in known} == set()


def test_every_document_that_is_named_exists():
    missing = {
        f"{where(path)}: {name}"
        for path in sources()
        for name in DOCUMENT.findall(path.read_text())
        if not any((place / name).exists() for place in (ROOT, DOCS, path.parent))
    }
    assert not missing


@pytest.mark.parametrize("path", [path for path in sources() if path.suffix == ".md"], ids=where)
def test_every_link_between_documents_leads_somewhere(path):
    dead = [target for target in LINK.findall(path.read_text()) if not (path.parent / target).exists()]
    assert not dead
