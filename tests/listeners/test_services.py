"""Tests for ``clace.listeners.services``."""

import tempfile
from pathlib import Path
from shutil import rmtree

from twisted.application.service import IService
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import ListenError
from clace.listeners import services
from clace.listeners.defaults import ChosenListener
from clace.listeners.services import Listeners
from tests.listeners.handshakes import pem_pair

TAKEN = 80


class Reactor(MemoryReactorClock):
    """Port 80 is taken, and what is closed is remembered."""

    def __init__(self):
        super().__init__()
        self.closed = []
        self.failures = {}

    def listenTCP(self, port, factory, backlog=50, interface=""):
        if port == TAKEN:
            raise CannotListenError(interface, port, OSError(98, "Address already in use"))
        return self.watched(super().listenTCP(port, factory, backlog, interface), port)

    def listenUNIX(self, address, factory, backlog=50, mode=0o666, wantPID=0):
        return self.watched(super().listenUNIX(address, factory, backlog, mode, wantPID), address)

    def watched(self, port, name):
        def stop():
            self.closed.append(name)
            if name in self.failures:
                raise self.failures[name]
            return succeed(None)

        port.stopListening = stop
        return port


class ListenersTestCase(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="clace-"))
        self.addCleanup(rmtree, self.folder)
        self.reactor = Reactor()
        self.factories = {
            "socket": Factory.forProtocol(Protocol),
            "admin": Factory.forProtocol(Protocol),
            "apps": Factory.forProtocol(Protocol),
        }
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    @property
    def admin(self):
        return ChosenListener(f"unix:{self.folder}/run/clace.sock:mode=600:lockfile=0", "admin")

    def listeners(self, *declared, **options):
        found = [
            ChosenListener(each, "apps") if isinstance(each, str) else each for each in declared
        ]
        return Listeners(found, self.factories, self.reactor, **options)

    def refused(self, *declared, **options):
        """Why these listeners do not open; nothing of them stays open."""
        listeners = self.listeners(*declared, **options)
        message = self.assertRaises(ListenError, listeners.open).message
        opened = [port for port, *_ in self.reactor.tcpServers]
        opened += [address for address, *_ in self.reactor.unixServers]
        self.assertEqual(opened, self.reactor.closed)
        self.assertEqual(listeners.addresses(), ())
        return message


class OpenTests(ListenersTestCase):
    def test_interface(self):
        """They are a service like any other."""
        verifyObject(IService, self.listeners())

    def test_opens_all(self):
        """Each endpoint carries what it was declared to serve."""
        listeners = self.listeners(self.admin, "tcp:8080:interface=127.0.0.1")
        listeners.open()
        [(path, admin, _, mode, lock)] = self.reactor.unixServers
        [(port, apps, _, interface)] = self.reactor.tcpServers
        self.assertEqual(admin, self.factories["socket"])
        self.assertEqual((path, mode, lock), (f"{self.folder}/run/clace.sock", 0o600, False))
        self.assertEqual(apps, self.factories["apps"])
        self.assertEqual((port, interface), (8080, "127.0.0.1"))

    def test_addresses(self):
        """Where they listen is told in the order of the declarations."""
        listeners = self.listeners(self.admin, "tcp:8080", f"clace-tls:{self.folder}:tcp6:0")
        listeners.open()
        self.assertEqual([each.scheme for each in listeners.addresses()], ["unix", "http", "https"])

    def test_opens_once(self):
        """A start after ``open`` opens nothing a second time."""
        listeners = self.listeners("tcp:8080")
        listeners.open()
        listeners.privilegedStartService()
        listeners.startService()
        self.assertEqual(len(self.reactor.tcpServers), 1)

    def test_start_opens(self):
        """A service that is started opens what is not open yet."""
        listeners = self.listeners("tcp:8080")
        listeners.startService()
        self.assertEqual(len(self.reactor.tcpServers), 1)

    def test_stop_closes(self):
        """A service that is stopped closes everything, and may start again."""
        listeners = self.listeners(self.admin, "tcp:8080")
        listeners.startService()
        self.successResultOf(listeners.stopService())
        self.assertEqual(self.reactor.closed, [8080, f"{self.folder}/run/clace.sock"])
        self.assertEqual(listeners.addresses(), ())
        listeners.startService()
        self.assertEqual(len(self.reactor.tcpServers), 2)

    def test_stop_logs_what_does_not_close(self):
        """A port that fails to close is logged and does not hold up the others."""
        self.reactor.failures[8080] = OSError("odd")
        listeners = self.listeners("tcp:8080", "tcp:8081")
        listeners.startService()
        self.successResultOf(listeners.stopService())
        self.assertEqual(self.reactor.closed, [8080, 8081])
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    def test_stop_without_socket_file(self):
        """A socket whose file somebody removed closes in peace."""
        listeners = self.listeners(self.admin)
        self.reactor.failures[f"{self.folder}/run/clace.sock"] = FileNotFoundError(2, "gone")
        listeners.startService()
        self.successResultOf(listeners.stopService())
        self.assertEqual(self.flushLoggedErrors(), [])


class RefusalTests(ListenersTestCase):
    def test_taken_port(self):
        """A taken port stops the start with one line, and closes the rest."""
        self.assertEqual(
            self.refused(self.admin, "tcp:8080", "tcp:80:interface=127.0.0.1"),
            "cannot listen on tcp:80:interface=127.0.0.1: address already in use",
        )

    def test_checks_all_before_opening_any(self):
        """A mistake in the last string is found before the first port is opened."""
        self.assertIn("tpc:1: unknown endpoint type", self.refused("tcp:8080", "tpc:1"))
        self.assertEqual(self.reactor.tcpServers, [])

    def test_strings_that_do_not_parse(self):
        """Whatever is wrong with a string, its text and the reason are in the line."""
        for endpoint in (
            "",
            "tcp",
            "tcp:http",
            "tcp:80:interfce=::1",
            "tcp:8080\\",
            "haproxy:",
            "ssl:443:privateKey=/nowhere/key.pem",
            "systemd:domain=INET:index=0",
            "clace-tls:/certs",
            "unix:",
            "unix:/tmp/\0:mode=600",
        ):
            self.assertIn(f"cannot listen on {endpoint}: ", self.refused(endpoint))

    def test_nothing_at_all(self):
        """A server that nobody could reach does not start."""
        self.assertIn("nothing to listen on", self.refused())

    def test_endpoint_that_opens_later(self):
        """An endpoint that cannot say at once whether it is open is refused."""
        later = Deferred()
        self.assertRaises(ListenError, services._at_once, later)

    def test_endpoint_that_is_no_port(self):
        """An endpoint that could not be closed again is refused."""
        self.assertRaises(ListenError, services._at_once, succeed(object()))


class TrustTests(ListenersTestCase):
    def warnings(self, options, **told):
        self.listeners(f"unix:{self.folder}/apps.sock{options}", **told).open()
        return [each for each in self.events if each["log_level"] is LogLevel.warn]

    def test_a_socket_for_all(self):
        """A socket that every user may open is warned of where its peers are believed."""
        for options in ("", ":mode=666", ":mode=601"):
            self.events.clear()
            (event,) = self.warnings(options, trusts_unix=True)
            self.assertIn(f"apps.sock{options}", event["endpoint"])

    def test_a_socket_for_the_proxy(self):
        """One for owner and group is as it should be, and so is one whose peers nobody believes."""
        self.assertEqual(self.warnings(":mode=660", trusts_unix=True), [])
        self.assertEqual(self.warnings(""), [])


class AdminTests(ListenersTestCase):
    def test_not_over_tcp(self):
        """What serves the admin API is a socket of the owner and nothing else."""
        for endpoint in ("tcp:8080", "haproxy:unix:/s:mode=600", "systemd:domain=UNIX:index=0"):
            self.assertIn("admin_over_tcp", self.refused(ChosenListener(endpoint, "admin")))

    def test_over_tcp_when_allowed(self):
        """The operator may allow it."""
        self.listeners(ChosenListener("tcp:8080", "admin"), admin_over_tcp=True).open()
        self.assertEqual(self.reactor.tcpServers[0][1], self.factories["admin"])

    def test_a_socket_inside_another_endpoint_asks_for_the_password(self):
        """Only an endpoint that is a checked socket itself is trusted: what wraps one may be
        reached by others, and nobody looked at its mode.
        """
        for wrapper in ("haproxy", f"clace-tls:{self.folder}/tls"):
            inner = f"unix:{self.folder}/{len(wrapper)}:mode=600"
            self.listeners(
                ChosenListener(f"{wrapper}:{inner}", "admin"), admin_over_tcp=True
            ).open()
            factory = self.reactor.unixServers[-1][1]
            while hasattr(factory, "wrappedFactory"):
                factory = factory.wrappedFactory
            self.assertIs(factory, self.factories["admin"])

    def test_socket_for_all(self):
        """A socket that others could open is refused, even where TCP is allowed."""
        for options in ("", ":mode=666"):
            listener = ChosenListener(f"unix:{self.folder}/run/s{options}", "admin")
            self.assertIn("mode=600", self.refused(listener, admin_over_tcp=True))

    def test_open_folder(self):
        """A folder that others can enter is refused."""
        self.folder.chmod(0o711)
        self.assertIn(
            "chmod 700", self.refused(ChosenListener(f"unix:{self.folder}/s:mode=600", "admin"))
        )

    def test_apps_may_use_open_sockets(self):
        """A socket for apps is as open as its declaration says."""
        self.listeners(f"unix:{self.folder}/s").open()
        self.assertEqual(self.reactor.unixServers[0][3], 0o666)


class StockTLSTests(ListenersTestCase):
    def test_endless_folder(self):
        """A folder that would stop the server for ever stops its start instead."""
        (self.folder / "ca.pem").write_bytes(pem_pair("authority")[0])
        self.assertIn("signed itself", self.refused(f"tls:{self.folder}:8443"))

    def test_good_folder(self):
        """A folder that works is used, with a word on the danger."""
        (self.folder / "leaf.pem").write_bytes(b"".join(pem_pair("a.example")))
        self.listeners(f"tls:{self.folder}:8443").open()
        self.assertEqual(self.reactor.tcpServers[0][0], 8443)
        self.assertTrue(any(each.get("log_level") is LogLevel.warn for each in self.events))
