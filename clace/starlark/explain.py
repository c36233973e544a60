"""Python's exceptions to Starlark's errors, with the places and the call stack."""

from __future__ import annotations

import dis
import re
import sys
from collections.abc import Iterator
from inspect import CO_VARARGS, CO_VARKEYWORDS
from traceback import clear_frames
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any

from clace.starlark.errors import EvalError, Failure, Frame, Position
from clace.starlark.values.arguments import Signature
from clace.starlark.values.attributes import MissingAttribute
from clace.starlark.values.indexing import get_item
from clace.starlark.values.printing import function_name, representation
from clace.starlark.values.registry import SIGNATURES
from clace.starlark.values.types import TYPE_NAMES

if TYPE_CHECKING:
    from clace.starlark.program import Program

# What a program makes of a keyword may be any text of any length, and comes last.
_CALL = re.compile(r"(?:[^\s(]*\.)?([^.\s(]+)\(\) (.*)", re.DOTALL)
_COUNT = re.compile(r"([0-9]+) (?:positional arguments? \(and|was|were)")
_PARAMETER = re.compile(r"([\w.]+: for parameter )([A-Za-z_]\w*)(?=: )")
_QUOTED = re.compile("'([^']*)'")
_UNEXPECTED = "got an unexpected keyword argument '"
_MULTIPLE = re.compile("got multiple values for (?:keyword )?argument '")
_MEANT = "'. Did you mean '"
_NOT_CALLABLE = re.compile("'([^']*)' object is not callable")
PROGRAM = "$program"  # under which emitted code finds the program that it is of
_COMPREHENSIONS = frozenset({"<listcomp>", "<dictcomp>", "<genexpr>"})
_NAMES_BY_CLASS = {kind.__name__: name for kind, name in TYPE_NAMES.items()} | {
    "function": "function",
}
_HELPERS = ("clace.starlark.values.", "clace.starlark.library.", "clace.starlark.source.spelling")
# These count the loops over a value.
_IN_STEP = frozenset({"clace.starlark.values.locks", "clace.starlark.values.iteration"})
MAX_STACK = 100  # frames kept of a stack that overflowed


def ended(error: BaseException) -> BaseException:
    """``explained``, for a computation that is over.

    Its frames are cleared: the loops of comprehensions that they hold would else keep what they go
    over locked for as long as anybody has the error.
    """
    told = explained(error) if isinstance(error, Exception) else error
    clear_frames(error.__traceback__)
    return told


def explained(error: Exception) -> Exception:
    """The ``EvalError`` that says what emitted code ran into; others' errors are themselves."""
    if not isinstance(error, _EXPLAINED):
        return error
    steps = list(_steps(error.__traceback__))
    return EvalError(_message(error, steps), _frames(error, steps), error)


_EXPLAINED = (
    Failure,
    ArithmeticError,
    LookupError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Step:
    """One frame of emitted code on the stack: its code, and where it is."""

    def __init__(self, traceback: TracebackType) -> None:
        self.code = traceback.tb_frame.f_code
        self.frame = traceback.tb_frame
        self.program: Program = traceback.tb_frame.f_globals[PROGRAM]
        self.offset = traceback.tb_lasti
        self.at = _place(self.code, traceback.tb_lasti)


def _steps(traceback: TracebackType | None) -> Iterator[_Step]:
    """The frames of emitted code; our own are between them."""
    while traceback is not None:
        if is_emitted(traceback.tb_frame.f_globals):
            yield _Step(traceback)
        traceback = traceback.tb_next


def _place(code: CodeType, offset: int) -> tuple[int, int]:
    line, _, column, _ = list(code.co_positions())[offset // 2]
    return line or 1, (column or 0) + 1


def calling_frame() -> Frame | None:
    """Return the function of a program that calls the host now, and where; ``None`` outside."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the stack has no other name
    while frame is not None and not is_emitted(frame.f_globals):
        frame = frame.f_back
    if frame is None:
        return None
    position = Position(frame.f_code.co_filename, *_place(frame.f_code, frame.f_lasti))
    return Frame(function_name(frame.f_code.co_name), position)


def may_interrupt(frame: FrameType | None) -> bool:
    """Return true where a computation may be ended or suspended: in a program's own code, or in
    a helper that keeps nothing in step.
    """
    if frame is None:
        return False
    module = str(frame.f_globals.get("__name__", ""))
    return is_emitted(frame.f_globals) or (module.startswith(_HELPERS) and module not in _IN_STEP)


def is_emitted(scope: dict[str, Any]) -> bool:
    """Return true for the globals of emitted code."""
    return PROGRAM in scope


def _frames(error: Exception, steps: list[_Step]) -> list[Frame]:
    frames: list[Frame] = []
    for step in steps:
        last = step is steps[-1]
        at = (last and _finer_place(error, step)) or step.at
        position = Position(step.code.co_filename, *at)
        name = step.code.co_name
        if name in _COMPREHENSIONS and frames:
            frames[-1] = Frame(frames[-1].function, position)
        else:
            frames.append(Frame(function_name(name), position))
    return frames if len(frames) <= 2 * MAX_STACK else frames[:MAX_STACK] + frames[-MAX_STACK:]


def _finer_place(error: Exception, step: _Step) -> tuple[int, int] | None:
    """The colon of the entry of a dict display that failed, the dot of a method, or a name."""
    if isinstance(error, UnboundLocalError):
        return _place_of_load(step, _raw_variable(error))
    if isinstance(error, MissingAttribute):
        return step.program.notes.dots.get(step.at)
    place = error.entry if isinstance(error, Failure) else None
    colons = step.program.notes.entries.get(step.at)
    return None if place is None or colons is None else colons[place]


def _place_of_load(step: _Step, variable: str) -> tuple[int, int] | None:
    """CPython 3.11 joins loading a variable with the instruction before, whose place it tells."""
    for one in dis.get_instructions(step.code):
        if one.offset >= step.offset and one.opname.startswith("LOAD_FAST"):
            place = one.positions
            if one.argval == variable and place is not None:
                return (place.lineno or 1, (place.col_offset or 0) + 1)
    return None


def _message(error: Exception, steps: list[_Step]) -> str:
    match error:
        case Failure():
            return _named(error.message, steps)
        case NameError():
            is_local = isinstance(error, UnboundLocalError) or "free variable" in str(error)
            kind = "local" if is_local else "global"
            return f"{kind} variable {_variable(error)} referenced before assignment"
        case KeyError():
            return f"key {representation(error.args[0])} not in dict"
        case IndexError():
            return _index_error(steps)
        case TypeError():
            return _type_error(error, steps)
    return _LIMITS.get(type(error)) or f"{type(error).__name__}: {error}"


def _named(message: str, steps: list[_Step]) -> str:
    """The message of a built-in function; a parameter that was given by name is quoted."""
    found = _PARAMETER.match(message)
    call = steps[-1].program.notes.calls.get(steps[-1].at) if found and steps else None
    if found is None or call is None or found[2] not in call[1]:
        return message
    return f'{found[1]}"{found[2]}"{message[found.end() :]}'


_LIMITS: dict[type[Exception], str] = {
    RecursionError: "Starlark stack overflow",
    MemoryError: "out of memory",
}


def _index_error(steps: list[_Step]) -> str:
    """Python does not say which index it was: the operands are still where they were."""
    step = steps[-1]
    container, key = step.program.notes.items.get(step.at, ("", ""))
    scope = {**step.frame.f_globals, **step.frame.f_locals}
    try:
        get_item(scope[container], scope[key] if isinstance(key, str) else key)
    except (Failure, KeyError) as again:
        return again.message if isinstance(again, Failure) else "index out of range"
    return "index out of range"


def _variable(error: NameError) -> str:
    return _raw_variable(error).removeprefix("$")


def _raw_variable(error: NameError) -> str:
    return error.name or next(iter(_QUOTED.findall(str(error))), "")


def _type_error(error: TypeError, steps: list[_Step]) -> str:
    """A call that Python refused: of something else than a function, or with wrong arguments."""
    text = str(error)
    if found := _NOT_CALLABLE.fullmatch(text):
        name = _NAMES_BY_CLASS.get(found[1], found[1])
        return f"invalid call of non-function ({name})"
    call = _CALL.fullmatch(text)
    if call is None:
        return text
    name, what = call.groups()
    step = steps[-1] if steps else None
    given = step.program.notes.calls.get(step.at) if step else None
    signature = SIGNATURES.get(name)
    if signature is not None:
        count, keywords = given or (_counted(what, signature), _unexpected(what))
        return signature.explain(count, keywords) or f"{signature.name}: {what}"
    code = _find_code(step.program.code, name) if step else None
    function = _find_function(step, name) if step else None
    if function is not None and given is not None:
        what = _all_that_is_wrong(function, what, *given)
    return _refused(function_name(name), what, code, given)


def _counted(what: str, signature: Signature) -> int:
    """Return the number of arguments of a call, from the words of Python's error."""
    if what.startswith("missing"):
        return signature.required - len(_QUOTED.findall(what))
    return max(0, _given(what) - signature.is_method)


def _given(what: str) -> int:
    found = _COUNT.search(what) if what.startswith("takes") else None
    return int(found[1]) if found else 0


def _unexpected(what: str) -> tuple[str, ...]:
    if what.startswith(_UNEXPECTED):
        return (_unexpected_keyword(what),)
    return tuple(_QUOTED.findall(what)[:1]) if "keyword argument" in what else ()


def _unexpected_keyword(what: str) -> str:
    """The keyword in the words of Python's error, whatever characters it has."""
    name, hint, _ = what.rpartition(_MEANT) if what.endswith("'?") else ("", "", "")
    return name[len(_UNEXPECTED) :] if hint else what[len(_UNEXPECTED) : -1]


def _find_code(code: CodeType, name: str) -> CodeType | None:
    """The code of a function of this name, anywhere in the module."""
    waiting = [code]
    while waiting:
        one = waiting.pop()
        if one.co_name == name:
            return one
        waiting += [inner for inner in one.co_consts if isinstance(inner, CodeType)]
    return None


def _find_function(step: _Step, name: str) -> FunctionType | None:
    """The function of the program that a frame knows by this name."""
    found = {**step.frame.f_globals, **step.frame.f_locals}.get(name)
    if not isinstance(found, FunctionType) or found.__code__.co_name != name:
        return None
    return found if is_emitted(found.__globals__) else None


def _all_that_is_wrong(
    function: FunctionType, what: str, count: int, keywords: tuple[str, ...]
) -> str:
    """Word a refused call as Python would, had it counted first and named all that is missing."""
    code, defaults = function.__code__, len(function.__defaults__ or ())
    most = code.co_argcount
    if count > most and not code.co_flags & CO_VARARGS:
        return f"takes {f'from {most - defaults} to ' if defaults else ''}{most} given {count}"
    if what.startswith("missing") and "keyword-only" not in what:
        known = {*keywords, *(function.__kwdefaults__ or ())}
        only = code.co_varnames[most : most + code.co_kwonlyargcount]
        return what + "".join(f", '{name}'" for name in only if name not in known)
    return what


def _takes_nothing(code: CodeType) -> bool:
    parameters = code.co_argcount + code.co_kwonlyargcount
    return not parameters and not code.co_flags & (CO_VARARGS | CO_VARKEYWORDS)


def _refused(
    name: str, what: str, code: CodeType | None, given: tuple[int, tuple[str, ...]] | None
) -> str:
    """Why a function of the program does not take these arguments."""
    called = f"function {name}"
    if code is not None and _takes_nothing(code):
        count = given[0] + len(given[1]) if given else _given(what) or 1
        return f"{called} accepts no arguments ({count} given)"
    if what.startswith("missing"):
        names = [one.removeprefix("$") for one in _QUOTED.findall(what)]
        plural = "s" if len(names) > 1 else ""
        return f"{called} missing {len(names)} argument{plural} ({', '.join(names)})"
    if what.startswith(_UNEXPECTED):
        keyword = representation(_unexpected_keyword(what).removeprefix("$"))
        return f"{called} got an unexpected keyword argument {keyword}"
    if found := _MULTIPLE.match(what):
        parameter = what[found.end() : -1].removeprefix("$")
        return f'{called} got multiple values for parameter "{parameter}"'
    if not what.startswith("takes"):
        return f"{called} {what}"
    numbers = [int(one) for one in re.findall("[0-9]+", what)]
    if "from" in what:
        most, count, at = numbers[1], numbers[2], "at most "
    else:
        most, count, at = numbers[0], numbers[1], ""
    plural = "" if most == 1 else "s"
    return f"{called} accepts {at}{most} positional argument{plural} ({count} given)"
