"""The files that a spec writes where a source has no ``app.star``."""

from __future__ import annotations

import hashlib
import json
import re

from clace.environments.table import Spec

APP_FILE, PARAMS_FILE = "app.star", "params.star"
_HEAD = re.compile(r"# Written by the server for the spec (\S+) \(([0-9a-f]{12})\)\.\n")
_DIGITS = 12
_PARAMS = """\
param("app_name", default = {name}, description = "Shown in lists")
param("app_file", default = "", description = "The file to run, or FILE:OBJECT", required = False)
param("preserve_host", BOOLEAN, {preserves}, "Whether the app sees the visitor's host name")
"""
_APP = """\
# An app.star of the source's own takes its place.
load("process.in", "process")
load("proxy.in", "proxy")

app = ace.app(
    param.app_name,
    container = process.config(spec = {spec}, file = param.app_file),
    routes = [
        ace.proxy("/", proxy.config(
            process.URL,
            strip_app = {strips},
            preserve_host = param.preserve_host,
        )),
    ],
    permissions = [
        ace.permission("process.in", "config"),
        ace.permission("proxy.in", "config", [process.URL]),
    ],
)
"""


def generated_files(spec: Spec, name: str) -> dict[str, bytes]:
    """Return the files of an app of this spec and name, by their names."""
    app = _APP.format(spec=json.dumps(spec.name), strips=spec.strips)
    params = _PARAMS.format(name=_literal(name), preserves=True)
    texts = {APP_FILE: app, PARAMS_FILE: params}
    return {file: marked(spec.name, text) for file, text in texts.items()}


def marked(spec: str, text: str) -> bytes:
    """The text under a line that says what it is from, as ``is_generated`` knows it."""
    return f"# Written by the server for the spec {spec} ({_digest(text)}).\n{text}".encode()


def is_generated(content: bytes) -> bool:
    """Tell a file that a spec wrote and that nobody has changed since."""
    text = content.decode(errors="replace")
    head = _HEAD.match(text)
    return head is not None and head[2] == _digest(text[head.end() :])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _literal(text: str) -> str:
    """The text as Starlark writes it."""
    return json.dumps(text, ensure_ascii=False)
