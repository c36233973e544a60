"""Functions that a host adds to the language."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from typing import Any

from clace.starlark.errors import Failure
from clace.starlark.values.arguments import Signature
from clace.starlark.values.host import HostObject


class Builtin(HostObject):
    """A function of the host's, which says itself if it is called with wrong arguments."""

    type_name = "builtin_function_or_method"
    hashable = True

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self._function = function

    def text(self) -> str:
        return f"<built-in function {self.name}>"

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._function(*args, **kwargs)
        except TypeError:
            wrong = self._explained(args, kwargs)
            if not wrong:
                raise
            raise Failure(wrong) from None

    def _explained(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        signature, keyword_only = self._signature
        return signature.explain(len(args), [name for name in kwargs if name not in keyword_only])

    @cached_property
    def _signature(self) -> tuple[Signature, frozenset[str]]:
        """Return the function's parameters, and those that are keyword-only."""
        found = list(inspect.signature(self._function).parameters.values())
        plain = [one for one in found if one.kind is one.POSITIONAL_OR_KEYWORD]
        only = frozenset(one.name for one in found if one.kind is one.KEYWORD_ONLY)
        required = sum(one.default is one.empty for one in plain)
        return Signature(self.name, "named", tuple(one.name for one in plain), required), only
