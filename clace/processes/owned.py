"""Descriptors that are on their way to another process."""

from __future__ import annotations

import os
from typing import Self


class OwnedDescriptors:
    """Descriptors that are closed at the end of the block unless they are released."""

    def __init__(self) -> None:
        self._kept: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._kept:
            os.close(descriptor)

    def keep(self, descriptor: int) -> int:
        self._kept.add(descriptor)
        return descriptor

    def file(self, content: bytes) -> int:
        """Make a file without a name; it is read from its beginning."""
        descriptor = self.keep(os.memfd_create("program"))
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def input(self, content: bytes) -> int:
        return self.file(content) if content else self.keep(os.open(os.devnull, os.O_RDONLY))

    def pipe(self, writers: list[int]) -> int:
        """Make a pipe; its writing end is added to ``writers``, the reading one returned."""
        reader, writer = os.pipe()
        writers.append(self.keep(writer))
        return self.keep(reader)

    def release(self, descriptor: int) -> int:
        self._kept.remove(descriptor)
        return descriptor
