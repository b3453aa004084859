"""Both ways over real HTTP: the thread posts to the stand-in, which tells the portal of all that is said."""

import time
from unittest import mock

import pytest

from incidents.command import services as command
from incidents.mirror import sending, services
from incidents.mirror.models import Mirror
from oncall import clock
from oncall.paging.models import ContactMethod
from tests.conftest import NOW
from tests.incidents.command.conftest import lines
from tests.incidents.mirror.conftest import note, said
from tests.outside import stand_ins

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_what_is_said_on_either_side_is_heard_on_the_other_once(live_server, tmp_path, in_slack, settings, ada):
    with mock.patch.dict("os.environ", {"PUBLIC_BASE_URL": live_server.url}), stand_ins(tmp_path) as outside:
        settings.SLACK_API_BASE = f"{outside.base}/slack/api/"
        clock.travel(NOW - clock.now())
        ContactMethod.objects.create(person=ada, kind="slack", address="U0ADA", created_at=NOW, verified_at=NOW)
        incident = command.declare(title="No alerts", severity=3, by=ada, now=clock.now())
        services.want(incident=incident, by=ada, now=clock.now())
        sending.work_due()
        mirror = Mirror.objects.get()
        outside.api("POST", "slack/say/", {"channel": mirror.channel, "user": "U0ADA", "text": "from Slack"})
        note(incident, ada, "from here")
        _until(lambda: "from Slack" in lines(incident))
        Mirror.objects.update(next_due=clock.now())
        sending.work_due()
        _until(lambda: [one["status"] for one in outside.api("GET", "slack/events/")["results"]] == [200] * 4)

        assert said(outside, mirror) == [
            "Ada Moreno declared it, SEV-3.",
            "Ada Moreno has it mirrored in a Slack channel.",
            "from Slack",
            "from here",
        ]
        assert sorted(lines(incident)[2:]) == ["from Slack", "from here"]


def _until(is_so, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.05)
