"""What the drawings of a report show, from its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rotations.reports import plots, tables
from rotations.reports.fairness import Share
from rotations.reports.plots import Bar, Columns
from rotations.reports.queries import Report
from rotations.reports.totals import Figures, figures

OUTCOMES = ("honoured", "broken", "given up")


@dataclass(frozen=True)
class Hours:
    """Hours out of hours by month and kind: the drawing, and the same as a table."""

    drawing: Columns
    rows: list[tuple[str, Figures]]

    @property
    def words(self) -> str:
        """Say the drawing: the busiest month and the sum of each kind are what one sees in it."""
        busiest = max(self.rows, key=lambda row: row[1].out_of_hours_s, default=None)
        if busiest is None or not busiest[1].out_of_hours_s:
            return "Hours worked out of hours by month: none."
        return f"Hours worked out of hours, one column a month, by kind; the most in {busiest[0]}. The table has them."


def hours(report: Report) -> Hours:
    rows = [(row.label, row.figures) for row in tables.months(report)]
    short = [(_short(row.key, len(rows)), row.figures.kinds) for row in tables.months(report)]
    return Hours(plots.stacked(short), rows)


def _short(month: object, many: int) -> str:
    return f"{month:%b %Y}" if isinstance(month, date) and many < 6 else f"{month:%b}" if month else ""


def fair(report: Report) -> list[tuple[Share, Bar]]:
    """Return each one's bar with the mark of a fair share; nothing where there is nobody to share with."""
    shares: Sequence[Share] = report.shares
    if len(shares) < 2:
        return []
    bars = plots.shares(
        [(one.person.name, float(one.burden.number)) for one in shares], fair=[float(one.fair) for one in shares]
    )
    return list(zip(shares, bars, strict=True))


def rests(report: Report) -> list[tuple[str, Figures, Bar]]:
    """Return honoured, broken and given up mornings: of each person, or of each month where it is one person."""
    if len(report.people) > 1:
        named = [(one.name, figures(report.facts, people=[one.pk])) for one in report.people]
    else:
        named = [(row.label, row.figures) for row in tables.months(report)]
    had = [(name, one) for name, one in named if one.honoured or one.broken]
    counts = [
        (name, list(zip(OUTCOMES, (one.honoured, one.broken - one.given_up, one.given_up), strict=True)))
        for name, one in had
    ]
    return [(name, one, bar) for (name, one), bar in zip(had, plots.counts(counts), strict=True)]
