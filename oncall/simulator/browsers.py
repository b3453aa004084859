"""EDGE: stand-in browsers and their push service. It takes what a real one takes (RFC 8030, 8188, 8291, 8292), opens it
with the browser's own key, shows it, and reports it as our service worker does.
"""

import base64
import json
import secrets
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import http_ece
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from flask import Blueprint, Response, abort, jsonify, render_template, request

from .notebook import Notebook, Row

LARGEST = 4096  # bytes, as the browsers' push services have it
CURVE = ec.SECP256R1()


def blueprint(notebook: Notebook, *, vapid_public_key: str) -> Blueprint:
    pages = Blueprint("browsers", __name__)

    @pages.post("/api/browsers/")
    def begin() -> tuple[Response, int]:
        """A browser agrees to notifications: returns what its page would send to the portal."""
        key, id = ec.generate_private_key(CURVE), secrets.token_urlsafe(12)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        auth = _b64(secrets.token_bytes(16))
        name = str((request.get_json(silent=True) or {}).get("name", "A browser"))
        notebook.add("browser", id, {"title": name, "key": pem, "auth": auth, "mode": "shows"})
        public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        endpoint = f"{request.host_url}push/{id}"
        return jsonify({"endpoint": endpoint, "keys": {"p256dh": _b64(public), "auth": auth}}), 201

    @pages.put("/api/browsers/<id>/")
    def behave(id: str) -> Response:
        """`mode`: shows, off (takes and never shows), gone (410), missing (404), busy (429), broken (503)."""
        browser = notebook.one("browser", id) or abort(404)
        changed = browser | {"mode": (request.get_json(force=True) or {})["mode"]}
        notebook.change(browser["id"], changed)
        return jsonify({"mode": changed["mode"]})

    @pages.post("/push/<id>")
    def push(id: str) -> tuple[str, int, dict[str, str]]:
        browser = notebook.one("browser", id)
        mode = browser["mode"] if browser else "missing"
        refused = {"gone": 410, "missing": 404, "busy": 429, "broken": 503}.get(mode)
        if browser is None or refused:
            return "", refused or 404, {"Retry-After": "2"} if refused == 429 else {}
        problem = _problem(vapid_public_key)
        if problem:
            return problem, 400 if problem.startswith("400") else 403, {}
        shown = _opened(browser, request.get_data()) | {
            "ttl": int(request.headers["TTL"]),
            "urgency": request.headers.get("Urgency", "normal"),
            "topic": request.headers.get("Topic", ""),
        }
        notebook.add("notification", id, shown)
        if mode == "shows" and shown.get("receipt"):
            threading.Thread(target=_report, args=[str(shown["receipt"])], daemon=True).start()
        return "", 201, {"Location": f"{request.host_url}push/messages/{secrets.token_urlsafe(8)}"}

    @pages.get("/api/browsers/<id>/notifications/")
    def notifications(id: str) -> Response:
        return jsonify({"results": notebook.all("notification", id)})

    @pages.get("/browsers/")
    def show() -> str:
        browsers = notebook.all("browser")
        return render_template(
            "browsers.html",
            browsers=[(one, notebook.all("notification", one["name"])[::-1][:20]) for one in browsers],
        )

    return pages


def _problem(vapid_public_key: str) -> str:
    """Return what is wrong with the request now being answered; nothing if a real push service would take it."""
    if not request.headers.get("TTL", "").isdigit():
        return "400: no TTL"
    if request.headers.get("Content-Encoding") != "aes128gcm":
        return "400: not aes128gcm"
    if len(request.get_data()) > LARGEST:
        return "400: too large"
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme.lower() != "vapid" or not {"t", "k"} <= set(parts):
        return "403: no VAPID"
    if vapid_public_key and parts["k"] != vapid_public_key:
        return "403: the key is not the one that was subscribed with"
    return _problem_of_token(parts["t"], parts["k"])


def _problem_of_token(token: str, key: str) -> str:
    try:
        head, body, signature = token.split(".")
        claims: dict[str, Any] = json.loads(_un64(body))
        raw = _un64(signature)
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, _un64(key))
        public.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return "403: the VAPID token is not signed by its key"
    audience = urlsplit(str(claims.get("aud", "")))
    if audience.netloc != request.host:
        return "403: the VAPID token is for another push service"
    left = float(claims.get("exp", 0)) - time.time()
    if not 0 < left <= 86400:
        return "403: the VAPID token has expired, or lasts too long"
    return ""


def _opened(browser: Row, body: bytes) -> Row:
    key = load_pem_private_key(browser["key"].encode(), None)
    plain: bytes = http_ece.decrypt(body, private_key=key, auth_secret=_un64(browser["auth"]), version="aes128gcm")
    opened: Row = json.loads(plain)
    return opened


def _report(url: str) -> None:
    """What the service worker does once it has shown a notification."""
    try:
        requests.post(url, timeout=10)
    except requests.RequestException:
        pass  # a browser that is offline by then reports nothing


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _un64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
