"""Versions and acceptances: what is kept, what is refused, whom the rules bind and who is reminded when."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from oncall.limits import queries as limits
from oncall.paging.models import ContactMethod, Notice
from rotations.changes import services as changes
from rotations.ground_rules import queries, reminding, services
from rotations.ground_rules.models import Acceptance, Prompt, Version
from rotations.volunteers import services as volunteers
from tests.rotations.conftest import NOW, person

DAY = timedelta(days=1)


def write(pilot, text="Sleep first.", effective_from=NOW, now=NOW) -> Version:
    return services.write(text=text, effective_from=effective_from, by=pilot, now=now)


def names(found) -> list[str]:
    return [one.name for one in found]


@pytest.mark.django_db
def test_the_first_version_says_what_the_source_says():
    version = Version.objects.in_force(NOW)

    assert (version.number, version.by) == (1, None)
    assert "- Any hour worked out of hours may be taken as 1.5 hours leave at another point in time." in version.text


def test_a_version_holds_from_its_instant_until_the_next(pilot):
    write(pilot, effective_from=NOW + 7 * DAY)

    assert [Version.objects.in_force(NOW + days * DAY).number for days in (0, 6, 7)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "days", "error"),
    [
        (" \n ", 1, "cannot be empty"),
        ("x" * 20_001, 1, "20001 characters are too many; 20000 is the most"),
        ("New.", -1, "that is past"),
    ],
)
def test_what_cannot_be_a_version_is_refused(pilot, text, days, error):
    with pytest.raises(services.BadVersion, match=error):
        write(pilot, text, NOW + days * DAY)


def test_the_same_words_are_no_new_version(pilot):
    write(pilot)

    with pytest.raises(services.BadVersion, match="it says what version 2 says"):
        write(pilot, "Sleep first.  \n\n", NOW + DAY)


def test_a_version_comes_after_those_that_are_written(pilot):
    write(pilot, effective_from=NOW + 7 * DAY)

    with pytest.raises(services.BadVersion, match="version 2 begins on 30 Mar 2027 03:10 UTC"):
        write(pilot, "Other.", NOW + 6 * DAY)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ground_rules_version",
        "DELETE FROM ground_rules_acceptance",
        "UPDATE ground_rules_version SET text = 'Other.'",
        "UPDATE ground_rules_acceptance SET at = at + interval '1 s'",
    ],
)
def test_versions_and_acceptances_are_never_edited(ada, statement):
    services.accept(number=1, person=ada, now=NOW)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_first_time_one_accepts_counts(ada):
    services.accept(number=1, person=ada, now=NOW)
    again = services.accept(number=1, person=ada, now=NOW + DAY)

    assert (again.at, Acceptance.objects.count()) == (NOW, 1)


@pytest.mark.parametrize("number", [1, 3, 99])
def test_only_the_version_in_force_can_be_accepted(ada, pilot, number):
    write(pilot)
    write(pilot, "To come.", NOW + DAY)

    with pytest.raises(services.NotInForce, match=r"Version 2 is\. Read that one and accept it\."):
        services.accept(number=number, person=ada, now=NOW)


def test_the_rules_bind_who_serves_who_covers_and_who_volunteers_and_nobody_else(schedule, pilot, ada, grace, lise):
    outside = person("olga", "Olga Outside")
    covers = person("cora", "Cora Cover")
    volunteers.put(person=person("vera", "Vera Volunteer"), team=None, skill="ISR", note="x", until=None, now=NOW)
    changes.override(
        schedule=schedule, role="primary", person=covers, replaces=None, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY,
        reason="", by=pilot, now=NOW,
    )  # fmt: skip

    assert names(queries.members(now=NOW)) == [
        "Ada Moreno",
        "Cora Cover",
        "Grace Hopper",
        "Lise Girard",
        "Vera Volunteer",
    ]
    assert names(queries.members(now=NOW + 3 * DAY)) == ["Ada Moreno", "Grace Hopper", "Lise Girard", "Vera Volunteer"]
    assert outside not in queries.members(now=NOW)


def test_who_has_left_is_bound_no_more(schedule, ada):
    ada.is_active = False
    ada.save()

    assert names(queries.members(now=NOW)) == ["Grace Hopper", "Lise Girard"]


def test_those_who_have_not_accepted_stand_first(schedule, ada, grace, lise):
    services.accept(number=1, person=ada, now=NOW)
    version = Version.objects.get()

    found = [(one.person.name, one.accepted_at) for one in queries.standings(version, now=NOW)]
    assert found == [("Grace Hopper", None), ("Lise Girard", None), ("Ada Moreno", NOW)]
    assert queries.missing(version, now=NOW).count() == 2


def test_a_new_version_is_to_be_accepted_anew(schedule, pilot, ada):
    services.accept(number=1, person=ada, now=NOW)
    write(pilot)

    newest = Version.objects.in_force(NOW)
    assert newest is not None
    assert queries.missing(newest, now=NOW).count() == 3


NOON = datetime(2027, 3, 23, 19, tzinfo=UTC)  # noon in California, 20:00 in Paris


def keep(now) -> int:
    return reminding.keep(now=now, limits=limits.at(now))


def reminded(person) -> list:
    return list(
        Notice.objects.filter(person=person, key__startswith="ground-rules:")
        .order_by("created_at")
        .values_list("created_at", flat=True)
    )


@pytest.fixture
def with_mail(schedule, ada, grace, lise):
    for one in (ada, grace, lise):
        ContactMethod.objects.create(person=one, kind="email", address=f"{one.username}@example.org", created_at=NOW)


def test_a_member_is_reminded_after_a_day_then_weekly_until_they_accept(with_mail, ada):
    keep(NOON)
    for hours in range(1, 24 * 23):
        keep(NOON + timedelta(hours=hours))
        if hours == 24 * 17:
            services.accept(number=1, person=ada, now=NOON + timedelta(hours=hours))

    assert reminded(ada) == [NOON + DAY, NOON + 8 * DAY, NOON + 15 * DAY]


def test_nobody_is_reminded_at_night(with_mail, lise):
    keep(NOON)
    keep(NOON + DAY)  # 20:00 in Paris
    assert reminded(lise) == []
    nine_in_paris = datetime(2027, 3, 25, 8, tzinfo=UTC)
    keep(nine_in_paris)

    assert reminded(lise) == [nine_in_paris]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2027, 3, 23, 7, 59, tzinfo=UTC), datetime(2027, 3, 23, 8, tzinfo=UTC)),
        (datetime(2027, 3, 23, 8, 0, tzinfo=UTC), datetime(2027, 3, 23, 8, tzinfo=UTC)),
        (datetime(2027, 3, 23, 15, 59, tzinfo=UTC), datetime(2027, 3, 23, 15, 59, tzinfo=UTC)),
        (datetime(2027, 3, 23, 16, 0, tzinfo=UTC), datetime(2027, 3, 24, 8, tzinfo=UTC)),
        (datetime(2027, 3, 27, 16, 0, tzinfo=UTC), datetime(2027, 3, 28, 7, tzinfo=UTC)),
    ],
)
def test_daytime_is_from_9_to_17_on_their_own_clock_over_the_clock_change_too(lise, now, expected):
    assert reminding.in_daytime(now, lise) == expected


def test_a_reminder_goes_by_mail_and_says_that_pages_come_all_the_same(with_mail, ada):
    keep(NOON)
    keep(NOON + DAY)

    note = Notice.objects.get(person=ada)
    assert (note.channel, note.address) == ("email", "ada@example.org")
    assert note.text.endswith("Pages reach you all the same.")


def test_who_left_the_rotation_is_not_reminded(with_mail, ada):
    keep(NOON)
    ada.turns.update(left_at=NOON)
    keep(NOON + DAY)

    assert reminded(ada) == []
    assert not Prompt.objects.filter(person=ada).exists()


def test_late_and_twice_reminds_once(with_mail, ada):
    keep(NOON)
    for _ in range(3):
        keep(NOON + 30 * DAY)

    assert reminded(ada) == [NOON + 30 * DAY]


def test_where_nothing_is_due_the_chore_asks_three_things(with_mail, django_assert_num_queries):
    keep(NOON)

    in_force = limits.at(NOON)
    with django_assert_num_queries(3):  # what holds, who is not noted yet, who is due
        assert reminding.keep(now=NOON + timedelta(minutes=1), limits=in_force) == 0
