"""A proxy that holds both sides to Twilio's own OpenAPI document: what a client asks, and what the simulator answers.

The document is not ours and is not kept here: TWILIO_OPENAPI names it. Only what the document says is checked. It says
nothing about errors (it has no answers but those that succeed), nor that a number must be in E.164.

How the document is read: fields of a form that are arrays come as repeated fields; `uri` and `*_uri` in answers are
relative, though their format says otherwise; `nullable` is a type of its own. Source: paging.md 2.1.
"""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema  # type: ignore[import-untyped]
import requests

FORM = "application/x-www-form-urlencoded"
Schema = dict[str, Any]

formats = jsonschema.FormatChecker(formats=())


@formats.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(urlsplit(value).scheme and urlsplit(value).netloc)


@formats.checks("date-time-rfc-2822", raises=ValueError)
def _is_rfc_2822(value: object) -> bool:
    return not isinstance(value, str) or parsedate_to_datetime(value) is not None


@formats.checks("http-method")
def _is_method(value: object) -> bool:
    return value in {"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", None}


class Contract:
    """The document, asked about requests and answers."""

    def __init__(self, path: Path) -> None:
        self.document: Schema = json.loads(path.read_text())
        self.schemas: Schema = self.document["components"]["schemas"]
        self._paths = [
            (re.compile(re.sub(r"\{\w+\}", "([^/]+)", known.replace(".", r"\.")) + "$"), known)
            for known in self.document["paths"]
        ]

    def operation(self, method: str, path: str) -> Schema | None:
        """Return what the document says about a request, or nothing where it knows none of the kind."""
        for pattern, known in self._paths:
            if pattern.match(path):
                found: Schema | None = self.document["paths"][known].get(method.lower())
                return found
        return None

    def states(self, name: str) -> set[str]:
        return set(self.schemas[name]["enum"])

    def request_faults(self, method: str, path: str, query: str, body: str, headers: dict[str, str]) -> Iterator[str]:
        """Find what is wrong with a request, in words."""
        operation = self.operation(method, path)
        if operation is None:
            yield f"{method} {path} is not in the document"
            return
        if not headers.get("authorization", "").startswith("Basic "):
            yield "nobody is named: Basic authentication is missing"
        known = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
        yield from self._fields_faults({"type": "object", "properties": known}, query)
        form = operation.get("requestBody", {}).get("content", {}).get(FORM)
        if form is not None:
            if headers.get("content-type", "").split(";")[0] != FORM:
                yield f"the body is {headers.get('content-type')}, not a form"
            yield from self._fields_faults(form["schema"], body)

    def _fields_faults(self, schema: Schema, text: str) -> Iterator[str]:
        fields = parse_qs(text, keep_blank_values=True)
        properties, values = schema.get("properties", {}), dict[str, object]()
        for name, given in fields.items():
            if name not in properties:
                yield f"{name} is not a field that the document knows"
                continue
            one = self._resolved(properties[name])
            if one.get("type") == "array":
                values[name] = given
            elif len(given) > 1:
                yield f"{name} is given {len(given)} times, and is no list"
            else:
                values[name] = _read(given[0], str(one.get("type")))
        yield from self._faults(schema, values)

    def answer_faults(self, method: str, path: str, status: int, body: str) -> Iterator[str]:
        """Find what is wrong with an answer, in words. Answers that are errors are not in the document at all."""
        operation = self.operation(method, path)
        if operation is None or status >= 400:
            return
        if str(status) not in operation["responses"]:
            yield f"{status} is not an answer that the document knows"
            return
        content = operation["responses"][str(status)].get("content", {})
        if "application/json" in content:
            yield from self._faults(content["application/json"]["schema"], json.loads(body), every_field=True)

    def _faults(self, schema: Schema, value: object, *, every_field: bool = False) -> Iterator[str]:
        whole = self._translated(schema, every_field=every_field)
        checker = jsonschema.Draft202012Validator(whole, format_checker=formats)
        for error in checker.iter_errors(value):  # type: ignore[arg-type]
            yield f"{'.'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:300]}"

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def _translated(self, schema: Schema, name: str = "", *, every_field: bool = False) -> Schema:
        """Return the schema as JSON Schema means it. `every_field`: an answer has all of them and no others."""
        schema = dict(self._resolved(schema))
        if "properties" in schema:
            inner = schema["properties"].items()
            schema["properties"] = {key: self._translated(one, key, every_field=every_field) for key, one in inner}
            if every_field:
                schema |= {"required": list(schema["properties"]), "additionalProperties": False}
        if "items" in schema:
            schema["items"] = self._translated(schema["items"], every_field=every_field)
        if schema.get("format") == "uri" and name.endswith("uri"):
            del schema["format"]
        if schema.pop("nullable", False):
            if "type" in schema:
                schema["type"] = [schema["type"], "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
        return schema


def _read(text: str, kind: str) -> object:
    """Read one field of a form as what it should be; as it stands where it is not that, and the schema will say so."""
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return text


@dataclass
class Proxy:
    """Stands before a simulator and remembers what broke the contract, and which requests were made."""

    contract: Contract
    target: str
    faults: list[str] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, form

    def __post_init__(self) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one(self) -> None:
                proxy.pass_on(self)

            do_GET = do_POST = handle_one  # noqa: N815 -- names of the standard library

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, asking: BaseHTTPRequestHandler) -> None:
        body = asking.rfile.read(int(asking.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in asking.headers.items()}
        parts = urlsplit(asking.path)
        self.asked.append((asking.command, parts.path, body))
        where = f"{asking.command} {parts.path}"
        wrong = self.contract.request_faults(asking.command, parts.path, parts.query, body, headers)
        self.faults += [f"request {where}: {one}" for one in wrong]
        passed = {name: value for name, value in headers.items() if name in {"authorization", "content-type"}}
        answer = requests.request(
            asking.command, self.target + asking.path, data=body.encode(), headers=passed, timeout=30
        )
        wrong = self.contract.answer_faults(asking.command, parts.path, answer.status_code, answer.text)
        self.faults += [f"answer {where}: {one}" for one in wrong]
        asking.send_response(answer.status_code)
        asking.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        asking.send_header("Content-Length", str(len(answer.content)))
        asking.end_headers()
        asking.wfile.write(answer.content)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
