"""Lists of the API: {"next", "previous", "results"} by cursor (api.md)."""

from typing import Any

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """Fifty at a time, `?page_size=` up to 500; the model's own order, which must be unique enough to go on from."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering: Any = "-pk"
