"""The functions of ``http.in`` through the gate, over connections in memory."""

import json

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppFailed, BadRequest, PluginRefused
from clace.interfaces import Caller
from clace.model.app import Permission
from clace.plugins.builtin.http.plugin import HTTPFunctions, HttpSettings
from clace.plugins.builtin.http.sharing import REQUESTS_EACH, RequestsByOwner
from clace.plugins.gate.gate import PluginGate
from clace.resolving import resolving
from tests.plugins.http.test_names import Names
from tests.support.memory_secrets import MemorySecrets
from tests.support.plugin_contract import app, call

HELLO = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
HEAD_OF_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
METHODS = ("get", "head", "options", "post", "put", "delete", "patch")


def redirect(location, code=302):
    return f"HTTP/1.1 {code} X\r\nLocation: {location}\r\nContent-Length: 3\r\n\r\nabc".encode()


class HttpTestCase(SynchronousTestCase):
    def setUp(self):
        self.reactor = MemoryReactorClock()
        names = {
            "a.test": ["93.184.216.34"],
            "b.test": ["93.184.216.35"],
            "inner.test": ["10.0.0.1"],
        }
        self.reactor.nameResolver = Names(names)
        self.shared = RequestsByOwner(self.reactor, resolving(self.reactor))
        self.begin()

    def begin(self, *arguments, secrets=(), **settings):
        permissions = [
            Permission("http.in", name, tuple(one), secrets=secrets)
            for name in METHODS
            for one in (arguments or [()])
        ]
        http = HTTPFunctions(self.reactor, HttpSettings(**settings), self.shared, bytes)
        its_app = app(*permissions, loads=("http.in",))
        gate = PluginGate([http.plugin], secrets=MemorySecrets({("env", "k"): "hunter2"}))
        self.scope = gate.begin(Caller(app=its_app))

    def ask(self, *args, method="get", **kwargs):
        return Deferred.fromCoroutine(
            self.scope.call(call(method, *args, plugin="http.in", **kwargs))
        )

    def accept(self):
        """The newest connection as the server has it: what it received, and how to answer."""
        host, port, factory = self.reactor.tcpClients[-1][:3]
        protocol = factory.buildProtocol(IPv4Address("TCP", host, port))
        transport = StringTransport()
        protocol.makeConnection(transport)
        return protocol, transport

    def answer(self, data, end=ConnectionDone):
        protocol, transport = self.accept()
        protocol.dataReceived(data)
        if end:
            protocol.connectionLost(Failure(end()))
        return transport.value()

    def value(self, asking, data):
        self.answer(data)
        answer = self.successResultOf(asking)
        self.assertEqual(answer.error, "")
        return answer.value

    def error(self, asking):
        answer = self.successResultOf(asking)
        self.assertIsNone(answer.value)
        return answer.error


class HttpTests(HttpTestCase):
    def test_get(self):
        """An answer has its URL, status, headers and text."""
        asking = self.ask("http://a.test/b", {"c": "d"})
        self.assertEqual(self.reactor.tcpClients[0][:2], ("93.184.216.34", 80))
        value = self.value(asking, HELLO)
        self.assertEqual((value["status_code"], value["body"]), (200, "hello"))
        self.assertEqual(value["url"], "http://a.test/b?c=d")

    def test_secret_in_json(self):
        """Where another server sent a secret back, `json()` finds the reference."""
        self.begin(secrets=(("k",),))
        asking = self.ask("http://a.test/", headers={"key": '{{secret "k"}}'})
        body = b'{"sent": {"key": "hunter2"}}'
        value = self.value(asking, HEAD_OF_JSON % len(body) + body)
        self.assertEqual(json.loads(value["body"]), {"sent": {"key": '{{secret "k"}}'}})

    def test_request(self):
        """A request has the method, target, headers and body that were asked for."""
        for name in METHODS:
            asking = self.ask("http://a.test:81/b", method=name, headers={"X-A": "b"})
            received = self.answer(b"HTTP/1.1 204 No Content\r\n\r\n").decode()
            self.assertEqual(self.successResultOf(asking).error, "")
            head, *lines = received.split("\r\n")
            self.assertEqual(head, f"{name.upper()} /b HTTP/1.1")
            self.assertIn("Host: a.test:81", lines)
            self.assertIn("X-A: b", lines)
        self.ask("http://a.test/", method="post", json_body={"a": 1}, auth_basic=["u", "p"])
        _, transport = self.accept()
        received = transport.value().decode()
        self.assertIn("Content-Type: application/json\r\n", received)
        self.assertIn("Content-Length: 7\r\n", received)
        self.assertIn("Authorization: Basic dTpw\r\n", received)
        self.assertTrue(received.endswith('\r\n\r\n{"a":1}'))

    def test_reading(self):
        """What only reads is known for it."""
        plugin = HTTPFunctions(self.reactor, HttpSettings(), self.shared, bytes).plugin
        reading = {name for name, reads in plugin.manifest.functions.items() if reads}
        self.assertEqual(reading, {"get", "head", "options"})
        self.assertEqual(set(plugin.manifest.functions), set(METHODS))

    def test_bad_status(self):
        """A status that is no success is an error unless the app wants it."""
        not_found = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        asking = self.ask("http://a.test/")
        self.answer(not_found)
        expected = "http request failed with status code 404: 404 Not Found"
        self.assertEqual(self.error(asking), expected)
        asking = self.ask("http://a.test/", error_on_fail=False)
        self.assertEqual(self.value(asking, not_found)["status_code"], 404)

    def test_private(self):
        """Nothing is connected to that is not public, unless permission or config name it."""
        for url in ("http://inner.test/", "http://127.0.0.1:2/", "http://[::1]/"):
            self.assertIn("not allowed", self.error(self.ask(url)))
        self.assertEqual(self.reactor.tcpClients, [])
        self.begin(("regex:http://inner\\.test/.*",))
        self.assertEqual(self.value(self.ask("http://inner.test/"), HELLO)["body"], "hello")
        self.begin(allow=("10.0.0.0/8",))
        self.assertEqual(self.value(self.ask("http://inner.test/"), HELLO)["body"], "hello")

    def test_bad_url(self):
        """What is no URL is an error without a connection."""
        self.assertIn("invalid url", self.error(self.ask("http://a.test@127.0.0.1/")))
        self.assertIn("not found", self.error(self.ask("http://none.test/")))
        self.assertEqual(self.error(self.ask("<CONTAINER_URL>/a")), "container proxy url not set")
        self.assertEqual(self.reactor.tcpClients, [])

    def test_host_of_patterns(self):
        """What only looks like the end of a host is none: patterns see where the request goes."""
        self.begin(("regex:http://[^/]+\\.test/.*",))
        for url in ("http://evil.example#.test/", "http://evil.example?.test/"):
            self.failureResultOf(self.ask(url), PluginRefused)
        self.assertEqual(self.reactor.tcpClients, [])
        self.ask("http://a.test/b?c#d")
        self.assertEqual(self.reactor.tcpClients[-1][:2], ("93.184.216.34", 80))

    def test_fragment(self):
        """A pattern cannot be met by a fragment, which no server gets to see."""
        self.begin(("regex:http://a\\.test/[^?]*\\.json",))
        self.failureResultOf(self.ask("http://a.test/delete#.json"), PluginRefused)
        self.assertEqual(self.value(self.ask("http://a.test/b.json#.json"), HELLO)["body"], "hello")

    def test_redirect(self):
        """A redirect is followed, over a new connection to what its name resolves to."""
        asking = self.ask("http://a.test/", method="post", body="x", auth_basic=["u", "p"])
        self.answer(redirect("http://b.test/c"))
        self.assertEqual(self.reactor.tcpClients[-1][:2], ("93.184.216.35", 80))
        protocol, transport = self.accept()
        protocol.dataReceived(HELLO)
        received = transport.value()
        self.assertTrue(received.startswith(b"GET /c HTTP/1.1\r\n"))
        self.assertNotIn(b"Authorization", received)
        self.assertEqual(self.successResultOf(asking).value["url"], "http://b.test/c")

    def test_redirect_inside(self):
        """A redirect cannot lead to where a request could not go."""
        asking = self.ask("http://a.test/")
        self.answer(redirect("http://127.0.0.1/"))
        self.assertIn("127.0.0.1 is not allowed", self.error(asking))
        self.assertEqual(len(self.reactor.tcpClients), 1)

    def test_redirect_not_permitted(self):
        """A redirect cannot lead to a URL that the app has no permission for."""
        self.begin(("http://a.test/",), ("regex:http://a\\.test/ok/.*",))
        asking = self.ask("http://a.test/")
        self.answer(redirect("/ok/1"))
        self.answer(redirect("http://b.test/"))
        self.assertIn("redirect to http://b.test/ not allowed", self.error(asking))
        self.assertEqual(len(self.reactor.tcpClients), 2)

    def test_redirect_loop(self):
        """Ten redirects are followed, not more, and each connection is closed."""
        asking = self.ask("http://a.test/")
        for _ in range(11):
            protocol, transport = self.accept()
            protocol.dataReceived(redirect("/"))
            self.assertTrue(transport.disconnecting)
        self.assertEqual(self.error(asking), "stopped after 10 redirects")
        self.assertEqual(len(self.reactor.tcpClients), 11)

    def test_timeout(self):
        """A request that takes too long is given up in whatever it does."""
        for step in ("connecting", "waiting", "reading"):
            self.begin(seconds=20)
            asking = self.ask("http://a.test/", timeout=5)
            if step != "connecting":
                protocol, transport = self.accept()
            if step == "reading":
                protocol.dataReceived(HELLO[:-1])
            self.reactor.advance(4.9)
            self.assertNoResult(asking)
            self.reactor.advance(0.2)
            self.assertEqual(self.error(asking), "http request timed out after 5 seconds", step)
            if step != "connecting":
                self.assertTrue(transport.disconnecting)

    def test_longest_timeout(self):
        """An app cannot wait longer than the server's config allows."""
        self.begin(seconds=20)
        asking = self.ask("http://a.test/", timeout=1e9)
        protocol, _ = self.accept()
        protocol.dataReceived(HELLO[:-1])
        self.reactor.advance(20)
        self.assertIn("timed out after 20 seconds", self.error(asking))
        for none in (0, -1, float("nan")):
            self.failureResultOf(self.ask("http://a.test/", timeout=none), BadRequest)

    def test_closed(self):
        """Whatever an exchange comes to, none of its connections is left open."""
        bad = b"HTTP/1.1 500 X\r\nContent-Length: 3\r\n\r\n"
        for data in (HELLO, bad, redirect("http://none.test/")):
            asking = self.ask("http://a.test/")
            protocol, transport = self.accept()
            protocol.dataReceived(data)
            self.successResultOf(asking)
            self.assertTrue(transport.disconnecting)
            self.reactor.advance(2)
            self.assertTrue(transport.disconnected)

    def test_no_timer_left(self):
        """An answered request leaves no timer."""
        self.value(self.ask("http://a.test/"), HELLO)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_end_of_request(self):
        """The end of the app's request closes the connection."""
        asking = self.ask("http://a.test/")
        _, transport = self.accept()
        self.successResultOf(self.scope.end())
        self.failureResultOf(asking, PluginRefused)
        self.assertTrue(transport.disconnecting)

    def test_too_large(self):
        """An answer over the limit is an error, announced or not."""
        self.begin(answer_bytes=4)
        endless = b"HTTP/1.1 200 OK\r\n\r\nhello"
        for data in (HELLO, endless):
            asking = self.ask("http://a.test/")
            self.answer(data)
            self.assertEqual(self.error(asking), "the answer is over the limit of 4 bytes")

    def test_endless_headers(self):
        """A server that sends headers for ever is dropped."""
        self.begin(answer_bytes=4)
        asking = self.ask("http://a.test/")
        protocol, transport = self.accept()
        protocol.dataReceived(b"HTTP/1.1 200 OK\r\n")
        sent = 0
        while not transport.disconnecting:
            protocol.dataReceived(b"A: " + b"b" * 10_000 + b"\r\n")
            sent += 10_000
            self.assertLess(sent, 2_000_000)
        protocol.connectionLost(Failure(ConnectionLost()))
        self.assertIn("failed", self.error(asking))

    def test_connection_errors(self):
        """What goes wrong on the way is an error for the app."""
        asking = self.ask("http://a.test/")
        factory = self.reactor.tcpClients[-1][2]
        factory.clientConnectionFailed(None, Failure(Refused()))
        self.assertIn("cannot connect to a.test", self.error(asking))
        for data in (b"", b"nonsense\r\n\r\n", HELLO[:-1]):
            asking = self.ask("http://a.test/")
            self.answer(data, ConnectionLost)
            self.assertNotEqual(self.error(asking), "")

    def test_too_many(self):
        """An app has so many requests under way; streams count until they end."""
        scopes = []
        for number in range(REQUESTS_EACH):
            self.begin()
            scopes.append(self.scope)
            asking = self.ask("http://a.test/", stream=number % 2 == 0)
            if number % 2 == 0:
                self.accept()[0].dataReceived(HELLO)
                self.successResultOf(asking)
            else:
                asking.addErrback(lambda _: None)
        self.begin()
        told = self.error(self.ask("http://a.test/"))
        self.assertEqual(told, "32 requests of this app are under way, no more are allowed")
        for scope in scopes[:2]:
            self.successResultOf(scope.end())
        for _ in range(2):
            self.assertNoResult(self.ask("http://a.test/"))

    def test_headers_not_to_set(self):
        """A request for one host cannot be made one for another by its headers."""
        for name in ("Host", "X-Forwarded-Host", "X-Original-URL"):
            asking = self.ask("http://a.test/", headers={name: "b.test"})
            self.failureResultOf(asking, BadRequest)
        self.assertEqual(self.reactor.tcpClients, [])

    def test_bounds(self):
        """An operator is told that only public addresses are reached, unless others are open."""

        def told(allow, *arguments):
            settings = HttpSettings(allow=allow)
            plugin = HTTPFunctions(self.reactor, settings, self.shared, bytes).plugin
            return plugin.bounds(app(), Permission("http.in", "get", arguments))

        self.assertIn("reaches public addresses only", told(()))
        self.assertEqual([told(("a.test",)), told((), "http://127.0.0.1/")], ["", ""])

    def test_signature(self):
        """Signatures are refused, not left out."""
        asking = self.ask("http://a.test/", auth_signature={"type": "SL"})
        self.assertIn("not supported", self.failureResultOf(asking, BadRequest).value.message)


class StreamTests(HttpTestCase):
    HEAD = b"HTTP/1.1 200 OK\r\n\r\n"

    def open(self, *args, data=HEAD, **kwargs):
        """A stream whose server has sent this."""
        asking = self.ask("http://a.test/", *args, stream=True, **kwargs)
        self.protocol, self.transport = self.accept()
        self.protocol.dataReceived(data)
        return self.successResultOf(asking).stream

    def next(self, stream):
        return Deferred.fromCoroutine(self.scope.next(stream))

    def page(self, stream):
        return self.successResultOf(self.next(stream))

    def fails(self, stream):
        return self.failureResultOf(self.next(stream), AppFailed).value.message

    def test_lines(self):
        """The lines of an answer come as they arrive, and the connection is closed at its end."""
        stream = self.open(data=self.HEAD + b"one\ntw")
        self.assertEqual(self.page(stream), (("one",), True))
        page = self.next(stream)
        self.protocol.dataReceived(b"o\nthree")
        self.assertEqual(self.successResultOf(page), (("two",), True))
        self.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.page(stream), (("three",), False))
        self.assertEqual(self.successResultOf(self.scope.end()), ())
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_end_of_answer(self):
        """An answer that says where it ends closes its connection there."""
        stream = self.open(data=HELLO)
        self.assertEqual(self.page(stream), (("hello",), False))
        self.assertTrue(self.transport.disconnecting)

    def test_every_function(self):
        """All functions can stream; an answer without a body has no lines."""
        for name in METHODS:
            stream = self.open(method=name, data=b"HTTP/1.1 204 No Content\r\n\r\n")
            self.assertEqual(self.page(stream), ((), False))

    def test_charset(self):
        """The text is that of the charset which the answer names."""
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n"
        self.assertEqual(self.page(self.open(data=head + b"\xe4\n")), (("\xe4",), True))

    def test_judged_before(self):
        """Redirects and statuses are what they are without a stream."""
        asking = self.ask("http://a.test/", stream=True)
        self.answer(redirect("http://b.test/"))
        self.answer(b"HTTP/1.1 404 Not Found\r\n\r\n")
        self.assertIn("404 Not Found", self.error(asking))
        self.ask("http://a.test/", stream=True)
        self.answer(redirect("http://127.0.0.1/"))
        stream = self.open(error_on_fail=False, data=b"HTTP/1.1 404 No\r\n\r\nwhy\n")
        self.assertEqual(self.page(stream), (("why",), True))

    def test_pace(self):
        """A server waits as long as the app does not go on."""
        stream = self.open()
        self.assertEqual(self.transport.producerState, "paused")
        page = self.next(stream)
        self.assertEqual(self.transport.producerState, "producing")
        self.protocol.dataReceived(b"one\n")
        self.successResultOf(page)
        self.assertEqual(self.transport.producerState, "paused")

    def test_time(self):
        """The timeout is for the head, and then for each silence."""
        asking = self.ask("http://a.test/", stream=True, timeout=5)
        self.reactor.advance(5)
        self.assertEqual(self.error(asking), "http request timed out after 5 seconds")
        self.begin(seconds=20)
        stream = self.open(timeout=1000)
        for _ in range(3):
            page = self.next(stream)
            self.reactor.advance(19)
            self.protocol.dataReceived(b"on\n")
            self.successResultOf(page)
        page = self.next(stream)
        self.reactor.advance(20)
        told = self.failureResultOf(page, AppFailed).value.message
        self.assertEqual(told, "nothing came of the answer for 20 seconds")
        self.assertTrue(self.transport.disconnecting)

    def test_size(self):
        """The limit of an answer is one for all of its lines, announced or not."""
        self.begin(answer_bytes=4)
        asking = self.ask("http://a.test/", stream=True)
        self.answer(HELLO)
        self.assertEqual(self.error(asking), "the answer is over the limit of 4 bytes")
        stream = self.open(data=self.HEAD + b"a\n")
        self.page(stream)
        self.protocol.dataReceived(b"b\nc\n")
        self.assertEqual(self.fails(stream), "the answer is over the limit of 4 bytes")
        self.assertTrue(self.transport.disconnecting)

    def test_cut_short(self):
        """An answer that breaks off is an error after what came of it."""
        stream = self.open(data=HELLO[:-3] + b"\n")
        self.page(stream)
        self.protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.fails(stream), "the answer ended before it was complete")

    def test_end_of_request(self):
        """The end of the app's request closes the connection, also while it waits for a line."""
        for waits in (False, True):
            self.begin()
            stream = self.open()
            page = self.next(stream) if waits else None
            self.assertEqual(self.successResultOf(self.scope.end()), ("http.in:get_stream",))
            self.assertTrue(self.transport.disconnecting)
            if waits:
                self.failureResultOf(page, PluginRefused)
            self.protocol.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_secrets(self):
        """A secret that the server sends back is hidden, wherever its pieces end."""
        self.begin(secrets=(("k",),))
        stream = self.open({"key": '{{secret "k"}}'}, data=self.HEAD + b"it is hun")
        page = self.next(stream)
        self.protocol.dataReceived(b"ter2\n")
        self.assertEqual(self.successResultOf(page), (('it is {{secret "k"}}',), True))
