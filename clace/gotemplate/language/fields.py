"""The slow half of field access: everything but a present key of a plain dict.

Nothing here reads a Python attribute that a template named: structs are looked up in
``Record.fields`` and methods in the tables of ``methods``.
"""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import Fault
from clace.gotemplate.go.values import NOVALUE, Map, Record, Slice, URLValues, type_name
from clace.gotemplate.language.methods import method_of
from clace.gotemplate.language.signatures import Bound, Function

LOOKUP: Final = (KeyError, TypeError)
_INTERFACE: Final = "interface {}"


def field(receiver: Any, name: str, *, interface: bool, has_args: bool = False) -> Any:
    """``receiver.name``; ``interface`` tells a value from inside a Go ``any`` from a typed one."""
    if receiver is NOVALUE:
        return NOVALUE
    shown = _INTERFACE if interface else type_name(receiver)
    if receiver is None:
        if not interface:
            return NOVALUE
        raise Fault(f"nil pointer evaluating {shown}.{name}")
    found = method_of(receiver, name)
    if found is not None:
        return _called(found, receiver)
    if isinstance(receiver, Record):
        if name in receiver.fields:
            if has_args:
                raise Fault(f"{name} has arguments but cannot be invoked as function")
            return receiver.fields[name]
    elif isinstance(receiver, (dict, URLValues)):
        if has_args:
            raise Fault(f"{name} is not a method but has arguments")
        entries = receiver.entries if isinstance(receiver, URLValues) else receiver
        return entries.get(name, NOVALUE)
    raise Fault(f"can't evaluate field {name} in type {shown}")


def _called(function: Function, receiver: Any) -> Any:
    """The result of a method that is given no arguments."""
    fault = function.arity_fault(0, 0)
    if fault is not None:
        raise Fault(fault)
    return function.call(receiver)


def get(receiver: Any, name: str, interface: Any) -> Any:
    """One field; the compact form of what hot code does in place."""
    try:
        return receiver[name]
    except LOOKUP:
        return chain(receiver, (name,), interface)


def chain(receiver: Any, names: tuple[str, ...], interface: Any) -> Any:
    """Fields of fields; ``interface`` is true if the receiver came out of a Go ``any``."""
    interface = bool(interface)
    for name in names:
        value = field(receiver, name, interface=interface)
        interface = holds_interfaces(receiver, name)
        receiver = value
    return receiver


def holds_interfaces(container: Any, name: str = "") -> bool:
    """Return true if elements of a container, or one field of a record, are Go ``any`` values."""
    if isinstance(container, Record):
        return name in container.interfaces
    return isinstance(container, (dict, list, tuple)) and not isinstance(container, (Map, Slice))


def method(receiver: Any, names: tuple[str, ...], interface: Any, count: int) -> Bound | None:
    """The method at the end of some fields, which is given arguments; None of a missing value."""
    *path, last = names
    holder = chain(receiver, tuple(path), interface) if path else receiver
    found = method_of(holder, last)
    if found is None:
        inner = chain(receiver, tuple(path[:-1]), interface) if path else receiver
        inside = holds_interfaces(inner, path[-1]) if path else bool(interface)
        field(holder, last, interface=inside, has_args=True)
        return None
    fault = found.arity_fault(count, 0)
    if fault is not None:
        raise Fault(fault)
    return Bound(found, holder)
