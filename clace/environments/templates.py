"""The texts of the files that specs write, by spec; each is filled in with facts of the app."""

from __future__ import annotations

from typing import NamedTuple


class SpecTexts(NamedTuple):
    """The ``app.star`` and ``params.star`` of a spec, with names in braces to be filled in."""

    app: str
    params: str


_NAME = 'param("app_name", default = {name}, description = "Shown in lists")\n'
_HOST = (
    'param("preserve_host", BOOLEAN, {preserves},'
    ' "Whether the app sees the visitor\'s host name")\n'
)
_INDEX = (
    'param("index", default = {index}, description = "The page at the address of the app; '
    'index.html if it is empty", required = False)\n'
)
_PORT = 'param("port", INT, 0, "The port in the container; 0 for the one that it exposes")\n'
_REFERENCE = 'param("image", description = "The image, as in docker.io/library/nginx:1.27")\n'
_HEADERS = (
    'param("response_headers", DICT, {{}}, "Headers that each answer gets", required = False)\n'
)
_FIRST = "# An app.star of the source's own takes its place.\n"

PROCESS = SpecTexts(
    _FIRST
    + """\
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
""",
    _NAME
    + 'param("app_file", default = "", description = "The file to run, or FILE:OBJECT",'
    + " required = False)\n"
    + _HOST,
)
_SITE = "app = ace.app(param.app_name, static_only = True, index = param.index{more})\n"
_CONTAINER = """\
load("container.in", "container")
load("proxy.in", "proxy")

app = ace.app(
    param.app_name,
    container = container.config({source}, port = param.port),
    routes = [
        ace.proxy("/", proxy.config(container.URL, preserve_host = param.preserve_host)),
    ],
    permissions = [
        ace.permission("container.in", "config", [{source}]),
        ace.permission("proxy.in", "config", [container.URL]),
    ],
)
"""
_IMAGE = "container.IMAGE_PREFIX + param.image"
_PROXY = """\
load("proxy.in", "proxy")

app = ace.app(
    param.app_name,
    routes = [
        ace.proxy("/", proxy.config(
            param.url,
            preserve_host = param.preserve_host,
            response_headers = param.response_headers,
        )),
    ],
    permissions = [ace.permission("proxy.in", "config", [param.url])],
)
"""
_COMMAND = """\
load("container.in", "container")

words = param.command.split(" ")

def run(req):
    result = container.run(words[0], words[1:], parse = "json" if param.json else "")
    if not result:
        return ace.response({{"error": result.error}}, type = ace.JSON, code = 502)
    return result.value[0] if param.json else "\\n".join(result.value) + "\\n"

app = ace.app(
    param.app_name,
    container = container.config({source}, lifetime = container.COMMAND),
    routes = [ace.api("/", run, type = ace.JSON if param.json else ace.TEXT)],
    permissions = [
        ace.permission("container.in", "config", [{source}]),
        ace.permission("container.in", "run", words[:1]),
    ],
)
"""
TEXTS: dict[str, SpecTexts] = {
    "static": SpecTexts(_FIRST + _SITE.replace("{more}", ""), _NAME + _INDEX),
    "static_single": SpecTexts(
        _FIRST + _SITE.replace("{more}", ", single_file = True"), _NAME + _INDEX
    ),
    "container": SpecTexts(
        _FIRST + _CONTAINER.replace("{source}", "container.AUTO"), _NAME + _PORT + _HOST
    ),
    "image": SpecTexts(
        _FIRST + _CONTAINER.replace("{source}", _IMAGE), _REFERENCE + _NAME + _PORT + _HOST
    ),
    "image-cmd": SpecTexts(
        _FIRST + _COMMAND.replace("{source}", _IMAGE),
        _REFERENCE
        + _NAME
        + 'param("command", default = "ls -l /", description = "Its words, apart by spaces")\n'
        + 'param("json", BOOLEAN, False, "Whether it writes a document of JSON")\n',
    ),
    "proxy": SpecTexts(
        _FIRST + _PROXY,
        'param("url", description = "The server that answers, as in http://10.0.0.5:8080")\n'
        + _NAME
        + _HOST
        + _HEADERS,
    ),
}
"""Those of specs that no process of this server's answers for."""
