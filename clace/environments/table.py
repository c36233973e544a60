"""Specs: the kinds of apps that run without an ``app.star`` of their own, and their marks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Server(StrEnum):
    """The program that serves an app of a spec."""

    GUNICORN = "gunicorn"
    UVICORN = "uvicorn"
    STREAMLIT = "streamlit run"
    PANEL = "panel serve"
    MARIMO = "marimo run"
    PYTHON = "python"
    PROCFILE = "the line web"
    NODE = "npm start"
    EXECUTABLE = "the file itself"
    FILES = "the server, from memory"
    FOLDER = "the server, from the folder"
    CONTAINER = "a container"
    UPSTREAM = "another server"


class Spec(Struct, frozen=True, kw_only=True):
    """A kind of app: ``packages`` maps what its sources import to what they require.

    ``over`` are specs that it stands on: sources have the marks of both. ``names`` are the objects
    that its server looks for, ``makers`` the classes that make one; with ``takes_any`` a name is
    enough, wherever it is from.
    """

    name: str
    title: str
    server: Server
    packages: Mapping[str, str] = {}
    marks: str = ""
    over: tuple[str, ...] = ()
    makers: tuple[str, ...] = ()
    names: tuple[str, ...] = ("app", "application", "server")
    health: str = "/"
    strips: bool = True
    needs: tuple[str, ...] = ()
    takes_any: bool = False


_WSGI = ("gunicorn",)
_ASGI = ("uvicorn", "websockets")

SPECS: tuple[Spec, ...] = (
    Spec(
        name="python-flask",
        title="Flask",
        server=Server.GUNICORN,
        packages={"flask": "flask"},
        makers=("Flask",),
        needs=_WSGI,
        strips=False,
    ),
    Spec(
        name="python-fastapi",
        title="FastAPI",
        server=Server.UVICORN,
        packages={"fastapi": "fastapi"},
        over=("python-asgi",),
        makers=("FastAPI",),
        needs=_ASGI,
    ),
    Spec(
        name="python-fasthtml",
        title="FastHTML",
        server=Server.UVICORN,
        packages={"fasthtml": "python-fasthtml"},
        over=("python-asgi",),
        makers=("FastHTML", "fast_app"),
        needs=_ASGI,
    ),
    Spec(
        name="python-django",
        title="Django",
        server=Server.GUNICORN,
        packages={"django": "django"},
        needs=_WSGI,
        strips=False,
    ),
    Spec(
        name="python-dash",
        title="Dash",
        server=Server.GUNICORN,
        packages={"dash": "dash"},
        over=("python-flask",),
        makers=("Dash",),
        names=("server", "app", "application"),
        needs=_WSGI,
        strips=False,
    ),
    Spec(
        name="python-streamlit",
        title="Streamlit",
        server=Server.STREAMLIT,
        packages={"streamlit": "streamlit"},
        health="/_stcore/health",
        strips=False,
    ),
    Spec(
        name="python-streamlit-poetry",
        title="Streamlit, by the name that it has with poetry elsewhere",
        server=Server.STREAMLIT,
        health="/_stcore/health",
        strips=False,
    ),
    Spec(
        name="python-gradio",
        title="Gradio",
        server=Server.PYTHON,
        packages={"gradio": "gradio"},
    ),
    Spec(
        name="python-nicegui",
        title="NiceGUI",
        server=Server.PYTHON,
        packages={"nicegui": "nicegui"},
    ),
    Spec(
        name="python-shiny",
        title="Shiny",
        server=Server.UVICORN,
        packages={"shiny": "shiny"},
        over=("python-asgi",),
        makers=("App",),
        needs=_ASGI,
    ),
    Spec(
        name="python-panel",
        title="Panel",
        server=Server.PANEL,
        packages={"panel": "panel"},
        strips=False,
    ),
    Spec(
        name="python-marimo",
        title="marimo",
        server=Server.MARIMO,
        packages={"marimo": "marimo"},
        health="/health",
        strips=False,
    ),
    Spec(
        name="python-reflex",
        title="Reflex, in a container that is built from the source",
        server=Server.CONTAINER,
        packages={"reflex": "reflex"},
        health="/ping",
    ),
    Spec(
        name="python-wsgi",
        title="Bottle, Falcon, Pyramid, or any WSGI application",
        server=Server.GUNICORN,
        packages={"bottle": "bottle", "falcon": "falcon", "pyramid": "pyramid"},
        makers=("Bottle",),
        takes_any=True,
        needs=_WSGI,
        strips=False,
    ),
    Spec(
        name="python-asgi",
        title="Starlette, Litestar, Quart, or any ASGI application",
        server=Server.UVICORN,
        packages={"starlette": "starlette", "litestar": "litestar", "quart": "quart"},
        makers=("Starlette", "Litestar", "Quart"),
        takes_any=True,
        needs=_ASGI,
    ),
    Spec(
        name="procfile",
        title="Any program that listens on `$PORT`",
        server=Server.PROCFILE,
        marks="`Procfile` with a line `web`",
    ),
    Spec(
        name="js-hono",
        title="Hono, on Node.js in a container that is built from the source",
        server=Server.CONTAINER,
        marks="`package.json` that depends on `hono`",
    ),
    Spec(
        name="node",
        title="Node.js",
        server=Server.NODE,
        marks="`package.json`",
    ),
    Spec(
        name="executable",
        title="A program for Linux that listens on `$PORT`, such as a Go binary",
        server=Server.EXECUTABLE,
        marks="the only program among the files",
    ),
    Spec(
        name="go",
        title="A Go program, compiled for Linux",
        server=Server.EXECUTABLE,
    ),
    Spec(
        name="static",
        title="A folder of files",
        server=Server.FILES,
        marks="`index.html`, or the only page at the top, and no program",
    ),
    Spec(
        name="static_single",
        title="One page, whatever files are beside it",
        server=Server.FILES,
    ),
    Spec(
        name="static_disk",
        title="A folder of files that stay on the disk",
        server=Server.FOLDER,
    ),
    Spec(
        name="container",
        title="A container that is built from the source",
        server=Server.CONTAINER,
        marks="`Containerfile` or `Dockerfile`, and nothing else of this table",
    ),
    Spec(name="image", title="A container of an image (param `image`)", server=Server.CONTAINER),
    Spec(
        name="image-cmd",
        title="The output of a command in an image (params `image`, `command`, `json`)",
        server=Server.CONTAINER,
    ),
    Spec(name="proxy", title="Another server (param `url`)", server=Server.UPSTREAM),
)
BY_NAME: Mapping[str, Spec] = {spec.name: spec for spec in SPECS}
