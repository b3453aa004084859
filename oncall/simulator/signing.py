"""PURE: the signature the telephone company puts on its requests, written from its description."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urldefrag


def signature(*, token: str, url: str, fields: Mapping[str, str]) -> str:
    """Return the `X-Twilio-Signature` of a request to `url` carrying the form `fields`.

    base64 of HMAC-SHA1, keyed by the account's token, over the URL and then every field's name and value, sorted by
    name, with nothing between. For GET the fields stand in the URL already and `fields` is empty. A fragment is not
    part of the request and is not signed. Source: paging.md 2.7.
    """
    text = urldefrag(url).url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()
