"""Reports on leave, for programs: the figures of the page, in whole seconds."""

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.models import Person
from rotations.coverage.api import ERRORS
from rotations.reports import queries, tables
from rotations.reports.forms import BY, ReportForm
from rotations.reports.queries import Report
from rotations.reports.tables import Row
from rotations.reports.totals import Figures
from rotations.schedule.shapes import InstantField

CODES = [name for name, _ in BY]


class DayField(serializers.DateField):
    """A day as YYYY-MM-DD; other ways of ISO to write one would be anybody's guess in an address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)


class ReportQuery(serializers.Serializer[Any]):
    """`from` is a Python word, so the fields are made by hand."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": DayField(required=False, help_text="First day; when left out, 1 January of the last day's year."),
            "until": DayField(required=False, help_text="Last day, included; at most 400 days; when left out, today."),
            "team": serializers.UUIDField(required=False, help_text="404 when not yours to see the whole of."),
            "person": serializers.UUIDField(required=False, help_text="404 when not yours to see."),
            "by": serializers.ChoiceField(
                choices=CODES, required=False, help_text="A row for each; person by default."
            ),
        }


class AccountShape(serializers.Serializer[Any]):
    opening_s = serializers.IntegerField()
    earned_s = serializers.IntegerField(help_text="Posted in these days of UTC for call-outs of any time.")
    taken_s = serializers.IntegerField(help_text="Negative where it takes away.")
    expired_s = serializers.IntegerField(help_text="Negative where it takes away.")
    closing_s = serializers.IntegerField()


class KindsShape(serializers.Serializer[Any]):
    night = serializers.IntegerField()
    evening = serializers.IntegerField()
    weekend = serializers.IntegerField()
    holiday = serializers.IntegerField()
    day_off = serializers.IntegerField()


class FiguresShape(serializers.Serializer[Any]):
    """Call-outs by their start on the person's own clock, and what was posted in the same days of UTC."""

    call_outs = serializers.IntegerField()
    still_open = serializers.IntegerField(help_text="In no other figure until they are closed.")
    out_of_hours_s = serializers.IntegerField()
    credit_s = serializers.IntegerField(help_text="Earned by these call-outs, whenever it was posted.")
    approved_s = serializers.IntegerField()
    kinds_s = KindsShape(help_text="They add up to out_of_hours_s.")
    after_midnight_s = serializers.IntegerField(help_text="From 00:00 to 07:00 on the person's clock.")
    weekend_s = serializers.IntegerField(help_text="On Saturdays and Sundays, public holidays among them too.")
    weekends = serializers.IntegerField()
    mornings_honoured = serializers.IntegerField()
    mornings_broken = serializers.IntegerField()
    mornings_given_up = serializers.IntegerField(help_text="Of the broken ones.")
    mornings_to_come = serializers.IntegerField()
    pages = serializers.IntegerField()
    account = AccountShape()


class RowShape(FiguresShape):
    key = serializers.CharField(allow_null=True, help_text="Id of the person or team, or YYYY-MM; null: of the rest.")
    name = serializers.CharField()


class ReconciledShape(serializers.Serializer[Any]):
    """of_these_s + open_again_s - before_s - after_s + for_others_s = posted_s, in seconds of leave."""

    of_these_s = serializers.IntegerField(help_text="Earned by the call-outs of these days.")
    before_s = serializers.IntegerField(help_text="Of it, posted before these days of UTC.")
    after_s = serializers.IntegerField(help_text="Of it, posted after them.")
    for_others_s = serializers.IntegerField(help_text="Posted in these days for call-outs of other days.")
    posted_s = serializers.IntegerField(help_text="Posted in these days for call-outs.")
    open_again_s = serializers.IntegerField(help_text="Posted for those of these that are open again.")
    balance_s = serializers.IntegerField(help_text="As the ledger itself gives it at the end of these days.")
    holds = serializers.BooleanField()


class ReportAnswer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.DateField(),
            "until": serializers.DateField(),
            "known_until": InstantField(help_text="Postings up to this instant count."),
            "by": serializers.ChoiceField(choices=CODES),
            "rows": RowShape(many=True),
            "total": FiguresShape(),
            "reconciled": ReconciledShape(),
        }


class LeaveReportView(APIView):
    """Call-outs, hours, credit, leave taken, balance, mornings off and pages of whom one may see."""

    @extend_schema(
        operation_id="report_leave",
        summary="Leave per person, team or month, reconciled with the ledger to the second",
        parameters=[ReportQuery],
        responses={200: ReportAnswer, **ERRORS},
        tags=["leave"],
    )
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, Person)  # IsAuthenticated
        now = clock.now()
        asked = ReportQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        words = {name: str(value) for name, value in asked.validated_data.items()}
        visible, teams = queries.people_for(request.user, now=now), queries.teams_for(request.user, now=now)
        form = ReportForm(words, people=visible, teams=teams, today=timezone.localtime(now).date())
        if form.has_error("person") or form.has_error("team"):
            raise NotFound("There is no such person or team whose leave you may see.")
        if not form.is_valid():
            raise ValidationError({name: [str(error) for error in errors] for name, errors in form.errors.items()})
        chosen, people = form.cleaned_data, visible
        if chosen["person"]:
            people = people.filter(pk=chosen["person"].pk)
        if chosen["team"]:
            people = people.filter(pk__in=chosen["team"].members.values("pk"))
        found = queries.report(people, first=chosen["from"], last=chosen["until"], now=now)
        by = chosen["by"] or "person"
        rows = tables.rows(found, by=by, teams=list(teams))
        return Response(ReportAnswer(_shown(found, by, rows)).data)


def _shown(found: Report, by: str, rows: list[Row]) -> dict[str, Any]:
    sums = found.reconciled
    return {
        "from": found.days.first,
        "until": found.days.last,
        "known_until": found.days.known_until,
        "by": by,
        "rows": [{**_figures(row.figures), "key": _key(row.key), "name": row.label} for row in rows],
        "total": _figures(found.total),
        "reconciled": {**vars(sums), "balance_s": found.balance_s, "holds": found.holds},
    }


def _key(key: object) -> str | None:
    return f"{key:%Y-%m}" if isinstance(key, date) else str(key) if key else None


def _figures(one: Figures) -> dict[str, Any]:
    return {
        **vars(one),
        "kinds_s": {kind.replace(" ", "_"): seconds for kind, seconds in one.kinds.items()},
        "mornings_honoured": one.honoured,
        "mornings_broken": one.broken,
        "mornings_given_up": one.given_up,
        "mornings_to_come": one.to_come,
    }
