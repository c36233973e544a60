"""Passwords that are guessed. Most names are invented, so that nobody who exists is held up."""

import contextlib
import json
import secrets
from base64 import b64encode

from .frame import expect, promise
from .host_promises import TOLD
from .server import Answer, Server, TrialApp

MANY = 60


def sign_in(app: TrialApp, name: str, password: str) -> Answer:
    login = b64encode(f"{name}:{password}".encode()).decode()
    return app.ask("GET", "", {"Authorization": f"Basic {login}"}, seconds=60)


def invented() -> str:
    return f"sectest-{secrets.token_hex(4)}"


@promise("signin-closed", "an app behind the login answers nobody who does not sign in")
def signin_closed(server: Server) -> None:
    with server.app(TOLD, auth="system") as app:
        for login in (None, "Basic", "Basic !", "Bearer x", "Basic Og=="):
            answer = app.ask("GET", "", {"Authorization": login} if login else {})
            expect(answer.status == 401, f"Authorization: {login}: {answer.status}")
        for path in ("/", "/nothing", "/post", "_cl_stage"):
            answer = app.ask("GET", path)
            expect(answer.status == 401, f"{path}: {answer.status}")


@promise("signin-long-password", "a password that cannot be checked is wrong, and no fault")
def signin_long_password(server: Server) -> None:
    with server.app(TOLD, auth="system") as app:
        for password in ("x" * 73, "x" * 2000, "a\0b"):
            answer = sign_in(app, invented(), password)
            expect(answer.status == 401, f"{len(password)} characters: {answer.status}")


@promise("signin-all-names", "guesses for ever other names are limited too", destructive=True)
def signin_all_names(server: Server) -> None:
    with server.app(TOLD, auth="system") as app, forgotten(server):
        statuses = {sign_in(app, invented(), "guess").status for _ in range(MANY)}
        expect(429 in statuses, f"{MANY} names, one guess each: {statuses}")


@contextlib.contextmanager
def forgotten(server: Server):
    """At the end the server forgets the guesses from here, for it is an address in use."""
    with server.app(TOLD) as app:
        address = json.loads(app.ask("GET").text)["ip"]
    try:
        yield
    finally:
        cleared = server.admin("DELETE", f"/lockouts?address={address}")
        expect(cleared.status == 200, f"the guesses cannot be forgotten: {cleared.text}")
