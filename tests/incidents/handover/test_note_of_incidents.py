"""The note names what is worked on and who has command, and nothing that only some may see (R43)."""

import pytest

from incidents.command import assigning, services
from tests.incidents.handover.conftest import BOUNDARY, minutes
from tests.incidents.handover.test_note import said

pytestmark = pytest.mark.django_db


def test_incidents_stand_first_in_the_note_with_whoever_has_command(handoff, ada):
    def declare(title, severity, **changes):
        return services.declare(title=title, severity=severity, by=ada, now=BOUNDARY - minutes(9), **changes)

    declare("Butler writer lags", 3)
    link = declare("The link is cut", 2)
    assigning.take(incident=link, role="commander", by=ada, now=BOUNDARY - minutes(8))
    declare("Somebody else's key was used", 2, restricted=True)
    over = declare("It was the weather", 2)
    services.move(incident=over, move="false_alarm", by=ada, now=BOUNDARY - minutes(2))

    assert said(handoff, BOUNDARY)[:2] == [
        ("incident", "Incident 2, SEV-2, The link is cut: investigated, Ada Moreno has command"),
        ("incident", "Incident 1, SEV-3, Butler writer lags: investigated, nobody has command"),
    ]
    assert not [text for _, text in said(handoff, BOUNDARY) if "key" in text or "weather" in text]
