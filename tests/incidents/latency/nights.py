"""Visits as rows, for tests of what is counted of them."""

from datetime import datetime, timedelta

from incidents.latency.models import Delivery, Visit

CADENCE = timedelta(seconds=37)
WORDS = {"g": "in_time", "d": "delayed", "f": "failed", "p": "pending", "u": "unknown", "n": "not_eligible"}


def night(letters: str, *, begin: datetime, day_obs: int, heard_after: timedelta = timedelta()) -> list[Visit]:
    """One visit each 37 s: g in time, d delayed, f failed, p pending, u unknown, n without templates."""
    visits = []
    for n, letter in enumerate(letters):
        end = begin + n * CADENCE
        visits.append(
            Visit(
                visit_id=day_obs * 100_000 + n + 1,
                day_obs=day_obs,
                instrument="LSSTCam",
                survey_block="BLOCK-365",
                band="r",
                end_readout=end,
                on_sky=True,
                dome_open=True,
                received_at=end + heard_after,
                reported_at=end + heard_after,
                verdict=WORDS[letter],
                why="template_gap" if letter == "n" else "",
                judged_at=end + heard_after,
                judge_due=end + timedelta(hours=24) if letter == "p" else None,
            )
        )
    Visit.objects.bulk_create(visits)
    Delivery.objects.bulk_create(
        Delivery(
            visit_id=one.visit_id,
            sent=9800,
            sent_within_limit=9790 if one.verdict == "in_time" else 0,
            first_sent_at=one.end_readout + timedelta(seconds=40 if one.verdict == "in_time" else 7200),
            last_sent_at=one.end_readout + timedelta(seconds=50 if one.verdict == "in_time" else 7300),
            stage="sent",
            ended="complete",
            received_at=one.received_at,
            reported_at=one.received_at,
        )
        for one in visits
        if one.verdict in ("in_time", "delayed")
    )
    return visits
