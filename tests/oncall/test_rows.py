"""A row inserted by SQL that is made once is the row that the ORM would have inserted."""

import pytest
from django.db import IntegrityError

from incidents.alarms.models import Alarm, LogEntry
from oncall import rows
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
SOURCE = "00000000-0000-4000-8000-0000000000aa"


def alarm(**fields) -> Alarm:
    made = {"source_id": SOURCE, "source": "test", "key": "k", "title": "Dome", "severity": 2, "plan": {"steps": []}}
    return Alarm(**made | {"fired_at": NOW, "last_signal_at": NOW, "next_due": NOW} | fields)


def test_every_column_is_written_as_it_was_given():
    row = alarm(labels={"quote": "it's 100 %"}, cover_schedules=[SOURCE], cover_edition=7)

    assert rows.insert(row)

    kept = Alarm.objects.get()
    assert kept == row
    assert (kept.labels, kept.next_due, kept.cover_edition) == ({"quote": "it's 100 %"}, NOW, 7)
    assert [str(one) for one in kept.cover_schedules] == [SOURCE]
    assert kept.acknowledged_by is None


def test_a_key_that_the_database_gives_is_known_afterwards():
    row = alarm()
    rows.insert(row)
    line = LogEntry(alarm=row, cycle=1, version=1, at=NOW, kind="fired", text="It fired.")

    rows.insert(line)

    assert LogEntry.objects.get(pk=line.pk).text == "It fired."


def test_a_saved_row_is_changed_and_not_inserted_again():
    row = alarm()
    rows.insert(row)
    row.title = "Mirror"
    row.save()

    assert Alarm.objects.get().title == "Mirror"


def test_what_is_taken_is_left_as_it_is():
    rows.insert(alarm())

    assert not rows.insert(alarm(title="Mirror"), unless_taken=True)
    assert Alarm.objects.get().title == "Dome"


def test_what_is_taken_is_an_error_for_whoever_does_not_ask():
    rows.insert(alarm())

    with pytest.raises(IntegrityError, match="one_open_alarm_per_key"):
        rows.insert(alarm())
