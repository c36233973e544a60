"""``schema.star``: what it may say, and what the app's own files get for it."""

from __future__ import annotations

import msgspec

from clace.host.faults import Refused
from clace.model.schema import DocType, Schema

SCHEMA_FILE = "schema.star"
NAME = "schema"
EXPORTED = ("doc", "table")
WORDS = """
INT, STRING, BOOLEAN, LIST, DICT = "INT", "STRING", "BOOLEAN", "LIST", "DICT"

def field(name, type, default = None):
    return {"name": name, "type": type, "default": default}

def index(fields, unique = False):
    return {"fields": fields, "unique": unique}

def type(name, fields, indexes = []):
    ace__declare(json.encode({"name": name, "fields": fields, "indexes": indexes}))
"""
_decode = msgspec.json.Decoder(DocType).decode


class Declarations:
    """Takes the types that ``schema.star`` declares, one after another."""

    def __init__(self) -> None:
        self.schema = Schema()

    def __call__(self, text: str) -> str:
        """:raises Refused: it is no type that could be kept."""
        try:
            self.schema = Schema((*self.schema.types, _decode(text)))
        except ValueError as error:
            raise Refused(str(error)) from None
        return ""


def documents(schema: Schema) -> str:
    """The Starlark of ``doc``, which makes entries, and ``table``, which names their tables."""
    types = {
        one.name: [
            [field.name for field in one.fields],
            {field.name: field.default for field in one.fields if field.default is not None},
        ]
        for one in schema.types
    }
    text = _quoted(msgspec.json.encode(types).decode())
    return (
        'load("ace", "ace__documents")\n'
        f"doc = struct(**ace__documents(json.decode({text})))\n"
        f"table = struct(**{_quoted_all([one.name for one in schema.types])})\n"
    )


def _quoted(text: str) -> str:
    """A JSON string is a Starlark string."""
    return msgspec.json.encode(text).decode()


def _quoted_all(names: list[str]) -> str:
    return msgspec.json.encode({name: name for name in names}).decode()
