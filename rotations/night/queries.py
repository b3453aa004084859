"""Which windows there are, and when they are open at the site that observes."""

from datetime import date, datetime

from django.core.exceptions import ValidationError

from oncall.people.queries import observing_site
from rotations.night import sun
from rotations.night.expression import parse, references
from rotations.night.models import Window
from rotations.night.windows import BadWindow, Book, ClockWindow


def tonight(*, now: datetime) -> sun.Night:
    """Return the sun's instants of the night that `now` belongs to, at the site that observes.

    :raises NoObservingSite: if there is none.
    """
    return sun.night_at(sun.day_obs(now), observing_site())


def book() -> Book:
    """Return all windows at the site that observes; two queries. It goes on answering as of now, so do not keep it.

    :raises NoObservingSite: if there is none.
    """
    return Book((window.told() for window in Window.objects.all()), observing_site())


def book_with(window: Window) -> Book:
    """Return all windows as they would be with this one, which is not saved yet and has passed `full_clean`.

    :raises ValidationError: by field, if it cannot be told together with the others.
    :raises NoObservingSite: if there is none.
    """
    others = [other.told() for other in Window.objects.exclude(pk=window.pk)]
    try:
        return Book([window.told(), *others], observing_site())  # first, so that a circle is said to begin there
    except BadWindow as error:
        if error.window != window.name:
            raise ValidationError({"__all__": f"{error.window} would not work any more. {error}"}) from None
        raise ValidationError({"starts" if error.bound == "start" else "ends": str(error)}) from None


def empty_nights(book: Book, name: str, days: list[date]) -> list[date]:
    """Return those of `days` on which a night window is empty; none for a clock window."""
    if isinstance(book.window(name), ClockWindow):
        return []
    return [day for day in days if book.on_night(name, day) is None]


def referring_to(window: Window) -> list[Window]:
    """Return the other windows whose bounds mention this one, by name."""
    return [
        other
        for other in Window.objects.filter(kind=Window.Kind.NIGHT).exclude(pk=window.pk)
        if window.name in {ref.window for text in (other.starts, other.ends) for ref in references(parse(text))}
    ]
