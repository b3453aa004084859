"""EDGE: somebody who hears the portal's webhooks: keeps each request as it came, and answers as it is told to."""

from flask import Blueprint, Response, jsonify, render_template, request

from .notebook import Notebook

SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


def blueprint(notebook: Notebook) -> Blueprint:
    pages = Blueprint("receiver", __name__)
    answers: dict[str, int] = {}  # status to answer with, by name; 204 where nothing is said

    @pages.post("/received/<name>")
    def receive(name: str) -> tuple[str, int]:
        row = {key: request.headers.get(key, "") for key in SIGNED} | {"body": request.get_data(as_text=True)}
        notebook.add("received", name, row)
        return "", answers.get(name, 204)

    @pages.put("/api/received/<name>/")
    def behave(name: str) -> Response:
        answers[name] = int(request.get_json(force=True)["status"])
        return jsonify({"status": answers[name]})

    @pages.get("/api/received/<name>/")
    def heard(name: str) -> Response:
        return jsonify({"results": notebook.all("received", name)})

    @pages.get("/received/")
    def show() -> str:
        return render_template("received.html", rows=notebook.all("received")[::-1][:50])

    return pages
