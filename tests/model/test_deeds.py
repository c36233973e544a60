"""Tests for ``clace.model.deeds``: the events of sign-ins, sessions and refusals."""

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

import clace
from clace.model.deeds import (
    Deed,
    access_denied,
    event_of,
    session_ended,
    sign_in_refused,
    signed_in,
    signed_out,
)
from clace.model.identity import NOBODY, Assurance, Identity

ANN = Identity(user_id="github:ann", assurance=Assurance.SSO, session_id="ses_1")
ROBOT = Identity(user_id="token:deploy", assurance=Assurance.TOKEN, token_id="tok_1")
PACKAGE = Path(clace.__file__).parent
# The table reads back what it stored.
MAKERS = {"model/deeds.py", "audit/table.py"}


class DeedTests(SynchronousTestCase):
    def test_event(self):
        """An event has all of its deed, the time in nanoseconds, and the id of its request."""
        event = event_of(Deed(operation="reload_apps", target="/a", user_id="admin"), 2.5, "rid_1")
        self.assertEqual((event.create_time, event.rid), (2_500_000_000, "rid_1"))
        self.assertEqual(
            (event.operation, event.target, event.user_id), ("reload_apps", "/a", "admin")
        )
        self.assertEqual((event.event_type, event.status), ("system", "Success"))

    def test_sign_in(self):
        """A sign-in tells who, from where, by which kind and which proof, and its session."""
        deed = signed_in(ANN, "github", "192.0.2.1")
        self.assertEqual((deed.operation, deed.status), ("sign_in", "Success"))
        self.assertEqual((deed.user_id, deed.target), ("github:ann", "192.0.2.1"))
        self.assertEqual(deed.detail, "by github: sso; session ses_1")

    def test_refused_sign_in(self):
        """A refused sign-in tells the reason, and uses the share of its network."""
        deed = sign_in_refused("saml_corp", "2001:db8::1", "the assertion is expired", "e\nve")
        self.assertEqual(
            (deed.status, deed.detail), ("Failed", "by saml_corp: the assertion is expired")
        )
        self.assertEqual(deed.user_id, "e\\nve")
        self.assertEqual((deed.source, deed.is_known), ("2001:db8::/64, sign-in refused", False))

    def test_ends_of_sessions(self):
        """A sign-out is the user's; a session that the server ended tells why."""
        self.assertEqual(signed_out(ANN, "192.0.2.1").operation, "sign_out")
        ended = session_ended("github:ann", "ses_1", "the password was changed")
        self.assertEqual((ended.operation, ended.target), ("end_session", "ses_1"))
        self.assertEqual((ended.user_id, ended.detail), ("github:ann", "the password was changed"))

    def test_denied(self):
        """A refusal tells the right and the token; nobody uses the share of their network."""
        denied = access_denied(ROBOT, "app:reload", "/a", address="192.0.2.1", app_id="app_1")
        self.assertEqual((denied.operation, denied.status), ("access_denied", "Failed"))
        self.assertEqual(denied.detail, "app:reload; token tok_1")
        self.assertTrue(denied.is_known)
        nobody = access_denied(NOBODY, "app:access", "/a", address="192.0.2.1", why="no grant")
        self.assertEqual((nobody.source, nobody.is_known), ("192.0.2.1, denied", False))
        self.assertEqual(nobody.detail, "app:access; no grant")

    @given(st.text(max_size=100))
    def test_claimed_names_make_no_lines(self, name):
        """A claimed name stays on its line and has an end, whatever is in it."""
        deed = sign_in_refused("form", "192.0.2.1", "wrong password", name)
        self.assertNotIn("\n", deed.user_id)
        self.assertLessEqual(len(deed.user_id), 67)

    def test_events_have_one_home(self):
        """No other module makes audit events."""
        makers = {
            path.relative_to(PACKAGE).as_posix()
            for path in PACKAGE.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "AuditEvent"
        }
        self.assertEqual(makers, MAKERS)
