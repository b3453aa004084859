"""What the base page needs on every screen."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {"demo": settings.ONCALL_ENV == "demo", "public_base_url": settings.PUBLIC_BASE_URL}
