"""Browsers and messages of sign-in providers, at the flows of every sign-in and sign-out.

Whatever a provider refuses is refused here as on the server: few words for the visitor, and the
reason in the audit log, where tests look for it.
"""

from typing import Any

from msgspec import Struct
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import NewSession, SignedIn
from clace.model.identity import Assurance, Identity
from clace.web.login.flow import Places, SignInFlow
from clace.web.login.leaving import SignOutFlow
from clace.web.login.states import Pending, PendingSignIns
from tests.support.audited import memory_events
from tests.support.sign_in import app_authentication, make_sessions

APP_HOST = "tool.example.com"
SENDER = "192.0.2.7"


class Visitor(Struct):
    """The head of a request, as far as its sender is recorded."""

    method: str = "POST"
    address: str = SENDER


class ReturningCase(SynchronousTestCase):
    """Brings what a test wants to the flows, and reads what the audit log says of it."""

    message = b""  # of the page for visitors, where all refusals have the same

    def serve(self, provider: Any) -> None:
        """Sign users in by this provider from now on."""
        self.served = provider
        self.audit, events = memory_events()
        clock = Clock()
        self.pending = PendingSignIns(clock)
        self.sessions = make_sessions(clock=clock)
        auth = app_authentication(provider)
        places = Places(login_host="auth.example.com", callback_url="https://apps.example.com")
        self.coming = SignInFlow(auth, self.sessions, self.pending, places, events, 86_400)
        self.leaving = SignOutFlow(auth, self.sessions, self.pending, events)

    def arrive(self, brought: Any, kept: Any) -> tuple[Any, SignedIn | None]:
        """The answer to a browser that comes back, and who goes on from there to the app."""
        asked = Pending(
            setting=self.served.name,
            origin=f"https://{APP_HOST}",
            target="/",
            nonce=b"",
            way=self.served.name,
            kept=kept,
        )
        name = "state" if "state" in brought else "RelayState"
        returned = {**brought, name: self.pending.add(asked)}
        answer = self.successResultOf(self.coming.arrive(self.served.name, returned, Visitor()))
        location = dict(answer.headers).get("Location", "")
        going_on = self.pending.look(location.partition("state=")[2])
        return answer, going_on.signed_in if going_on else None

    def lets_in(self, brought: Any, kept: Any) -> SignedIn:
        """Who is let in, of which nothing is in the audit log before the session begins."""
        recorded = len(self.audit.events)
        _, signed_in = self.arrive(brought, kept)
        self.assertEqual(self.told_since(recorded), [])
        assert signed_in is not None
        return signed_in

    def refusal(self, brought: Any, kept: Any) -> str:
        """The reason in the audit log for a browser that is not let in, and is not told it."""
        recorded = len(self.audit.events)
        answer, signed_in = self.arrive(brought, kept)
        self.assertIsNone(signed_in)
        self.assertEqual(answer.status, 403)
        (reason,) = self.told_since(recorded)
        self.assertNotIn(reason.encode(), answer.body)
        self.assertIn(self.message, answer.body)
        return reason

    def told_since(self, recorded: int) -> list[str]:
        """The reasons of the sign-ins that were refused since so many events were recorded."""
        reasons = []
        for event in self.audit.events[recorded:]:
            self.assertEqual((event.operation, event.status), ("sign_in", "Failed"))
            self.assertEqual(event.target, SENDER)
            by, _, reason = event.detail.partition(": ")
            self.assertEqual(by, f"by {self.served.name}")
            reasons.append(reason)
        return reasons

    def session_of(self, subject: str, index: str = "") -> str:
        """The name of a session that this provider began."""
        identity = Identity(
            user_id=f"{self.served.name}:{subject}", subject=subject, assurance=Assurance.SSO
        )
        signed_in = SignedIn(identity=identity, evidence={"index": index})
        new = NewSession(
            host=APP_HOST, setting=self.served.name, signed_in=signed_in, fingerprint=""
        )
        _, session = self.successResultOf(self.sessions.begin(new))
        return session.name

    def live(self) -> set[str]:
        """The names of the sessions that have not ended."""
        return {session.name for session in self.sessions.in_use()}
