"""What was deployed around an incident stands in its timeline, merged when it is read and never copied."""

from datetime import timedelta

import pytest

from incidents.command import services, timeline
from playbooks.readiness import deploying

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def deployed(ada, now):
    def report(version, at):
        return deploying.report(service="prompt-processing", version=version, at=at, who="Ito", by=ada, now=now)[0]

    return report


def versions(incident, **asked):
    return [line.text for line in timeline.lines(incident, **asked) if line.kind == "deployment"]


def test_from_two_hours_before_the_impact_until_it_is_resolved(declared, deployed, ada, now):
    incident = declared(now=now - 4 * HOUR, impact_starts_at=now - 5 * HOUR)
    for version, at in (("w11", 421), ("w12", 420), ("w13", 60), ("w14", 59)):
        deployed(version, now - timedelta(minutes=at))
    services.move(incident=incident, move="resolve", by=ada, now=now - HOUR)
    incident.refresh_from_db()

    assert versions(incident) == [
        "prompt-processing w12, deployed by Ito.", "prompt-processing w13, deployed by Ito.",
    ]  # fmt: skip
    (line, _) = [line for line in timeline.lines(incident, groups=["steps"]) if line.kind == "deployment"]
    assert (line.word, line.group, line.url) == ("deployment", "steps", "/deployments/?service=prompt-processing")
    assert incident.entries.filter(kind="deployment").count() == 0


def test_an_open_page_hears_of_a_new_one(declared, deployed, now):
    incident = declared()
    before = timeline.cursor(incident, now=now)

    deployed("w13", now)

    after = timeline.cursor(incident, now=now)
    assert not before.same_place(after)
    assert versions(incident, after=before) == ["prompt-processing w13, deployed by Ito."]


def test_after_a_false_alarm_nothing_more_is_heard(declared, deployed, ada, now):
    incident = declared(now=now - 3 * HOUR)
    services.move(incident=incident, move="false_alarm", why="A test.", by=ada, now=now - 2 * HOUR)
    incident.refresh_from_db()

    deployed("w13", now - HOUR)

    assert versions(incident) == []
