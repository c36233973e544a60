"""What a template can do with what a visitor sends."""

from html import unescape
from urllib.parse import quote

from .frame import expect, promise
from .server import Server

APP = """
def values(req):
    return {"v": req.Query.get("v", [""])[0], "long": "a-B " * 1000000}

app = ace.app("sectest", custom_layout = True, routes = [
    ace.html("/", handler = values),
    ace.html("/trigger", "trigger.go.html", handler = values),
    ace.html("/work/snakecase", "snakecase.go.html", handler = values),
    ace.html("/work/date", "date.go.html", handler = values),
    ace.html("/work/sealed", "sealed.go.html", handler = values),
    ace.html("/good", "good.go.html", handler = values),
])
"""
FILES = {
    "app.star": APP,
    "index.go.html": "<b hx-vals='{{ .Data.v }}'></b>",
    "trigger.go.html": "<b hx-trigger='{{ .Data.v }}'></b>",
    "snakecase.go.html": "{{ len (snakecase .Data.long) }}",
    "date.go.html": "{{ len (date .Data.long 0) }}",
    "sealed.go.html": '{{ len (encryptAES "k" .Data.long) }}',
    "good.go.html": "good",
}


@promise("app-htmx-contexts", "a value cannot make HTMX run what is data as script")
def app_htmx_contexts(server: Server) -> None:
    with server.app(FILES) as app:
        for path, value in (
            ("", "js:{a: alert(1)}"),
            ("", " javascript:{a: alert(1)}"),
            ("/trigger", "load[alert(1)]"),
        ):
            answer = app.ask("GET", f"{path}?v={quote(value)}")
            expect(answer.status == 200, f"status {answer.status}: {answer.text}")
            expect(value not in unescape(answer.text), f"passed on: {answer.text}")


@promise("app-template-work", "megabytes of text in a function of templates hold up no app")
def app_template_work(server: Server) -> None:
    with server.app(FILES) as app:
        for name in ("snakecase", "date", "sealed"):
            answer = app.ask("GET", f"/work/{name}")
            expect(answer.status in {200, 500}, f"{name}: {answer.status}")
            answer = app.ask("GET", "/good")
            expect(answer.text == "good", f"after {name}: {answer.status} {answer.text}")
