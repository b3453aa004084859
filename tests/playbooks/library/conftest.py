"""What tests of playbooks share: a team with a member, who is signed in, a short playbook."""

import pytest

from oncall.people.models import Team
from tests.conftest import NOW

SHORT = """\
---
title: Disk full
products: Archive
alarms: disk.full
---
The archive has no room.

## 1. Is it the archive?
who: triage
minutes: 2
page: Data Facility

```
df -h /archive
```

- yes: end, solved
- no: p1
"""


@pytest.fixture(autouse=True)
def _clock_stands_at_now(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOW)


@pytest.fixture
def team(db, grace) -> Team:
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    team.members.add(grace)
    return team


@pytest.fixture
def as_pilot(client, pilot):
    client.force_login(pilot)
    return client


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client
