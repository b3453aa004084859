"""Fields of rotations in JSON: read strictly, and refused in words that say what would be right."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

MOST_ITEMS = 500


class ChoiceField(serializers.ChoiceField):
    """One of some words, exactly."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            raise ValidationError(f"{shown(data)} is not one of them. Write {either(self.choices)}.")
        return data


class WholeField(serializers.IntegerField):
    """A whole number from `min_value` to `max_value`; text, true and 1.5 are none."""

    def to_internal_value(self, data: Any) -> int:
        return whole(data, "", self.min_value or 0, self.max_value or 0)


class ListOf(serializers.ListField):
    """A list whose errors stand at the field, as all others do, and name the item."""

    least, most = 1, 1
    of, example = "", ""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, list):
            raise ValidationError(f"{shown(data)} is not a list. Write {self.of} in brackets, such as {self.example}.")
        if not data:
            raise ValidationError(f"The list is empty. Write {self.of} in it, such as {self.example}.")
        if len(data) > MOST_ITEMS:
            raise ValidationError(f"That is {len(data):,} items. Write at most {MOST_ITEMS}.")
        return [self.item(one, number) for number, one in enumerate(data, start=1)]

    def item(self, data: Any, number: int) -> Any:
        return whole(data, f"Item {number}: ", self.least, self.most)


@extend_schema_field(
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}, "minItems": 1, "example": [1, 2, 3]}
)
class WeekdaysField(ListOf):
    least, most = 1, 7
    of, example = "ISO weekdays", "[1, 2, 3, 4, 5]"


def shown(data: Any) -> str:
    """Return what somebody sent as an error message may repeat it: short, and fit for any screen."""
    if isinstance(data, bool):
        return str(data).lower()
    if isinstance(data, list | dict):
        return "A list" if isinstance(data, list) else "An object"
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in str(data)[:61])
    return f"“{text if len(text) <= 60 else text[:59] + '…'}”"


def whole(data: Any, where: str, least: float, most: float) -> int:
    if isinstance(data, float) and data.is_integer():
        data = int(data)  # 24.0 is an integer in JSON
    if not isinstance(data, int) or isinstance(data, bool) or not least <= data <= most:
        raise ValidationError(f"{where}{shown(data)} does not do. Write a whole number from {least:,} to {most:,}.")
    return data


def either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}"
