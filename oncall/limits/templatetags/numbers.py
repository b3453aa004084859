"""Numbers as people write them."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def plain(value: Decimal) -> str:
    """60 of 60.0000, 1.5 of 1.5000; never 6E+1."""
    return f"{value.normalize():f}"
