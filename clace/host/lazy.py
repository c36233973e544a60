"""Fields that are made when they are first read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

S = TypeVar("S")


class LazyFields(Mapping[str, Any], Generic[S]):
    """Fields, each made once from a source by the maker of its name, in the order of the makers."""

    __slots__ = ("_made", "_makers", "_source")

    def __init__(self, makers: Mapping[str, Callable[[S], Any]], source: S) -> None:
        self._makers = makers
        self._source = source
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        made = self._made
        if name in made:
            return made[name]
        value = made[name] = self._makers[name](self._source)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    @property
    def made(self) -> Mapping[str, Any]:
        """The fields that were read."""
        return self._made
