"""``schema.star``: its words, and the types that it declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from clace.host.ace import plain
from clace.host.faults import AppFault
from clace.model import AppSchema, DocType, FieldType
from clace.starlark import Builtin, Failure
from clace.wrong_values import wrong_value

SCHEMA_FILE = "schema.star"
_BAD_TYPE = ".type: "


class SchemaFile:
    """Takes the types that ``schema.star`` declares, one after another."""

    def __init__(self) -> None:
        self.schema = AppSchema()

    @property
    def words(self) -> dict[str, Any]:
        """The names that the file has beside the language."""
        functions: dict[str, Callable[..., Any]] = {
            "type": self._type,
            "field": _field,
            "index": _index,
        }
        kinds = {kind.name: kind.name for kind in FieldType}
        return kinds | {name: Builtin(name, function) for name, function in functions.items()}

    def _type(self, name: Any, fields: Any, indexes: Any = ()) -> None:
        """:raises Failure: if the type cannot be kept."""
        try:
            told = {"name": name, "fields": plain(fields), "indexes": plain(indexes)}
            declared = msgspec.convert(told, DocType)
            self.schema = AppSchema((*self.schema.types, declared))
        except (ValueError, AppFault) as error:
            wrong = wrong_value(error)
            types = f"; the types are {', '.join(FieldType)}" if _BAD_TYPE in wrong else ""
            raise Failure(wrong + types) from None


def _field(name: Any, type: Any, default: Any = None) -> dict[str, Any]:  # noqa: A002
    return {"name": name, "type": type, "default": default}


def _index(fields: Any, unique: Any = False) -> dict[str, Any]:  # noqa: FBT002
    return {"fields": fields, "unique": unique}
