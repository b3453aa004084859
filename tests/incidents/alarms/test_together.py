"""Alarms that take their step in one transaction: the same as one after the other, and none holds up another."""

from uuid import UUID

import pytest

from incidents.alarms import engine, services, together
from incidents.alarms.models import Alarm, AlarmPage, LogEntry
from oncall.limits import queries as limits
from oncall.paging.models import Page
from tests.conftest import NOW, make_person, make_policy

pytestmark = pytest.mark.django_db


def fire(key, policy, *, severity=2):
    firing = services.Firing(title=f"alarm {key}", severity=severity, source_id=UUID(int=5), source="s", key=key)
    return services.fire(firing=firing, policy=policy, now=NOW)


def step():
    return engine.escalate_due(now=NOW, limits=limits.at(NOW))


def rows():
    """All that was written, but for keys that the database or the alarm's own id give."""
    pages = Page.objects.order_by("person__name").values_list(
        "person__name", "title", "severity", "urgency", "edition", "ladder", "next_due", "leads", "paged_before_at"
    )
    links = AlarmPage.objects.order_by("alarm__key").values_list(
        "alarm__key", "page__person__name", "step", "cycle", "edition", "why"
    )
    log = LogEntry.objects.order_by("alarm__key", "pk").values_list("alarm__key", "kind", "text", "person__name")
    alarms = Alarm.objects.order_by("key").values_list("key", "step", "round", "next_due", "stepped_at", "cover_due")
    return [list(one) for one in (pages, links, log, alarms)]


def some(ada, grace):
    policies = [make_policy("a", ada, grace), make_policy("g", grace)]
    for n, severity in enumerate((2, 1, 4, 2)):
        fire(f"k{n}", policies[n % 2], severity=severity)


def test_together_writes_what_one_by_one_writes(ada, grace, monkeypatch):
    some(ada, grace)
    assert step() == 4
    together_wrote = rows()
    AlarmPage.objects.all().delete()
    for model in (LogEntry, Alarm, Page):
        assert model.objects.exists()
    Page.objects.update(state="cancelled", next_due=None, ended_at=NOW)
    Alarm.objects.update(step=0, round=0, next_due=NOW, stepped_at=None, cycle=2, version=2)
    lines, pages = set(LogEntry.objects.values_list("pk", flat=True)), set(Page.objects.values_list("pk", flat=True))
    monkeypatch.setattr(together, "take", lambda alarms, **others: set())

    assert step() == 4

    again = rows()
    assert list(again[1]) == [(*row[:3], 2, *row[4:]) for row in together_wrote[1]]
    assert again[3] == together_wrote[3]
    made = (
        Page.objects.exclude(pk__in=pages)
        .order_by("person__name")
        .values_list("person__name", "title", "severity", "urgency", "edition", "ladder", "next_due")
    )
    assert list(made) == [row[:7] for row in together_wrote[0]]
    said = LogEntry.objects.exclude(pk__in=lines).order_by("alarm__key", "pk")
    before = [row for row in together_wrote[2] if row[1] != "fired"]
    assert list(said.values_list("alarm__key", "kind", "text", "person__name")) == before


def test_where_the_many_break_each_goes_by_itself(ada, grace, monkeypatch):
    def breaks(self, steps):
        raise ZeroDivisionError("in the midst of writing")

    monkeypatch.setattr(together._Batch, "write", breaks)
    some(ada, grace)

    assert step() == 4
    assert not Alarm.objects.filter(stepped_at=None).exists()


def test_somebody_without_a_way_does_not_hold_up_the_others(ada, grace):
    fire("dead", make_policy("d", make_person("Nobody")), severity=1)
    fire("sound", make_policy("a", ada))

    step()

    assert Page.objects.filter(person=ada).exists()
