"""Numbers as people write them."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def plain(value: Decimal) -> str:
    """60 of 60.0000, 1.5 of 1.5000; never 6E+1."""
    return f"{value.normalize():f}"


@register.filter
def thousands(value: object) -> str:
    """10,530 of 10530; what is no whole number stays as it is."""
    return f"{value:,}" if isinstance(value, int) else str(value)
