"""Landlock: the kernel's own refusal of files, connections and signals, whatever the user may."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterable

from msgspec import Struct

from clace.kernel.calls import Unavailable, last_error

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_BENEATH = 1
_ASK_VERSION = 1
_FILES, _CONNECTIONS, _SCOPES = (1 << 13) - 1, 0b11, 0b11
# Rights that later kernels added: linking across folders, truncating, devices.
_MORE_FILES = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_WITH_CONNECTIONS, _WITH_SCOPES = 4, 6
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER = 1, 2, 4, 8
_TRUNCATE, _DEVICES = 1 << 14, 1 << 11 | 1 << 6
_READ = _READ_FILE | _READ_FOLDER
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE


class FileGrant(Struct, frozen=True, kw_only=True):
    """A file, or a folder and all below it, that may be read; the rest is said."""

    path: str
    may_write: bool = False
    may_execute: bool = False


def rules(version: int) -> bytes:
    """A rule set that names all that this version knows and allows none of it."""
    words = [_files(version)]
    if version >= _WITH_CONNECTIONS:
        words.append(_CONNECTIONS)
    if version >= _WITH_SCOPES:
        words.append(_SCOPES)
    return struct.pack(f"={len(words)}Q", *words)


def _files(version: int) -> int:
    return _FILES | sum(bit for since, bit in _MORE_FILES.items() if version >= since)


def restrict(syscall: Callable[..., int]) -> None:
    """Take all files from this process for good; needs ``no_new_privs``.

    :raises Unavailable: if the kernel has no Landlock.
    """
    version = _version(syscall)
    _restrict(syscall, rules(version), version, ())


def restrict_to(syscall: Callable[..., int], grants: Iterable[FileGrant]) -> None:
    """Leave this process these files, the network, and what is of its own kind; for good.

    Sockets without a path, and signals, end at processes that it started. Needs ``no_new_privs``.

    :raises Unavailable: if the kernel has no Landlock.
    """
    version = _version(syscall)
    words = [_files(version)]
    if version >= _WITH_SCOPES:
        words += [0, _SCOPES]
    _restrict(syscall, struct.pack(f"={len(words)}Q", *words), version, grants)


def _version(syscall: Callable[..., int]) -> int:
    version = syscall(_CREATE, None, 0, _ASK_VERSION)
    if version < 1:
        raise Unavailable(f"the kernel has none: {last_error().strerror}")
    return version


def _restrict(
    syscall: Callable[..., int], content: bytes, version: int, grants: Iterable[FileGrant]
) -> None:
    descriptor = syscall(_CREATE, content, len(content), 0)
    if descriptor < 0:
        raise last_error()
    try:
        for grant in grants:
            _add(syscall, descriptor, grant, version)
        if syscall(_RESTRICT, descriptor, 0) != 0:
            raise last_error()
    finally:
        os.close(descriptor)


def _add(syscall: Callable[..., int], rule_set: int, grant: FileGrant, version: int) -> None:
    rights = _READ
    if grant.may_execute:
        rights |= _EXECUTE
    if grant.may_write:
        rights = _files(version) & ~(_EXECUTE | _DEVICES) | rights
    folder = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(folder).st_mode):
            rights &= _OF_FILES
        if syscall(_ADD, rule_set, _BENEATH, struct.pack("=Qi", rights, folder), 0) != 0:
            raise last_error()
    finally:
        os.close(folder)
