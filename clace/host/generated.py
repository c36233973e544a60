"""The templates that an app without a layout of its own need not write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from clace.host.definition import Definition

_USES = re.compile(rb"_gen_import\b")
_INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{ .AppName }}</title>
    {{ template "clace_gen_import" . }}
  </head>
  <body>
    <h1>Clace: {{ .AppName }}</h1>
    {{ template "clace_body" . }}
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
{{ if or .IsDev .PushEvents }}
<script src="{{ static "gen/lib/sse.js" }}"></script>
{{ end }}
{{ if .IsDev }}
<div id="cl_reload_listener" hx-ext="sse" sse-connect="{{ .AppPath }}/_clace_app/sse"
  sse-swap="clace_reload" hx-trigger="sse:clace_reload"
  hx-on::before-request="event.preventDefault(); location.reload()" hidden></div>
{{ end }}
{{ end }}
"""

_OPENRUN = """{{ block "openrun_gen_import" . }}{{ template "clace_gen_import" . }}{{ end }}
"""


def generated_templates(
    definition: Definition, base: str, texts: Iterable[bytes]
) -> Iterator[tuple[str, str]]:
    """By file name, the includes below ``base``; a file of the source counts instead."""
    pages = [route for route in definition.routes if route.kind == "html"]
    if not pages or (definition.custom_layout and not any(map(_USES.search, texts))):
        return
    yield f"{base}clace_gen.go.html", _IMPORT
    yield f"{base}openrun_gen.go.html", _OPENRUN
    if not definition.custom_layout and not all(page.full for page in pages):
        yield "index_gen.go.html", _INDEX
