"""Ids of requests, and of incidents if it comes to that."""

from __future__ import annotations

import itertools
from collections.abc import Callable


def request_ids(prefix: str) -> Callable[[], str]:
    """Count the requests of a run, whose random ``prefix`` keeps its ids from those of others.

    To ask the system for an id would be a system call for each request.
    """
    numbers = itertools.count(1)
    return lambda: f"rid_{prefix}{next(numbers):08x}"
