"""Tests for ``clace.identity.saml.source``."""

from pathlib import Path

from treq.testing import RequestTraversalAgent
from twisted.internet import error
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.static import Data
from twisted.web.util import Redirect

from clace.errors import ProviderUnavailable
from clace.identity.saml import ProviderMetadata, from_file, from_url
from clace.identity.saml.source import DEADLINE, FRESH, PAUSE
from tests.support.saml import (
    ENTITY,
    NOW,
    Fetched,
    answer,
    arrival,
    at,
    metadata,
    provider,
    signing_key,
)
from tests.support.threads import at_once

URL = "https://idp.example.com/metadata"


class MetadataCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.clock.rightNow = NOW

    def known(self, fetched):
        return ProviderMetadata("saml_corp", fetched, at_once, self.clock)


class CurrentTests(MetadataCase):
    """What holds of a provider."""

    def test_once_an_hour(self):
        """ProviderMetadata is looked at when it is needed, and again after an hour."""
        fetched = Fetched()
        known = self.known(fetched)
        for _ in range(3):
            self.assertEqual(self.successResultOf(known.current()).entity_id, ENTITY)
        self.assertEqual(fetched.count, 1)
        self.clock.advance(FRESH)
        self.successResultOf(known.current())
        self.assertEqual(fetched.count, 2)

    def test_broken(self):
        """A provider that cannot be had is told as unavailable, and asked at most once a minute."""
        fetched = Fetched(ProviderUnavailable("it is down"))
        known = self.known(fetched)
        for _ in range(3):
            failure = self.failureResultOf(known.current(), ProviderUnavailable)
            self.assertNotIn("it is down", failure.value.message)
        self.assertEqual(fetched.count, 1)
        fetched.document = metadata()
        self.clock.advance(PAUSE)
        self.assertEqual(self.successResultOf(known.current()).entity_id, ENTITY)

    def test_keeps_what_it_has(self):
        """A provider whose metadata cannot be had anew goes on with the one at hand."""
        fetched = Fetched()
        known = self.known(fetched)
        self.successResultOf(known.current())
        fetched.document = b"<html>"
        self.clock.advance(FRESH)
        with capturedLogs() as events:
            self.assertEqual(self.successResultOf(known.current()).entity_id, ENTITY)
        (event,) = events
        self.assertEqual((event["log_level"].name, event["name"]), ("error", "saml_corp"))
        self.assertEqual(event["reason"], "its metadata: the XML is not well-formed")

    def test_ends(self):
        """ProviderMetadata is of no use after its own end, however new it is."""
        fetched = Fetched(metadata(until=f'validUntil="{at(NOW + 120)}"'))
        known = self.known(fetched)
        self.successResultOf(known.current())
        self.clock.advance(120)
        self.failureResultOf(known.current(), ProviderUnavailable)

    def test_waits_once(self):
        """However many come at the same time, the provider is asked once."""
        asked = []

        async def fetch():
            asked.append(Deferred())
            return await asked[-1]

        known = self.known(fetch)
        waiting = [Deferred.fromCoroutine(known.current()) for _ in range(5)]
        self.assertEqual(len(asked), 1)
        asked[0].callback(metadata())
        for each in waiting:
            self.assertEqual(self.successResultOf(each).entity_id, ENTITY)


class NewKeyTests(MetadataCase):
    """A provider that changes its key."""

    def test_new_key(self):
        """An answer by an unknown key has the metadata looked at, at most once a minute."""
        fetched = Fetched()
        ours = provider(self.clock, fetched)
        self.successResultOf(ours.begin("a"))
        fetched.document = metadata(signing_key("new"))
        document = answer(signing_key("new"), end=at(NOW + 3600))
        self.failureResultOf(ours.finish(arrival(document)))
        self.assertEqual(fetched.count, 1)
        self.clock.advance(PAUSE)
        found = self.successResultOf(ours.finish(arrival(document)))
        self.assertEqual((found.identity.subject, fetched.count), ("ann", 2))

    def test_same_keys(self):
        """If the metadata has no other key, the answer is not checked once more."""
        ours = self.known(Fetched())
        self.successResultOf(ours.current())
        self.clock.advance(PAUSE)
        self.assertIsNone(self.successResultOf(ours.newer()))

    def test_other_faults(self):
        """Answers that are wrong in another way cause no request."""
        fetched = Fetched()
        ours = provider(self.clock, fetched)
        self.successResultOf(ours.begin("a"))
        self.clock.advance(PAUSE)
        self.failureResultOf(ours.finish(arrival(answer(audience="https://x"))))
        self.assertEqual(fetched.count, 1)


class FileTests(SynchronousTestCase):
    def test_file(self):
        """ProviderMetadata may be a file."""
        path = Path(self.mktemp())
        path.write_bytes(b"<a/>")
        self.assertEqual(self.successResultOf(from_file(path, at_once)()), b"<a/>")

    def test_missing(self):
        """A file that cannot be read is named."""
        path = Path(self.mktemp())
        failure = self.failureResultOf(from_file(path, at_once)(), ProviderUnavailable)
        self.assertIn(f"{path}: cannot be read", failure.value.message)


class SilentAgent:
    """Never answers; or fails at once."""

    def __init__(self, failing=None):
        self.failing = failing
        self.cancelled = 0

    def request(self, *_):
        answer = Deferred(self.cancel)
        if self.failing:
            answer.errback(self.failing)
        return answer

    def cancel(self, _):
        self.cancelled += 1


class URLTests(SynchronousTestCase):
    """ProviderMetadata at an URL."""

    def fetch(self, page, path=b"metadata"):
        root = Resource()
        root.putChild(path, page)
        agent = RequestTraversalAgent(root)
        fetched = Deferred.fromCoroutine(from_url(URL, agent, Clock())())
        agent.flush()
        return fetched

    def test_url(self):
        """The page is fetched as a whole."""
        page = Data(b"<a/>", "application/samlmetadata+xml")
        self.assertEqual(self.successResultOf(self.fetch(page)), b"<a/>")

    def test_redirect(self):
        """Another address is not followed: the one in the configuration is trusted."""
        page = Redirect(b"https://other.example.com/metadata")
        failure = self.failureResultOf(self.fetch(page), ProviderUnavailable)
        self.assertEqual(failure.value.message, f"{URL} answered with status 302")

    def test_missing(self):
        """A page that is not there is told with its status."""
        failure = self.failureResultOf(self.fetch(Data(b"", ""), b"x"), ProviderUnavailable)
        self.assertEqual(failure.value.message, f"{URL} answered with status 404")

    def test_too_large(self):
        """An answer over the limit is not kept."""
        page = Data(b"a" * 600_000, "text/xml")
        failure = self.failureResultOf(self.fetch(page))
        self.assertEqual(failure.value.message, "the answer is larger than 524288 bytes")

    def test_silence(self):
        """A provider that does not answer is given up on."""
        clock, agent = Clock(), SilentAgent()
        fetched = Deferred.fromCoroutine(from_url(URL, agent, clock)())
        clock.advance(DEADLINE - 1)
        self.assertNoResult(fetched)
        clock.advance(1)
        failure = self.failureResultOf(fetched, ProviderUnavailable)
        self.assertEqual(failure.value.message, f"{URL} cannot be asked: TimeoutError")
        self.assertEqual(agent.cancelled, 1)

    def test_refused(self):
        """A provider that is not there is told by the kind of failure."""
        agent = SilentAgent(error.ConnectionRefusedError())
        fetched = from_url(URL, agent, Clock())()
        failure = self.failureResultOf(fetched, ProviderUnavailable)
        self.assertEqual(failure.value.message, f"{URL} cannot be asked: ConnectionRefusedError")
