"""Params that an operator can set, as an app's ``params.star`` declares them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from clace.errors import BadRequest
from clace.go_booleans import EITHER, TRUE
from clace.model.schema import INTEGERS, FieldType

MOST_PARAMS = 100
OPTIONS = "options-"
"""``options-x`` lists what may be chosen for ``x``."""
DISPLAY_TYPES = frozenset({"password", "textarea", "file", "combo"})
_NAME = re.compile(r"\S{1,128}")
_INTEGER = re.compile(r"[+-]?[0-9]+")


class AppParam(Struct, frozen=True, forbid_unknown_fields=True):
    """One value of an app; ``default`` is a text as an operator would give it.

    ``display_type`` is how a form shows it; behind a colon it may have an option.
    """

    name: str
    type: FieldType = FieldType.STRING
    default: Annotated[str, Meta(max_length=4000)] | None = None
    description: Annotated[str, Meta(max_length=1000)] = ""
    required: bool = True
    display_type: Annotated[str, Meta(max_length=128)] = ""

    def __post_init__(self) -> None:
        """:raises ValueError: the name cannot be used, or the rest does not fit the type."""
        if not _NAME.fullmatch(self.name) or not self.name.isprintable():
            raise ValueError(f"invalid param name {self.name!r:.140}, expected no whitespace")
        if self.name.startswith(OPTIONS) and self.type is not FieldType.LIST:
            raise ValueError(f"param {self.name} lists options, its type has to be LIST")
        if self.display_type:
            self._check_display()
        if self.default is not None:
            self._parsed(self.default, "default value")
        elif not self.required:
            raise ValueError(f"param {self.name} is not required, it has to have a default")

    def value(self, given: str | None) -> Any:
        """Convert an operator's text, or its absence, to the app's value.

        :raises BadRequest: that cannot be; the text is not repeated, for it may be a secret.
        """
        if given == "" and self.required and self.type is FieldType.STRING:
            raise BadRequest(f"param {self.name} is a required param, value cannot be empty")
        text = self.default if given is None else given
        if text is None:
            told = "a value has to be provided"
            raise BadRequest(
                f"param {self.name} is a required param, {told} (--param {self.name}=...)"
            )
        try:
            return self._parsed(text, "value")
        except ValueError as error:
            raise BadRequest(str(error)) from None

    def _check_display(self) -> None:
        shown = self.display_type.partition(":")[0]
        if shown not in DISPLAY_TYPES:
            raise ValueError(f"unknown display type {shown} for {self.name}")
        if self.type is not FieldType.STRING:
            kind = self.type.lower()
            raise ValueError(f"param {self.name} is of type {kind}, it cannot have a display type")

    def _parsed(self, text: str, what: str) -> Any:
        try:
            return _READERS[self.type](text)
        except (ValueError, RecursionError):
            told = mismatch(self.name, self.type, what)
            raise ValueError(f"{told}{_WRITTEN.get(self.type, '')}") from None


_WRITTEN = {
    FieldType.BOOLEAN: ", expected true or false",
    FieldType.LIST: ', expected JSON such as ["a", "b"]',
    FieldType.DICT: ', expected JSON such as {"a": "b"}',
}


def mismatch(name: str, kind: FieldType, what: str) -> str:
    """Says that something is of another type than the param."""
    article = "an" if kind is FieldType.INT else "a"
    return f"param {name} is of type {kind.lower()} but {what} is not {article} {kind.lower()}"


def check_together(params: Sequence[AppParam]) -> None:
    """:raises ValueError: there are too many, or two of one name."""
    if len(params) > MOST_PARAMS:
        raise ValueError(f"more than {MOST_PARAMS} params")
    for name, count in Counter(param.name for param in params).items():
        if count > 1:
            raise ValueError(f"param {name} already defined")


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or int(text) not in INTEGERS:
        raise ValueError("not an integer of 64 bits")
    return int(text)


def _boolean(text: str) -> bool:
    if text not in EITHER:
        raise ValueError("not a boolean")
    return text in TRUE


_READERS: dict[FieldType, Callable[[str], Any]] = {
    FieldType.STRING: str,
    FieldType.INT: _integer,
    FieldType.BOOLEAN: _boolean,
    FieldType.DICT: msgspec.json.Decoder(dict[str, Any]).decode,
    FieldType.LIST: msgspec.json.Decoder(list[Any]).decode,
}
