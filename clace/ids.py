"""Ids of requests, under which incidents are logged too."""

from __future__ import annotations

import itertools
from collections.abc import Callable


def request_ids(prefix: str) -> Callable[[], str]:
    """Return a function that makes the ids of a run, apart from other runs' by a random ``prefix``.

    Numbers follow the prefix: random ids would cost a system call for each request.
    """
    numbers = itertools.count(1)
    return lambda: f"rid_{prefix}{next(numbers):08x}"
