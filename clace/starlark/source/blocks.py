"""Blocks of a file: the parts within which a name stands for one variable."""

from __future__ import annotations

from clace.starlark.source.nodes import Binding, Identifier


class Block:
    """The file, a function, or a comprehension (which has no uses of its own)."""

    def __init__(self, parent: Block | None, *, container: bool) -> None:
        self.parent = parent
        self.bindings: dict[str, Binding] = {}
        self.uses: list[tuple[Identifier, Block]] = []
        self.children: list[Block] = []
        self.is_container = container

    def local(self, name: str) -> Binding | None:
        """The variable of a name within the innermost function around this block."""
        block: Block | None = self
        while block is not None:
            if name in block.bindings:
                return block.bindings[name]
            block = None if block.is_container else block.parent
        return None

    def container(self) -> Block:
        """The innermost function around this block, or the file."""
        block = self
        while not block.is_container:
            assert block.parent is not None
            block = block.parent
        return block
