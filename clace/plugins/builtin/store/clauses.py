"""Conditions and orders as SQL, in the words of the database."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Hashable, Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    UnaryExpression,
    and_,
    bindparam,
    false,
    not_,
    or_,
    true,
)
from sqlalchemy.types import TypeEngine

from clace.model import FieldType
from clace.plugins.builtin.store.conditions import (
    AllOf,
    Comparison,
    Condition,
    EntryColumn,
    FieldValue,
    Place,
    Scalar,
    SortOrder,
)
from clace.plugins.builtin.store.dialects import DatabaseDialect, Element, Test

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "$gt": operator.gt,
    "$lt": operator.lt,
    "$gte": operator.ge,
    "$lte": operator.le,
    "$eq": operator.eq,
    "$ne": operator.ne,
}


class SQLClauses:
    """Says what is asked of one table; ``columns`` are its columns by name.

    Operands are parameters, numbered in the order in which ``values`` has them: another condition
    of the same ``shape`` is asked by the same statement, with its own values.
    """

    def __init__(self, words: DatabaseDialect, columns: Any) -> None:
        self._words = words
        self._columns = columns

    def where(self, condition: Condition) -> Test:
        """The condition as SQL."""
        return _Tests(self._words, self._columns).of(condition)

    def values(self, condition: Condition) -> dict[str, Any]:
        """The operands of the condition as the driver takes them, by their parameters."""
        found = (self._value_of(one) for one in _comparisons(condition) if one.operand is not None)
        return {f"operand{number}": value for number, value in enumerate(found)}

    def _value_of(self, comparison: Comparison) -> Any:
        operand = comparison.operand
        if isinstance(comparison.place, EntryColumn) or isinstance(operand, str):
            return operand
        return self._words.scalar_value(operand)

    def order(self, orders: tuple[SortOrder, ...]) -> list[UnaryExpression[Any]]:
        """Return the clause; what compares equal comes by id in the direction of the last order,
        which indexes can be read in, so that pages do not overlap.
        """
        last = SortOrder(EntryColumn("_id"), bool(orders) and orders[-1].descends)
        return [self._sorted(one) for one in (*orders, last)]

    def _sorted(self, order: SortOrder) -> UnaryExpression[Any]:
        if isinstance(order.place, EntryColumn):
            # Nothing is missing there: only without a word of it PostgreSQL uses its key.
            column = self._columns[order.place.name]
            return column.desc() if order.descends else column.asc()  # type: ignore[no-any-return]
        is_text = order.place.field.type is FieldType.STRING
        value = self._words.text if is_text else self._words.value
        found = value(self._columns["_json"], order.place)
        return self._words.sorted(found, descends=order.descends)


class _Tests:
    """The tests of one condition, with the parameters that they have so far."""

    def __init__(self, words: DatabaseDialect, columns: Any) -> None:
        self._words = words
        self._columns = columns
        self._document: Element = columns["_json"]
        self._numbers = itertools.count()

    def of(self, condition: Condition) -> Test:
        if isinstance(condition, Comparison):
            if isinstance(condition.place, EntryColumn):
                return self._of_column(condition, self._columns[condition.place.name])
            return self._of_value(condition, condition.place)
        parts = [self.of(part) for part in condition.parts]
        return and_(true(), *parts) if isinstance(condition, AllOf) else or_(false(), *parts)

    def _bound(self, kind: TypeEngine[Any] | None = None) -> Element:
        """The parameter of the next operand."""
        return bindparam(f"operand{next(self._numbers)}", type_=kind)

    def _of_column(self, comparison: Comparison, column: Element) -> Test:
        operand = comparison.operand
        if operand is None:
            return column.is_(None) if comparison.operator == "$eq" else column.is_not(None)
        if comparison.operator == "$like":
            return self._words.like(column, self._bound(Text()))
        return _compared(comparison.operator, column, self._bound(column.type))

    def _of_value(self, comparison: Comparison, place: FieldValue) -> Test:
        words, document, operand = self._words, self._document, comparison.operand
        present = words.value(document, place).is_not(None)
        if operand is None:
            return not_(present) if comparison.operator == "$eq" else present
        if comparison.operator == "$like":
            kinds = words.is_kind(document, place, "string", "array", "object")
            return and_(kinds, words.like(words.text(document, place), self._bound(Text())))
        if comparison.operator == "$ne":
            return and_(present, not_(self._same_kind("$eq", place, operand)))
        return self._same_kind(comparison.operator, place, operand)

    def _same_kind(self, name: str, place: FieldValue, operand: Scalar) -> Test:
        """False for a value of another kind than the operand's, whatever the operator."""
        words, document = self._words, self._document
        if isinstance(operand, str):
            found = _compared(name, words.text(document, place), self._bound(Text()))
            return and_(found, words.is_kind(document, place, "string"))
        kind = "boolean" if isinstance(operand, bool) else "number"
        found = _compared(name, words.value(document, place), words.scalar(self._bound))
        return and_(found, words.is_kind(document, place, kind))


def _compared(name: str, left: Element, right: Any) -> ColumnElement[bool]:
    return _COMPARE[name](left, right)  # type: ignore[no-any-return]


def shape(condition: Condition) -> Hashable:
    """The common part of conditions that one statement asks."""
    if isinstance(condition, Comparison):
        return shape_of_place(condition.place), condition.operator, type(condition.operand)
    return type(condition), tuple(map(shape, condition.parts))


def shape_of_place(place: Place) -> Hashable:
    """The mark that tells places apart."""
    return place.name if isinstance(place, EntryColumn) else (place.field.name, *place.path)


def _comparisons(condition: Condition) -> Iterator[Comparison]:
    """The comparisons in the order in which SQL has them."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for part in condition.parts:
            yield from _comparisons(part)
