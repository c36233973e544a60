"""Who may use the admin API. Nothing here is installed: what could be is asked for as a dry run."""

import json
import secrets

from .frame import Skipped, expect, promise
from .server import STRANGER, Server

JSON = {"Content-Type": "application/json"}
CREATE = "/_clace/app?approve=true&dryRun=true"
APP = json.dumps({"path": "/sectest-never", "source_url": "/nonexistent"}).encode()
OFF = b"404 page not found"
BROWSERS = (
    {"Origin": "http://sectest.invalid"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Mode": "no-cors"},
    {"Cookie": "a=b"},
    {"Referer": "http://sectest.invalid/"},
    {"Accept-Language": "en"},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"Content-Type": "multipart/form-data; boundary=x"},
)
# Each route of a method that may change something; of those that take a glob none matches.
CHANGING = (
    "/_clace/stop",
    "/_clace/approve?appPathGlob=/sectest-never",
    "/_clace/reload?appPathGlob=/sectest-never",
    "/_clace/promote?appPathGlob=/sectest-never",
    "/_clace/secret/rekey",
)


def over_tcp(server: Server) -> None:
    """:raises Skipped: if the admin API is not served at the URL."""
    answer = server.ask("GET", "/_clace/apps")
    if answer.status == 404 and OFF in answer.body:
        raise Skipped("the admin API is not served at this URL")


@promise(
    "admin-account", "the admin API asks for the admin account, and answers nothing without it"
)
def admin_account(server: Server) -> None:
    for method, path, body in (
        ("GET", "/_clace/apps", None),
        ("GET", "/_clace/secrets", None),
        ("GET", "/_clace/openapi.json", None),
        ("POST", CREATE, APP),
    ):
        answer = server.ask(method, path, JSON if body else {}, body)
        allowed = answer.status == 401 or (answer.status == 404 and OFF in answer.body)
        expect(allowed, f"{method} {path} without a password: {answer.status}")


@promise("admin-rebound-name", "the admin API is not served under a name that is not the server's")
def admin_rebound_name(server: Server) -> None:
    over_tcp(server)
    for login in (False, True) if server.login else (False,):
        for method, path, body in (("GET", "/_clace/apps", None), ("POST", CREATE, APP)):
            headers = {"Host": STRANGER, **JSON}
            answer = server.ask(method, path, headers, body, login=login)
            expect(answer.status in {403, 404, 421}, f"{method} for {STRANGER}: {answer.status}")


@promise("admin-browsers", "the admin API refuses what a browser made, with the right password too")
def admin_browsers(server: Server) -> None:
    over_tcp(server)
    for headers in BROWSERS:
        for method, path, body in (("GET", "/_clace/apps", None), ("POST", CREATE, APP)):
            answer = server.ask(method, path, headers, body, login=server.login is not None)
            expect(answer.status == 403, f"{method} with {headers}: {answer.status}")


@promise("admin-browsers-socket", "the admin socket refuses what a browser made")
def admin_browsers_socket(server: Server) -> None:
    for headers in BROWSERS:
        answer = server.over_socket("POST", CREATE, headers, APP)
        expect(answer.status == 403, f"POST with {headers}: {answer.status}")
    answer = server.over_socket("GET", "/_clace/apps", {})
    expect(answer.status == 200, f"and what a program made: {answer.status}")


@promise(
    "admin-no-challenge",
    "a 401 of the admin API asks for no password that a browser would remember",
)
def admin_no_challenge(server: Server) -> None:
    over_tcp(server)
    answer = server.ask("GET", "/_clace/apps")
    challenge = answer.headers["WWW-Authenticate"] or ""
    expect(answer.status == 401, f"without a password: {answer.status}")
    expect("basic" not in challenge.lower(), f"WWW-Authenticate: {challenge}")


@promise(
    "admin-get-changes-nothing", "no operation that changes something is served by GET or HEAD"
)
def admin_get_changes_nothing(server: Server) -> None:
    if not server.has_admin:
        over_tcp(server)
        raise Skipped("needs --admin-socket, or --admin-user with a password")
    for path in CHANGING:
        for method in ("GET", "HEAD"):
            answer = server.admin(method, path.removeprefix("/_clace"))
            expect(answer.status in {404, 405}, f"{method} {path}: {answer.status}")


@promise("admin-get-reveals-nothing", "the value of a secret is revealed by no GET")
def admin_get_reveals_nothing(server: Server) -> None:
    name = f"sectest_{secrets.token_hex(4)}"
    value = secrets.token_hex(16)
    created = server.admin("POST", "/secret", {"name": name, "value": value})
    if created.status != 200:
        raise Skipped(f"a secret cannot be stored for the trial: {created.text.strip()}")
    try:
        for query in ("", "&reveal=true", "&reveal=1", "&Reveal=true"):
            answer = server.admin("GET", f"/secret?name={name}{query}")
            expect(value not in answer.text, f"GET /_clace/secret?name=...{query} has the value")
    finally:
        server.admin("DELETE", f"/secret?name={name}")
