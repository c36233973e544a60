"""What guessing at passwords costs. Names are invented, and their failures cleared again."""

import contextlib
import json
import secrets
import threading
import time
from base64 import b64encode
from urllib.parse import quote

from .frame import Skipped, expect, promise
from .server import Server

TRIES = 5
LONG = "x" * 73
CLOSED = {
    "app.star": """
def told(req):
    return "inside"

app = ace.app("sectest", routes = [ace.api("/", handler = told, type = ace.TEXT)])
"""
}
AUDIT = """
load("clace.in", "clace")

def told(req):
    events = clace.list_audit_events(app_glob = req.Query["app"][0], limit = 1000).value
    longest = 0
    for event in events:
        longest = max(longest, len(event["target"]) + len(event["detail"]))
    return {"rows": len(events), "longest": longest}

app = ace.app("sectest", routes = [ace.api("/", handler = told)],
    permissions = [ace.permission("clace.in", "list_audit_events")])
"""


def login(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


@contextlib.contextmanager
def invented(server: Server, count: int = 1):
    """Names that nobody has; what is held against them is cleared at the end."""
    names = [f"sectest-{secrets.token_hex(4)}" for _ in range(count)]
    try:
        yield names
    finally:
        for name in names:
            server.admin("DELETE", f"/lockouts?user={quote(name)}")


@promise("guess-lockout", "five wrong passwords lock a name out, for a time that is told")
def guess_lockout(server: Server) -> None:
    with server.app(CLOSED, auth="system") as app, invented(server) as (name,):
        for number in range(TRIES):
            answer = app.ask("GET", "", login(name, f"guess {number}"))
            expect(answer.status == 401, f"guess {number + 1}: {answer.status}")
        answer = app.ask("GET", "", login(name, "another"))
        expect(answer.status == 429, f"guess {TRIES + 1}: {answer.status}")
        wait = answer.headers["Retry-After"] or ""
        expect(wait.isdigit() and 60 <= int(wait) <= 3600, f"Retry-After: {wait}")


@promise("guess-unchecked", "what cannot be a password makes no table forget and locks nobody out")
def guess_unchecked(server: Server) -> None:
    with server.app(CLOSED, auth="system") as app, invented(server) as (name,):
        for number in range(TRIES - 1):
            app.ask("GET", "", login(name, f"guess {number}"))
        for number in range(100):
            answer = app.ask("GET", "", login(f"sectest-long{number}", LONG))
            expect(answer.status == 401, f"a password of 73 bytes, no. {number}: {answer.status}")
        expect(app.ask("GET", "", login(name, "5")).status == 401, "they locked a name out")
        expect(app.ask("GET", "", login(name, "6")).status == 429, "they made it forget tries")


@promise("guess-names-alike", "an answer does not tell whether a name exists")
def guess_names_alike(server: Server) -> None:
    if server.login is None:
        raise Skipped("needs --admin-user with a password")
    with server.app(CLOSED, auth="system") as app, invented(server) as (name,):
        # A password that is too long counts against nobody, the administrator least of all.
        unknown, known = (app.ask("GET", "", login(user, LONG)) for user in (name, server.login[0]))
        same = (unknown.status, unknown.body) == (known.status, known.body)
        expect(same, f"{unknown.status} {unknown.text!r}, {known.status} {known.text!r}")


@promise(
    "guess-fair-turns",
    "who signs in from an address is not kept out by guessers there",
    destructive=True,
)
def guess_fair_turns(server: Server) -> None:
    if server.login is None:
        raise Skipped("needs --admin-user with a password")
    with server.app(CLOSED, auth="system") as app, invented(server, 40) as names:
        expect(app.ask("GET", login=True).status == 200, "the administrator cannot sign in")
        guesses = [
            threading.Thread(target=app.ask, args=("GET", "", login(name, "x"))) for name in names
        ]
        for each in guesses:
            each.start()
        began = time.monotonic()
        status = app.ask("GET", login=True).status
        seconds = time.monotonic() - began
        for each in guesses:
            each.join()
        expect(status == 200, f"the administrator beside 40 guesses: {status}")
        expect(seconds < 5, f"the administrator waited {seconds:.1f} seconds")


@promise(
    "audit-bounded",
    "requests of strangers leave few and short rows in the audit log",
    destructive=True,
)
def audit_bounded(server: Server) -> None:
    with (
        server.app(CLOSED) as app,
        server.app({"app.star": AUDIT}, approve=True) as reader,
    ):
        for _ in range(300):
            app.ask("POST", "/" + "x" * 7000)
        found = json.loads(reader.ask("GET", f"?app={quote(app.path)}").body)
        expect(found["rows"] > 0, "no row at all")
        expect(found["rows"] < 300, f"{found['rows']} rows of 300 requests")
        expect(found["longest"] < 4000, f"a row of {found['longest']} characters")
