"""Every address that the portal answers, from its resolver, with something put in for what varies."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

SAMPLES = {
    "uuid": "6f6e6361-6c6c-4000-8000-706167657321",
    "int": "7",
    "slug": "primary",
    "str": "something",
    "path": "x",
}


@dataclass(frozen=True)
class Address:
    name: str
    template: str  # /alarms/{id}/
    path: str  # /alarms/6f6e…/
    view: Callable[..., Any]


def addresses() -> Iterator[Address]:
    return _below(get_resolver().url_patterns, "")


def _below(patterns: list[Any], prefix: str) -> Iterator[Address]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield Address(pattern.name or "", "/" + _template(route), "/" + _sample(route), pattern.callback)


def _plain(route: str) -> str:
    """A regular expression of ours as a route: anchors and the optional slash away, groups by their name."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<str:\1>", route)
    return route.replace("^", "").replace("/?$", "").replace("$", "")


def _template(route: str) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", _plain(route))


def _sample(route: str) -> str:
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES[found[1] or "str"], _plain(route))
