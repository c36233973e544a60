"""Apps as dicts of texts, and the requests that tests make to them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.model.app import App, AppMetadata, FileRef, Permission
from clace.model.traffic import AppRequest

HELLO = {
    "app.star": """
def handler(req):
    return {"name": req.Query.get("name", ["world"])[0]}

app = ace.app("Hello", custom_layout = True, routes = [ace.html("/"), ace.api("/api")])
""",
    "index.go.html": "<h1>Hello {{ .Data.name }}</h1>",
}


@implementer(IFiles)
class DictFiles(Unencoded):
    """Files from a dict; a test may change it, as a dev's folder changes."""

    def __init__(self, texts: Mapping[str, str | bytes]) -> None:
        self.contents = {
            name: text.encode() if isinstance(text, str) else text for name, text in texts.items()
        }
        self.refs = {
            name: FileRef(name, sha256(body).hexdigest(), len(body))
            for name, body in self.contents.items()
        }

    async def read(self, name: str) -> bytes:
        if name not in self.contents:
            raise SourceError(f"no file {name}")
        return self.contents[name]


def an_app(
    path: str = "/test",
    *,
    app_id: str = "app_prd_1",
    is_dev: bool = False,
    loads: tuple[str, ...] = (),
    permissions: tuple[Permission, ...] = (),
) -> App:
    metadata = AppMetadata(loads=loads, permissions=permissions)
    return App(id=app_id, path=path, is_dev=is_dev, metadata=metadata)


def a_request(path: str = "/", method: str = "GET", **more: object) -> AppRequest:
    return AppRequest(method=method, path=path, **{"host": "localhost:25222", **more})
