"""The templates that an app without a layout of its own need not write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from clace.host.definition import AppDefinition

_USES = re.compile(rb"_gen_import\b")
_DEFINES = re.compile(
    rb"""\{\{-?\s*(?:define|block)\s+["`]((?:clace|openrun)_(?:gen_import|body))["`]"""
)
_IMPORTS = ("clace_gen_import", "openrun_gen_import")
FRAME = "index_gen.go.html"
_BODIES = ("clace_body", "openrun_body")
_HEADING = re.compile(rb"<h1\b", re.IGNORECASE)
_MAIN = re.compile(rb"<main\b", re.IGNORECASE)
_INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{ .AppName }}</title>
    {{ if not (or (fileNonEmpty "gen/css/style.css") (fileNonEmpty "css/style.css")) }}
    <link rel="stylesheet" href="{{ static "gen/lib/clace.css" }}">
    {{ end }}
    {{ template "clace_gen_import" . }}
  </head>
  <body>
%s
  </body>
</html>
"""

_IMPORT = """{{ block "clace_gen_import" . }}
{{ if fileNonEmpty "gen/css/style.css" }}
<link rel="stylesheet" href="{{ static "gen/css/style.css" }}">
{{ end }}
{{ if fileNonEmpty "css/style.css" }}
<link rel="stylesheet" href="{{ static "css/style.css" }}">
{{ end }}
<script src="{{ static "gen/lib/htmx.min.js" }}"></script>
<script src="{{ static "gen/lib/htmx-errors.js" }}"></script>
{{ if or .IsDev .PushEvents }}
<script src="{{ static "gen/lib/sse.js" }}"></script>
{{ end }}
{{ if .IsDev }}
<div id="cl_reload_listener" hx-ext="sse" sse-connect="{{ .AppPath }}/_clace_app/sse"
  sse-swap="clace_reload"
  hx-on::sse-before-message="event.preventDefault(); location.reload()" hidden></div>
{{ end }}
{{ end }}
"""

_ALIAS = """{{ define "%s" }}{{ template "%s" . }}{{ end }}
"""


def generated_templates(
    definition: AppDefinition, base: str, texts: Iterable[bytes], shared: Mapping[str, bytes]
) -> Iterator[tuple[str, str]]:
    """By file name, the includes below ``base``; what ``shared`` files define counts instead."""
    pages = [route for route in definition.routes if route.kind == "html"]
    if not pages or (definition.custom_layout and not any(map(_USES.search, texts))):
        return
    own = {name for text in shared.values() for name in _defined(text)}
    shipped = {name.rpartition("/")[2] for name in shared}
    if own.isdisjoint(_IMPORTS):
        yield f"{base}{_free('clace_gen.go.html', shipped)}", _IMPORT
        own.add(_IMPORTS[0])
    if aliases := "".join(_aliases(own)):
        yield f"{base}{_free('openrun_gen.go.html', shipped)}", aliases
    if not definition.custom_layout and not all(page.full for page in pages):
        yield FRAME, _INDEX % "\n".join(_frame(tuple(texts)))


def names_a_body(texts: Iterable[bytes]) -> bool:
    """Return true if a file names the block that goes into the server's frame."""
    return any(name.encode() in text for text in texts for name in _BODIES)


def _frame(texts: tuple[bytes, ...]) -> Iterator[str]:
    """The body: a main element and a heading, unless the app has elements of its own for these."""
    has_main = any(map(_MAIN.search, texts))
    if not has_main:
        yield "    <main>"
    if not any(map(_HEADING.search, texts)):
        yield "    <h1>{{ .AppName }}</h1>"
    yield '    {{ template "clace_body" . }}'
    if not has_main:
        yield "    </main>"


def _defined(text: bytes) -> Iterator[str]:
    return (found[1].decode() for found in _DEFINES.finditer(text))


def _aliases(own: Collection[str]) -> Iterator[str]:
    """Era 25 and era 26 have different names for the same: who defines one has both."""
    for names in (_IMPORTS, _BODIES):
        for name, other in (names, names[::-1]):
            if other in own and name not in own:
                yield _ALIAS % (name, other)


def _free(name: str, taken: Collection[str]) -> str:
    """The name, or another if the source has a file of it that says something else."""
    return f"names_{name}" if name in taken else name
