"""Endpoint strings taken apart, to see what they open before Twisted does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from clace.errors import ListenError

TLS_BY_NAME = "clace-tls"
# How many arguments of a wrapping endpoint stand before the endpoint that it wraps.
_WRAPPERS = {"haproxy": 0, TLS_BY_NAME: 1}
_ENCRYPTED = frozenset({"ssl", "tls", TLS_BY_NAME})


class EndpointDescription(Struct, frozen=True):
    """``prefix:argument:...:keyword=value:...``, unquoted."""

    prefix: str
    arguments: tuple[str, ...] = ()
    keywords: dict[str, str] = {}

    def value(self, name: str, position: int) -> str | None:
        """Return the argument of a parameter, by its name or at its place."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name)


def parse(endpoint: str) -> EndpointDescription:
    """The parts of an endpoint string, as ``serverFromString`` finds them.

    :raises ListenError: it ends in the middle of a quotation.
    """
    arguments: list[str] = []
    keywords: dict[str, str] = {}
    for name, value in _parts(endpoint):
        if value is None:
            arguments.append(name)
        else:
            keywords[name] = value
    prefix, *rest = arguments or [""]
    return EndpointDescription(prefix, tuple(rest), keywords)


def unparse(arguments: Sequence[str], keywords: Mapping[str, str]) -> str:
    """An endpoint string of these parts.

    Twisted's own quoting leaves ``=`` alone, so that a folder named ``a=b`` became a keyword.
    """
    named = (f"{quoted(name)}={quoted(value)}" for name, value in keywords.items())
    return ":".join([*map(quoted, arguments), *named])


def quoted(text: str) -> str:
    """The text as one part of an endpoint string."""
    return "".join(f"\\{letter}" if letter in "\\:=" else letter for letter in text)


def layers(endpoint: str) -> Iterator[EndpointDescription]:
    """The endpoint and those it wraps, the outermost first."""
    layer = parse(endpoint)
    yield layer
    while (skipped := _WRAPPERS.get(layer.prefix)) is not None and layer.arguments[skipped:]:
        prefix, *rest = layer.arguments[skipped:]
        layer = EndpointDescription(prefix, tuple(rest), layer.keywords)
        yield layer


def is_encrypted(endpoint: str) -> bool:
    """Return true if browsers speak HTTPS to it."""
    return any(layer.prefix in _ENCRYPTED for layer in layers(endpoint))


def _parts(endpoint: str) -> Iterator[tuple[str, str | None]]:
    name: str | None = None
    text = ""
    letters = iter(endpoint)
    for letter in letters:
        if letter == "\\":
            text += _quoted_letter(letters)
        elif letter == ":":
            yield _part(name, text)
            name, text = None, ""
        elif letter == "=" and name is None:
            name, text = text, ""
        else:
            text += letter
    yield _part(name, text)


def _part(name: str | None, text: str) -> tuple[str, str | None]:
    return (text, None) if name is None else (name, text)


def _quoted_letter(letters: Iterator[str]) -> str:
    letter = next(letters, None)
    if letter is None:
        raise ListenError("it ends with a backslash that quotes nothing")
    return letter
