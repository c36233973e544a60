"""Landlock: the kernel's own refusal of files, connections and signals, whatever the user may."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from clace.kernel.calls import Unavailable, last_error

_CREATE, _RESTRICT = 444, 446
_ASK_VERSION = 1
_FILES, _CONNECTIONS, _SCOPES = (1 << 13) - 1, 0b11, 0b11
# Rights that later kernels added: linking across folders, truncating, devices.
_MORE_FILES = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_WITH_CONNECTIONS, _WITH_SCOPES = 4, 6


def rules(version: int) -> bytes:
    """A rule set that names all that this version knows and allows none of it."""
    words = [_FILES | sum(bit for since, bit in _MORE_FILES.items() if version >= since)]
    if version >= _WITH_CONNECTIONS:
        words.append(_CONNECTIONS)
    if version >= _WITH_SCOPES:
        words.append(_SCOPES)
    return struct.pack(f"={len(words)}Q", *words)


def restrict(syscall: Callable[..., int]) -> None:
    """Take all files from this process for good; needs ``no_new_privs``.

    :raises Unavailable: if the kernel has no Landlock.
    """
    version = syscall(_CREATE, None, 0, _ASK_VERSION)
    if version < 1:
        raise Unavailable(f"the kernel has none: {last_error().strerror}")
    content = rules(version)
    descriptor = syscall(_CREATE, content, len(content), 0)
    if descriptor < 0:
        raise last_error()
    try:
        if syscall(_RESTRICT, descriptor, 0) != 0:
            raise last_error()
    finally:
        os.close(descriptor)
