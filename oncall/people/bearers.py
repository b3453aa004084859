"""Whose token it is, in one statement that also reads the clock: for reports that come by the hundred.

It opens what `services.use_token` opens and nothing else; whatever it does not open is asked there again, which is
where refusals are worded.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.http import HttpRequest

from oncall import clock, rows
from oncall.people.models import ApiToken
from oncall.people.services import digest

NOTED_EVERY = timedelta(minutes=1)  # as services.use_token
ASK = """
    SELECT clock_timestamp(), t.id, t.expires_at, t.last_used_at
      FROM (VALUES (1)) AS one
      LEFT JOIN people_apitoken t ON t.digest = %s AND t.revoked_at IS NULL AND NOT t.read_only
            AND EXISTS (SELECT 1 FROM people_person p WHERE p.id = t.person_id AND p.is_active)
"""


def secret_of(request: HttpRequest) -> str | None:
    """Return what stands behind `Token` in the one form that is not refused; nothing for any other."""
    kind, _, secret = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return secret if kind == "Token" and secret.isascii() and secret.isprintable() and " " not in secret else None


def arrival(secret: str) -> datetime | None:
    """Return the instant of this report if the token may write: known, neither expired nor withdrawn nor read-only, of
    somebody who is active; else nothing. Its use is noted once a minute at most. The first question of a request.
    """
    ((reading, token_id, expires_at, last_used_at),) = rows.first(ASK, [digest(secret)])
    connection.health_check_done = True  # type: ignore[attr-defined]  # it has just answered: Django need not ask
    now = clock.travelled(reading)
    if token_id is None or expires_at <= now:
        return None
    if last_used_at is None or now - last_used_at > NOTED_EVERY:
        ApiToken.objects.filter(pk=token_id).update(last_used_at=now)
    return now
