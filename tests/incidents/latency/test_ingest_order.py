"""However reports come, the night is the same in the end."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from incidents.latency import ingest
from incidents.latency.models import Delivery, Visit
from oncall.limits import queries as limits
from tests.incidents.latency.test_ingest import ID, delivery, nothing_sent, visit

NOW = datetime(2027, 3, 24, 9, 0, tzinfo=UTC)  # 30 h after the visits' end of readout
LATER = {"first_sent_at": "2027-03-23T15:00:00Z", "last_sent_at": "2027-03-23T15:00:01Z"}
NIGHT = [
    ("visit", visit(ID)),
    ("visit", visit(ID + 1, survey_block="BLOCK-1")),
    ("visit", visit(ID + 2, dome_open=False)),
    ("visit", visit(ID + 3, expected_alerts=40_001)),
    ("visit", visit(ID + 4)),
    ("visit", visit(ID + 5)),
    ("visit", visit(ID + 6)),
    ("delivery", delivery(ID)),
    ("delivery", delivery(ID + 1, sent_within_limit=9603)),  # 97.99 %
    ("delivery", delivery(ID + 2)),
    ("delivery", nothing_sent(ID + 4)),
    ("delivery", nothing_sent(ID + 5, stage="isr", ended="complete")),
    ("delivery", nothing_sent(ID)),  # before anything was sent, whenever it comes
    ("delivery", nothing_sent(ID + 5, stage="single_frame", ended="failed")),  # before the fallback
    ("delivery", delivery(ID + 9, **LATER)),  # its visit is never reported
]
VERDICTS = {
    ID: ("in_time", ""),
    ID + 1: ("delayed", ""),
    ID + 2: ("not_eligible", "dome"),
    ID + 3: ("not_eligible", "flood"),
    ID + 4: ("failed", ""),
    ID + 5: ("not_eligible", "template_gap"),
    ID + 6: ("unknown", ""),
}
OF_NO_PLACE = ("received_at", "reported_at", "judged_at")


def rows(model):
    return [{k: v for k, v in row.items() if k not in OF_NO_PLACE} for row in model.objects.values()]


def take(records, sizes, now):
    """Send these in order, in batches of one kind each, whose sizes go round."""
    turn = 0
    while records:
        kind, size = records[0][0], sizes[turn % len(sizes)]
        batch: list[dict] = []
        while records and records[0][0] == kind and len(batch) < size:
            batch.append(records.pop(0)[1])
        verb = ingest.take_visits if kind == "visit" else ingest.take_deliveries
        receipt = verb(items=batch, now=now + timedelta(seconds=turn), limits=limits.at(now))
        assert receipt.rejected == []
        turn += 1


class AnyOrder(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.permutations(NIGHT),
        st.lists(st.integers(0, len(NIGHT) - 1), max_size=8),
        st.lists(st.integers(1, 7), min_size=1),
    )
    def test_order_doubling_and_splitting_change_nothing(self, night, doubled, sizes):
        take([*night, *(NIGHT[number] for number in doubled)], sizes, NOW)

        assert {row["visit_id"]: (row["verdict"], row["why"]) for row in rows(Visit)} == VERDICTS
        in_order = (rows(Visit), rows(Delivery))
        Visit.objects.all().delete()
        Delivery.objects.all().delete()
        take(list(NIGHT), [1000], NOW)
        assert (rows(Visit), rows(Delivery)) == in_order
