"""The files that a spec writes where a source has no ``app.star``."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection

from clace.environments.containerfiles import CONTAINER_NAMES, CONTAINER_TEXTS
from clace.environments.table import Spec
from clace.environments.templates import PROCESS, TEXTS
from clace.model import CONTAINER_FILES

APP_FILE, PARAMS_FILE = "app.star", "params.star"
GENERATED = (APP_FILE, PARAMS_FILE, *sorted(CONTAINER_NAMES))
"""The names of all files that a spec writes."""
_HEAD = re.compile(r"(?:#|//) Written by the server for the spec (\S+) \(([0-9a-f]{12})\)\.\n")
_DIGITS = 12


def generated_files(
    spec: Spec, name: str, index: str = "", there: Collection[str] = ()
) -> dict[str, bytes]:
    """Return the files of an app of this spec and name, by their names; ``index`` is the page at
    the address of a site, if it has no usual one. A source with a container file of its own among
    those that are ``there`` gets none for a container.
    """
    texts = TEXTS.get(spec.name, PROCESS)
    facts = {
        "spec": json.dumps(spec.name),
        "health": json.dumps(spec.health),
        "strips": spec.strips,
        "preserves": True,
        "name": _literal(name),
        "index": _literal(index),
    }
    files = {APP_FILE: texts.app, PARAMS_FILE: texts.params}
    whole = {file: text.format(**facts) for file, text in files.items()}
    if not any(name in there for name in CONTAINER_FILES):
        whole.update(CONTAINER_TEXTS.get(spec.name, {}))
    return {file: marked(spec.name, text, _comment(file)) for file, text in whole.items()}


def marked(spec: str, text: str, comment: str = "#") -> bytes:
    """The text under a line that says what it is from, as ``is_generated`` knows it."""
    head = f"{comment} Written by the server for the spec {spec} ({_digest(text)})."
    return f"{head}\n{text}".encode()


def is_generated(content: bytes) -> bool:
    """Tell a file that a spec wrote and that nobody has changed since."""
    text = content.decode(errors="replace")
    head = _HEAD.match(text)
    return head is not None and head[2] == _digest(text[head.end() :])


def _comment(file: str) -> str:
    return "//" if file.endswith(".mjs") else "#"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _literal(text: str) -> str:
    """The text as Starlark writes it."""
    return json.dumps(text, ensure_ascii=False)
