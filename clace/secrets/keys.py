"""The keys that stored secrets are sealed with, as operators keep them."""

from __future__ import annotations

import binascii
import os
import re
import stat
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from clace.errors import SecretFailed
from clace.model import is_reference
from clace.private_files import create_file, make_private_folder

KEY_BYTES = 32
MAX_FILE = 64 * 1024
_LONE = "default"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class SealingKey(Struct, frozen=True):
    id: str
    material: bytes

    def __repr__(self) -> str:
        return f"Key({self.id!r})"


class SealingKeys(Struct, frozen=True):
    """All keys by id; ``active`` seals, any of them opens."""

    active: SealingKey
    by_id: dict[str, SealingKey]

    @classmethod
    def parse(cls, text: str) -> SealingKeys:
        """Lines, or parts between commas, of ``<id>:<base64 of 32 bytes>``; the first is active.

        A key may stand without an id, which then is ``default``; ``#`` begins a comment.

        :raises SecretFailed: it is nothing like that; says in which part, and no more.
        """
        by_id: dict[str, SealingKey] = {}
        for number, part in enumerate(_parts(text), 1):
            key = _key(part, number)
            if key.id in by_id:
                raise SecretFailed(f"key {number}: there is another of the id {key.id}")
            by_id[key.id] = key
        if not by_id:
            raise SecretFailed("there is no key in it")
        return cls(next(iter(by_id.values())), by_id)


class KeyFile:
    """A file of keys for its owner only; in place of keys it may name a secret that holds them."""

    def __init__(self, path: Path, resolve: Callable[[str], str]) -> None:
        self.path = path
        self._resolve = resolve

    def read(self) -> SealingKeys | None:
        """``None`` if the file is missing. Blocks.

        :raises SecretFailed: it cannot be used; says why.
        """
        try:
            text = self._text()
            return None if text is None else keys_of(text, self._resolve)
        except SecretFailed as error:
            raise SecretFailed(f"key file {self.path}: {error.message}") from error

    def create(self, random: Callable[[int], bytes]) -> None:
        """Make a key, unless there is a file; of servers that start together one makes it.

        :raises SecretFailed: it cannot be written.
        """
        line = f"key1:{b64encode(random(KEY_BYTES)).decode()}\n".encode()
        try:
            make_private_folder(self.path.parent)
            create_file(self.path, line, 0o600)
        except OSError as error:
            reason = f"key file {self.path} cannot be written: {error.strerror}"
            raise SecretFailed(reason) from error

    def _text(self) -> str | None:
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(MAX_FILE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretFailed(f"cannot be read: {error.strerror}") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretFailed(f"is open to others than its owner; chmod 600 {self.path}")
        return content.decode("utf-8", "replace")


class KeyText:
    """Keys that the configuration names by a reference."""

    path = None

    def __init__(self, text: str, resolve: Callable[[str], str]) -> None:
        self._text = text
        self._resolve = resolve

    def read(self) -> SealingKeys:
        """:raises SecretFailed: if the secret is missing, or holds no keys."""
        return keys_of(self._text, self._resolve)

    def create(self, random: Callable[[int], bytes]) -> None:
        """Nothing: whoever keeps the key has made it."""


def keys_of(text: str, resolve: Callable[[str], str]) -> SealingKeys:
    """:raises SecretFailed: neither the text nor the secret that it names holds keys."""
    return SealingKeys.parse(resolve(text.strip()) if is_reference(text) else text)


def _parts(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from filter(None, map(str.strip, line.partition("#")[0].split(",")))


def _key(part: str, number: int) -> SealingKey:
    name, colon, encoded = part.rpartition(":")
    key_id = name.strip() if colon else _LONE
    if not _ID.fullmatch(key_id):
        raise SecretFailed(f"key {number}: its id is no word of letters, digits, dots and hyphens")
    try:
        material = b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise SecretFailed(f"key {number} is not base64") from None
    if len(material) != KEY_BYTES:
        raise SecretFailed(f"key {number} has {len(material)} bytes, expected {KEY_BYTES}")
    return SealingKey(key_id, material)
