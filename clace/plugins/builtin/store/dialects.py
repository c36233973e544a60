"""Differences between the two kinds of database: how they look into a document.

Numbers compare as numbers, texts by code point, and nothing compares with a value of another kind.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Text,
    UnaryExpression,
    func,
    literal,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from clace.model import DocumentField
from clace.plugins.builtin.store.conditions import LIKE_ESCAPE, FieldValue, Scalar

Element = ColumnElement[Any]
Test = ColumnElement[bool]


class BindParameter(Protocol):
    """Makes the next parameter of a statement."""

    def __call__(self, kind: TypeEngine[Any] | None = None, /) -> Element: ...


class DatabaseDialect(Protocol):
    """The words of one kind of database. ``document`` is the column that holds documents."""

    column_type: TypeEngine[Any]
    """What a column of documents is declared as."""

    def written(self, text: Element) -> Element:
        """A document's JSON as a value for the column."""

    def read(self, document: Element) -> Element:
        """A document as JSON."""

    def value(self, document: Element, place: FieldValue) -> Element:
        """Return the expression that compares numbers and booleans; NULL where there is nothing."""

    def text(self, document: Element, place: FieldValue) -> Element:
        """Return the expression that compares texts."""

    def is_kind(self, document: Element, place: FieldValue, *kinds: str) -> Test:
        """Return a test for one of ``number string boolean array object``."""

    def scalar(self, bound: BindParameter) -> Element:
        """A parameter that is a number or boolean as ``value`` has it."""

    def scalar_value(self, operand: Scalar) -> Any:
        """The value of such a parameter."""

    def like(self, text: Element, pattern: Element) -> Test:
        """Return a test of a text against a pattern; upper and lower case are the same."""

    def indexed(self, field: DocumentField, *, descends: bool) -> str:
        """A part of an index, in the words of ``CREATE INDEX``."""

    def sorted(self, element: Element, *, descends: bool) -> UnaryExpression[Any]:
        """The order in which what is missing comes before all else."""


class SQLiteWords:
    """JSON kept as text. Names of fields are literals, since only then are indexes used."""

    column_type: TypeEngine[Any] = Text()
    _KINDS = {
        "number": ("integer", "real"),
        "string": ("text",),
        "boolean": ("true", "false"),
        "array": ("array",),
        "object": ("object",),
    }

    def written(self, text: Element) -> Element:
        return text

    def read(self, document: Element) -> Element:
        return document

    def value(self, document: Element, place: FieldValue) -> Element:
        return func.json_extract(document, self._path(place))

    text = value

    def is_kind(self, document: Element, place: FieldValue, *kinds: str) -> Test:
        names = [f"'{name}'" for kind in kinds for name in self._KINDS[kind]]
        kind = func.json_type(document, self._path(place))
        return kind.in_([literal_column(name) for name in names])

    def scalar(self, bound: BindParameter) -> Element:
        return bound()

    def scalar_value(self, operand: Scalar) -> Any:
        return int(operand) if isinstance(operand, bool) else operand

    def like(self, text: Element, pattern: Element) -> Test:
        return text.like(pattern, escape=LIKE_ESCAPE)

    def indexed(self, field: DocumentField, *, descends: bool) -> str:
        return f"json_extract(_json, '$.\"{field.name}\"') {'DESC' if descends else 'ASC'}"

    def sorted(self, element: Element, *, descends: bool) -> UnaryExpression[Any]:
        return element.desc() if descends else element.asc()

    def _path(self, place: FieldValue) -> Element:
        path = ".".join(("$", *(f'"{step}"' for step in (place.field.name, *place.path))))
        return literal(path) if place.path else literal_column(f"'{path}'")


def words_of(dialect: Dialect) -> DatabaseDialect:
    """The words of the database that an engine talks to."""
    if dialect.name != "postgresql":
        return SQLiteWords()
    from clace.plugins.builtin.store.postgres import PostgresWords  # noqa: PLC0415 - its dialect is large

    return PostgresWords()
