"""Whether a link that came with a result or a deployment is an address on the web. PURE."""

from urllib.parse import urlsplit


def is_address(link: str) -> bool:
    """Say whether it is an address on the web, with a host."""
    try:
        parts = urlsplit(link)
    except ValueError:  # such as https://[oops
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and link.isprintable() and " " not in link
