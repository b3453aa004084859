"""An edge: mails that a provider takes in and posts to `/hooks/<token>/` of a source of kind `mail`.

The answer is 200 for all that was kept, readable or not: Postmark tries again after anything else, SendGrid after 5xx.
"""

import json
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException

from incidents.signals import mails, services
from incidents.signals.models import Source
from incidents.signals.payloads import mail_providers, mime

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class NothingKept(FileUploadHandler):
    """What is attached is not read into memory or onto a disk; its name comes in a field."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None

    def file_complete(self, file_size: int) -> None:
        return None


def receive(request: HttpRequest, *, source: Source, now: datetime) -> JsonResponse:
    """Take a mail: 200 once it is kept, with what came of it; 400 where the sender hung up or its form is broken."""
    try:
        body = _form(request) if request.content_type in FORMS else _json(request)
    except RequestDataTooBig as error:
        beginning = error.args[1] if len(error.args) > 1 else _beginning(request)
        mails.keep_too_large(source=source, beginning=beginning, now=now)
        return JsonResponse({"accepted": 0, "alarms": [], "rejected": [{"index": -1, "errors": _TOO_LARGE}]})
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError) as error:
        errors = {"body": [f"No form that can be read: {str(error)[:120]}. Send the mail again."]}
        services.keep_unreadable(source=source, body=b"", errors=errors, now=now, is_cut=True)
        return JsonResponse(errors, status=400)
    receipt = mails.receive(source=source, body=body, now=now)
    rejected = [{"index": one.index, "errors": one.errors} for one in receipt.rejected]
    return JsonResponse(
        {"accepted": receipt.accepted, "alarms": [str(pk) for pk in receipt.alarms], "rejected": rejected}
    )


_TOO_LARGE = {"body": [f"Larger than {mails.LARGEST // 1024 // 1024} MiB, or a field larger than 1 MiB."]}


def _form(request: HttpRequest) -> bytes:
    """Return a mail that came as a form. Its fields are each in a character set of their own, so they are read as
    bytes first.
    """
    request.upload_handlers = [NothingKept(request)]
    charset = "latin-1" if request.content_type == FORMS[0] else "utf-8"  # Django reads the other kind in UTF-8 alone
    request.encoding = charset
    fields = {name: str(value).encode(charset, "replace") for name, value in request.POST.items()}
    return mime.written(mail_providers.of_form(fields))


def _json(request: HttpRequest) -> bytes:
    """Return a mail that came as JSON: Postmark's taken apart, without what is attached; any other as it is.

    Of Postmark's that is larger than a mail may be, what stands before the attachments is read.

    :raises RequestDataTooBig: if it is larger, and cannot be read in part; its second argument is the beginning.
    """
    body = request.read(mails.LARGEST + 1)
    if len(body) > mails.LARGEST:
        found = mail_providers.of_cut_postmark(body[: mails.READ_OF_LARGE])
        if found is None:
            raise RequestDataTooBig(_TOO_LARGE["body"][0], body[: services.KEPT])
        return mime.written(found)
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return mime.written(mail_providers.of_postmark(data)) if mail_providers.is_postmark(data) else body


def _beginning(request: HttpRequest) -> bytes:
    try:
        return request.read(services.KEPT)
    except (UnreadablePostError, RawPostDataException):  # the sender hung up, or it was read as a form
        return b""
