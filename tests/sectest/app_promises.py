"""What an app can do, to the server, to its visitors and with what was approved."""

from html import unescape

from .frame import expect, promise
from .server import Server

STEPS = {
    "app.star": """
def boom(req):
    fail("x" * 30000000)

def huge(req):
    return "abc" * 1000000 * 1000000

def fine(req):
    return "fine"

app = ace.app("sectest", routes = [
    ace.api("/", handler = fine, type = ace.TEXT),
    ace.api("/fail", handler = boom),
    ace.api("/huge", handler = huge),
])
"""
}
PAGES = {
    "app.star": """
def values(req):
    return {"v": req.Query.get("v", [""])[0]}

app = ace.app("sectest", custom_layout = True, routes = [
    ace.html("/", handler = values),
    ace.html("/css", "css.go.html", handler = values),
])
""",
    "index.go.html": (
        """<button onclick="f('{{ .Data.v }}')" hx-on:click="f('{{ .Data.v }}')">"""
        """{{ .Data.v }}</button>"""
    ),
    "css.go.html": """<p style="{{ .Data.v }}: url(x)">x</p>""",
}
ASKING = """
load("exec.in", "exec")

def told(req):
    return "asking"

app = ace.app("sectest", routes = [ace.api("/", handler = told, type = ace.TEXT)],
    permissions = [ace.permission("exec.in", "run", ["true"])])
"""
CONTENT = """
def told(req):
    return "content"

app = ace.app("sectest", routes = [ace.api("/", handler = told, type = ace.TEXT)])
"""
CALLER = """
load("http.in", "http")

def call(req):
    return str(http.get("http://sectest.invalid/", headers = {"NAME": "x"}).error)

app = ace.app("sectest", routes = [ace.api("/", handler = call, type = ace.TEXT)],
    permissions = [ace.permission("http.in", "get", ["http://sectest.invalid/"])])
"""


@promise("app-errors", "an app that fails fails its own request alone, however large its error is")
def app_errors(server: Server) -> None:
    with server.app(STEPS) as app:
        for path in ("/fail", "/huge"):
            answer = app.ask("GET", path)
            expect(500 <= answer.status < 600, f"{path}: {answer.status}")
            expect(len(answer.body) < 100_000, f"{path}: an answer of {len(answer.body)} bytes")
            answer = app.ask("GET")
            expect(answer.text == "fine", f"after {path}: {answer.status} {answer.text}")


@promise("app-script-contexts", "a value cannot leave the string of a script that it is put into")
def app_script_contexts(server: Server) -> None:
    with server.app(PAGES) as app:
        answer = app.ask("GET", "?v=%27);alert(1)//%3C/button%3E%3Cb%3E")
        expect(answer.status == 200, f"status {answer.status}: {answer.text}")
        script = unescape(answer.text.partition(">")[0])
        expect(script.count("'") == 4, f"it did: {answer.text}")
        expect("<b>" not in answer.text, f"it is markup: {answer.text}")


@promise("app-css-contexts", "a value cannot name a property of CSS that runs script")
def app_css_contexts(server: Server) -> None:
    with server.app(PAGES) as app:
        for name in ("-moz-binding", "expression(alert(1))", "ex-pression"):
            answer = app.ask("GET", f"/css?v={name}")
            expect(answer.status == 200, f"status {answer.status}: {answer.text}")
            expect(f"{name}:" not in answer.text, f"passed on: {answer.text}")


@promise("app-approvals", "what an app no longer asks for it has to ask for again")
def app_approvals(server: Server) -> None:
    with server.app({"app.star": ASKING}, approve=True) as app:
        app.write({"app.star": CONTENT})
        answer = app.reload()
        expect(answer.status == 200, f"asking for less: {answer.status} {answer.text}")
        app.write({"app.star": ASKING})
        answer = app.reload()
        expect(answer.status == 409, f"asking for it again: {answer.status} {answer.text}")
        expect(app.ask("GET").text == "content", "and yet it was published")


@promise(
    "app-http-headers", "a call that is allowed one URL cannot be made another request by headers"
)
def app_http_headers(server: Server) -> None:
    for name in ("Host", "X-Forwarded-Host", "X-Original-URL", "X-HTTP-Method-Override"):
        files = {"app.star": CALLER.replace("NAME", name)}
        with server.app(files, approve=True, dev=True) as app:
            answer = app.ask("GET")
            refused = name.lower() in answer.text.lower()
            expect(refused, f"{name}: {answer.status} {answer.text}")
