"""The OpenAPI document of the admin API."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from clace.admin_api.catalogue import OPERATIONS, AnyOperation
from clace.admin_api.operation import LINES, PREFIX, Refusal, ToldLine

_REFUSALS = {
    "400": "The request is not what the operation takes",
    "401": "No credentials, or wrong ones (over TCP only)",
    "403": "A right is missing, or a browser made the request, or it names another host",
    "404": "No such app",
    "409": "The address is taken, approval is needed, or somebody changed the app meanwhile",
    "422": "The source cannot be fetched, or the app does not load",
    "429": "Too many wrong passwords; Retry-After says for how long",
    "500": "A fault of the server; the log has it under the incident number",
}


def describe(version: str) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document over all operations."""
    kinds = [Refusal, ToldLine, *(each.result for each in OPERATIONS)]
    kinds += [each.body for each in OPERATIONS if each.body]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = _described(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Clace admin API", "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "admin": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "clace_..."},
            },
        },
        "security": [{"admin": []}, {"token": []}, {}],
    }


def _described(operation: AnyOperation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"Needs the right {operation.right}.",
        "parameters": [
            {
                "name": field.encode_name,
                "in": "query",
                "required": field.required,
                "schema": {"type": "boolean" if field.type is bool else "string"},
            }
            for field in operation.parameters
        ],
        "responses": {
            "200": _answer(operation),
            **{
                status: {"description": text, "content": _content(Refusal)}
                for status, text in _REFUSALS.items()
            },
        },
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    return described


def _answer(operation: AnyOperation) -> dict[str, Any]:
    if operation.streams:
        content = _content(operation.result, LINES)
        return {"description": "Any number of values, each on a line", "content": content}
    told = _content(ToldLine, LINES) if operation.tells else {}
    return {"description": "Done", "content": {**_content(operation.result), **told}}


def _content(kind: type[Struct], media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
