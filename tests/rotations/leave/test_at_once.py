"""Several acts at the same moment leave one consistent ledger."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection

from oncall.people.models import Person
from rotations.leave import queries, services
from rotations.leave.models import CallOut


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_correction_an_addition_two_acts_and_two_settlements_at_once_agree():
    lise = Person.objects.create_user("lise", name="Lise Girard", time_zone="Europe/Paris")

    def tell(when: str, kind: str, subject: str) -> None:
        words = {"text": "", "url": "", "now": at("06:00")}
        services.record(person=lise, at=at(when), kind=kind, subject=subject, **words)  # type: ignore[arg-type]

    for when, kind in (("02:00", "page"), ("02:05", "acknowledge"), ("04:00", "resolve")):
        tell(when, kind, "a")
    call_out = CallOut.objects.get()
    acts = [
        lambda: tell("04:30", "page", "b"),
        lambda: tell("05:00", "resolve", "b"),
        lambda: services.settle(person=lise, now=at("06:00")),
        lambda: services.settle(person=lise, now=at("06:00")),
        lambda: services.add(
            person=lise,
            by=lise,
            starts_at=at("00:00"),
            ends_at=at("00:30"),
            reason="A colleague rang.",
            now=at("06:00"),
        ),
        lambda: services.correct(
            call_out=call_out,
            by=lise,
            starts_at=at("01:00"),
            ends_at=at("04:00"),
            reason="Woken before the page.",
            now=at("06:00"),
        ),
    ]

    def run(act) -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(run, acts))
    assert CallOut.objects.live().count() == 3
    assert (
        queries.balance(lise).out_of_hours_s == 14400
    )  # 00:00 to 00:30, 01:00 to 04:00, 04:30 to 05:00, whoever came first
