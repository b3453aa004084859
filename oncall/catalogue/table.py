"""The product table of RTN-046, read. PURE.

Two forms are read. With columns (commas or tabs, first line their names): `path` (the place in the tree, parts joined
by a slash), and as wanted `product` (the name as written, where it differs from the last part), `kind`, `manager`,
`owner`, `notes`, `tier`, `playbooks` (several joined by a semicolon). As plain text: the lines under “Product, Manager,
Owner, Notes” with a tab between cells, each row indented below its parent; a text that has lost its indentation takes
the places from a tree already known. Sources: rows R37, R38, C3.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

KINDS = ("group", "team", "product", "activity")
TIERS = ("real_time", "critical", "operational")
COLUMNS = ("path", "product", "kind", "manager", "owner", "notes", "tier", "playbooks")
HEADING = ("product", "manager", "owner", "notes")
LONGEST_NAME, LONGEST_PATH, LONGEST_CELL, MOST_ROWS = 80, 120, 1000, 5000
MARKED = re.compile(r"^(?:(?P<mark>[YyNn?])\s*)?\((?P<inside>[^()]*)\)$")
UNDECIDED = {"TBD", "TBC", "TBA", "?", "Y"}
NOBODY = {"", "-", "N/A", "NONE", "N"}


@dataclass(frozen=True)
class Said:
    """What a cell says about who manages or owns: `names`, empty for nobody; `certain` is false where it carries a
    question mark or is still to be decided.
    """

    names: tuple[str, ...] = ()
    certain: bool = True

    @property
    def words(self) -> str:
        """Return it fit to show: “Jim Bosch (not certain)”, “to be decided”, or nothing."""
        if self.names:
            return ", ".join(self.names) + ("" if self.certain else " (not certain)")
        return "" if self.certain else "to be decided"


def said(raw: str) -> Said:
    """Read one cell: “TBD” and “?” name nobody, “Y (Jim B)” names Jim B, “? (Jim B)” and “Jim B ?” perhaps him."""
    text = " ".join(raw.split())
    lines = [" ".join(line.split()) for line in raw.splitlines() if line.strip()]
    found = MARKED.match(text)
    if found:
        inside = said(found["inside"])
        return Said(inside.names, inside.certain and found["mark"] != "?")
    bare = re.sub(r"\s*/\s*", "/", text).upper()
    if bare in NOBODY or bare in UNDECIDED:
        return Said((), certain=bare in NOBODY)
    certain = not text.endswith("?")
    parts = [part.strip(" ?") for line in lines for part in re.split(r"[,;]", line)]
    return Said(tuple(part for part in parts if part), certain)


@dataclass(frozen=True)
class Row:
    """One product as the table has it. `path` is its key; names may occur twice, paths may not (C3)."""

    path: str
    name: str
    kind: str = "product"
    manager: str = ""
    owner: str = ""
    notes: str = ""
    tier: str = ""
    playbooks: tuple[str, ...] = ()

    @property
    def parent(self) -> str:
        """Return the path of its parent; empty for a root."""
        return self.path.rpartition("/")[0]

    @property
    def segment(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Problem:
    """What is wrong in which line, counted from 1, and what would be right."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.text}"


@dataclass(frozen=True)
class Table:
    rows: tuple[Row, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    columns: tuple[str, ...] = COLUMNS  # those it has: what the others would say is not known


def segment(name: str) -> str:
    """Return a name as a part of a path: a slash in it would look like another level, so it becomes a dash."""
    return re.sub(r"\s*/\s*", "-", " ".join(name.split()))


def parts_of(path: str) -> list[str]:
    """Return the parts of a path as somebody may have typed it: spaces and empty parts around slashes do not count."""
    return [part for part in (" ".join(one.split()) for one in path.split("/")) if part]


def lineage(path: str) -> list[str]:
    """Return the path and those of its ancestors, itself first."""
    parts = parts_of(path)
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


def parse(text: str, *, known: Sequence[tuple[str, str]] = ()) -> Table:
    """Read a table in either form. Every problem is named; the rows that could be read are there all the same.

    `known`: paths and names of a tree, in its order, from which rows take their places that say none.
    """
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        return Table(problems=(Problem(1, "It holds zero bytes, so it is no text. Save it as UTF-8 text."),))
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        cells = tuple(cell.strip().lower() for cell in line.split("\t"))
        if cells == HEADING:
            return _checked(*_plain(lines[number:], first=number + 1, known=known), columns=HEADING)
    return _checked(*_columns(text))


def _columns(text: str) -> tuple[list[tuple[int, Row]], list[Problem], list[str]]:
    head = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text), delimiter="\t" if "\t" in head else ",")
    rows: list[tuple[int, Row]] = []
    problems: list[Problem] = []
    names: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not names:
                names = [cell.strip().lower() for cell in cells]
                wrong = [name for name in names if name not in COLUMNS] + (["path"] if "path" not in names else [])
                if wrong or len(set(names)) < len(names):
                    text = (
                        f"Columns are {', '.join(COLUMNS)}, each once, and path is needed; look at “{wrong or names}”."
                    )
                    return [], [Problem(reader.line_num, text)], []
                continue
            if len(cells) > len(names):
                problems.append(Problem(reader.line_num, f"{len(cells)} cells for {len(names)} columns. Quote commas."))
                continue
            rows.append((reader.line_num, _row(dict(zip(names, cells, strict=False)))))
    except csv.Error as error:
        problems.append(Problem(reader.line_num, f"Not readable as a table: {error}. Save it as CSV or TSV in UTF-8."))
    return rows, problems, names


def _row(cells: dict[str, str]) -> Row:
    parts = parts_of(cells.get("path", ""))
    return Row(
        path="/".join(parts),
        name=cells.get("product", "").strip() or (parts[-1] if parts else ""),
        kind=cells.get("kind", "").strip().lower() or "product",
        manager=cells.get("manager", ""),
        owner=cells.get("owner", ""),
        notes=cells.get("notes", ""),
        tier=re.sub(r"[\s-]+", "_", cells.get("tier", "").strip().lower()),
        playbooks=tuple(one for part in cells.get("playbooks", "").split(";") if (one := " ".join(part.split()))),
    )


def _plain(
    lines: Sequence[str], *, first: int, known: Sequence[tuple[str, str]]
) -> tuple[list[tuple[int, Row]], list[Problem]]:
    found = list(_cells(lines, first=first))
    if any(indent for _, indent, _ in found):
        return _indented(found)
    seen: Counter[str] = Counter()
    rows, problems = [], []
    for number, _, cells in found:
        name = cells[0]
        here = [path for path, other in known if other == name]
        if seen[name] >= len(here):
            text = f"“{name}” has no place in the tree. Indent it below its parent, or use the form with a path column."
            problems.append(Problem(number, text))
            continue
        rows.append((number, _bare(here[seen[name]], name, cells)))
        seen[name] += 1
    return rows, problems


def _bare(path: str, name: str, cells: Sequence[str]) -> Row:
    return Row(path, name, "", manager=cells[1], owner=cells[2], notes=cells[3])


def _indented(found: Sequence[tuple[int, int, list[str]]]) -> tuple[list[tuple[int, Row]], list[Problem]]:
    above: list[tuple[int, str]] = []  # indentation and path of the rows this one may hang below
    rows = []
    for number, indent, cells in found:
        while above and above[-1][0] >= indent:
            above.pop()
        path = "/".join([*([above[-1][1]] if above else []), segment(cells[0])])
        above.append((indent, path))
        rows.append((number, _bare(path, cells[0], cells)))
    return rows, []


def _cells(lines: Sequence[str], *, first: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield line number, indentation and the four cells of each row; blank lines are page breaks, text ends it."""
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) < 2:
            return
        cells = [*cells, "", "", ""][:4]
        yield number, len(cells[0]) - len(cells[0].lstrip()), [cells[0].strip(), *cells[1:]]


def _checked(rows: Sequence[tuple[int, Row]], problems: Sequence[Problem], columns: Sequence[str]) -> Table:
    paths = {row.path for _, row in rows}
    seen: set[str] = set()
    found = list(problems)
    for number, row in rows:
        found += [Problem(number, text) for text in _wrong(row, paths=paths, seen=seen)]
        seen.add(row.path)
    if not rows and not found:
        found.append(Problem(1, "No row was found. See the forms in oncall/catalogue/table.py."))
    if len(rows) > MOST_ROWS:
        found.append(Problem(rows[MOST_ROWS][0], f"More than {MOST_ROWS} rows. Import parts under names of their own."))
    in_order = tuple(sorted(found, key=lambda one: one.line))
    return Table(tuple(row for _, row in rows), in_order, tuple(columns))


def _wrong(row: Row, *, paths: set[str], seen: set[str]) -> Iterator[str]:
    if not row.path or not row.name:
        yield "Its path is empty. Write where it stands, such as “DM Ops/Data Facilities/USDF”."
    if row.path in seen:
        yield f"The path “{row.path}” stands here twice. Each place in the tree has one product."
    if row.parent and row.parent not in paths:
        yield f"“{row.path}” hangs below “{row.parent}”, which is not in the table. Add a row for that."
    if len(row.name) > LONGEST_NAME or len(row.path) > LONGEST_PATH:
        yield f"“{row.path[:60]}…” is too long: names have {LONGEST_NAME} letters at most, paths {LONGEST_PATH}."
    if row.kind not in ("", *KINDS):
        yield f"Its kind “{row.kind[:40]}” is none of {', '.join(KINDS)}."
    if row.tier not in ("", *TIERS):
        yield f"Its tier “{row.tier[:40]}” is none of {', '.join(TIERS)}, nor empty."
    for label, cell in (("manager", row.manager), ("owner", row.owner), ("notes", row.notes)):
        if len(cell) > LONGEST_CELL:
            yield f"Its {label} has {len(cell)} letters; {LONGEST_CELL} are kept at most. Shorten it."
    if any(len(one) > 200 for one in row.playbooks) or len(row.playbooks) > 20:
        yield "Name at most 20 playbooks, each in 200 letters."
