"""PostgreSQL's ways to look into a document."""

from __future__ import annotations

from typing import Any

from msgspec import json
from sqlalchemy import (
    Text,
    UnaryExpression,
    cast,
    collate,
    func,
    literal,
    literal_column,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from clace.model import DocumentField, FieldType
from clace.plugins.builtin.store.conditions import LIKE_ESCAPE, FieldValue, Scalar
from clace.plugins.builtin.store.dialects import BindParameter, Element, Test


class PostgresWords:
    """JSON kept as ``jsonb``, in which numbers compare as numbers; texts by the C collation."""

    column_type: TypeEngine[Any] = JSONB()

    def written(self, text: Element) -> Element:
        return cast(text, JSONB)

    def read(self, document: Element) -> Element:
        return cast(document, Text)

    def value(self, document: Element, place: FieldValue) -> Element:
        return func.nullif(self._found(document, place, "->"), literal_column("'null'::jsonb"))

    def text(self, document: Element, place: FieldValue) -> Element:
        return collate(self._found(document, place, "->>"), "C")

    def is_kind(self, document: Element, place: FieldValue, *kinds: str) -> Test:
        kind = func.jsonb_typeof(self._found(document, place, "->"))
        return kind.in_([literal_column(f"'{name}'") for name in kinds])

    def scalar(self, bound: BindParameter) -> Element:
        return cast(bound(Text()), JSONB)

    def scalar_value(self, operand: Scalar) -> Any:
        return json.encode(operand).decode()

    def like(self, text: Element, pattern: Element) -> Test:
        return text.ilike(pattern, escape=LIKE_ESCAPE)

    def indexed(self, field: DocumentField, *, descends: bool) -> str:
        direction = "DESC NULLS LAST" if descends else "ASC NULLS FIRST"
        if field.type is FieldType.STRING:
            return f"((_json ->> '{field.name}') COLLATE \"C\") {direction}"
        return f"(NULLIF(_json -> '{field.name}', 'null'::jsonb)) {direction}"

    def sorted(self, element: Element, *, descends: bool) -> UnaryExpression[Any]:
        return element.desc().nulls_last() if descends else element.asc().nulls_first()

    def _found(self, document: Element, place: FieldValue, last: str) -> Element:
        """Step by step and by names only: a path would take a number for a place in a list."""
        steps: list[Element] = [literal_column(f"'{place.field.name}'")]
        steps += [cast(literal(step), Text) for step in place.path]
        found = document
        for step in steps[:-1]:
            found = found.op("->", return_type=JSONB())(step)
        return found.op(last, return_type=Text() if last == "->>" else JSONB())(steps[-1])
