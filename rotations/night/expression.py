"""What a window's bound says, as people type it: read into a small tree, printed back. PURE.

    max(22:30 America/Los_Angeles, 07:00 Europe/Paris)
    min(uk.start + 30 min, 24:00 America/Los_Angeles)
    evening_12 - 75 min

A bound is a wall time in a zone, a sun instant, another window's start or end, the latest (max) or earliest (min) of
several bounds, or one of these some minutes earlier or later. 24:00 is 00:00 of the next day. Source: domain.md 5.11.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from oncall.people.zones import zones
from rotations.night.sun import INSTANTS

LONGEST_TEXT, DEEPEST, FARTHEST_MIN = 400, 20, 720  # characters; brackets in brackets; minutes of one step
EXAMPLE = "evening_12 - 75 min, 22:30 America/Los_Angeles, europe.start + 30 min, max(…, …) or min(…, …)"

SUN = re.compile(rf"({'|'.join(INSTANTS)})(?!\w)")
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
WORD = re.compile(r"[^\s(),+]+")
TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?![0-9])")
ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*")
BOUND = re.compile(r"\.\s*(start|end)(?!\w)")
CHOICE = re.compile(r"(max|min)\s*\(")
SHIFT = re.compile(r"[+\-−]")
AMOUNT = re.compile(r"([0-9]{1,5})\s*(min|h)(?![\w.])")
SPACE = re.compile(r"\s*")


class BadExpression(ValueError):
    """A bound that cannot be read. `column` counts characters from 1. The message names it and is fit to show."""

    def __init__(self, column: int, problem: str) -> None:
        super().__init__(f"Column {column}: {problem}")
        self.column = column


@dataclass(frozen=True)
class Wall:
    """A time on the wall clock of a zone, in minutes after midnight: 0 to 1440, which is 24:00."""

    minutes: int
    zone: str

    def __str__(self) -> str:
        return f"{self.minutes // 60:02}:{self.minutes % 60:02} {self.zone}"


@dataclass(frozen=True)
class Sun:
    """An instant of the night by its name in `sun.INSTANTS`."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Ref:
    """Where another window starts or ends."""

    window: str
    bound: Literal["start", "end"]

    def __str__(self) -> str:
        return f"{self.window}.{self.bound}"


@dataclass(frozen=True)
class Shifted:
    """A bound so many minutes later; earlier where negative."""

    of: "Expression"
    minutes: int

    def __str__(self) -> str:
        return f"{self.of} {'-' if self.minutes < 0 else '+'} {abs(self.minutes)} min"


@dataclass(frozen=True)
class Choice:
    """The latest (max) or the earliest (min) of two bounds or more."""

    pick: Literal["max", "min"]
    among: tuple["Expression", ...]

    def __str__(self) -> str:
        return f"{self.pick}({', '.join(map(str, self.among))})"


Expression = Wall | Sun | Ref | Shifted | Choice


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Read a bound; `str()` of the answer reads back as the same tree.

    :raises BadExpression: if it cannot be read.
    """
    if len(text) > LONGEST_TEXT:
        raise BadExpression(LONGEST_TEXT + 1, f"too long. A bound has at most {LONGEST_TEXT} characters.")
    return _Reader(text).whole()


def references(expression: Expression) -> Iterator[Ref]:
    """Return the other windows' bounds that a bound mentions, in order, as often as it does."""
    match expression:
        case Ref():
            yield expression
        case Shifted(of=of):
            yield from references(of)
        case Choice(among=among):
            for one in among:
                yield from references(one)


def is_name(text: str) -> bool:
    """Say whether a window may be called `text` and still be understood in a bound."""
    return bool(NAME.fullmatch(text)) and not SUN.match(text) and text not in {"max", "min", "h"}


class _Reader:
    """Reads one text from left to right; `at` is the next character to look at."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def whole(self) -> Expression:
        found = self.bound()
        if self.at < len(self.text):
            raise self.error(f"“{self.rest()}” is left over. After a bound comes + or - and minutes, or nothing.")
        return found

    def bound(self) -> Expression:
        found = self.single()
        while self.sees(SHIFT):
            start = self.at
            later = self.take(SHIFT)[0] == "+"
            if not self.sees(AMOUNT):
                problem = self.seen("is no length of time", "a length of time is missing")
                raise self.error(f"{problem}. Write minutes, such as 30 min.")
            amount = self.take(AMOUNT)
            minutes = int(amount[1]) * (60 if amount[2] == "h" else 1)
            if not 1 <= minutes <= FARTHEST_MIN:
                raise self.error(f"{minutes} min is out of reach. Write 1 to {FARTHEST_MIN} minutes.", start)
            found = Shifted(found, minutes if later else -minutes)
        return found

    def single(self) -> Expression:
        self.skip()
        if self.sees(CHOICE):
            return self.choice()
        if self.text.startswith("(", self.at):
            return self.bracket()
        if self.sees(TIME):
            return self.wall()
        if self.sees(SUN):
            return Sun(self.take(SUN)[1])
        if self.sees(NAME):
            return self.other()
        raise self.error(f"{self.seen('is no bound', 'a bound is missing')}. Write for example {EXAMPLE}.")

    def choice(self) -> Choice:
        self.deeper()
        pick: Literal["max", "min"] = "max" if self.take(CHOICE)[1] == "max" else "min"
        among = [self.bound()]
        while self.text.startswith(",", self.at):
            self.step()
            among.append(self.bound())
        if len(among) < 2:
            raise self.error(f"{pick} chooses among two bounds or more. Put a comma and another bound here.")
        self.close()
        return Choice(pick, tuple(among))

    def bracket(self) -> Expression:
        self.deeper()
        self.step()
        found = self.bound()
        self.close()
        return found

    def wall(self) -> Wall:
        start = self.at
        time = self.take(TIME)
        minutes = int(time[1]) * 60 + int(time[2])
        if int(time[2]) > 59 or minutes > 1440:
            raise self.error(f"{time[0]} is no time of day. Write 00:00 to 24:00.", start)
        if not self.sees(ZONE):
            raise self.error(f"whose clock shows {time[0]}? Write a zone behind it, such as {time[0]} Europe/Paris.")
        start = self.at
        zone = self.take(ZONE)[0]
        if zone not in zones():
            raise self.error(f"“{zone}” is not a time zone. Write a name such as America/Los_Angeles.", start)
        return Wall(minutes, zone)

    def other(self) -> Ref:
        start = self.at
        name = self.take(NAME)[0]
        if self.sees(BOUND):
            return Ref(name, "start" if self.take(BOUND)[1] == "start" else "end")
        word = WORD.match(self.text, start)
        shown = word[0] if word else name
        raise self.error(
            f"“{shown}” alone is no bound. A sun instant is one of {', '.join(INSTANTS)};"
            f" another window's bound is {name}.start or {name}.end.",
            start,
        )

    def sees(self, pattern: re.Pattern[str]) -> bool:
        return pattern.match(self.text, self.at) is not None

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        assert found is not None  # whoever takes has seen it
        self.at = found.end()
        self.skip()
        return found

    def step(self) -> None:
        self.at += 1
        self.skip()

    def skip(self) -> None:
        space = SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at

    def close(self) -> None:
        if not self.text.startswith(")", self.at):
            raise self.error(f"{self.seen('stands', 'nothing is left')} where a comma or a closing bracket ) belongs.")
        self.step()
        self.depth -= 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"too many brackets in brackets. {DEEPEST} are read.")

    def rest(self) -> str:
        return self.text[self.at : self.at + 30]

    def seen(self, something: str, nothing: str) -> str:
        return f"“{self.rest().split(',')[0].strip()}” {something}" if self.rest() else nothing

    def error(self, problem: str, at: int | None = None) -> BadExpression:
        return BadExpression((self.at if at is None else at) + 1, problem)
