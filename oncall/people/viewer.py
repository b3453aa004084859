"""Who is looking: the person behind a request, for edges."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from oncall.people.models import Person


def viewer(request: HttpRequest) -> Person:
    """Return the person signed in. Every page asks for a sign-in before, so anybody else is a defect or an intruder.

    :raises PermissionDenied: if nobody is signed in.
    """
    if not isinstance(request.user, Person):
        raise PermissionDenied("Sign in first.")
    return request.user


def network_address(request: HttpRequest, *, behind_proxy: bool) -> str:
    """Return the network address the request came from.

    Behind our proxy it is the last entry of X-Forwarded-For, the one the proxy itself wrote; every entry before it can
    be forged by the sender (security.md S13).
    """
    if behind_proxy:
        hops = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
        if hops[-1].strip():
            return hops[-1].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))[:64]
