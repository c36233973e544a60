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
_SECRETS = (
    'param("secrets", LIST, [], "Secrets that params may name, as [[\\"DB_PASSWORD\\"]]",'
    " required = False)\n"
)
_FILE = (
    'param("app_file", default = "", description = "The module that exports the app, if'
    ' package.json has no script \\"start\\"", required = False)\n'
)
_ONE = (
    'param("single_file", BOOLEAN, False, "Whether the page at the address is all of the site")\n'
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
        ace.permission("process.in", "config", secrets = param.secrets),
        ace.permission("proxy.in", "config", [process.URL]),
    ],
)
""",
    _NAME
    + 'param("app_file", default = "", description = "The file to run, or FILE:OBJECT",'
    + " required = False)\n"
    + _HOST
    + _SECRETS,
)
_SITE = "app = ace.app(param.app_name, static_only = True, index = param.index{more})\n"
_CONTAINER = """\
load("container.in", "container")
load("proxy.in", "proxy")

app = ace.app(
    param.app_name,
    container = container.config({source}, port = param.port{more}),
    routes = [
        ace.proxy("/", proxy.config(container.URL, preserve_host = param.preserve_host)),
    ],
    permissions = [
        ace.permission("container.in", "config", [{source}], secrets = param.secrets),
        ace.permission("proxy.in", "config", [container.URL]),
    ],
)
"""
_BARE = "    redirect_bare_path = True,\n"
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
    container = container.config({source}, lifetime = container.COMMAND, spec = {spec}),
    routes = [ace.api("/", run, type = ace.JSON if param.json else ace.TEXT)],
    permissions = [
        ace.permission("container.in", "config", [{source}], secrets = param.secrets),
        ace.permission("container.in", "run", words[:1]),
    ],
)
"""


def _container(source: str, more: str = "", last: str = "") -> str:
    """The app of a container, with further arguments of its program, and of itself."""
    text = _CONTAINER.replace("{source}", source).replace("{more}", more)
    return text.removesuffix(")\n") + last + ")\n"


TEXTS: dict[str, SpecTexts] = {
    "static": SpecTexts(_FIRST + _SITE.replace("{more}", ""), _NAME + _INDEX),
    "static_single": SpecTexts(
        _FIRST + _SITE.replace("{more}", ", single_file = True"), _NAME + _INDEX
    ),
    "static_disk": SpecTexts(
        _FIRST + _SITE.replace("{more}", ", single_file = param.single_file"), _NAME + _INDEX + _ONE
    ),
    "container": SpecTexts(_FIRST + _container("container.AUTO"), _NAME + _PORT + _HOST + _SECRETS),
    "js-hono": SpecTexts(
        _FIRST
        + _container(
            "container.AUTO", ', spec = {spec}, cargs = {{"APP_FILE": param.app_file}}', _BARE
        ),
        _NAME + _FILE + _PORT + _HOST + _SECRETS,
    ),
    "python-reflex": SpecTexts(
        _FIRST + _container("container.AUTO", ", spec = {spec}, health = {health}", _BARE),
        _NAME + _PORT + _HOST + _SECRETS,
    ),
    "image": SpecTexts(
        _FIRST + _container(_IMAGE, ", spec = {spec}"),
        _REFERENCE + _NAME + _PORT + _HOST + _SECRETS,
    ),
    "image-cmd": SpecTexts(
        _FIRST + _COMMAND.replace("{source}", _IMAGE),
        _REFERENCE
        + _NAME
        + 'param("command", default = "ls -l /", description = "Its words, apart by spaces")\n'
        + 'param("json", BOOLEAN, False, "Whether it writes a document of JSON")\n'
        + _SECRETS,
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
