"""Make, change and remove windows. Whoever calls has asked `access.may_configure` first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, ProtectedError

from rotations.night import queries
from rotations.night.expression import LONGEST_TEXT, parse
from rotations.night.models import Window
from rotations.night.sun import day_obs
from rotations.night.windows import Book

YEAR = 366  # nights on which a window is tried before it is saved
NAMED = 3  # empty nights that a warning names


class WindowInUse(Exception):
    """Something follows the window, so it cannot be removed. The message is fit to show."""


@dataclass(frozen=True)
class Saved:
    """A window as saved, and what the person who saved it should know: sentences, fit to show."""

    window: Window
    warnings: list[str]


@dataclass(frozen=True)
class Says:
    """What a window says: `starts` and `ends` as people type them, or a clock's weekdays (ISO) and times in a zone."""

    kind: str = Window.Kind.NIGHT
    starts: str = ""
    ends: str = ""
    time_zone: str = ""
    since: time | None = None  # null: a night window
    until: time | None = None  # null: a night window; not after `since`: on the next day
    weekdays: Sequence[int] = ()

    def of_its_kind(self) -> "Says":
        """Return the same with the other kind's fields empty."""
        if self.kind == Window.Kind.NIGHT:
            return Says(kind=self.kind, starts=self.starts, ends=self.ends)
        return replace(self, starts="", ends="", weekdays=sorted(set(self.weekdays)))


@transaction.atomic
def save_window(
    *, window: Window | None = None, name: str, says: Says, label: str = "", note: str = "", now: datetime
) -> Saved:
    """Make a window, or change `window`, after trying it on a year of nights from `now` on.

    Where what it says changes, its edition rises, and that of every window that follows from it; schedules that use
    one of them see it by that.

    :raises ValidationError: by field, if a bound cannot be read, names an unknown window or goes round in a circle, if
        the window or one that follows from it would be empty every night, or if another one refers to the old name.
    :raises NoObservingSite: if no site observes.
    """
    present = {row.pk: row for row in Window.objects.select_for_update().order_by("pk")}
    before = present.get(window.pk) if window else None
    if window and not before:
        raise ValidationError(f"Somebody has removed {window}. Make it anew.")
    kept = Window.objects.get(pk=before.pk) if before else Window()
    kept.name, kept.label, kept.note, kept.changed_at = name, label, note, now
    for field, value in vars(says.of_its_kind()).items():
        setattr(kept, field, value)
    kept.full_clean()
    if before and before.name != name:
        _check_nobody_refers(before, "name")
    book = queries.book_with(kept)
    if kept.kind == Window.Kind.NIGHT:
        kept.starts, kept.ends = _tidy(kept.starts), _tidy(kept.ends)
    following = book.depending_on(name)
    warnings = _tried(book, [name, *following], now)
    if before and before.told() != kept.told():
        kept.edition = before.edition + 1
        Window.objects.filter(name__in=following).update(edition=F("edition") + 1, changed_at=now)
    kept.save()
    if before:
        _tell([name, *following], now)
    return Saved(kept, warnings)


def _tell(names: Sequence[str], now: datetime) -> None:
    """Tell rooms above, in this transaction: a model that points at windows may have `window_changed(names, now)`."""
    for relation in Window._meta.related_objects:
        changed = getattr(relation.related_model, "window_changed", None)
        if changed is not None:
            changed(names, now)


@transaction.atomic
def delete_window(*, window: Window) -> None:
    """Remove a window that nothing follows.

    :raises WindowInUse: if another window refers to it, or a rotation counts in it.
    """
    list(Window.objects.select_for_update().order_by("pk"))
    try:
        _check_nobody_refers(window, "name")
        Window.objects.filter(pk=window.pk).delete()
    except ValidationError as error:
        raise WindowInUse(" ".join(error.messages)) from None
    except ProtectedError as error:
        users = ", ".join(sorted({str(user) for user in error.protected_objects}))
        raise WindowInUse(f"{window} is in use by {users}. Give them another window first.") from None


def _tidy(text: str) -> str:
    """Return a bound as it is printed, unless that does not fit."""
    printed = str(parse(text))
    return printed if len(printed) <= LONGEST_TEXT else text


def _check_nobody_refers(window: Window, field: str) -> None:
    others = queries.referring_to(window)
    if others:
        names = ", ".join(other.name for other in others)
        raise ValidationError({field: f"{names} refers to {window.name}. Give it other bounds first."})


def _tried(book: Book, names: list[str], now: datetime) -> list[str]:
    """Say on which nights of a year the windows are empty, and refuse one that always is."""
    days = [day_obs(now) + timedelta(days=number) for number in range(YEAR)]
    warnings = []
    for name in names:
        empty = queries.empty_nights(book, name, days)
        if len(empty) == len(days):
            problem = f"{name} would be empty on every night of a year: its end is never after its start."
            raise ValidationError({"ends" if name == names[0] else "__all__": problem})
        if empty:
            warnings.append(_empty_words(name, empty))
    return warnings


def _empty_words(name: str, empty: list[date]) -> str:
    named = ", ".join(f"{day:%a} {day.day} {day:%b %Y}" for day in empty[:NAMED])
    nights = "night" if len(empty) == 1 else "nights"
    return (
        f"{name} is empty on {len(empty)} {nights} of the coming year, first on {named}:"
        " there its end is not after its start."
    )
