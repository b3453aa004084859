"""What must not stand in a log: the secret in an address, of a source or of an answer (security.md S8, S11)."""

import logging
import re
from typing import Any

from django.core.exceptions import PermissionDenied

SECRET = re.compile(r"(/(?:hooks/push|hooks|feeds|answer)/)(?!twilio/|push/)[^/\s]+")


class NoTraceOfRefusals(logging.Filter):
    """Somebody who may not is one line: a traceback stands for a fault of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True


class HideSecrets(logging.Filter):
    """Replaces the secret in every text a line is made of."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = hide(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(hide(one) for one in record.args)
        return True


def hide(value: Any) -> Any:
    return SECRET.sub(r"\1…", value) if isinstance(value, str) else value
