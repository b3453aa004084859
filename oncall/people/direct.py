"""Past all middleware but what guards everybody, for addresses that programs ask by the thousand: they have no session,
no language and no form. `settings.DIRECT` says which: a pattern, and the view that the usual way would end in as well.
Of the API it is only what is posted with a token; whoever has a session takes the usual way, where it is looked at.
"""

import re
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.template.response import SimpleTemplateResponse
from django.utils.functional import cached_property
from django.utils.module_loading import import_string

from oncall.people import chunked
from oncall.people.middleware import ContentSecurityPolicy, DatabaseAway, Handler

View = Callable[..., HttpResponse]


class Direct:
    """The host, the headers and the honest 503 are the same. Whatever does not fit a pattern takes the usual way."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.away = DatabaseAway(get_response)
        guarded = SecurityMiddleware(XFrameOptionsMiddleware(ContentSecurityPolicy(self.take)))
        self.short = cast(Handler, convert_exception_to_response(guarded))

    @cached_property
    def views(self) -> list[tuple[re.Pattern[str], View]]:
        """Loaded with the first request and not with the middleware, which views may need themselves."""
        return [(re.compile(pattern), import_string(view)) for pattern, view in settings.DIRECT.items()]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (refused := chunked.gather(request)) is not None:
            return refused
        found = self.find(request.path_info) if is_of_a_program(request) else None
        if found is None:
            return self.get_response(request)
        request.direct = found  # type: ignore[attr-defined]
        return self.short(request)

    def find(self, path: str) -> tuple[View, dict[str, Any]] | None:
        """Return the view of this address and what it is called with, or nothing."""
        for pattern, view in self.views:
            if match := pattern.fullmatch(path):
                return view, {
                    name: UUID(value) if name.endswith("_id") else value for name, value in match.groupdict().items()
                }
        return None

    def take(self, request: HttpRequest) -> HttpResponse:
        request.get_host()  # 400 for one that is not ours
        view, named = request.direct  # type: ignore[attr-defined]
        try:
            answer: HttpResponse = view(request, **named)
            if isinstance(answer, SimpleTemplateResponse):  # the API's, which is written last
                answer.render()
            if not answer.streaming:  # without it, the server sends it in pieces
                answer.headers.setdefault("Content-Length", str(len(answer.content)))
            return answer
        except (OperationalError, InterfaceError) as error:
            excuse = self.away.process_exception(request, error)
            assert excuse is not None  # for these two
            return excuse


def is_of_a_program(request: HttpRequest) -> bool:
    """Say whether a session can have no part in it: a hook, or something posted to the API with a token."""
    if request.path_info.startswith("/api/"):
        return request.method == "POST" and request.META.get("HTTP_AUTHORIZATION", "")[:6].lower() == "token "
    return request.path_info.startswith("/hooks/")
