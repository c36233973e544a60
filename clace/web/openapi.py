"""The admin API's description, made from the table that serves it."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from clace.model.results import Refusal
from clace.web.routes import PREFIX, Route

_REFUSALS = {
    "400": "The request is not what the operation takes",
    "401": "No credentials, or wrong ones (over TCP only)",
    "403": "A browser made the request, or it names another host than this server (over TCP only)",
    "404": "No such app",
    "409": "The address is taken, approval is needed, or somebody changed the app meanwhile",
    "422": "The source cannot be fetched, or the app does not load",
    "429": "Too many wrong passwords; Retry-After says for how long",
    "500": "A fault of the server; the log has it under the incident number",
}


def describe(routes: tuple[Route, ...], version: str) -> dict[str, Any]:
    """An OpenAPI 3.1 document over ``routes``."""
    kinds = [Refusal, *(route.result for route in routes)]
    kinds += [route.body for route in routes if route.body]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Clace admin API", "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"admin": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"admin": []}, {}],
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "parameters": _parameters(route.query),
        "responses": {
            "200": {"description": "Done", "content": _content(route.result)},
            **{
                status: {"description": text, "content": _content(Refusal)}
                for status, text in _REFUSALS.items()
            },
        },
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": _content(route.body)}
    return operation


def _parameters(query: type[Struct]) -> list[dict[str, Any]]:
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": {"type": "boolean" if field.type is bool else "string"},
        }
        for field in msgspec.structs.fields(query)
    ]


def _content(kind: type[Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}
