"""An edge: what a playbook and its steps achieved, for other programs (api.md)."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from playbooks.library.api import READ
from playbooks.library.models import Playbook
from playbooks.library.queries import sheet_of
from playbooks.runs import queries
from playbooks.runs.counting import StepCount, key_of

NONE = StepCount(0, 0, 0, None)


class StepCountSerializer(serializers.Serializer[Any]):
    """How often a step was taken, solved it and did not help; `minutes`: the median, null where nobody knows."""

    step = serializers.IntegerField()
    title = serializers.CharField()
    taken = serializers.IntegerField()
    solved = serializers.IntegerField()
    no_help = serializers.IntegerField()
    minutes = serializers.FloatField(allow_null=True)


class StatisticsSerializer(serializers.Serializer[Any]):
    """`runs`, `solved`: of those about an alarm or incident; `last_at`: practice counts too, null: never."""

    runs = serializers.IntegerField()
    solved = serializers.IntegerField()
    last_at = serializers.DateTimeField(allow_null=True)
    steps = StepCountSerializer(many=True)


class Statistics(APIView):
    @extend_schema(operation_id="playbook_statistics", responses={200: StatisticsSerializer} | READ, tags=["playbooks"])
    def get(self, request: Request, slug: str) -> Response:
        """What the steps of the newest revision achieved, counted by their titles across revisions."""
        playbook = get_object_or_404(Playbook, slug=slug)
        use, counts = queries.use_of(playbook), queries.statistics(playbook)
        steps = [
            {"step": one.number, "title": one.title, **vars(counts.get(key_of(one.title), NONE))}
            for one in sheet_of(playbook).steps
        ]
        body = {"runs": use.runs, "solved": use.solved, "last_at": use.last_at, "steps": steps}
        return Response(StatisticsSerializer(body).data)
