"""Case data as JSON in which every Go type can be told: ints are bare, the rest is tagged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from clace.gotemplate import Record, URLValues
from clace.gotemplate.go.values import Int64, Map, Slice


def from_json(value: Any) -> Any:
    """The Python value that stands for the Go value of a case."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: from_json(item) for key, item in value.items()}
    return _TAGS[value["$"]](value["v"])


def _request(fields: dict[str, Any]) -> Record:
    made = {
        "AppName": fields.get("AppName", ""),
        "AppPath": fields.get("AppPath", ""),
        "IsDev": fields.get("IsDev", False),
        "Count": fields.get("Count", 0),
        "Headers": URLValues(fields.get("Headers", {}), header=True),
        "UrlParams": _string_map(fields.get("UrlParams", {})),
        "Form": URLValues(fields.get("Form", {})),
        "Query": URLValues(fields.get("Query", {})),
        "Data": from_json(fields.get("Data")),
    }
    return Record("main.Request", made, interfaces=("Data",))


def _string_map(entries: dict[str, str]) -> Any:
    return Map(entries, elem="string")


_TAGS = {
    "float": float,
    "int64": Int64,
    "strings": lambda items: Slice(items, elem="string"),
    "values": URLValues,
    "header": lambda entries: URLValues(entries, header=True),
    "time": datetime.fromisoformat,
    "latin": lambda text: text.encode("latin-1").decode("utf-8", "surrogateescape"),
    "request": _request,
}
