"""The simulator as one WSGI application: the REST interface, the machine interface and the pages over one company."""

import json
import logging

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

from . import guard, machine, outside, pages, rest, shapes
from .calls import Calls
from .company import Company
from .numbering import formatted
from .texts import Texts

log = logging.getLogger(__name__)

LARGEST_REQUEST = 1024 * 1024  # bytes
CODE_OF = {404: 20404, 405: 20004, 500: 20500}  # Twilio's codes for statuses; 20001 for the others


def create(company: Company) -> Flask:
    """Build the application, and take up again what was under way when the company was last stopped."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.secret_key = company.account.token  # signs the one-time messages of the pages, nothing else
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["SESSION_COOKIE_NAME"] = "telephone_simulator"  # another port of this host shares our cookies
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["formatted"] = formatted
    texts, calls = Texts(company), Calls(company)

    @app.before_request
    def only_this_machine() -> None:
        if not guard.is_loopback(request.host):
            abort(403, "The simulator answers only to localhost and 127.0.0.1.")
        if request.method not in {"GET", "HEAD"} and guard.is_foreign(
            dict(request.headers), origin=request.host_url.rstrip("/")
        ):
            abort(403, "Another website's page sent this. Use the simulator's own pages.")

    @app.after_request
    def keep_to_ourselves(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
        )
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    @app.get("/healthz")
    def health() -> Response:
        return Response("ok\n", content_type="text/plain")

    @app.errorhandler(Exception)
    def refused_or_broken(error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code is not None:
            return _in_their_words(error.code, error.description or error.name)
        log.error("A request failed: %s", request.path, exc_info=error)
        return _in_their_words(500, "An internal server error has occurred")

    app.register_blueprint(rest.blueprint(company, texts, calls))
    app.register_blueprint(machine.blueprint(company, texts, calls))
    app.register_blueprint(pages.blueprint(company, texts, calls))
    outside.register(app, company)
    texts.resume()
    calls.resume()
    return app


def _in_their_words(status: int, text: str) -> Response:
    """Word an error as whoever asked expects it: Twilio's shape, ours, or plain text."""
    shape: dict[str, object]
    if request.path.startswith(f"/{shapes.VERSION}/"):
        shape = shapes.error(status, CODE_OF.get(status, 20001), text)
    elif request.path.startswith("/api/"):
        shape = {"detail": [text]}
    else:
        return Response(f"{status}: {text}\n", status, content_type="text/plain")
    return Response(json.dumps(shape), status, content_type="application/json")
