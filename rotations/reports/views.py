"""Reports on leave, for managers and for the people called: on the screen, on paper, as table file and workbook."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people.models import Person, Team
from oncall.people.viewer import viewer
from rotations.reports import drawing, queries, tables
from rotations.reports.cells import Sheet, table_file
from rotations.reports.forms import ReportForm, YearForm
from rotations.reports.queries import Report
from rotations.reports.tables import STATES, TABLES, Row
from rotations.reports.workbook import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = ("", "csv", "xlsx")
LONGEST_LIST = 600  # lines of a list on the screen; files and paper have all of them


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """This year so far of everybody one may see, or what the address asks for."""
    who, now = viewer(request), clock.now()
    visible, teams = queries.people_for(who, now=now), queries.teams_for(who, now=now)
    form = ReportForm(request.GET, people=visible, teams=teams, today=timezone.localtime(now).date())
    if not _is_good(request, form):
        return render(request, "reports/leave.html", {"form": form}, status=400)
    asked = form.cleaned_data
    people = _chosen(visible, asked)
    found = queries.report(people, first=asked["from"], last=asked["until"], now=now)
    by = asked["by"] or ("person" if len(found.people) > 1 else "month")
    rows = tables.rows(found, by=by, teams=list(teams))
    whose = (
        ", ".join(one.name for one in (asked["team"], asked["person"]) if one)
        or f"everybody whose leave {who.name} may see"
    )
    return _answer(request, found, rows, by=by, whose=whose, now=now, more={"form": form, "asked": asked})


@require_safe
def person(request: HttpRequest, id: UUID) -> HttpResponse:
    """A person's year, month by month, and all that it is made of."""
    who, now = viewer(request), clock.now()
    visible = queries.people_for(who, now=now)
    whose = get_object_or_404(visible, pk=id)
    year = YearForm(request.GET)
    days = request.GET.copy()
    if year.is_valid() and year.cleaned_data["year"]:
        days["from"], days["until"] = (f"{year.cleaned_data['year']}-{end}" for end in ("01-01", "12-31"))
    form = ReportForm(days, people=visible.none(), teams=Team.objects.none(), today=timezone.localtime(now).date())
    for name in ("team", "person", "by"):
        del form.fields[name]
    if not (_is_good(request, form) and year.is_valid()):
        for error in year.errors.get("year", []):
            form.add_error(None, f"Year: {error}")
        return render(request, "reports/person.html", {"form": form, "person": whose}, status=400)
    asked = form.cleaned_data
    found = queries.report([whose], first=asked["from"], last=asked["until"], now=now)
    pages = queries.pages_of(whose, found.days)
    more = {
        "form": form,
        "asked": asked,
        "person": whose,
        "requests": queries.requests_of(whose, found.days),
        "pages": pages[:LONGEST_LIST],
        "years": [asked["from"].year - 1, asked["from"].year, asked["from"].year + 1],
    }
    return _answer(request, found, tables.months(found), by="month", whose=whose.name, now=now, more=more)


def _is_good(request: HttpRequest, form: ReportForm) -> bool:
    """Check filters and the kind of answer.

    :raises Http404: if a person or team is asked for that is not there, or not the viewer's to see.
    """
    for name in ("person", "team"):
        if name in form.fields and form.has_error(name, "invalid_choice") and _is_id(form.data.get(name)):
            raise Http404("There is nobody like that whose leave you may see.")
    form.is_valid()
    if request.GET.get("as", "") not in FORMS:
        form.add_error(None, f"as: “{request.GET['as'][:40]}” is no kind of file. Choose csv or xlsx.")
    if request.GET.get("table", "summary") not in TABLES:
        form.add_error(None, f"table: “{request.GET['table'][:40]}” is no table. Choose {', '.join(TABLES)}.")
    return not form.errors


def _is_id(text: object) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


def _chosen(visible: QuerySet[Person], asked: dict[str, Any]) -> QuerySet[Person]:
    if asked["person"]:
        visible = visible.filter(pk=asked["person"].pk)
    if asked["team"]:
        visible = visible.filter(pk__in=asked["team"].members.values("pk"))
    return visible


def _answer(
    request: HttpRequest,
    found: Report,
    rows: Sequence[Row],
    *,
    by: str,
    whose: str,
    now: datetime,
    more: dict[str, Any],
) -> HttpResponse:
    kind = request.GET.get("as", "")
    if kind:
        only = request.GET.get("table", TABLES[0]) if kind == "csv" else ""
        sheets = tables.sheets(found, rows, by=by, base=_base(request), only=only)
        return _file(request, found, sheets, kind, whose)
    on_paper = "print" in request.GET
    alone = "person" in more
    folded = [] if on_paper or by == "month" else [row for row in rows if row.figures.is_empty]
    context = {
        "now": now,
        "found": found,
        "total": found.total,
        "by": by,
        "whose": whose,
        "rows": rows,
        "shown_rows": [(row, _address(request, row, by, more["asked"])) for row in rows if row not in folded],
        "folded": [row.label for row in folded],
        "call_outs": [(row, STATES[row.state]) for row in found.call_outs[: None if on_paper else LONGEST_LIST]],
        "moves": _running(found)[: None if on_paper else LONGEST_LIST],
        "hours": drawing.hours(found),
        "fair": drawing.fair(found),
        "rests": drawing.rests(found),
        "ways": _ways(request, now)[: 3 if alone else 4],
        "kept": _query(request),
        "alone": alone,
        "longest": LONGEST_LIST,
        **more,
    }
    if on_paper:
        context["position"] = queries.position(found.people, until=found.days.known_until)
        context["signers"] = found.people if alone else [one for one in found.people if _has_any(found, one)]
        return render(request, "reports/paper.html", context)
    return render(request, "reports/person.html" if alone else "reports/leave.html", context)


def _file(request: HttpRequest, found: Report, sheets: list[Sheet], kind: str, whose: str) -> HttpResponse:
    name = f"leave-{found.days.first.isoformat()}-{found.days.last.isoformat()}"
    if kind == "csv":
        table = request.GET.get("table", TABLES[0])
        answer = HttpResponse(table_file(sheets[0]), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{name}-{table}.csv"'
        return answer
    position = queries.position(found.people, until=found.days.known_until)
    about = tables.about(found, who=whose, by_whom=viewer(request).name, position=position)
    answer = HttpResponse(workbook([*sheets, about], made_at=found.days.now), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer


def _running(found: Report) -> list[tuple[Any, int]]:
    """Return each posting with the balance after it, oldest first: all of these people together."""
    stands, lines = found.total.account.opening_s, []
    for one in found.moves:
        stands += one.credit_s
        lines.append((one, stands))
    return lines


def _has_any(found: Report, person: Person) -> bool:
    return any(one.person_id == person.pk for one in found.moves) or any(
        row.call_out.person_id == person.pk for row in found.call_outs
    )


def _address(request: HttpRequest, row: Row, by: str, asked: dict[str, Any]) -> str:
    """Return where a row's figures are shown in what they are made of; nothing where there is no such page."""
    first, last = asked["from"], asked["until"]
    if row.days:
        first, last = row.days.first, row.days.last
        if "person" not in asked:
            return f"?{_days(first, last)}"
    if by == "person":
        return f"{reverse('report_person', args=[row.key])}?{_days(first, last)}"
    if by == "team" and row.key is None:
        return ""
    team = row.key if by == "team" else getattr(asked["team"], "pk", None)
    person = getattr(asked["person"], "pk", None)
    kept = {name: value for name, value in (("team", team), ("person", person)) if value}
    return f"{reverse('report_leave')}?{_days(first, last)}&{urlencode({**kept, 'by': 'person'})}"


def _days(first: date, last: date) -> str:
    return urlencode({"from": first.isoformat(), "until": last.isoformat()})


def _query(request: HttpRequest) -> str:
    """Return the filters of the address without the kind of answer, to go on from: with an & at its end."""
    kept = request.GET.copy()
    for name in ("as", "table", "print"):
        kept.pop(name, None)
    return f"{kept.urlencode()}&" if kept else ""


def _ways(request: HttpRequest, now: datetime) -> list[tuple[str, str]]:
    """Return the usual days: address, words; other filters stay."""
    today = timezone.localtime(now).date()
    month = today.replace(day=1)
    before = date.fromordinal(month.toordinal() - 1)
    found = []
    for first, last, words in (
        (today.replace(month=1, day=1), today, "This year so far"),
        (month, today, "This month so far"),
        (before.replace(day=1), before, f"{before:%B %Y}"),
        (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31), str(today.year - 1)),
    ):
        kept = request.GET.copy()
        for name in ("as", "table", "print", "year"):
            kept.pop(name, None)
        kept["from"], kept["until"] = first.isoformat(), last.isoformat()
        found.append((f"?{kept.urlencode()}", words))
    return found


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")
