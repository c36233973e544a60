"""Fields that are made when they are first read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

S = TypeVar("S")


class LazyFields(Mapping[str, Any], Generic[S]):
    """Fields, each made once from a source by the maker of its name, in the order of the makers.

    ``made`` has those that were read, and at first those that are ready; it is this object's own.
    """

    __slots__ = ("_makers", "made", "source")

    def __init__(
        self, makers: Mapping[str, Callable[[S], Any]], source: S, made: dict[str, Any]
    ) -> None:
        self._makers = makers
        self.source = source
        self.made = made

    def __getitem__(self, name: str) -> Any:
        made = self.made
        if name in made:
            return made[name]
        value = made[name] = self._makers[name](self.source)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers
