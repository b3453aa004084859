"""A night of 1,000 visits, made by hand: the same each time. Offsets are seconds after the first end of readout.

Visit n ends its readout at 37 n; its record comes 3 s later, its nextVisit 60 s before, its delivery 62 s after:
10,000 alerts, 9,900 of them in time. Heartbeats come each 30 s. What is otherwise stands in PLAN.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from incidents.latency.recording import BEAT, DELIVERY, NEXT_VISIT, VISIT, Record, written

START = datetime(2027, 6, 20, 22, 50, tzinfo=UTC)  # it is dark from 22:46 to 10:42
CADENCE_S = 37
VISITS = 1000
FIRST_ID = 2027062000001
EXPECTED = {"BLOCK-365": True, "BLOCK-T454": False}
CUT_S, BACK_S = 699 * 37 + 10, 729 * 37 + 20  # nothing comes from the summit in between
CATCH_UP_S = 54_600  # 14:00 UTC: by day

PLAN = [
    (range(100, 150), "no pipeline"),
    (range(200, 220), "template gap"),
    (range(300, 330), "crash"),  # at the stage of the template gap
    (range(450, 480), "withheld"),
    (range(550, 551), "flood"),
    (range(600, 650), "late"),
    (range(700, 730), "link cut"),
    (range(850, 870), "no nextVisit"),
    (range(950, 960), "dome flats"),
]
CAUGHT_UP = {*range(300, 315), *range(700, 730)}


def at(offset_s: float) -> datetime:
    return START + timedelta(seconds=offset_s)


def kind_of(n: int) -> str:
    return next((kind for numbers, kind in PLAN if n in numbers), "good")


def visit(n: int) -> Record:
    kind, end = kind_of(n), CADENCE_S * n
    flats = kind == "dome flats"
    body = {
        "visit_id": FIRST_ID + n,
        "instrument": "LSSTCam",
        "survey_block": "BLOCK-T454" if kind == "no pipeline" else "BLOCK-365",
        "band": "r",
        "end_readout": written(at(end)),
        "on_sky": not flats,
        "dome_open": not flats,
        "expected_alerts": 10_000,
    }
    return Record(VISIT, at(arrival(end + 3)), body)


def arrival(offset_s: int) -> int:
    """What leaves the summit while the link is cut comes when it is back."""
    return BACK_S if CUT_S <= offset_s < BACK_S else offset_s


def next_visit(n: int) -> Record:
    announced = CADENCE_S * n - 60
    body = {
        "group_id": f"group {n}",
        "instrument": "LSSTCam",
        "survey_block": "BLOCK-365",
        "announced_at": written(at(announced)),
        "visit_id": FIRST_ID + n,
    }
    return Record(NEXT_VISIT, at(arrival(announced + 1)), body)


def delivery(n: int, *, after_s: int, sent: int = 0, within: int = 0, first_s: int = 40, last_s: int = 58, **fields):
    """What was sent for visit n, reported so long after its end of readout."""
    end = CADENCE_S * n
    body: dict[str, object] = {"visit_id": FIRST_ID + n, "sent": sent, "sent_within_limit": within, "stage": "sent"}
    if sent:
        body |= {"first_sent_at": written(at(end + first_s)), "last_sent_at": written(at(end + last_s))}
    return Record(DELIVERY, at(end + after_s), body | fields)


def deliveries(n: int) -> Iterator[Record]:
    kind = kind_of(n)
    if kind == "good":
        yield delivery(n, after_s=62, sent=10_000, within=9_900)
    elif kind == "template gap":
        yield delivery(n, after_s=70, stage="single_frame", ended="complete")
    elif kind == "crash":
        yield delivery(n, after_s=80, stage="single_frame", ended="failed")
    elif kind == "withheld":
        yield delivery(n, after_s=75, stage="ap_pipe", ended="complete")
    elif kind == "flood":
        yield delivery(n, after_s=62, sent=45_000, within=44_900)
    elif kind == "late":
        yield delivery(n, after_s=115, sent=10_000, within=9_000, last_s=110)
    if n in CAUGHT_UP:
        after = CATCH_UP_S - CADENCE_S * n
        yield delivery(n, after_s=after, sent=9_800, first_s=after - 600, last_s=after - 60)


def beats() -> Iterator[Record]:
    """From before the first image until it is light; after the last image they say that the dome is closed."""
    for offset in range(-600, 42_600, 30):
        if arrival(offset) == offset:
            is_open = offset < CADENCE_S * VISITS
            yield Record(BEAT, at(offset), {"name": "summit", "dome_open": is_open})


def of_visit(n: int) -> list[Record]:
    announced = [] if kind_of(n) == "no nextVisit" else [next_visit(n)]
    return [*announced, visit(n), *deliveries(n)]


def night(visits: range = range(VISITS)) -> list[Record]:
    """All records of these visits, each when it arrives, and the heartbeats of the whole night."""
    return [*beats(), *(record for n in visits for record in of_visit(n))]


def half_delayed(visits: range = range(VISITS)) -> list[Record]:
    """The same night where every second visit's records come ten minutes late."""
    late = timedelta(minutes=10)
    found = list(beats())
    for n in visits:
        delay = late if n % 2 else timedelta()
        found += [Record(one.kind, one.at + delay, one.body) for one in of_visit(n)]
    return found
