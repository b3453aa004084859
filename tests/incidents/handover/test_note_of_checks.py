"""The note says what is red before the night, and what was deployed in the last three days."""

from datetime import timedelta

import pytest

from playbooks.readiness import deploying, services
from playbooks.readiness.models import Check
from tests.incidents.handover.conftest import BOUNDARY
from tests.incidents.handover.test_note import said

pytestmark = pytest.mark.django_db


def test_red_checks_and_deployments_stand_in_the_note(policy, handoff, ada):
    check = Check.objects.get(number=4)
    services.record(night=BOUNDARY.date(), check=check, result="fail", by=ada, now=BOUNDARY)
    for version, days in (("w11", 3), ("w12", 2), ("w13", 1)):
        deploying.report(service="pp", version=version, at=BOUNDARY - timedelta(days=days), by=ada, now=BOUNDARY)

    assert [line for line in said(handoff, BOUNDARY) if line[0] in ("check", "deployment")] == [
        ("check", "4 Test raws upload: fail"),
        ("deployment", "pp w13, by Ada Moreno"),
        ("deployment", "pp w12, by Ada Moreno"),
    ]
