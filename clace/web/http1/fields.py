"""The header fields of a request, as they came and by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

Made = TypeVar("Made")


class HeaderFields:
    """Header fields; they never change, so what is made of them can be kept with them.

    The methods with names of Twisted's are those of its ``Headers``, for bytes only.
    """

    __slots__ = ("_made", "_pairs", "_values", "host")

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in self._pairs:
            self._values.setdefault(name.lower(), []).append(value)
        self._made: dict[object, Any] = {}
        self.host = self.get(b"host") or ""
        """The server's name as the client has it, with a port if it says one."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeaderFields) and self._pairs == other._pairs

    __hash__ = None  # type: ignore[assignment]

    def get(self, name: bytes) -> str | None:
        """Return the last value of the field called ``name``, which is in lower case."""
        values = self._values.get(name)
        return None if values is None else values[-1].decode()

    def only(self, name: bytes) -> str | None:
        """Return the field called ``name``, in lower case, if there is exactly one."""
        values = self._values.get(name)
        if values is None or len(values) != 1:
            return None
        return values[0].decode("utf-8", "replace")

    def once(self, make: Callable[..., Made], *arguments: object) -> Made:
        """Return what ``make`` makes of arguments that these fields decide; it is called once."""
        made = self._made
        if make not in made:
            made[make] = make(*arguments)
        found: Made = made[make]
        return found

    def getRawHeaders(self, name: bytes, default: Sequence[bytes] = ()) -> Sequence[bytes]:
        return self._values.get(name.lower(), default)

    def getAllRawHeaders(self) -> Iterator[tuple[bytes, Sequence[bytes]]]:
        return iter(self._values.items())
