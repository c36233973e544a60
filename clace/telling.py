"""Lines about work that goes on, and its steps, for whoever has asked for the work and listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import NamedTuple

TakeLine = Callable[[str], None]


class WorkStep(NamedTuple):
    """A step of work that begins, or that has ended or failed."""

    name: str
    has_ended: bool = False


TakeStep = Callable[[WorkStep], None]


def _nobody(_step: WorkStep) -> None:
    pass


_listener: ContextVar[TakeLine | None] = ContextVar("listener", default=None)
_steps: ContextVar[TakeStep] = ContextVar("steps", default=_nobody)


@contextmanager
def listening(take: TakeLine | None, take_step: TakeStep = _nobody) -> Iterator[None]:
    """Let ``take`` have the lines of all work that is begun within, and ``take_step`` its steps."""
    lines, steps = _listener.set(take), _steps.set(take_step)
    try:
        yield
    finally:
        _listener.reset(lines)
        _steps.reset(steps)


def unheard() -> AbstractContextManager[None]:
    """Let nobody have the lines and steps of work that is begun within: it is not what whoever
    listens has asked for.
    """
    return listening(None)


def listener() -> TakeLine | None:
    """Return who listens to the work at hand; nobody listens to most of it."""
    return _listener.get()


def step_listener() -> TakeStep:
    """Return who takes the steps of the work at hand."""
    return _steps.get()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Tell whoever listens that a step of the work begins, and when it has ended."""
    take = _steps.get()
    take(WorkStep(name))
    try:
        yield
    finally:
        take(WorkStep(name, has_ended=True))
