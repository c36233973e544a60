"""Modules and code that hosts share: loaded and compiled once, before they are forked.

A host cannot open files, so what is imported late must be imported here.
"""

from __future__ import annotations

from typing import Any

from clace.host.app import HostedApp
from clace.model import AppRequest
from clace.wire import CallAnswer, LoadApp

_APP = b"""
def handler(req):
    return {"rows": [{"name": "a", "size": 1.5}]}
app = ace.app("Warm", routes = [ace.html("/"), ace.api("/api"), ace.api("/text", type = "TEXT")])
"""
_PAGE = b"""{{ block "clace_body" . }}
{{ range .Data.rows }}
<a href="{{ .name }}" onclick="f({{ .size }})">{{ printf "%v" .name }}</a>
{{ end }}
{{ "text" | encryptAES "key" | decryptAES "key" | regexFind "e(x|y)" }}
{{ end }}"""


class _NoDaemon:
    def call(
        self, plugin: str, function: str, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> CallAnswer:
        return CallAnswer(call=0, error=f"{plugin}.{function} is not here", refused=True)

    def next(self, stream: int) -> CallAnswer:
        return CallAnswer(call=0, error=f"no stream {stream}")

    def say(self, text: str) -> None:
        pass

    def record(self, operation: str, target: str, detail: str, *, failed: bool) -> None:
        pass


def warm() -> None:
    """Load and use an app of each kind."""
    daemon = _NoDaemon()
    app = HostedApp(LoadApp(sources={"app.star": _APP, "page.go.html": _PAGE}), daemon.say)
    for path in ("/", "/api", "/text", "/nothing"):
        app.respond(AppRequest(method="GET", path=path, host="localhost"), daemon)
