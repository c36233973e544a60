"""Tests for ``clace.agents``."""

from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IAgent
from zope.interface.verify import verifyObject

from clace.agents import quiet_agent


class QuietAgentTests(SynchronousTestCase):
    def ask(self, url):
        """The factory of the one connection that a request makes, and what the log has of it."""
        reactor = MemoryReactorClock()
        agent = quiet_agent(reactor, 5)
        verifyObject(IAgent, agent)
        with capturedLogs() as events:
            asked = agent.request(b"GET", url)
            ((host, port, factory, seconds, _),) = reactor.tcpClients
            factory.doStart()
            factory.doStop()
        asked.cancel()
        self.failureResultOf(asked)
        return (host, port, seconds), events

    def test_connections(self):
        """Connections are made as the URL says, in time, and without a word in the log."""
        for url, port in ((b"http://127.0.0.1:81/x", 81), (b"https://127.0.0.1/", 443)):
            self.assertEqual(self.ask(url), (("127.0.0.1", port, 5), []))
