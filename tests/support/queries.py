"""Queries of any operation, filled with what they need."""

from __future__ import annotations

import msgspec


def example(kind):
    """A value of a struct of texts and structs, in which all is ``x`` that has to be said."""
    fields = (field for field in msgspec.structs.fields(kind) if field.required)
    return kind(**{each.name: "x" if each.type is str else example(each.type) for each in fields})
