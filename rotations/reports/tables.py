"""The rows of a report, and its sheets for spreadsheets. What is on the screen, in the files and in the API is this."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from oncall.people.models import Team
from rotations.leave.models import LedgerEntry
from rotations.reports.cells import Cell, Seconds, Sheet
from rotations.reports.queries import CallOutRow, Position, Report
from rotations.reports.totals import KINDS, Days, Facts, Figures, apart, figures

STATES = {
    "open": "open",
    "to_confirm": "not confirmed yet",
    "confirmed": "confirmed, not approved yet",
    "asked_back": "asked back",
    "disputed": "disputed",
    "approved": "approved",
    "changed": "changed since",
}
TABLES = ("summary", "by-month", "call-outs", "ledger")
COUNTED = ("Out of hours", *(kind.capitalize() for kind in KINDS), "After midnight", "On weekends")
MOVED = ("Earned", "Approved", "Opening balance", "Posted", "Taken", "Expired", "Closing balance")
COUNTS = ("Weekends touched", "Mornings off honoured", "broken", "of them given up", "to come", "Pages")


@dataclass(frozen=True)
class Row:
    """One row: whose or when, and the figures. `key` is an id or a first day; None: of nobody in particular."""

    label: str
    figures: Figures
    key: UUID | date | None = None
    days: Days | None = None  # of a month


def rows(report: Report, *, by: str, teams: Sequence[Team] = ()) -> list[Row]:
    """Return the rows by month, by team or by person; who left and has nothing has no row.

    Somebody in two teams is in the row of both, and counts once in the total.
    """
    if by == "month":
        return months(report)
    if by == "team":
        return _by_team(report, teams)
    theirs = apart(report.facts)
    found = [Row(one.name, figures(_of(theirs, one.pk, report)), one.pk) for one in report.people]
    gone = {one.pk for one in report.people if not one.is_active}
    return [row for row in found if row.key not in gone or not row.figures.is_empty]


def months(report: Report, *, facts: Facts | None = None) -> list[Row]:
    """Return the months that have begun, of everybody or of one person, whose `facts` these are."""
    return [
        Row(f"{days.first:%B %Y}", figures(facts or report.facts, days=days), days.first, days)
        for days in report.days.months
        if days.starts_at <= report.days.now or days.first == report.days.first  # what is to come has no figures
    ]


def _by_team(report: Report, teams: Sequence[Team]) -> list[Row]:
    found, seen = [], set()
    for team in teams:
        members = [one.pk for one in report.people if team.pk in report.team_of.get(one.pk, ())]
        seen.update(members)
        if members:
            found.append(Row(team.name, figures(report.facts, people=members), team.pk))
    others = [one.pk for one in report.people if one.pk not in seen]
    if others:
        found.append(Row("In none of these teams", figures(report.facts, people=others)))
    return found


def _of(theirs: dict[Hashable, Facts], person: UUID, report: Report) -> Facts:
    return theirs.get(person) or Facts(report.days)


def sheets(report: Report, rows: Sequence[Row], *, by: str, base: str, only: str = "") -> list[Sheet]:
    """Return summary, by month, call-outs and ledger, or `only` the one of these TABLES that is asked for.

    `base` stands in front of the addresses in them.
    """
    made: dict[str, Callable[[], Sheet]] = {
        "summary": lambda: _figures(
            "Summary", (by.capitalize(),), [((row.label,), row.figures) for row in [*rows, total(report)]]
        ),
        "by-month": lambda: _by_month(report),
        "call-outs": lambda: _call_outs(report, base),
        "ledger": lambda: _ledger(report, base),
    }
    return [made[name]() for name in ([only] if only else TABLES)]


def _by_month(report: Report) -> Sheet:
    theirs = apart(report.facts)
    lines = [
        ((one.name, f"{row.key:%Y-%m}"), row.figures)
        for one in report.people
        if one.pk in theirs
        for row in months(report, facts=theirs[one.pk])
        if not row.figures.is_empty
    ]
    return _figures("By month", ("Person", "Month"), lines)


def total(report: Report) -> Row:
    return Row("Total", report.total)


def about(report: Report, *, who: str, by_whom: str, position: Position) -> Sheet:
    """Return what a sheet of paper says at its foot: of what, as of when, and where the ledger stood."""
    days = report.days
    lines: list[tuple[str, Cell]] = [
        ("Whose", who),
        ("From", days.first),
        ("Up to and with", days.last),
        ("Made at", days.now),
        ("Made by", by_whom),
        ("Ledger up to", position.until),
        ("Ledger entries", position.entries),
        ("Balance (s)", position.balance_s),
        ("Checksum", position.checksum),
        ("Reconciles with the ledger", "yes" if report.holds else "NO"),
        ("Belongs to a day", "Call-outs by their start on the person's own clock; postings by UTC."),
        *(("Rule", words) for words in report.rule_words),
    ]
    return Sheet("About", ("What", "Value"), lines)


def _figures(name: str, keys: tuple[str, ...], lines: Sequence[tuple[tuple[str, ...], Figures]]) -> Sheet:
    heads = (*keys, "Call-outs", *COUNTED, *MOVED, *COUNTS)
    after = len(keys) + 1
    lengths = frozenset(range(after, after + len(COUNTED) + len(MOVED)))
    return Sheet(name, heads, [(*labels, *_cells(found)) for labels, found in lines], lengths)


def _cells(found: Figures) -> tuple[Cell, ...]:
    account = found.account
    return (
        found.call_outs,
        *(
            Seconds(one)
            for one in (
                found.out_of_hours_s,
                *(found.kinds[kind] for kind in KINDS),
                found.after_midnight_s,
                found.weekend_s,
                found.credit_s,
                found.approved_s,
                account.opening_s,
                account.earned_s,
                account.taken_s,
                account.expired_s,
                account.closing_s,
            )
        ),
        found.weekends,
        found.honoured,
        found.broken,
        found.given_up,
        found.to_come,
        found.pages,
    )


def _call_outs(report: Report, base: str) -> Sheet:
    heads = (
        "Person",
        "Day",
        "Time zone",
        "Started (UTC)",
        "Ended (UTC)",
        *COUNTED,
        *MOVED[:2],
        "State",
        "Rule",
        "Page",
    )
    lengths = frozenset(range(5, 5 + len(COUNTED) + 2))
    return Sheet("Call-outs", heads, [_call_out(row, base) for row in report.call_outs], lengths)


def _call_out(row: CallOutRow, base: str) -> tuple[Cell, ...]:
    call_out, counted = row.call_out, row.counted
    return (
        call_out.person.name,
        counted.day,
        call_out.zone.key,
        call_out.starts_at,
        call_out.ends_at,
        Seconds(counted.out_of_hours_s),
        *(Seconds(counted.kinds.get(kind, 0)) for kind in KINDS),
        Seconds(counted.after_midnight_s),
        Seconds(counted.weekend_s),
        Seconds(counted.credit_s),
        Seconds(counted.approved_s),
        STATES[row.state],
        row.rule,
        f"{base}/leave/call-outs/{call_out.pk}/",
    )


def _ledger(report: Report, base: str) -> Sheet:
    heads = (
        "Person",
        "Posted (UTC)",
        "Kind",
        "Change in seconds",
        "Credit",
        "Debit",
        "Of",
        "By",
        "Why",
        "Rule",
        "Entry",
    )
    return Sheet(
        "Ledger",
        heads,
        [
            (
                one.person.name,
                one.at,
                one.get_kind_display(),
                one.credit_s,
                Seconds(max(one.credit_s, 0)),
                Seconds(max(-one.credit_s, 0)),
                _source(one, base),
                one.by.name if one.by else "the rule",
                one.reason,
                one.rule,
                str(one.pk),
            )
            for one in report.moves
        ],
        frozenset({4, 5}),
    )


def _source(entry: LedgerEntry, base: str) -> str:
    if entry.call_out_id:
        return f"{base}/leave/call-outs/{entry.call_out_id}/"
    return f"Leave from {entry.request.starts_at:%Y-%m-%d %H:%M} UTC" if entry.request else ""
