"""What must not stand in a log: the secret in a source's address (security.md S11)."""

import logging
import re
from typing import Any

SECRET = re.compile(r"(/(?:hooks|feeds)/)(?!twilio/)[^/\s]+")


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
