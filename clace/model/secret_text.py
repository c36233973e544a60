"""Texts that name secrets: ``{{secret "k1" "k2"}}`` and ``{{secret_from "provider" "k1"}}``.

A grammar of its own, far smaller than that of templates: a text is pieces as they are and
references. All but calls of these two names is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from msgspec import Struct

from clace.errors import BadRequest

DEFAULT = "default"
MAX_KEY = 1024
MAX_KEYS = 16
MAX_REFERENCES = 16
_CALL = re.compile(r"\{\{-?\s*(secret_from|secret)(?!\w)")
_STRING = re.compile(r'\s+(?:"((?:[^"\\\r\n]|\\["\\])*)"|`([^`]*)`)')
_ESCAPED = re.compile(r'\\(["\\])')
_END = re.compile(r"\s*\}\}")


class SecretReference(Struct, frozen=True):
    """A secret that a text names; ``provider`` is empty for the default one."""

    provider: str
    keys: tuple[str, ...]
    text: str = ""

    def __str__(self) -> str:
        """The keys as errors name them."""
        return " ".join(self.keys)


Piece = str | SecretReference


def is_reference(text: str) -> bool:
    """Return true if the text refers to a secret, rightly or not."""
    return "{{" in text and _CALL.search(text) is not None


def pieces(text: str) -> tuple[Piece, ...]:
    """The text taken apart; joined again, with references as their ``text``, it is the same.

    :raises BadRequest: a call is malformed, or one too many; says where and what was expected.
    """
    return tuple(_pieces(text)) if "{{" in text else (text,)


def references(text: str) -> tuple[SecretReference, ...]:
    """The secrets that the text names, in order.

    :raises BadRequest: a call is malformed.
    """
    return tuple(piece for piece in pieces(text) if isinstance(piece, SecretReference))


def filled(text: str, values: Mapping[SecretReference, str]) -> str:
    """The text with the values of its references in their places; values are not read again."""
    return "".join(
        values[piece] if isinstance(piece, SecretReference) else piece for piece in pieces(text)
    )


def reference_text(name: str, provider: str = "") -> str:
    """Return the reference to a secret with a single plain key."""
    return f'{{{{secret_from "{provider}" "{name}"}}}}' if provider else f'{{{{secret "{name}"}}}}'


def _pieces(text: str) -> Iterator[Piece]:
    place = count = 0
    while call := _CALL.search(text, place):
        count += 1
        if count > MAX_REFERENCES:
            _refuse(call.start(), f"expected at most {MAX_REFERENCES} in a text")
        if call.start() > place:
            yield text[place : call.start()]
        reference = _reference(text, call)
        yield reference
        place = call.start() + len(reference.text)
    if place < len(text) or not text:
        yield text[place:]


def _reference(text: str, call: re.Match[str]) -> SecretReference:
    if call[0].startswith("{{-"):
        _refuse(call.start(), "no trim marker, expected {{")
    place = call.end()
    given: list[str] = []
    while found := _STRING.match(text, place):
        place = found.end()
        given.append(_key(found, call))
    end = _END.match(text, place) or _refuse(place, 'expected a "text" or }}')
    provider = ""
    if call[1] == "secret_from":
        if not given:
            _refuse(place, "expected the name of a provider")
        provider = given.pop(0)
    if not 0 < len(given) <= MAX_KEYS:
        _refuse(place, f"expected 1 to {MAX_KEYS} keys")
    if not all(given):
        _refuse(call.start(), "a key is empty")
    whole = text[call.start() : end.end()]
    return SecretReference("" if provider == DEFAULT else provider, tuple(given), whole)


def _key(found: re.Match[str], call: re.Match[str]) -> str:
    key = _ESCAPED.sub(r"\1", found[1]) if found[2] is None else found[2]
    if len(key) > MAX_KEY or not (key.isprintable() or not key):
        _refuse(call.start(), f"expected keys of up to {MAX_KEY} printable characters")
    return key


def _refuse(place: int, reason: str) -> NoReturn:
    raise BadRequest(f"malformed secret reference at character {place + 1}: {reason}")
