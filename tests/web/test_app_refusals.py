"""Tests for ``clace.web.apps.refusals``."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyRequest

from clace.errors import (
    AppBusy,
    AppFailed,
    AppNotApproved,
    AppStarting,
    AppStopped,
    AppTimedOut,
    LockedOut,
    NoAccess,
    NotAllowed,
    NotAuthenticated,
    ProgramFailed,
    SourceError,
    StoreError,
    UpstreamFailed,
)
from clace.model.app import App
from clace.model.traffic import NOT_FOUND, AppResponse
from clace.web.apps.refusals import dressed, is_failure, refusal
from clace.web.apps.request_audit import RequestAudits
from clace.web.pages import MediaType


def failed(message, place=""):
    error = AppFailed(message)
    error.place = place
    return error


class RefusalTests(SynchronousTestCase):
    def answer(self, error, media=MediaType.TEXT, *, told=False, path="/shop", method=b"GET"):
        request = DummyRequest([b"shop"])
        request.method = method
        request.path = b"/shop"
        audit = RequestAudits(None, None, lambda: 1.0, lambda: "rid_1").begin(request)
        audit.app, audit.is_told = App(id="app_prd_1", path=path), told
        return refusal(error, audit, media)

    def test_visitors(self):
        """Why an app or the server failed is not told to visitors, by what name to ask is."""
        in_app = failed("secret", "app.star:1:2")
        for error in (
            in_app,
            SourceError("secret"),
            StoreError("secret"),
            AppNotApproved("secret"),
        ):
            for media in MediaType:
                answer = self.answer(error, media)
                self.assertEqual(answer.status, 500)
                for word in (b"secret", b"app.star:", b"/shop"):
                    self.assertNotIn(word, answer.body)
                self.assertIn(b"rid_1", answer.body)

    def test_no_access(self):
        """A visitor with a session is shown where to sign out of it."""
        for has_session in (False, True):
            error = NoAccess("Forbidden", has_session=has_session)
            body = self.answer(error, MediaType.HTML).body
            self.assertIn(b"Ask whoever runs this server to let you in.", body)
            self.assertEqual(b"/_clace/logout" in body, has_session)

    def test_told(self):
        """An admin is told the reason and the place, in each content type."""
        error = failed("division by zero", "app.star:3:9")
        text = self.answer(error, told=True).body
        self.assertEqual(text, b"division by zero at app.star:3:9, request rid_1")
        for media in MediaType:
            body = self.answer(error, media, told=True).body
            self.assertIn(b"division by zero at app.star:3:9", body)

    def test_starting(self):
        """A page that says that the app is being started asks again by itself, without a script;
        other answers say when to ask.
        """
        error = AppStarting("the app is being started", 1)
        page = self.answer(error, MediaType.HTML)
        headers = dict(page.headers)
        self.assertEqual((page.status, headers["Refresh"], headers["Retry-After"]), (503, "1", "1"))
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIn(b"The app is being started", page.body)
        self.assertNotIn("Refresh", dict(self.answer(error).headers))
        self.assertNotIn("Refresh", dict(self.answer(AppStopped("no"), MediaType.HTML).headers))
        posted = self.answer(error, MediaType.HTML, method=b"POST")
        self.assertNotIn("Refresh", dict(posted.headers))
        self.assertFalse(is_failure(error))

    def test_programs(self):
        """The last lines of a program are for those who may mend it."""
        wrong = UpstreamFailed("no answer")
        wrong.lines = ("Traceback", "KeyError: 'x'")
        failed_to_start = ProgramFailed("the program of /shop ended with 1\nKeyError: 'x'")
        for error in (wrong, failed_to_start):
            for media in MediaType:
                told = self.answer(error, media, told=True)
                self.assertEqual(told.status, 502)
                self.assertNotIn(b"KeyError", self.answer(error, media).body)
        self.assertIn(b"KeyError", self.answer(wrong, MediaType.HTML, told=True).body)
        self.assertIn(b"KeyError", self.answer(failed_to_start, told=True).body)

    def test_commands_for_staging(self):
        """The commands on a page of a staging app name the app that it belongs to, as they must."""
        for error, command in (
            (AppNotApproved("x"), b"clace app approve --promote /shop<"),
            (failed("x"), b"clace app show /shop<"),
        ):
            body = self.answer(error, MediaType.HTML, told=True, path="/shop_cl_stage").body
            self.assertIn(command, body)

    def test_bounded(self):
        """However much an app says of its failure, a page of it is small."""
        for media in MediaType:
            self.assertLess(len(self.answer(failed("x" * 10**6), media, told=True).body), 10_000)

    def test_no_fault_of_the_source(self):
        """An app that is late or busy says so to everybody."""
        for error, expected in ((AppTimedOut("late"), 504), (AppBusy("busy"), 503)):
            answer = self.answer(error)
            self.assertEqual(answer.status, expected)
            self.assertEqual(answer.body.decode(), f"{error.message}, request rid_1")

    def test_what_operators_have_to_know(self):
        """Failures and refused requests are logged; a missing password is not."""
        for error, expected in (
            (failed("x"), True),
            (SourceError("x"), True),
            (NotAllowed("cross-origin"), True),
            (NotAuthenticated("x"), False),
            (LockedOut("x", 5), False),
        ):
            self.assertIs(is_failure(error), expected, error)


class DressedTests(SynchronousTestCase):
    def test_bare_errors(self):
        """An error that an app has no text for is a page for a browser, with its own headers."""
        missing = AppResponse(status=404, headers=(("Content-Type", "text/plain"),), body=NOT_FOUND)
        for bare in (AppResponse(status=405, headers=(("Allow", "GET"),)), missing):
            page = dressed(bare, MediaType.HTML)
            self.assertEqual(page.status, bare.status)
            self.assertIn(b"<h1>", page.body)
            types = [value for name, value in page.headers if name == "Content-Type"]
            self.assertEqual(types, ["text/html; charset=utf-8"])
            self.assertEqual(dressed(bare, MediaType.TEXT), bare)
        allowed = dressed(AppResponse(status=405, headers=(("Allow", "GET"),)), MediaType.HTML)
        self.assertIn(("Allow", "GET"), allowed.headers)

    def test_own_answers(self):
        """An answer that the app has given a text or a type stays as it is."""
        for own in (
            AppResponse(status=404, body=b"my own"),
            AppResponse(status=422, headers=(("content-type", "text/html"),)),
            AppResponse(status=200),
            AppResponse(status=302, headers=(("Location", "/"),)),
        ):
            self.assertEqual(dressed(own, MediaType.HTML), own)
