"""Tests for ``clace.web.apps.served`` and what stands around it."""

import contextlib
import json
from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.audit.ration import RationedAudit
from clace.errors import (
    AppBroken,
    AppCrashed,
    AppFailed,
    AppTimedOut,
    BadRequest,
    NoSuchRoute,
    PluginRefused,
)
from clace.model.app import App, AppMetadata, AppSettings, VersionMetadata
from clace.model.failures import Fault
from clace.model.paths import AppPath
from clace.model.traffic import AppResponse
from clace.model.wishes import ClientWishes
from clace.runtime.failures import AppFailures
from clace.runtime.hosts.bodies import AnswerBody
from clace.web.apps.cors import OriginSharing
from clace.web.apps.downloads import Downloads
from clace.web.apps.forms import FormReader
from clace.web.apps.request_audit import RequestAuditOptions, RequestAudits
from clace.web.apps.requests import clean_path, relative_path
from clace.web.apps.served import AppEdge, ServedApps, Transfers
from clace.web.forwarded import TrustedProxies
from clace.web.pages import policy
from clace.web.root import RootResource
from tests.support.inbox import FolderInbox
from tests.support.sign_in import OneAccount, app_access, app_authentication
from tests.support.threads import at_once
from tests.support.web import Connection, Served, SiteTreq
from tests.web.test_admin import Events

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OPEN = App(
    id="app_prd_1",
    path="/open",
    settings=AppSettings(authn_type="none"),
    metadata=AppMetadata(version_metadata=VersionMetadata(version=3)),
)
CLOSED = App(id="app_prd_2", path="/closed")
DEFAULT_EDGE = AppEdge()


class Apps:
    """Installed apps, and a runtime that answers as it is told."""

    def __init__(self):
        self.seen = []
        self.asked = []
        self.refused = self.file = None
        self.wished = []
        self.ready = succeed(None)
        self.answer = AppResponse(headers=(("Content-Type", "text/html"),), body=b"<p>")

    def find(self, host, path):
        self.host = host
        return next((app for app in (OPEN, CLOSED) if AppPath(app.path).covers(path)), None)

    async def refusal(self, app, method, path):
        self.asked.append((method, path))
        return self.refused

    def on(self, host):
        self.host = host
        return (OPEN, CLOSED)

    def serves(self, host):
        return host == "localhost"

    async def proxied(self, app, method, path):
        return None

    def file_at_hand(self, app, method, path, wishes):
        self.wished.append((method, path, wishes))
        return self.file

    async def respond(self, app, request):
        self.seen.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        await self.ready
        return self.answer


class AppsCase(SynchronousTestCase):
    def setUp(self):
        self.apps = Apps()
        self.clock = Clock()
        self.audit = Events()
        self.ration = RationedAudit(self.audit, self.clock, lambda: "i2", a_minute=5)
        self.failures = AppFailures(Clock())
        self.offered = {}
        self.credentials = OneAccount()
        self.downloads = Downloads(self.open_file, at_once)
        self.inbox = FolderInbox(self.mktemp())

    async def open_file(self, app_id, user, file_id):
        """Offers ``f1`` of the open app to nobody in particular."""
        if (app_id, user, file_id) != (OPEN.id, "anonymous", "f1"):
            raise NoSuchRoute("file not found")
        return self.offered["f1"]

    def access(self):
        return app_access(app_authentication(self.credentials))

    def resource(self, edge=DEFAULT_EDGE):
        audits = RequestAudits(self.ration, self.failures, lambda: 2.0, lambda: "i1")
        return ServedApps(
            self.apps,
            self.apps,
            self.access(),
            Transfers(self.downloads, FormReader(self.inbox, at_once)),
            audits,
            edge if callable(edge) else lambda _app: edge,
        )

    def ask(self, method, path, *, host="localhost", login=None, edge=DEFAULT_EDGE, **options):
        headers = options.pop("headers", {})
        if login:
            headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
        treq = SiteTreq(Served(RootResource(None, self.resource(edge))).site)
        asked = treq.request(method, f"http://{host}{path}", headers=headers, **options)
        treq.flush()
        response = self.successResultOf(asked)
        return response, self.successResultOf(response.content())


class AccessTests(AppsCase):
    def test_a_new_app_asks_for_the_administrator(self):
        """Without credentials, and with wrong ones, the app is never reached."""
        for login in (None, "admin:wrong"):
            response, _ = self.ask("GET", "/closed/", login=login)
            self.assertEqual(response.code, 401)
            (challenge,) = response.headers.getRawHeaders("www-authenticate")
            self.assertIn('Basic realm="clace"', challenge)
        self.assertEqual(self.apps.seen, [])

    def test_admits_the_administrator(self):
        """The app learns who it is, and never the password."""
        response, body = self.ask("GET", "/closed/x", login="admin:right")
        self.assertEqual((response.code, body), (200, b"<p>"))
        (seen,) = self.apps.seen
        self.assertEqual((seen.user_id, seen.path), ("admin", "/x"))
        self.assertNotIn("Authorization", seen.headers)

    def test_open_apps_ask_nobody(self):
        """An app opened by its operator serves anybody, as nobody in particular."""
        self.ask("GET", "/open")
        self.assertEqual(self.apps.seen[0].user_id, "anonymous")

    def test_unknown_kinds_are_closed(self):
        """An authentication type that nothing knows does not open an app."""
        access = app_access(app_authentication(default="none"))
        self.assertFalse(access.is_open(App(id="a", path="/", settings=AppSettings("saml_x"))))
        self.assertTrue(access.is_open(App(id="a", path="/")))


class RequestTests(AppsCase):
    def test_nothing_there(self):
        """Where no app is, a 404 says so."""
        response, body = self.ask("GET", "/nothing")
        self.assertEqual((response.code, body), (404, b"no matching app found"))

    def test_unknown_host(self):
        """A name that no app is served under is told apart, for the operator who forgot it."""
        response, body = self.ask("GET", "/nothing", host="rebind.evil")
        self.assertEqual(response.code, 404)
        self.assertIn(b"fallback_unknown_domains", body)

    def test_request_as_the_app_sees_it(self):
        """Query, form and headers arrive decoded, identity headers of ours do not."""
        self.ask(
            "POST",
            "/open/a%20b?q=1&q=2",
            data=b"f=%C3%A9&g=",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "HX-Request": "true",
                "X-Clace-User": "root",
                "X-Openrun-Perms": "all",
                "X_Clace_User": "root",
                "x.CLACE.Identity": "a.b.c",
                "X-clace_User-Id": "1",
            },
        )
        (seen,) = self.apps.seen
        self.assertEqual(seen.path, "/a b")
        self.assertEqual(seen.query, {"q": ["1", "2"]})
        self.assertEqual(seen.form, {"f": ["é"], "g": [""]})
        self.assertEqual(seen.headers["Hx-Request"], ["true"])
        self.assertNotRegex(" ".join(seen.headers), "(?i)x.(clace|openrun)")

    def test_bare_address(self):
        """An app is told whether it was asked for without a slash behind its address."""
        for path, is_bare in (("/open", True), ("/open?a=/", True), ("/open/", False)):
            self.ask("GET", path)
            self.assertEqual((self.apps.seen[-1].path, self.apps.seen[-1].is_bare), ("/", is_bare))

    def test_refuses_other_origins(self):
        """Another site's page cannot post to an app."""
        response, _ = self.ask("POST", "/open", headers={"Origin": "https://evil.example"})
        self.assertEqual(response.code, 403)
        self.assertEqual(self.apps.seen, [])

    @given(st.binary(max_size=40))
    def test_any_path_is_clean_or_refused(self, raw):
        """A cleaned path has no way out of the folder it names."""
        try:
            path = clean_path(raw)
        except BadRequest:
            return
        self.assertTrue(path.startswith("/"))
        self.assertFalse({"..", "."} & set(path.split("/")))
        self.assertNotIn("//", path)

    def test_relative_path(self):
        """The app's own address is taken off by whole segments."""
        self.assertEqual(relative_path("/a/b", "/a"), "/b")
        self.assertEqual(relative_path("/a", "/a"), "/")
        self.assertEqual(relative_path("/a", "/"), "/a")

    def test_prefix_of_era_26(self):
        """What the server serves within an app has two names, as templates of two eras have it."""
        for app_path in ("/", "/a"):
            path = f"{app_path.rstrip('/')}/_openrun_app/sse"
            self.assertEqual(relative_path(path, app_path), "/_clace_app/sse")


class AnswerTests(AppsCase):
    def test_security_headers(self):
        """Every answer has the headers of level 2, and the app's own count first."""
        self.apps.answer = AppResponse(headers=(("X-Frame-Options", "DENY"),))
        for path in ("/open", "/nothing", "/closed"):
            response, _ = self.ask("GET", path)
            headers = response.headers
            self.assertEqual(headers.getRawHeaders("x-content-type-options"), ["nosniff"])
            self.assertEqual(
                headers.getRawHeaders("x-frame-options"),
                ["DENY" if path == "/open" else "SAMEORIGIN"],
            )

    def test_service_workers(self):
        """The script of a service worker that could answer for other apps is not served, to
        browsers that want it as such.
        """
        script = {"Service-Worker": "script"}
        response, body = self.ask("GET", "/open", headers=script)
        self.assertEqual(response.code, 403)
        self.assertIn(b"could answer for other apps of this host", body)
        self.assertEqual(self.apps.seen, [])
        for path, headers in (("/open/worker.js", script), ("/open", {})):
            response, _ = self.ask("GET", path, headers=headers)
            self.assertEqual(response.code, 200, path)

    def test_failures_say_which(self):
        """Out of memory, or a source that does not load, is a 500 and out of time a 504."""
        crashed, broken = AppCrashed("ran out of memory"), AppBroken("app.star:1:1: no")
        for error, code in [(crashed, 500), (broken, 500), (AppTimedOut("60 s"), 504)]:
            self.apps.answer = error
            response, body = self.ask("GET", "/closed", login="admin:right")
            expected = f"{error.message}, request i1".encode()
            self.assertEqual((response.code, body), (code, expected))

    def test_pages(self):
        """A browser gets a page, with nothing but its own style; others get text or JSON."""
        self.apps.answer = AppFailed("secret")
        for path, status in (("/nothing", 404), ("/closed", 401), ("/open", 500)):
            response, body = self.ask("GET", path, headers={"Accept": BROWSER})
            self.assertEqual(response.code, status)
            self.assertIn(b"<h1>", body)
            self.assertNotIn(b"secret", body)
            (told,) = response.headers.getRawHeaders("content-security-policy")
            self.assertEqual(told, policy())
            _, body = self.ask("GET", path, headers={"Accept": "application/json"})
            self.assertEqual(json.loads(body)["code"], status)
            _, body = self.ask("GET", path, headers={"Accept": "*/*"})
            self.assertNotIn(b"<", body)

    def test_file_at_hand(self):
        """A file that is there is sent without asking the app, to who is admitted."""
        self.apps.file = AppResponse(headers=(("ETag", '"a"'),), body=b"file")
        headers = {"Accept-Encoding": "br", "If-None-Match": 'W/"b"', "Range": "x", "If-Range": "y"}
        response, body = self.ask("GET", "/open/a.css", headers=headers)
        self.assertEqual((response.code, body, self.apps.seen), (200, b"file", []))
        # The client of these tests takes gzip of its own accord.
        wishes = ClientWishes(
            accept_encoding="br,gzip", if_none_match='W/"b"', range="x", if_range="y"
        )
        self.assertEqual(self.apps.wished, [("GET", "/a.css", wishes)])
        self.assertEqual(self.ask("GET", "/closed/a.css")[0].code, 401)
        self.assertEqual(len(self.apps.wished), 1)

    def test_same_page_whatever_is_installed(self):
        """A page for an address without an app does not tell which apps there are."""
        found = {self.ask("GET", path, headers={"Accept": BROWSER})[1] for path in ("/a", "/opens")}
        self.assertEqual(len(found), 1)
        _, front = self.ask("GET", "/", headers={"Accept": BROWSER})
        self.assertIn(b"Clace is running", front)
        for hidden in (b"/open", b"/closed"):
            self.assertNotIn(hidden, front)

    def test_icon(self):
        """Where no app can have an icon the server has one."""
        response, body = self.ask("GET", "/favicon.ico")
        self.assertEqual((response.code, body[:4]), (200, b"\0\0\1\0"))
        self.assertEqual(response.headers.getRawHeaders("content-type"), ["image/x-icon"])
        self.assertEqual(self.ask("GET", "/open/favicon.ico")[1], b"<p>")

    def test_failures_are_kept(self):
        """What a visitor saw fail is kept with route, place, version, user and request."""
        self.apps.answer = AppFailed("division by zero")
        self.apps.answer.place, self.apps.answer.route = "app.star:3:9", "/x/{id}"
        _, body = self.ask("GET", "/open/x/1")
        self.assertNotIn(b"division", body)
        (kept,) = self.failures.recent(OPEN.id)
        self.assertEqual(
            (kept.app, kept.version, kept.user_id, kept.request_id, kept.method),
            ("/open", 3, "anonymous", "i1", "GET"),
        )
        self.assertEqual((kept.fault.place, kept.fault.route), ("app.star:3:9", "/x/{id}"))

    def test_failures_that_the_app_answers(self):
        """What the app's own error handler answered is kept all the same."""
        fault = Fault(message="no", place="app.star:1:1", route="/")
        self.apps.answer = AppResponse(body=b"sorry", fault=fault)
        self.assertEqual(self.ask("GET", "/open")[1], b"sorry")
        self.assertEqual(self.failures.recent(OPEN.id)[0].fault, fault)

    def test_failures_in_the_middle(self):
        """An answer that breaks off is kept as a failure of the app."""

        async def pieces():
            yield b"one"
            raise AppFailed("broke")

        self.apps.answer = AppResponse(body=pieces())
        request = b"GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.assertTrue(Served(RootResource(None, self.resource())).ask(request).lost)
        self.assertEqual(self.failures.recent(OPEN.id)[0].fault.message, "broke")

    def test_broken_answers_are_told_from_whole_ones(self):
        """One that breaks off lacks its last chunk; where none is sent the connection is reset."""

        async def pieces():
            yield b"one"
            raise AppFailed("broke")

        for version, is_reset in ((b"1.1", False), (b"1.0", True)):
            self.apps.answer = AppResponse(body=pieces())
            request = b"GET /open HTTP/%b\r\nHost: localhost\r\n\r\n" % version
            connection = Served(RootResource(None, self.resource())).ask(request)
            self.assertFalse(connection.value().endswith(b"0\r\n\r\n"))
            self.assertTrue(connection.lost)
            self.assertEqual(connection.disconnected, is_reset)

    def test_failures_at_once(self):
        """An answer that breaks off before its first piece is a failure like any other."""

        async def pieces():
            raise AppFailed("broke")
            yield

        self.apps.answer = AppResponse(body=pieces())
        request = b"GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection = Served(RootResource(None, self.resource())).ask(request)
        self.assertTrue(connection.value().startswith(b"HTTP/1.1 500 "))
        self.assertFalse(connection.lost)
        self.assertIn(b"the app could not answer, request i1", connection.value())
        self.assertNotIn(b"broke", connection.value())

    def test_failures_at_once_are_told(self):
        """Why an answer broke off before its first piece is told to those who may mend it."""
        for error, told in (
            (AppFailed("index.go.html:1:3: no"), b"index.go.html:1:3: no, request i1"),
            (ValueError("secret"), b"internal error, incident i1"),
        ):

            async def pieces(error=error):
                raise error
                yield

            self.apps.answer = AppResponse(body=pieces())
            response, body = self.ask("GET", "/closed", login="admin:right")
            self.assertEqual((response.code, body), (500, told))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_empty_stream(self):
        """A stream of nothing has its head all the same."""

        async def pieces():
            return
            yield

        self.apps.answer = AppResponse(status=201, body=pieces())
        response, body = self.ask("GET", "/open")
        self.assertEqual((response.code, body), (201, b""))

    def test_refused_requests_are_kept(self):
        """A page of another site that is refused is something that the operator can look up."""
        self.ask("POST", "/open", headers={"Origin": "https://evil.example"})
        self.assertEqual(self.failures.recent(OPEN.id)[0].fault.code, "not_allowed")
        denied = [one for one in self.audit if one.operation == "access_denied"]
        told = [(one.app_id, one.target, one.status, one.rid) for one in denied]
        self.assertEqual(told, [(OPEN.id, "/open", "Failed", "i1")])
        self.assertIn("Cross origin check failed", denied[0].detail)
        self.apps.answer = PluginRefused("app /open is not permitted to call exec.in.run")
        self.ask("GET", "/open")
        self.assertEqual([one.operation for one in self.audit].count("access_denied"), 1)

    def test_redacted(self):
        """Without a route the path tells where, unless the operator wants no paths kept."""
        self.apps.answer = AppCrashed("ran out of memory")
        for redact, told in ((False, "/open/secret"), (True, "<REDACTED>")):
            self.ask(
                "GET", "/open/secret", edge=AppEdge(audit=RequestAuditOptions(redact_url=redact))
            )
            self.assertEqual(self.failures.recent(OPEN.id)[0].fault.route, told)

    def test_faults_are_not_told(self):
        """What was not foreseen is an incident number, and the whole in the log."""
        self.apps.answer = ValueError("secret")
        response, body = self.ask("GET", "/open")
        self.assertEqual((response.code, body), (500, b"internal error, incident i1"))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    def test_streams(self):
        """A body that is made piece by piece arrives whole."""

        async def pieces():
            yield b"one "
            yield b"two"

        self.apps.answer = AppResponse(body=pieces())
        _, body = self.ask("GET", "/open")
        self.assertEqual(body, b"one two")

    def test_head(self):
        """For the head alone a body that is made piece by piece is not begun."""
        self.apps.answer = AppResponse(body=(body := AnswerBody(1024)))
        response, content = self.ask("HEAD", "/open")
        self.assertEqual((response.code, content, body.abandoned), (200, b"", True))

    def test_client_that_left_before_the_answer(self):
        """A body that is made piece by piece is ended when its client has left already."""
        self.apps.answer = AppResponse(body=(body := AnswerBody(1024)))
        self.apps.ready = Deferred()
        connection = Served(RootResource(None, self.resource())).ask(
            b"GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        connection.hang_up()
        self.apps.ready.callback(None)
        self.assertTrue(body.abandoned)

    def test_sharing(self):
        """With sharing on, preflights are answered here and answers carry the permission."""
        edge = AppEdge(sharing=OriginSharing(allow_origin="https://a.example", max_age=60))
        response, _ = self.ask("OPTIONS", "/closed", edge=edge)
        self.assertEqual(response.code, 204)
        self.assertEqual(self.apps.seen, [])
        response, _ = self.ask("GET", "/open", edge=edge)
        origin = response.headers.getRawHeaders("access-control-allow-origin")
        self.assertEqual(origin, ["https://a.example"])

    def test_of_each_app(self):
        """What holds for one app need not hold for another, nor for requests to none."""

        def edge_of(app):
            level = {OPEN.id: 5, CLOSED.id: 0, "": 2}[app.id if app else ""]
            return AppEdge(headers_level=level, check_origin=level > 0)

        foreign = {"Origin": "https://evil.example"}
        for path, options, frames, status in (
            ("/open", {}, ["DENY"], 403),
            ("/closed", {"login": "admin:right"}, None, 200),
            ("/nothing", {}, ["SAMEORIGIN"], 404),
        ):
            response, _ = self.ask("GET", path, edge=edge_of, **options)
            self.assertEqual(response.headers.getRawHeaders("x-frame-options"), frames)
            response, _ = self.ask("POST", path, edge=edge_of, headers=dict(foreign), **options)
            self.assertEqual(response.code, status)

    def test_visitors_of_one_connection(self):
        """Behind a proxy visitors share a connection; each is who they say they are, comes from
        their own address, and gets the kind of page that they ask for.
        """
        served = Served(RootResource(None, self.resource()))
        site = served.make_site(proxies=TrustedProxies(["192.0.2.1"]))
        connection = Connection(site, peerAddress=IPv4Address("TCP", "192.0.2.1", 4711))
        admin = b"Authorization: Basic " + b64encode(b"admin:right") + b"\r\nAccept: text/html\r\n"
        visitors = ((b"198.51.100.1", admin), (b"198.51.100.2", b"Accept: text/plain\r\n"))
        for address, headers in visitors * 2:
            said = b"Host: localhost\r\nX-Forwarded-For: " + address + b"\r\n" + headers + b"\r\n"
            for path in (b"/closed", b"/open", b"/nothing"):
                connection.send(b"GET " + path + b" HTTP/1.1\r\n" + said)
        self.assertEqual(connection.statuses, [200, 200, 404, 401, 200, 404] * 2)
        seen = [(one.user_id, one.remote_ip) for one in self.apps.seen]
        known, stranger = "198.51.100.1", "198.51.100.2"
        self.assertEqual(
            seen, [("admin", known), ("anonymous", known), ("anonymous", stranger)] * 2
        )
        answers = connection.value().split(b"HTTP/1.1 ")
        pages = [b"\r\nContent-Type: text/html" in one for one in answers if one[:3] == b"404"]
        self.assertEqual(pages, [True, False] * 2)


class Offer(NamedTuple):
    """A download that remembers whether it was delivered."""

    file: BytesIO
    size: int
    name: str
    mime_type: str
    close: object


class DownloadTests(AppsCase):
    def offer(self, content, size):
        self.delivered = []
        self.offered["f1"] = Offer(
            BytesIO(content), size, 'a"é.txt', "text/plain", self.delivered.append
        )

    def test_offered_file(self):
        """A file arrives whole, as an attachment whose name cannot break the header."""
        self.offer(b"x" * 300_000, 300_000)
        response, body = self.ask("GET", "/open/_clace_app/file/f1")
        self.assertEqual((response.code, body), (200, b"x" * 300_000))
        (disposition,) = response.headers.getRawHeaders("content-disposition")
        self.assertEqual(disposition, "attachment; filename*=UTF-8''a%22%C3%A9.txt")
        self.assertEqual(self.delivered, [True])

    def test_head(self):
        """To look at the head of a download does not use it up."""
        self.offer(b"x", 1)
        response, body = self.ask("HEAD", "/open/_clace_app/file/f1")
        self.assertEqual((response.code, body, self.delivered), (200, b"", [False]))

    def test_not_for_others(self):
        """Another app, or an unknown number, is a plain 404."""
        for path, login in (("/open", None), ("/closed", "admin:right")):
            response, _ = self.ask("GET", f"{path}/_clace_app/file/f2", login=login)
            self.assertEqual(response.code, 404)


class TrailTests(AppsCase):
    def test_changes_of_known_users_are_kept(self):
        """A post of somebody admitted is recorded; a get, and a post of nobody, are not."""
        self.ask("GET", "/open")
        self.ask("POST", "/closed")
        self.ask("POST", "/nothing")
        self.ask("POST", "/closed/x?token=1", login="admin:right")
        (event,) = self.audit
        self.assertEqual(
            (event.app_id, event.user_id, event.target, event.status),
            (CLOSED.id, "admin", "localhost:/closed/x", "200"),
        )

    def test_incidents_are_kept(self):
        """A fault of ours does not hide who sent what; one that comes later adds nothing."""

        async def pieces():
            yield b"one"
            raise ValueError

        for answer, status in ((ValueError(), "500"), (AppResponse(body=pieces()), "200")):
            self.apps.answer = answer
            with contextlib.suppress(self.failureException):
                self.ask("POST", "/closed/x", login="admin:right")
            self.assertEqual([event.status for event in self.audit], [status])
            self.audit.clear()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)

    def test_what_is_kept_of_an_app(self):
        """Paths are left out, or requests altogether, where the operator says so."""
        for options in (RequestAuditOptions(redact_url=True), RequestAuditOptions(skip=True)):
            edge = AppEdge(audit=options)
            self.ask("POST", "/closed/x", login="admin:right", edge=edge)
        self.assertEqual([event.target for event in self.audit], ["localhost:<REDACTED>"])

    def test_a_flood_leaves_little(self):
        """Posts of strangers with long paths leave a few short rows, and a count of the others."""
        for _ in range(50):
            self.ask("POST", "/open/" + "x" * 7000)
        self.assertEqual(len(self.audit), 5)
        self.assertLess(sum(len(event.target + event.detail) for event in self.audit), 6000)
        self.ration.tell()
        self.assertIn("left out 45 events", self.audit[-1].detail)

    def test_strangers_use_up_nobody_elses_share(self):
        """What users do who have signed in is recorded beside a flood from the same address."""
        for _ in range(50):
            self.ask("POST", "/open/x")
        self.ask("POST", "/closed/x", login="admin:right")
        self.assertEqual([event.app_id for event in self.audit[5:]], [CLOSED.id])


class SecretHeaderTests(AppsCase):
    """Headers that were meant for the server, and those that an app would set in its place."""

    def seen(self, **headers):
        self.ask(
            "GET", "/open", headers={name.replace("_", "-"): headers[name] for name in headers}
        )
        return self.apps.seen[-1].headers

    def test_credentials(self):
        """Passwords and tokens of ours never reach an app; other schemes do, as they came."""
        for sent in (
            "Basic YTpi",
            "bAsIc YTpi",
            "Basic",
            "Bearer clace_x",
            "token  clace_x",
            "YTpi",
            "",
        ):
            self.assertNotIn("Authorization", self.seen(Authorization=sent), sent)
        for sent in ("Bearer a.b.c", "Digest username=x", "AWS4-HMAC-SHA256 Credential=x"):
            self.assertEqual(self.seen(Authorization=sent)["Authorization"], [sent])

    def test_cookies(self):
        """Cookies of ours never reach an app; its own do."""
        ours = "__Host-system_clace_session=s; github_clace_session=t; __Host-clace_sign_in=n"
        self.assertNotIn("Cookie", self.seen(Cookie=ours))
        self.assertEqual(self.seen(Cookie=f"a=1; {ours}; b=2")["Cookie"], ["a=1; b=2"])

    def test_cookies_that_an_app_sets(self):
        """An app sets its own cookies, and none of ours."""
        lines = ("a=1; Path=/", "__Host-system_clace_session=x; Secure; Path=/", "clace_sign_in=y")
        lines += ("=system_clace_session=x", " = clace_sign_in=y")
        self.apps.answer = AppResponse(headers=tuple(("Set-Cookie", line) for line in lines))
        response, _ = self.ask("GET", "/open")
        self.assertEqual(response.headers.getRawHeaders("set-cookie"), ["a=1; Path=/"])
