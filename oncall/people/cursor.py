"""Lists of the API: {"next", "previous", "results"} by cursor (api.md)."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class ByCursor(CursorPagination):
    """Lists of 50, or `?limit=` up to 500, in an order that each list names."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
    ordering: Any = ("-at", "-id")

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor is not None and not str(cursor.position).isprintable():  # PostgreSQL refuses NUL in text
            raise NotFound(self.invalid_cursor_message)
        return cursor
