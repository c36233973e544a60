"""Parameters of the functions of ``store.in``."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class InsertParameters(Struct, frozen=True):
    """The parameters of ``store.insert`` and ``store.update``."""

    table: str
    entry: dict[str, Any]


class ById(Struct, frozen=True):
    """The parameters of ``store.select_by_id`` and ``store.delete_by_id``."""

    table: str
    id: int


class MatchingParameters(Struct, frozen=True):
    """The parameters of ``store.select_one``, ``store.count`` and ``store.delete``."""

    table: str
    filter: dict[str, Any]


class SelectParameters(Struct, frozen=True):
    """The parameters of ``store.select``."""

    table: str
    filter: dict[str, Any]
    sort: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 0
