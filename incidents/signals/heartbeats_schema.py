"""Adds `/beats/{token}/` to the API's schema: a plain view outside /api/v1/, which whoever beats holds on to."""

from typing import Any

BEAT = {
    "type": "object",
    "description": "What a beat may say. All of it may be left out, and nothing in it stops the beat. "
    "A status that is not known leaves it as well or as bad as it was, and is said in `ignored`.",
    "properties": {
        "status": {"type": "string", "enum": ["ok", "fail"], "default": "ok"},
        "text": {"type": "string", "maxLength": 300},
        "dome_open": {"type": "boolean"},
    },
}
HEARD = {
    "type": "object",
    "required": ["heard", "failing"],
    "properties": {
        "heard": {"type": "string", "description": "The name of the heartbeat."},
        "failing": {"type": "boolean"},
        "ignored": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}


def add_beats(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Return the schema with the beats in it (a post-processing hook of drf-spectacular)."""
    result.setdefault("components", {}).setdefault("schemas", {}).update({"Beat": BEAT, "Heard": HEARD})
    answers = {
        "200": _answer("It was heard.", {"$ref": "#/components/schemas/Heard"}),
        "404": _answer("No heartbeat has this address.", {"type": "object"}),
        "503": _answer("The database is away. Beat again in a moment.", {"type": "object"}),
    }
    common = {
        "tags": ["hooks"],
        "security": [{}],
        "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": answers,
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Beat"}}}}
    result["paths"]["/beats/{token}/"] = {
        "get": common | {"operationId": "beat_by_get", "summary": "Say that you are there"},
        "post": common | {"operationId": "beat", "summary": "Say that you are there, and how", "requestBody": body},
    }
    return result


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
