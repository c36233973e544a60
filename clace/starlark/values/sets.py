"""Sets, which keep the order in which their elements came."""

from __future__ import annotations


class Set:
    """A set: the keys of a dict."""

    __slots__ = ("items",)

    def __init__(self, items: dict[object, None] | None = None) -> None:
        self.items: dict[object, None] = {} if items is None else items

    def __bool__(self) -> bool:
        return bool(self.items)
