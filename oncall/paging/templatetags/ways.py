"""Which ways beside telephone and mail this site offers."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def slack_offered() -> bool:
    return bool(settings.SLACK)


@register.simple_tag
def push_key() -> str:
    """Return the key that a browser must know to agree to our notifications; nothing where none are sent."""
    return str(settings.VAPID_PUBLIC_KEY) if settings.PUSH else ""
