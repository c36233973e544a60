"""Results of ``elems()`` and its like: the bytes or characters of a string, one by one."""

from __future__ import annotations

from clace.starlark.values.text import from_bytes, replaced, to_bytes


class _Parts:
    """The parts of a string, as strings or as numbers (``ords``); ``method`` made this."""

    __slots__ = ("method", "ords", "string")

    def __init__(self, string: str, method: str) -> None:
        self.string = string
        self.method = method
        self.ords = method.endswith("_ords")


class StringElements(_Parts):
    """The bytes of a string."""

    __slots__ = ()

    def items(self) -> list[str] | list[int]:
        data = to_bytes(self.string)
        return list(data) if self.ords else [from_bytes(data[i : i + 1]) for i in range(len(data))]


class StringCodepoints(_Parts):
    """The characters of a string."""

    __slots__ = ()

    def items(self) -> list[str] | list[int]:
        text = replaced(self.string)
        return [ord(one) for one in text] if self.ords else list(text)


class BytesElements:
    """The numbers of a bytes value."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data
