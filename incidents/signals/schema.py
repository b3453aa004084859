"""Adds `POST /hooks/{token}/` to the API's schema. It is a plain view outside /api/v1/, which the generator cannot see,
and what senders hold on to must be written down with the rest (api.md).
"""

from typing import Any

TEXTS = {"type": "array", "items": {"type": "string"}}
ERRORS = {"type": "object", "additionalProperties": TEXTS}
SIGNAL = {
    "type": "object",
    "description": "Kind `json`. Without `key` each signal is an alarm of its own. What fires needs a `title`, what is "
    "resolved its `key` alone.",
    "properties": {
        "key": {"type": "string", "maxLength": 200},
        "title": {"type": "string", "minLength": 1, "maxLength": 300},
        "severity": {"type": "integer", "minimum": 1, "maximum": 5, "description": "The source's own when left out."},
        "status": {"type": "string", "enum": ["firing", "resolved"], "default": "firing"},
        "description": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "link": {"type": "string", "maxLength": 1000},
        "product": {"type": "string", "maxLength": 120},
    },
}
SIGNALS = {
    "type": "object",
    "description": "Kind `json`, several at once. What can be read is accepted beside what cannot.",
    "required": ["signals"],
    "properties": {"signals": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Signal"}}},
}
ALERTMANAGER = {
    "type": "object",
    "description": "Kind `alertmanager`: Prometheus Alertmanager's webhook payload, version 4, as it sends it.",
    "required": ["version", "alerts"],
    "properties": {
        "version": {"type": "string", "enum": ["4"]},
        "alerts": {"type": "array", "items": {"type": "object"}},
    },
}
GRAFANA = {
    "type": "object",
    "description": "Kind `grafana`: the webhook payload of Grafana unified alerting, as it sends it. Each item of "
    "`alerts` is an alarm by its `fingerprint`; `truncatedAlerts` above 0 is answered as a rejected item.",
    "required": ["alerts"],
    "properties": {
        "alerts": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        "orgId": {"type": "integer"},
        "truncatedAlerts": {"type": "integer"},
    },
}
KAPACITOR = {
    "type": "object",
    "description": "Kind `kapacitor`: an event of Kapacitor's HTTP post handler. Level `OK` resolves its id's alarm.",
    "required": ["id", "level"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "level": {"type": "string", "enum": ["OK", "INFO", "WARNING", "CRITICAL"]},
        "message": {"type": "string"},
        "details": {"type": "string", "description": "HTML; its text is kept."},
        "data": {"type": "object"},
    },
}
MAPPED = {
    "description": "Kind `mapped`: any JSON. What means what is said on the page of the source; until then it is kept "
    "and answered with 400 “No mapping yet”.",
}
REJECTED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["index", "errors"],
        "properties": {"index": {"type": "integer"}, "errors": ERRORS},
    },
}
UNREAD = {
    "type": "object",
    "description": "What is wrong with which field; of several items the first one's, and all of them in `rejected`.",
    "properties": {"rejected": REJECTED},
    "additionalProperties": TEXTS,
}
RECEIPT = {
    "type": "object",
    "required": ["accepted", "alarms", "rejected"],
    "properties": {
        "accepted": {"type": "integer", "description": "How many items were read."},
        "alarms": {"type": "array", "items": {"type": "string", "format": "uuid"}},
        "rejected": REJECTED,
    },
}
KINDS: dict[str, dict[str, Any]] = {
    "Signal": SIGNAL,
    "Signals": SIGNALS,
    "AlertmanagerSignal": ALERTMANAGER,
    "GrafanaSignal": GRAFANA,
    "KapacitorSignal": KAPACITOR,
    "MappedSignal": MAPPED,
}
COMPONENTS = {**KINDS, "Receipt": RECEIPT}


def add_hook(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Return the schema with the hook in it (a post-processing hook of drf-spectacular)."""
    result.setdefault("components", {}).setdefault("schemas", {}).update(COMPONENTS)
    kinds = [{"$ref": f"#/components/schemas/{name}"} for name in KINDS]
    result["paths"]["/hooks/{token}/"] = {
        "post": {
            "operationId": "hook",
            "summary": "Deliver a signal",
            "description": "The secret in the address is the proof; no header is wanted. See Sources for the address.",
            "tags": ["hooks"],
            "security": [{}],
            "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": kinds}}}},
            "responses": {
                "202": _answer("What came of each item. It is committed.", {"$ref": "#/components/schemas/Receipt"}),
                "400": _answer("Nothing could be read; each field says why. It is kept and can be replayed.", UNREAD),
                "404": _answer("No source has this address.", ERRORS),
                "413": _answer("Larger than 1 MiB.", ERRORS),
                "503": _answer("The database is away. Send it again in a moment.", ERRORS),
            },
        }
    }
    return result


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
