"""A body that comes in pieces, without its length (Transfer-Encoding: chunked): Django would read nothing of it, and an
alarm would be an empty one. It is read whole before anything looks at it.
"""

import logging
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from django.conf import settings
from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest, JsonResponse

MOST = 10 * 1024 * 1024 + 1  # bytes; one more than the largest body that anything here takes, which is a mail
PIECE = 64 * 1024
log = logging.getLogger(__name__)
NO_LENGTH = "Transfer-Encoding cannot be read here. Send the body with its Content-Length."


def gather(request: HttpRequest) -> JsonResponse | None:
    """Give a request that came in pieces its body and its length; 411 where the server cannot put the pieces together.

    Of a body that breaks off, or is larger than anything may be, the beginning is left: its view keeps it and says so.
    """
    if not isinstance(request, WSGIRequest) or not request.META.get("HTTP_TRANSFER_ENCODING"):
        return None
    if request.META.get("CONTENT_LENGTH"):
        return None
    if not request.META.get("wsgi.input_terminated"):
        return JsonResponse({"detail": [NO_LENGTH]}, status=411)
    body = SpooledTemporaryFile(max_size=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115  # closed with the request
    length, pieces = 0, request.META["wsgi.input"]
    try:
        while length < MOST and (piece := pieces.read(min(PIECE, MOST - length))):
            length += body.write(piece)
    except Exception:  # noqa: BLE001  # hung up, or pieces that do not fit: each server has errors of its own
        log.info("a body in pieces broke off after %s bytes", length)
    body.seek(0)
    request.META["CONTENT_LENGTH"] = str(length)
    request._stream = cast(BinaryIO, LimitedStream(cast(BytesIO, body), length))
    return None
