"""Conditions and orders as SQL, in the words of the database."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from attrs import frozen
from sqlalchemy import ColumnElement, UnaryExpression, and_, false, not_, or_, true

from clace.model.schema import FieldType
from clace.plugins.store.conditions import (
    Column,
    Comparison,
    Condition,
    Every,
    Order,
    Scalar,
    Value,
)
from clace.plugins.store.dialects import Element, Test, Words

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "$gt": operator.gt,
    "$lt": operator.lt,
    "$gte": operator.ge,
    "$lte": operator.le,
    "$eq": operator.eq,
    "$ne": operator.ne,
}


@frozen
class Clauses:
    """Says what is asked of one table; ``columns`` are its columns by name."""

    words: Words
    columns: Any

    def where(self, condition: Condition) -> Test:
        if isinstance(condition, Comparison):
            if isinstance(condition.place, Column):
                return self._of_column(condition, self.columns[condition.place.name])
            return self._of_value(condition, condition.place)
        parts = [self.where(part) for part in condition.parts]
        return and_(true(), *parts) if isinstance(condition, Every) else or_(false(), *parts)

    def order(self, orders: tuple[Order, ...]) -> list[UnaryExpression[Any]]:
        """Return the clause; what compares equal comes by id in the direction of the last order,
        which indexes can be read in, so that pages do not overlap.
        """
        last = Order(Column("_id"), bool(orders) and orders[-1].descends)
        return [self._sorted(one) for one in (*orders, last)]

    def _sorted(self, order: Order) -> UnaryExpression[Any]:
        if isinstance(order.place, Column):
            # Nothing is missing there: only without a word of it PostgreSQL uses its key.
            column = self.columns[order.place.name]
            return column.desc() if order.descends else column.asc()  # type: ignore[no-any-return]
        is_text = order.place.field.type is FieldType.STRING
        found = (self.words.text if is_text else self.words.value)(self._document, order.place)
        return self.words.sorted(found, descends=order.descends)

    @property
    def _document(self) -> Element:
        return self.columns["_json"]  # type: ignore[no-any-return]

    def _of_column(self, comparison: Comparison, column: Element) -> Test:
        operand = comparison.operand
        if operand is None:
            return column.is_(None) if comparison.operator == "$eq" else column.is_not(None)
        if comparison.operator == "$like":
            return self.words.like(column, str(operand))
        return _compared(comparison.operator, column, operand)

    def _of_value(self, comparison: Comparison, place: Value) -> Test:
        words, document, operand = self.words, self._document, comparison.operand
        present = words.value(document, place).is_not(None)
        if operand is None:
            return not_(present) if comparison.operator == "$eq" else present
        if comparison.operator == "$like":
            kinds = words.is_kind(document, place, "string", "array", "object")
            return and_(kinds, words.like(words.text(document, place), str(operand)))
        if comparison.operator == "$ne":
            return and_(present, not_(self._same_kind("$eq", place, operand)))
        return self._same_kind(comparison.operator, place, operand)

    def _same_kind(self, name: str, place: Value, operand: Scalar) -> Test:
        """False for a value of another kind than the operand's, whatever the operator."""
        words, document = self.words, self._document
        if isinstance(operand, str):
            found = _compared(name, words.text(document, place), operand)
            return and_(found, words.is_kind(document, place, "string"))
        kind = "boolean" if isinstance(operand, bool) else "number"
        found = _compared(name, words.value(document, place), words.scalar(operand))
        return and_(found, words.is_kind(document, place, kind))


def _compared(name: str, left: Element, right: Any) -> ColumnElement[bool]:
    return _COMPARE[name](left, right)  # type: ignore[no-any-return]
