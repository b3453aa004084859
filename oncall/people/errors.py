"""API errors in the one shape of api.md: {"field": ["what is wrong and what would be right"]}."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


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
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(response.data, list):
        response.data = {"detail": response.data}
    elif isinstance(response.data, dict):
        response.data = {
            key: value if isinstance(value, list | dict) else [value] for key, value in response.data.items()
        }
    return response
