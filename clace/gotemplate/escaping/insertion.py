"""Insertion of the escapers that an action needs in its context into its pipeline."""

from __future__ import annotations

from typing import Final

from clace.gotemplate.escaping.context import (
    COMMENTS,
    Attr,
    Context,
    Delim,
    Slash,
    State,
    URLPart,
    failed,
    nudge,
)
from clace.gotemplate.language import nodes

PREFIX: Final = "_html_template_"
EVAL_ARGS: Final = "_eval_args_"
PREDEFINED: Final = frozenset(("html", "urlquery"))
_EQUIVALENT: Final = {
    PREFIX + "attrescaper": "html",
    PREFIX + "htmlescaper": "html",
    PREFIX + "rcdataescaper": "html",
    PREFIX + "urlescaper": "urlquery",
    PREFIX + "urlnormalizer": "urlquery",
}
_REDUNDANT: Final = frozenset(
    [(PREFIX + "commentescaper", PREFIX + "htmlescaper")]
    + [
        (PREFIX + name, PREFIX + "attrescaper")
        for name in (
            "commentescaper",
            "cssescaper",
            "jsregexpescaper",
            "jsstrescaper",
            "jstmpllitescaper",
        )
    ]
    + [(PREFIX + "urlescaper", PREFIX + "urlnormalizer")]
)
_BY_STATE: Final = {
    State.META_CONTENT_URL: "urlfilter",
    State.JS: "jsvalescaper",
    State.JS_DQ: "jsstrescaper",
    State.JS_SQ: "jsstrescaper",
    State.JS_TEMPLATE: "jstmpllitescaper",
    State.JS_REGEXP: "jsregexpescaper",
    State.CSS: "cssvaluefilter",
    State.TEXT: "htmlescaper",
    State.RCDATA: "rcdataescaper",
    State.ATTR_NAME: "htmlnamefilter",
    State.TAG: "htmlnamefilter",
    State.SRCSET: "srcsetescaper",
    State.HX_VALUES: "hxvaluesfilter",
    State.HX_TRIGGER: "hxtriggerfilter",
} | dict.fromkeys(COMMENTS, "commentescaper")
_URLS: Final = frozenset(
    (State.URL, State.CSS_DQ, State.CSS_SQ, State.CSS_DQ_URL, State.CSS_SQ_URL, State.CSS_URL)
)

_OF_HTMX: Final = frozenset((Attr.HX_SCRIPT, Attr.HX_VALUES, Attr.HX_TRIGGER))
_ENCODERS: Final = frozenset(
    ("toJson", "toPrettyJson", "toRawJson", "mustToJson", "mustToPrettyJson", "mustToRawJson")
)
_URL_ENCODERS: Final = frozenset(("pathEscape", "queryEscape"))


def _head(command: nodes.Command) -> str:
    first = command.args[0]
    return first.name if isinstance(first, nodes.Identifier) else ""


def misused_escaper(context: Context, pipe: nodes.Pipe) -> str | None:
    """The predefined escaper that stands where it would weaken the context's own."""
    context = nudge(context)
    unquoted = context.state is State.ATTR and context.delim is Delim.SPACE
    last = len(pipe.cmds) - 1
    for place, command in enumerate(pipe.cmds):
        name = _head(command)
        if name in PREDEFINED and (place < last or (unquoted and name == "html")):
            return name
    return None


def escapers_for(context: Context, node: nodes.Action) -> tuple[Context, list[str]]:
    """The context after an action and the escapers that make its value safe there."""
    context = nudge(context)
    state = context.state
    names: list[str] = []
    if state in _URLS:
        if context.url_part is URLPart.UNKNOWN and context.attr is not Attr.HX_URL:
            return failed(f"{node} appears in an ambiguous context within a URL"), names
        names += _url_escapers(context, node.pipe)
    elif state in _BY_STATE and not _is_already_script(context, node.pipe):
        names.append(_BY_STATE[state])
    if state is State.ATTR_NAME and context.attr is Attr.HX_URL:
        names.append("hxnamefilter")
    if context.brackets:
        kind = "value" if state is State.JS else "text"
        names.append(f"hxfilter{kind}escaper")
    if state is State.JS:
        context = context._replace(slash=Slash.DIVISION)
    elif state is State.TAG:
        context = context._replace(state=State.ATTR_NAME)
    if context.delim is Delim.SPACE:
        names.append("nospaceescaper")
    elif context.delim is not Delim.NONE:
        names.append("attrescaper")
    return context, [PREFIX + name for name in names]


def _is_already_script(context: Context, pipe: nodes.Pipe) -> bool:
    """Return whether the value is JSON that an attribute of HTMX takes as it is.

    Go knows none of these attributes, so pages written for it encode such values themselves.
    """
    return (
        context.state is State.JS and context.attr in _OF_HTMX and _head(pipe.cmds[-1]) in _ENCODERS
    )


def _url_escapers(context: Context, pipe: nodes.Pipe) -> list[str]:
    if context.attr is Attr.HX_URL and (
        context.url_part is URLPart.UNKNOWN or _head(pipe.cmds[-1]) in _URL_ENCODERS
    ):
        first = ["urlfilter"] if context.url_part is URLPart.NONE else []
        return [*first, "urlnormalizer"]
    if context.url_part is URLPart.QUERY:
        return ["urlescaper"]
    css = context.state in (State.CSS_DQ, State.CSS_SQ)
    names = ["cssescaper" if css else "urlnormalizer"]
    return ["urlfilter", *names] if context.url_part is URLPart.NONE else names


def _normal(name: str) -> str:
    return _EQUIVALENT.get(name, name)


def insert(pipe: nodes.Pipe, escapers: list[str]) -> list[nodes.Command]:
    """The commands of a pipeline that ends in the escapers, merged with a predefined one."""
    commands = list(pipe.cmds)
    if not escapers:
        return commands
    escapers = list(escapers)
    predefined = _head(commands[-1])
    if predefined in PREDEFINED:
        if len(commands) == 1 and len(commands[0].args) > 1:
            commands = _split_escaper(commands[0], pipe.pos, predefined)
        same = [index for index, name in enumerate(escapers) if _normal(name) == predefined]
        for index in same:
            escapers[index] = predefined
        if same:
            commands.pop()
    present = {_normal(_head(command)) for command in commands if _head(command)}
    for name in escapers:
        if _normal(name) in present:
            continue
        if not commands or (_head(commands[-1]), name) not in _REDUNDANT:
            commands.append(_call(name, pipe.pos))
    return commands


def _call(name: str, pos: int) -> nodes.Command:
    return nodes.Command(pos, [nodes.Identifier(pos, name)])


def _split_escaper(command: nodes.Command, pos: int, name: str) -> list[nodes.Command]:
    """``html a b`` as ``_eval_args_ a b | html``."""
    first = nodes.Identifier(command.args[0].pos, EVAL_ARGS)
    return [nodes.Command(command.pos, [first, *command.args[1:]]), _call(name, pos)]
