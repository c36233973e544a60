"""The rules on the order of parameters and arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from clace.starlark.source.nodes import Argument, Identifier, Parameter, Place

MAX_ARGUMENTS = 255
Faults = Iterator[tuple[Place, str]]


def parameter_faults(  # noqa: C901 - the rules are one list
    parameters: Sequence[Parameter], bind: Callable[[Identifier], bool]
) -> Faults:
    """Bind the parameters of a function, and tell what is wrong with their order."""
    star: Parameter | None = None
    double: Identifier | None = None
    optional = False
    keyword_only = 0
    for one in parameters:
        if one.stars == "*":
            if double is not None:
                yield one.at, f"* parameter may not follow **{double.name}"
            elif star is not None:
                yield one.at, "multiple * parameters not allowed"
            else:
                star = one
        elif one.stars:
            if double is not None:
                yield one.at, "multiple ** parameters not allowed"
            double = one.name
        else:
            kind = "required" if one.default is None else "optional"
            if double is not None:
                yield one.at, f"{kind} parameter may not follow **{double.name}"
            elif star is not None:
                keyword_only += 1
            elif optional and one.default is None:
                yield one.at, "required parameter may not follow optional"
            optional = optional or one.default is not None
            yield from _bound(one.name, bind, one.at)
    if star is not None and star.name is None and not keyword_only:
        yield star.at, "bare * must be followed by keyword-only parameters"
    yield from _bound(star.name if star else None, bind)
    yield from _bound(double, bind)


def _bound(
    name: Identifier | None, bind: Callable[[Identifier], bool], at: Place | None = None
) -> Faults:
    if name is not None and bind(name):
        yield at or name.at, f"duplicate parameter: {name.name}"


def check_arguments(arguments: Sequence[Argument], call_at: Place) -> Faults:
    """Tell what is wrong with the order and number of the arguments of a call."""
    seen = ""  # the stars seen so far
    names: set[str] = set()
    positional = 0
    for one in arguments:
        kind = one.stars or ("keyword" if one.name else "positional")
        yield from _order(one, kind, seen, names)
        if one.stars:
            seen = max(seen, one.stars, key=len)
        elif one.name is None:
            positional += 1
        else:
            names.add(one.name.name)
    named = sum(one.name is not None for one in arguments)
    for count, what in ((positional, "positional"), (named, "keyword")):
        if count > MAX_ARGUMENTS:
            limit = f"limit is {MAX_ARGUMENTS}"
            yield call_at, f"{count} {what} arguments in call, {limit}"


def _order(one: Argument, kind: str, seen: str, names: set[str]) -> Faults:
    if kind == "**":
        if seen == "**":
            yield one.at, "multiple **kwargs not allowed"
    elif kind == "*":
        if seen:
            what = "*args may not follow **kwargs" if seen == "**" else _MULTIPLE
            yield one.at, what
    elif seen:
        what = "**kwargs" if seen == "**" else "*args"
        yield one.at, f"{kind} argument may not follow {what}"
    elif kind == "positional" and names:
        yield one.at, "positional argument may not follow named"
    if one.name is not None and one.name.name in names:
        yield one.at, f'keyword argument "{one.name.name}" is repeated'


_MULTIPLE = "multiple *args not allowed"
