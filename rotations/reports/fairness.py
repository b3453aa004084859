"""Who carried how much beside a fair share of what these people carried together (row R42)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from oncall.people.models import Person
from rotations.burden.burden import Burden, rounded
from rotations.burden.queries import burdens, rota_weights


@dataclass(frozen=True)
class Share:
    """One person's burden in hours-equivalent, and what would be fair by their weight in the rota (0: in no order)."""

    person: Person
    burden: Burden
    weight: int
    fair: Fraction

    @property
    def percent(self) -> int | None:
        """Of fair; None where nothing would be."""
        return int(self.burden.number / self.fair * 100 + Fraction(1, 2)) if self.fair else None

    @property
    def fair_shown(self) -> str:
        return str(rounded(self.fair))

    @property
    def reason(self) -> str:
        """Say of what the number is made: "12 h x 2 on call after midnight, 3 page x 1.5 …"."""
        return "; ".join(
            f"{rounded(part.amount, 2):f} {part.unit} × {part.weight.normalize():f} {part.words}"
            for part in self.burden.parts
            if part.amount
        )


def shares(people: Sequence[Person], *, start: datetime, end: datetime, now: datetime) -> list[Share]:
    """Return the share of each who carried something or is in an order, the busiest first; of days to come, nothing."""
    if end <= start or not people:
        return []
    found = burdens(people, start=start, end=end, now=now)
    weights = rota_weights(people, since=start)
    total = sum((one.number for one in found.values()), Fraction(0))
    heft = sum(weights.values())
    carried = [
        Share(
            person,
            found[person.pk],
            weights.get(person.pk, 0),
            total * weights.get(person.pk, 0) / heft if heft else Fraction(0),
        )
        for person in people
    ]
    shown = [one for one in carried if one.burden.number or (one.weight and one.person.is_active)]
    return sorted(shown, key=lambda one: (-one.burden.number, one.person.name))
