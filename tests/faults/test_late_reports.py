"""Reports of the provider that come after newer ones, while the attempt has not ended: only their ranks protect it."""

import pytest

from oncall.limits import queries as limits
from oncall.paging import claims, outbox, services
from oncall.paging.channels import Outcome, Report, Verdict
from oncall.paging.models import Attempt, Callback
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SID = "SM" + "1" * 32


@pytest.fixture
def attempt(ada):
    services.page(key="t", person=ada, severity=1, title="Fault", text="", url="", answer_path="/", now=NOW)
    [(made, _)] = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=1)
    assert made.lease_token is not None  # claimed rows carry one
    accepted = Outcome(Verdict.ACCEPTED, sid=SID, status="queued")
    outbox.record_outcome(attempt_id=made.pk, lease=made.lease_token, outcome=accepted, now=NOW, limits=limits.at(NOW))
    return made


@pytest.mark.parametrize(
    ("told", "stays"),
    [
        ([("sent", 30, -1), ("sending", 20, -1)], ("sent", 30)),
        ([("sent", 30, -1), ("queued", 10, -1)], ("sent", 30)),
        ([("in-progress", 40, 3), ("ringing", 30, 2)], ("in-progress", 40)),
        ([("ringing", 30, 2), ("ringing", 30, 1)], ("ringing", 30)),
        ([("sent", 30, -1), ("a state nobody knows", 0, -1)], ("sent", 30)),
    ],
)
def test_a_report_of_an_earlier_state_that_comes_late_is_kept_and_changes_nothing(attempt, told, stays):
    """F31"""
    for status, rank, sequence in told:
        report = Report(SID, status, rank, sequence)
        outbox.apply_report(attempt_id=attempt.pk, report=report, now=NOW, limits=limits.at(NOW), callback=True)

    attempt = Attempt.objects.get(pk=attempt.pk)
    assert (attempt.status, attempt.rank) == stays
    assert attempt.sequence == told[0][2]
    assert set(Callback.objects.values_list("status", flat=True)) == {status for status, _, _ in told}
