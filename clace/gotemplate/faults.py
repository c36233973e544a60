"""Faults of running template code; the renderer turns these into located errors."""

from __future__ import annotations


class Fault(Exception):
    """An evaluation that cannot go on: a missing field, a value of the wrong type."""


class CallFault(Exception):
    """A function that refused its arguments; reported as ``error calling NAME``."""


class LimitFault(Exception):
    """A render that used up one of its limits."""
