"""`Authorization: Token …` for the API, with our own hashed tokens (api.md)."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from oncall import clock
from oncall.people import services
from oncall.people.models import ApiToken, Person


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"token":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Write the header as “Authorization: Token oc_…”.")
        token = services.use_token(secret=words[1].decode("latin-1"), now=clock.now())
        if token is None:
            raise AuthenticationFailed(
                "This token is not known, has expired or was withdrawn. Make one under My tokens."
            )
        reads = request.method in {"GET", "HEAD", "OPTIONS"} or only_reads(request)
        if token.read_only and not reads:
            raise PermissionDenied("This token may only read.")
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def only_reads(request: Request) -> bool:
    """Say whether the view asked answers a question and stores nothing, whatever the method (`only_reads = True`)."""
    return getattr((request.parser_context or {}).get("view"), "only_reads", False) is True


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the schema how the token is sent; drf-spectacular finds it by its base class."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token oc_…"}
