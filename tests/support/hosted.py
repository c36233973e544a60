"""Apps loaded in the test's own process, without the daemon's side."""

from __future__ import annotations

from typing import Any

from clace.host.app import HostedApp
from clace.host.requests.answers import AppReply
from clace.model.app import FileRef, PluginManifest
from clace.wire import CallAnswer, LoadApp
from tests.support.apps import a_request


class FakeDaemon:
    """Answers plugin calls from a list, and keeps what it was asked."""

    def __init__(self, *answers: CallAnswer) -> None:
        self.answers = list(answers)
        self.items: list[CallAnswer] = []
        self.calls: list[tuple[Any, ...]] = []
        self.said: list[str] = []
        self.records: list[tuple[str, str, str, bool]] = []

    def call(self, plugin, function, args, kwargs):
        self.calls.append((plugin, function, args, kwargs))
        return self.answers.pop(0)

    def next(self, stream):
        return self.items.pop(0)

    def say(self, text):
        self.said.append(text)

    def record(self, operation, target, detail, *, failed):
        self.records.append((operation, target, detail, failed))


EXEC = PluginManifest("exec.in", {"run": False, "list": True}, {"LIMIT": 5, "NAME": 'a"b'})


def hosted(texts: dict[str, str], **load: Any) -> HostedApp:
    """The app of these files, with ``exec.in`` approved; what it says goes to ``heard``."""
    static = tuple(
        FileRef(name, "ab" * 32, len(text)) for name, text in load.pop("static", {}).items()
    )
    known = {"plugins": (EXEC,), "loads": ("exec.in",), "app_path": "/test", **load}
    sources = {name: text.encode() for name, text in texts.items()}
    heard = known.pop("heard", [])
    return HostedApp(LoadApp(sources=sources, static=static, **known), heard.append)


def star(text: str, **load: Any) -> HostedApp:
    """The app of one file."""
    return hosted({"app.star": text}, **load)


def get(app: HostedApp, path: str = "/", *answers: CallAnswer, **request: Any) -> AppReply:
    """The app's reply to one request."""
    return app.respond(a_request(path, **request), FakeDaemon(*answers))


def body(app: HostedApp, path: str = "/", *answers: CallAnswer, **request: Any) -> str:
    """The text of the app's reply."""
    return get(app, path, *answers, **request).body.decode()


def said(text: str, static: dict[str, str]) -> list[str]:
    """What the app of one file says while it loads."""
    heard: list[str] = []
    refs = tuple(FileRef(name, "ab" * 32, len(content)) for name, content in static.items())
    HostedApp(LoadApp(sources={"app.star": text.encode()}, static=refs), heard.append)
    return heard
