"""The templates of an app: which files they are, and what they may call."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable
from typing import Any

from clace.gotemplate import Limits, TemplateError, TemplateSet, compile_templates
from clace.host.advice import advised, template_advice
from clace.host.definition import AppDefinition
from clace.host.faults import AppFault, SourcePlace
from clace.host.generated import FRAME, generated_templates, names_a_body
from clace.model import FileRef, hashed_name
from clace.near import did_you_mean
from clace.wire import LoadApp

BASE = "base_templates/"
MAX_OUTPUT = 16_000_000
_LIMITS = Limits(output=MAX_OUTPUT)
# Names that stand for no template, of streams whose items are shown as they are.
RAW = frozenset({"", "-"})
_NO_BODY = (
    'no template defines "clace_body", which the server\'s frame shows; define it,'
    " or set custom_layout = True to write whole pages"
)


class Pages:
    """The compiled templates of an app.

    :raises AppFault: if one does not compile.
    """

    def __init__(self, load: LoadApp, definition: AppDefinition) -> None:
        texts = self.texts = _texts(load, definition)
        self.structured = any(name.startswith(BASE) for name in texts)
        functions = _functions(load)
        try:
            self._set: TemplateSet = compile_templates(
                texts, functions=functions, pure=functions, base_prefix=BASE
            )
        except TemplateError as error:
            raise AppFault(_told(_located(error))) from None

    def render(self, name: str, data: Any, seconds: float, block: str = "") -> str:
        """The whole text, or an error and nothing of it.

        :raises AppFault: if the template is missing, failed, or asked for too much.
        """
        if block and not self.structured:
            name, block = block, ""
        try:
            return self._set.render(
                name, data, limits=_LIMITS, seconds=seconds, block=block or None
            )
        except TemplateError as error:
            if not error.line:
                raise AppFault(f"{error}{did_you_mean(name, self._set.names())}") from None
            place = SourcePlace(error.name, error.line, error.column)
            raise AppFault(_told(str(error)), place) from None

    def has(self, name: str, block: str = "") -> bool:
        """Return true if ``render`` finds the template, and the block with it."""
        if not block:
            return self._set.has(name)
        return self._set.has(name, block) if self.structured else self._set.has(block)


def _texts(load: LoadApp, definition: AppDefinition) -> dict[str, str]:
    patterns = definition.setting("routing", "template_locations", ["*.go.html"])
    base = definition.setting("routing", "base_templates", "base_templates")
    structured = any(name.startswith(f"{base}/") for name in load.sources)
    files = {name: text for name, text in load.sources.items() if not name.endswith(".star")}
    shared = {name: text for name, text in files.items() if name.startswith(f"{base}/")}
    ours = dict(
        generated_templates(definition, BASE if structured else "", files.values(), shared or files)
    )
    chosen = dict(ours)
    for name, text in load.sources.items():
        folder, _, file = name.rpartition("/")
        if folder == base and name.endswith(".go.html"):
            chosen[BASE + file] = _decoded(name, text)
        elif any(_fits(name, pattern) for pattern in patterns if isinstance(pattern, str)):
            chosen[file] = _decoded(name, text)
    if FRAME in ours and chosen[FRAME] is ours[FRAME] and not names_a_body(files.values()):
        raise AppFault(_NO_BODY, SourcePlace("app.star", 1, 1))
    return chosen


def _fits(name: str, pattern: str) -> bool:
    return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)


def _decoded(name: str, text: bytes) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise AppFault(f"{name}: the file is not UTF-8") from None


def _told(message: str) -> str:
    return advised(message, template_advice(message))


def _located(error: TemplateError) -> str:
    return str(error) if not error.name or error.name in str(error) else f"{error.name}: {error}"


def static_name(name: str) -> str:
    """A name below ``static/`` as files have it, without the slashes that a URL may have."""
    return posixpath.normpath(f"/{name}").lstrip("/")


def _functions(load: LoadApp) -> dict[str, Callable[..., Any]]:
    """``static`` and ``fileNonEmpty``, of the files below ``static/``."""
    files: dict[str, FileRef] = {ref.name: ref for ref in load.static}

    def static(name: str) -> str:
        name = static_name(name)
        ref = files.get(name)
        known = hashed_name(name, ref.sha256) if ref else name
        return f"{load.app_path}/static/{known}"

    def file_non_empty(name: str) -> bool:
        ref = files.get(static_name(name))
        return ref is not None and ref.size > 0

    return {"static": static, "fileNonEmpty": file_non_empty}
