"""Sources that must be heard every so often and are not: a human is needed, for nobody else will say what is wrong."""

from datetime import datetime, timedelta

from django.db import transaction

from incidents.signals.heartbeats import dome_said
from incidents.signals.models import Listening, Source
from oncall.limits.queries import Limits
from oncall.people.queries import NoObservingSite, observing_site
from oncall.troubles import services as troubles
from oncall.troubles.models import Trouble
from rotations.night import sun

KIND = "quiet"
AWAY = timedelta(minutes=3)  # between two looks: so long and we were away ourselves. Looks come every half minute


def is_observing(now: datetime) -> bool:
    """Say whether something may be observed: it is dark, by the sun, and no heartbeat said this night that the dome
    is closed. Where no site observes nobody can say, and it counts as yes: rather an alarm too many.
    """
    try:
        night = sun.night_at(sun.day_obs(now), observing_site())
    except NoObservingSite:
        return True
    return night.is_dark(now) and dome_said(now) is not False


@transaction.atomic
def watch(*, now: datetime, limits: Limits) -> None:
    """Every half minute: say which sources should have been heard and were not, and which are heard again.

    The time counts from the last signal or from when it began to be expected, whichever is later: dusk, the dome's
    opening and our own return are no silence. At dawn the trouble of one that is expected by night is over, heard or
    not. Two queries where all is well and nothing is expected.
    """
    rows = list(Source.objects.filter(expected_every_min__isnull=False, is_enabled=True).select_related("listening"))
    open_since = dict(Trouble.objects.open().filter(kind=KIND).values_list("key", "since"))
    observing = any(row.expected_while_observing for row in rows) and is_observing(now)
    expected = [row for row in rows if observing or not row.expected_while_observing]
    quiet = {str(row.pk) for row in expected if _is_quiet(row, since=open_since.get(str(row.pk)), now=now)}
    for row in expected:
        if str(row.pk) in quiet:
            troubles.raise_trouble(kind=KIND, key=str(row.pk), text=_text(row), url=f"/sources/{row.pk}/", now=now)
    for key in open_since.keys() - quiet:
        troubles.clear_trouble(kind=KIND, key=key, now=now)
    Listening.objects.exclude(source__in=expected).delete()
    Listening.objects.bulk_create(
        [Listening(source=row, since=_since(row, now), looked_at=now) for row in expected],
        update_conflicts=True,
        unique_fields=["source"],
        update_fields=["since", "looked_at"],
    )


def _since(row: Source, now: datetime) -> datetime:
    """Return since when it is listened for without a break of ours."""
    before: Listening | None = getattr(row, "listening", None)
    return before.since if before is not None and timedelta() <= now - before.looked_at <= AWAY else now


def _is_quiet(row: Source, *, since: datetime | None, now: datetime) -> bool:
    """Say whether it is silent for too long; `since`: when that was said before, and then it lasts until heard."""
    assert row.expected_every_min is not None  # asked for
    if since is not None and (row.last_seen_at is None or row.last_seen_at < since):
        return True
    heard = max(_since(row, now), row.last_seen_at or row.created_at)
    return now - heard > timedelta(minutes=row.expected_every_min)


def _text(row: Source) -> str:
    last = f"was last heard on {row.last_seen_at:%d %b at %H:%M} UTC" if row.last_seen_at else "was never heard"
    return (
        f"{row.name} is silent: it {last} and should be every {row.expected_every_min} min. See whether it runs and "
        "still sends to our address."
    )
