"""Lists of the API: {"next", "previous", "results"} by cursor (api.md)."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Field, Model, QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from oncall.people.instants import EARLIEST, LATEST


class ByCursor(CursorPagination):
    """Lists of 50, or `?limit=` up to 500, in an order that each list names.

    A cursor holds a position that anybody may write; one at which no row of ours can stand is no cursor.
    """

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering: Any = ("-at", "-id")
    _model: type[Model]

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> tuple[str, ...]:
        self._model = queryset.model
        return super().get_ordering(request, queryset, view)

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            field = self._model._meta.get_field(self.ordering[0].removeprefix("-"))
            if not (isinstance(field, Field) and _may_stand_at(field, str(cursor.position))):
                raise NotFound(self.invalid_cursor_message)
        return cursor


def _may_stand_at(field: "Field[Any, Any]", position: str) -> bool:
    if not position.isprintable():  # PostgreSQL refuses NUL in text
        return False
    try:
        value = field.to_python(position)
        if isinstance(value, datetime):
            instant = parse_datetime(position)  # `value` has been given a zone, the viewer's, where it had none
            return instant is not None and instant.tzinfo is not None and EARLIEST <= instant < LATEST
    except (ValidationError, ValueError, OverflowError):
        return False
    return True
