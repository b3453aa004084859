"""What a payload concerns is locked before anything of it is done."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from incidents.alarms.models import Alarm
from incidents.signals import services
from tests.conftest import NOW


def free_alarms() -> list[str]:
    """Seen from another connection: the keys of alarms that nobody has locked."""
    try:
        with transaction.atomic():
            return [alarm.key for alarm in Alarm.objects.select_for_update(skip_locked=True).order_by("key")]
    finally:
        connections.close_all()


@pytest.mark.parametrize("status", ["firing", "resolved"])
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_all_alarms_of_a_group_are_locked_before_the_first_is_touched(policy, monkeypatch, status):
    source, _ = services.create_source(name="am", kind="json", policy=policy, severity=2, now=NOW)

    def deliver(said, *keys):
        signals = [{"key": key, "title": key, "status": said} for key in keys]
        services.receive(source=source, body=json.dumps({"signals": signals}).encode(), now=NOW)

    deliver("firing", "a", "b", "other")
    seen: list[list[str]] = []
    apply = services._apply

    def look_first(*args, **kwargs):
        with ThreadPoolExecutor(1) as aside:
            seen.append(aside.submit(free_alarms).result())
        return apply(*args, **kwargs)

    monkeypatch.setattr(services, "_apply", look_first)
    deliver(status, "b", "a")

    assert seen == [["other"], ["other"]]
