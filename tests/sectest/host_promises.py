"""Under which names apps are served, and whose word about a request counts."""

from urllib.parse import urlsplit

from .frame import Skipped, expect, promise
from .server import STRANGER, Server

VISITOR = "203.0.113.99"
TOLD = {
    "app.star": """
def told(req):
    return {"ip": req.RemoteIP, "user": req.UserId, "headers": req.Headers}

app = ace.app("sectest", routes = [
    ace.api("/", handler = told), ace.api("/post", handler = told, method = "POST")
])
"""
}


@promise("host-unknown", "a name that no app was given finds no app, so that nobody can rebind one")
def host_unknown(server: Server) -> None:
    with server.app(TOLD) as app:
        answer = app.ask("GET")
        expect(answer.status == 200, f"under {server.host}: {answer.status}")
        for headers in ({"Host": STRANGER}, {"Host": f"127.0.0.1.{STRANGER}:{server.port}"}):
            own = {**headers, "Origin": f"{server.scheme}://{headers['Host']}"}
            for sent in (headers, own):
                answer = app.ask("GET", "", sent)
                expect(
                    answer.status in {403, 404, 421},
                    f"{sent}: {answer.status}; is system.fallback_unknown_domains set?",
                )


@promise("host-malformed", "a missing, doubled or malformed Host is refused")
def host_malformed(server: Server) -> None:
    for hosts in (b"", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host:\r\n"):
        answer = server.exchange(b"GET / HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
        expect(b" 400 " in answer[:16], f"{hosts!r}: {answer[:60]!r}")


@promise(
    "host-cross-origin",
    "what changes something is refused to pages of another scheme, name or port",
)
def host_cross_origin(server: Server) -> None:
    other = {"http": "https", "https": "http"}[server.scheme]
    name = urlsplit(server.origin).hostname
    with server.app(TOLD) as app:
        for origin in (
            "http://sectest.invalid",
            "null",
            f"{other}://{server.host}",
            f"{server.scheme}://{name}:{server.port % 65535 + 1}",
        ):
            answer = app.ask("POST", "/post", {"Origin": origin}, b"")
            expect(answer.status == 403, f"Origin: {origin}: {answer.status}")
        for site in ("cross-site", "same-site"):
            answer = app.ask("POST", "/post", {"Sec-Fetch-Site": site}, b"")
            expect(answer.status == 403, f"Sec-Fetch-Site: {site}: {answer.status}")
        answer = app.ask("POST", "/post", {"Origin": server.origin}, b"")
        expect(answer.status == 200, f"and for its own page: {answer.status}")


@promise(
    "host-forwarded", "forwarding headers of a client that is no trusted proxy are not believed"
)
def host_forwarded(server: Server) -> None:
    headers = {"X-Forwarded-For": VISITOR, "X-Real-IP": VISITOR, "Forwarded": f"for={VISITOR}"}
    with server.app(TOLD) as app:
        found = app.ask("GET", "", headers).text.partition('"headers"')[0]
        expect(VISITOR not in found, "believed; is this machine in security.trusted_proxies?")


@promise("host-identity", "headers that speak for the server do not reach an app from a client")
def host_identity(server: Server) -> None:
    names = ("X-Clace-User", "X-Openrun-User", "X_Clace_User", "x.clace.identity")
    headers = dict.fromkeys(names, "sectest-root")
    with server.app(TOLD) as app:
        expect("sectest-root" not in app.ask("GET", "", headers).text, "they do")


@promise("host-redirect", "the redirect to HTTPS keeps the host, and is none for a stranger's name")
def host_redirect(server: Server) -> None:
    path = "/sectest?a=b"
    answer = server.ask("GET", path)
    if answer.status != 308:
        raise Skipped("this server does not redirect to HTTPS here")
    target = urlsplit(answer.headers["Location"] or "")
    expect(
        (target.scheme, target.hostname, f"{target.path}?{target.query}")
        == ("https", server.name, path),
        f"Location: {answer.headers['Location']}",
    )
    stranger = server.ask("GET", path, {"Host": STRANGER})
    expect(
        stranger.status == 404, f"Host: {STRANGER}: {stranger.status}; see fallback_unknown_domains"
    )
