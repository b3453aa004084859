from datetime import UTC, datetime, time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from oncall.people.models import Site
from oncall.people.queries import NoObservingSite
from rotations.night import queries, services
from rotations.night.models import Window
from rotations.night.services import Says

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)


def window(name: str) -> Window:
    return Window.objects.get(name=name)


def refusal(**fields) -> dict:
    with pytest.raises(ValidationError) as caught:
        services.save_window(**fields, now=NOW)
    return caught.value.message_dict


def says(row: Window, **other) -> Says:
    return Says(**{"kind": row.kind, "starts": row.starts, "ends": row.ends, **other})


def test_the_default_windows_are_there_from_the_beginning():
    assert {row.name: (row.starts, row.ends) for row in Window.objects.all()} == {
        "west": ("evening_12 - 75 min", "europe.start + 30 min"),
        "europe": ("max(22:30 America/Los_Angeles, 07:00 Europe/Paris)", "morning_12 + 30 min"),
        "west-uk": ("evening_12 - 75 min", "min(uk.start + 30 min, 24:00 America/Los_Angeles)"),
        "uk": ("max(23:30 America/Los_Angeles, 07:00 Europe/London)", "morning_12 + 30 min"),
        "early-night-chile": ("evening_12", "24:00 America/Santiago"),
    }


def test_the_default_windows_pass_their_own_checks():
    for row in Window.objects.all():
        saved = services.save_window(window=row, name=row.name, says=says(row), label=row.label, now=NOW)
        assert (saved.warnings, saved.window.edition) == ([], 1)


def test_a_window_of_the_night_is_saved_as_it_is_printed():
    saved = services.save_window(name="whole", says=Says(starts="sunset-1h", ends=" (sunrise) "), now=NOW)

    row = window("whole")
    assert (saved.window, saved.warnings) == (row, [])
    assert (row.starts, row.ends, row.edition, row.changed_at) == ("sunset - 60 min", "sunrise", 1, NOW)


def test_a_clock_window_drops_what_belongs_to_the_night():
    clock = Says(
        kind="clock",
        starts="sunset",
        time_zone="Europe/Paris",
        since=time(9),
        until=time(17),
        weekdays=[5, 1, 5],
    )

    row = services.save_window(name="office", says=clock, now=NOW).window

    assert (row.starts, row.weekdays, row.time_zone) == ("", [1, 5], "Europe/Paris")
    assert str(queries.book().window("office")) == "Mon, Fri 09:00 to 17:00 Europe/Paris"


def test_a_change_raises_the_edition_also_of_what_follows():
    row = window("europe")

    services.save_window(window=row, name="europe", says=says(row, ends="sunrise"), now=NOW)

    assert [(window(name).edition, window(name).changed_at == NOW) for name in ("europe", "west", "uk")] == [
        (2, True),
        (2, True),
        (1, False),
    ]


def test_a_new_label_alone_is_no_new_edition():
    row = window("europe")

    services.save_window(window=row, name="europe", says=says(row), label="Lyon", note="In France.", now=NOW)

    assert (window("europe").label, window("europe").edition, window("west").edition) == ("Lyon", 1, 1)


@pytest.mark.parametrize(
    ("starts", "ends", "field", "words"),
    [
        ("", "sunrise", "starts", "Fill this in."),
        ("evening_13", "sunrise", "starts", "Column 1: “evening_13” alone is no bound"),
        ("sunset", "est.start", "ends", "there is no window “est”. There are early-night-chile, europe, new, uk, west"),
        ("sunset", "new.end - 1 h", "ends", "go round in a circle: new.end → new.end"),
        ("sunrise", "sunset", "ends", "new would be empty on every night of a year"),
        ("sunset - 12 h - 1 min", "sunrise", "starts", "moved by 721 min altogether"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(starts, ends, field, words):
    errors = refusal(name="new", says=Says(starts=starts, ends=ends))

    assert list(errors) == [field]
    assert words in errors[field][0]
    assert not Window.objects.filter(name="new").exists()


@pytest.mark.parametrize(
    ("lacking", "field"),
    [
        ({"since": None}, "since"),
        ({"until": None}, "until"),
        ({"weekdays": []}, "weekdays"),
        ({"time_zone": ""}, "time_zone"),
    ],
)
def test_a_clock_window_needs_all_of_its_clock(lacking, field):
    clock = {"kind": "clock", "time_zone": "UTC", "since": time(9), "until": time(17), "weekdays": [1], **lacking}

    assert refusal(name="new", says=Says(**clock)) == {field: ["Fill this in."]}


@pytest.mark.parametrize("name", ["West", "sunset", "max", "west uk", "europe"])
def test_a_name_is_one_word_of_its_own(name):
    assert list(refusal(name=name, says=Says(starts="sunset", ends="sunrise"))) == ["name"]


def test_a_circle_through_another_window_is_refused():
    row = window("europe")

    errors = refusal(window=row, name="europe", says=says(row, starts="west.end - 30 min"))

    assert errors == {
        "starts": [
            "These bounds go round in a circle: europe.start → west.end → europe.start. Give one of them another bound."
        ]
    }
    assert window("europe").edition == 1


def test_the_first_empty_nights_are_named_as_a_warning():
    # The latest evenings of the year are around the turn of the year: 00:45 UTC on the night of 21 December.
    saved = services.save_window(name="dark", says=Says(starts="evening_12", ends="00:45 UTC"), now=NOW)

    (warning,) = saved.warnings
    assert "of the coming year, first on Mon 20 Dec 2027, Tue 21 Dec 2027, Wed 22 Dec 2027" in warning


def test_a_window_that_would_empty_another_for_good_is_refused():
    row = window("europe")

    errors = refusal(window=row, name="europe", says=says(row, starts="sunset - 3 h"))

    assert errors == {"__all__": ["west would be empty on every night of a year: its end is never after its start."]}


def test_a_name_that_others_mention_stays():
    row = window("europe")

    assert refusal(window=row, name="france", says=says(row)) == {
        "name": ["west refers to europe. Give it other bounds first."]
    }


def test_a_window_that_others_mention_cannot_follow_a_clock():
    clock = Says(kind="clock", time_zone="UTC", since=time(9), until=time(17), weekdays=[1])

    errors = refusal(window=window("europe"), name="europe", says=clock)

    assert "west would not work any more. europe.start: “europe” follows the clock" in errors["__all__"][0]


def test_a_window_that_others_mention_cannot_be_removed():
    with pytest.raises(services.WindowInUse, match="west refers to europe"):
        services.delete_window(window=window("europe"))

    services.delete_window(window=window("west"))
    services.delete_window(window=window("europe"))
    assert Window.objects.count() == 3


def test_a_window_that_is_gone_is_not_made_again_by_saving():
    row = window("west")
    services.delete_window(window=row)
    row.pk = Window(name="x").pk

    with pytest.raises(ValidationError, match="Somebody has removed West, with Europe"):
        services.save_window(window=row, name="west", says=says(row), now=NOW)


def test_without_a_site_no_window_can_be_told():
    Site.objects.update(observing=False)

    with pytest.raises(NoObservingSite):
        services.save_window(name="new", says=Says(starts="sunset", ends="sunrise"), now=NOW)


def test_tonight_is_the_night_of_the_observing_site():
    night = queries.tonight(now=NOW)

    assert night.day_obs.isoformat() == "2027-03-22"
    assert night.is_dark(NOW)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"kind": "night", "starts": "sunset", "ends": ""}, "window_is_of_the_night_or_of_a_clock"),
        ({"kind": "clock", "starts": "sunset", "ends": "sunrise"}, "window_is_of_the_night_or_of_a_clock"),
        ({"kind": "other", "starts": "sunset", "ends": "sunrise"}, "window_is_of_the_night_or_of_a_clock"),
        (
            {"kind": "clock", "time_zone": "UTC", "since": time(9), "until": time(10), "weekdays": [8]},
            "window_weekdays_known",
        ),
        ({"kind": "night", "starts": "sunset", "ends": "sunrise", "edition": 0}, "window_edition_counts"),
    ],
)
def test_the_database_keeps_the_promises_too(fields, constraint):
    with pytest.raises(IntegrityError, match=constraint):
        Window.objects.create(name="new", changed_at=NOW, **fields)
