"""API errors in the one shape of api.md: {"field": ["what is wrong and what would be right"]}."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, OperationalError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from oncall.people.parsers import is_text

NO_TEXT = "A text in it has NUL or half a character (\\u0000, \\ud800 to \\udfff). Leave these out."


class Conflict(exceptions.APIException):
    """A lost race: somebody else was first, or the thing has moved on."""

    status_code = 409
    default_code = "conflict"


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer `{"field": [..]}` for whatever DRF or a model refuses; 503 when the database is away."""
    if isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(getattr(error, "message_dict", None) or {"detail": error.messages})
    if isinstance(error, OperationalError | InterfaceError):
        return Response(
            {"detail": ["The database is away. Send it again in a moment."]}, 503, headers={"Retry-After": "5"}
        )
    if isinstance(error, UnicodeEncodeError) or (isinstance(error, DataError) and "NUL" in str(error)):
        return Response({"detail": [NO_TEXT]}, 400)  # of a field that did not look at it itself
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = _sayable(response.data)
    if isinstance(response.data, list):
        response.data = {"detail": response.data}
    elif isinstance(response.data, dict):
        response.data = {
            key: value if isinstance(value, list | dict) else [value] for key, value in response.data.items()
        }
    return response


def _sayable(told: Any) -> Any:
    """Return an answer with each half of a surrogate pair written out: an error quotes what was sent."""
    if isinstance(told, str):
        return told if is_text(told) else told.encode(errors="backslashreplace").decode()
    if isinstance(told, list):
        return [_sayable(one) for one in told]
    if isinstance(told, dict):
        return {_sayable(key): _sayable(value) for key, value in told.items()}
    return told
