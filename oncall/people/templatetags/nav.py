"""Links that may not exist."""

from typing import Any

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def nav_url(name: str, *args: Any, **kwargs: Any) -> str:
    """Return the address named `name`, or nothing where no room answers to it.

    The base page belongs to the ground floor and names screens of the upper houses; a site without one of these rooms
    (the summit's small node, a test of one room) must still draw its pages, and `{% url %}` would refuse to.
    """
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def nav_link(context: Context, name: str, text: str) -> SafeString | str:
    """Return a link named `text` to the screen `name`, marked when it is the one shown; nothing where there is none."""
    address = nav_url(name)
    if not address:
        return ""
    path = context["request"].path if "request" in context else ""
    here = path == address or (address != "/" and path.startswith(address))
    if not here:
        return format_html('<a href="{}">{}</a>', address, text)
    return format_html('<a href="{}" aria-current="page">{}</a>', address, text)
