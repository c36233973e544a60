"""Tests for ``clace.web.apps.forwarding``."""

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from clace.errors import ProviderUnavailable
from clace.interfaces import ForwardVerdict, IForwardAuth
from clace.model.app import App, AppSettings
from clace.model.traffic import AppResponse
from clace.web.apps.forwarding import ForwardedApps, granted_lines, with_granted, without
from clace.web.http1.fields import HeaderFields
from tests.support.sign_in import app_access, app_authentication
from tests.web.test_apps import AppsCase


@implementer(IForwardAuth)
class Policy:
    """Lets in, until it has a status to refuse with, or an error."""

    def __init__(self):
        self.status, self.error = 0, None

    async def ask(self, question):
        if self.error is not None:
            raise self.error
        if self.status:
            return ForwardVerdict(refusal=AppResponse(status=self.status, body=b"not you"))
        return ForwardVerdict()


class RefusalTests(AppsCase):
    """Refusals of the server that is asked, and what the audit log says of them."""

    def setUp(self):
        super().setUp()
        self.policy = Policy()

    def access(self):
        auth = app_authentication(self.credentials, forwards=("policy",))
        forwarded = ForwardedApps(auth, {"policy": self.policy})
        return app_access(auth, forwarded=forwarded)

    def answer(self, setting, login=None):
        """The status for a visitor, and the new events: who was denied, and why."""
        app = App(id="app_prd_1", path="/a", settings=AppSettings(authn_type=setting))
        self.apps.find = lambda _host, _path: app
        before = len(self.audit)
        response, _ = self.ask("GET", "/a/x", login=login, allow_redirects=False)
        return response.code, [
            (one.operation, one.user_id, one.status, one.detail) for one in self.audit[before:]
        ]

    def test_denials(self):
        """Each denial is recorded with its server's name; the same visitor is let in without it."""
        for setting, login, user in (
            ("none+forward_policy", None, "anonymous"),
            ("system+forward_policy", "admin:right", "admin"),
        ):
            for status in (403, 404, 500):
                self.policy.status = status
                denied = ("access_denied", user, "Failed", "forward auth policy does not allow it")
                self.assertEqual(self.answer(setting, login), (status, [denied]))
                self.policy.status = 0
                self.assertEqual(self.answer(setting, login), (200, []))
            self.clock.advance(60)
            self.ration.tell()

    def test_ways_to_sign_in(self):
        """A redirect to a sign-in, and a question for one, are no denials."""
        for status in (302, 303, 401):
            self.policy.status = status
            self.assertEqual(self.answer("none+forward_policy"), (status, []))

    def test_unreachable(self):
        """A server that cannot be asked lets nobody in, and the audit log says so."""
        self.policy.error = ProviderUnavailable("it cannot be asked")
        status, events = self.answer("none+forward_policy")
        denied = ("access_denied", "anonymous", "Failed", "forward auth policy cannot be asked")
        self.assertEqual((status, events), (502, [denied]))
        self.policy.error = None
        self.assertEqual(self.answer("none+forward_policy"), (200, []))

    def test_not_signed_in(self):
        """Nobody is asked about a visitor whom the app's own sign-in refuses."""
        self.policy.error = AssertionError("asked")
        self.assertEqual(self.answer("system+forward_policy"), (401, []))


class GrantedTests(SynchronousTestCase):
    """Headers that forward auth gives, in the place of a client's own."""

    def test_without(self):
        """A header is taken away by its name, in any spelling; the fields of others stay theirs."""
        fields = HeaderFields(((b"X-TEAM", b"a"), (b"Accept", b"b"), (b"X_team", b"c")))
        left = without(fields, frozenset({"x-team"}))
        self.assertEqual(list(left), [(b"Accept", b"b")])
        self.assertEqual(len(fields), 3)

    def test_given(self):
        """An app finds them under the names that it knows; other requests do not have them."""
        headers = {"Accept": ["b"]}
        found = with_granted(headers, (("x-team", "a"), ("X-Team", "b")))
        self.assertEqual(found, {"Accept": ["b"], "X-Team": ["a", "b"]})
        self.assertEqual(headers, {"Accept": ["b"]})
        self.assertIs(with_granted(headers, ()), headers)

    def test_lines(self):
        """A server that requests are passed on to gets them as lines."""
        self.assertEqual(granted_lines((("X-Team", "a"), ("B", "c"))), b"X-Team: a\r\nB: c\r\n")
        self.assertEqual(granted_lines(()), b"")
