"""In which order people take terms: as given, with weights, or alphabetical while people come and go. PURE.

A term is one person's service; term k begins with turn k, or before it when several are on at once (handoffs.py).
Source: rows R16, R42, T13.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

# Letters that Unicode does not take apart into a letter and an accent.
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t", "ı": "i", "ŋ": "n"}
)


@dataclass(frozen=True)
class Given:
    """These people in this order, round and round; `cycle` has somebody of weight w in it w times (`spread`)."""

    cycle: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A person in an alphabetical order, for `joined_at <= instant < left_at`."""

    participant: str
    name_key: str
    joined_at: datetime | None  # None: from the beginning
    left_at: datetime | None  # None: still there


@dataclass(frozen=True)
class Alphabetical:
    """Next is the first name after the last who served, among those who are there when the term starts."""

    places: tuple[Place, ...]


@dataclass(frozen=True)
class Pick:
    """Who has a term: the person, and which of how many they are."""

    participant: str
    place: int
    of: int


def spread(weights: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Return one round in which everybody has as many turns as their weight, as far apart as they go.

    The heaviest choose evenly among the free turns first. The first named has the first turn; a list of weights of 1
    stays as it is.

    :raises ValueError: if a weight is under 1.
    """
    for name, weight in weights:
        if weight < 1:
            raise ValueError(f"{name} has weight {weight}; a weight is the number of turns a round, 1 or more.")
    ring = [0] * sum(weight for _, weight in weights)
    free = list(range(len(ring)))
    for index in sorted(range(len(weights)), key=lambda index: (-weights[index][1], index)):
        weight = weights[index][1]
        for turn in [free[number * len(free) // weight] for number in range(weight)]:
            ring[turn] = index
            free.remove(turn)
    first = ring.index(0) if ring else 0
    return tuple(weights[index][0] for index in ring[first:] + ring[:first])


def name_key(name: str) -> str:
    """Return the key by which names sort, whatever their accents and case: "Édouard  O'Hara" as "edouard o'hara"."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold().translate(LETTERS))
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).split())


def check_enough(people: Iterable[Hashable], at_once: int) -> None:
    """Refuse fewer different people than are on at once.

    `check` counts whoever was ever there, for who has left still serves a term that began before. Who changes an order
    counts those who stay: else it runs dry with the last term of whoever left.

    :raises ValueError: if there are too few.
    """
    if at_once > (there := len(set(people))):
        raise ValueError(f"{at_once} at once need as many people, and this order has {there}. Put more people in it.")


def check(order: Given | Alphabetical, at_once: int) -> None:
    """Refuse an order in which `at_once` different people cannot be on at once. An empty order is refused later.

    :raises ValueError: if there are too few people, or somebody would relieve themselves.
    """
    if at_once < 1:
        raise ValueError(f"{at_once} people at once: it must be 1 or more.")
    named = order.cycle if isinstance(order, Given) else tuple(place.participant for place in order.places)
    if not named:
        return
    check_enough(named, at_once)
    if isinstance(order, Given):
        last: dict[str, int] = {}
        for turn, name in enumerate(named + named[: at_once - 1]):
            if turn - last.get(name, turn - at_once) < at_once:
                raise ValueError(
                    f"With {at_once} at once, {name} would be on twice at the same time. Lower their weight, or put "
                    f"{at_once - 1} or more others between their turns."
                )
            last[name] = turn


@dataclass(frozen=True)
class _State:
    """What the next pick depends on, besides who is there."""

    last: tuple[str, str] | None  # key of the last who served; None: nobody yet
    recent: tuple[str | None, ...]  # the terms that run into the next one, oldest first


class _Segment:
    """Terms during which nobody joins or leaves. Their picks soon repeat, so far terms need not be walked to."""

    def __init__(self, first: int, members: Sequence[tuple[str, str]], state: _State, length: int | None) -> None:
        self.first = first
        self.members = members  # (name_key, participant), sorted
        self._picks: list[Pick | None] = []
        self._states = [state]
        self._ring_from = 0
        self._ring = 0  # its length; 0: shorter than one round
        seen = {state: 0}
        while length is None or len(self._picks) < length:
            pick, state = self._next(state)
            self._picks.append(pick)
            if state in seen:
                self._ring_from = seen[state]
                self._ring = len(self._picks) - self._ring_from
                break
            seen[state] = len(self._picks)
            self._states.append(state)

    def pick(self, term: int) -> Pick | None:
        return self._picks[self._wrapped(term - self.first)]

    def state(self, term: int) -> _State:
        return self._states[self._wrapped(term - self.first)]

    def _wrapped(self, number: int) -> int:
        if self._ring and number >= self._ring_from:
            return self._ring_from + (number - self._ring_from) % self._ring
        return number

    def _next(self, state: _State) -> tuple[Pick | None, _State]:
        after = bisect_right(self.members, state.last) if state.last else 0
        count = len(self.members)
        for place in ((after + step) % count for step in range(count)):
            participant = self.members[place][1]
            if participant not in state.recent:
                recent = (*state.recent, participant)[1:] if state.recent else ()
                return Pick(participant, place, count), _State(self.members[place], recent)
        return None, _State(state.last, (*state.recent, None)[1:] if state.recent else ())


class Roll:
    """An alphabetical order called out term by term.

    `first_term(instant)` is the first term that starts at or after the instant, never under 0. Joining or leaving
    changes no term that has started; before term 0 the first round is counted backwards. Somebody who is still on is
    not picked again: when fewer people are there than are to be on at once, terms stay empty.
    """

    def __init__(self, order: Alphabetical, at_once: int, first_term: Callable[[datetime], int]) -> None:
        stays = [
            (
                (place.name_key, place.participant),
                0 if place.joined_at is None else first_term(place.joined_at),
                None if place.left_at is None else first_term(place.left_at),
            )
            for place in order.places
        ]
        firsts = sorted({0} | {term for _, joined, left in stays for term in (joined, left) if term is not None})
        state = _State(None, (None,) * (at_once - 1))
        self._segments: list[_Segment] = []
        for first, following in zip(firsts, [*firsts[1:], None], strict=True):
            there: dict[str, tuple[str, str]] = {}
            for member, joined, left in stays:
                if joined <= first and (left is None or first < left):
                    there.setdefault(member[1], member)
            segment = _Segment(first, sorted(there.values()), state, None if following is None else following - first)
            self._segments.append(segment)
            if following is not None:
                state = segment.state(following)
        self._firsts = firsts
        ring = len(self._segments[0].members)
        self._backwards = [Pick(member[1], place, ring) for place, member in enumerate(self._segments[0].members)]
        self._round = max(ring, at_once)

    def pick(self, term: int) -> Pick | None:
        """Return who has the term; None when nobody is there to take it."""
        if term < 0:
            place = term % self._round
            return self._backwards[place] if place < len(self._backwards) else None
        return self._segments[bisect_right(self._firsts, term) - 1].pick(term)
