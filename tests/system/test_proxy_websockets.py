"""WebSocket through the whole server, with a client and a server that others wrote."""

import json
import os
from pathlib import Path
from socket import SHUT_RDWR
from threading import Thread

import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.support import websocket_echo
from tests.support.upstreams import proxying
from tests.system.cases import SharedDaemonTestCase
from tests.system.test_programs import APP

FRAGMENTS = ["a", "", "é" * 1000, "b" * 70_000]


class WebSocketPromises:
    """The same through every way to a server."""

    def connect(self, **options):
        url = f"ws://localhost:{self.daemon.ports['http']}{self.path}/x"
        return connect(url, max_size=None, **options)

    def test_messages(self):
        """Messages of every size come back as they were, compressed or not."""
        for compression in (None, "deflate"):
            with self.connect(compression=compression) as connection:
                for size in (0, 1, 125, 126, 65_535, 65_536, 1 << 20, 5 << 20):
                    message = os.urandom(size)
                    connection.send(message)
                    self.assertEqual(connection.recv(), message)
                connection.send("é" * 1000)
                self.assertEqual(connection.recv(), "é" * 1000)

    def test_many_at_once(self):
        """Many connections at once each get their own messages, in order."""
        connections = [self.connect() for _ in range(20)]
        for number, connection in enumerate(connections):
            for message in range(50):
                connection.send(f"{number} {message}")
        for number, connection in enumerate(connections):
            got = [connection.recv() for _ in range(50)]
            self.assertEqual(got, [f"{number} {message}" for message in range(50)])
            connection.close()

    def test_fragments(self):
        """A message in fragments passes in the same ones, both ways."""
        with self.connect(compression=None) as connection:
            connection.send(FRAGMENTS)
            # Each side ends a message of fragments with an empty one.
            self.assertEqual([*connection.recv_streaming()], [*FRAGMENTS, "", ""])

    def test_pings(self):
        """Pings and their answers pass too, whoever asks."""
        with self.connect() as connection:
            self.assertTrue(connection.ping().wait(10))
            connection.send("ping")
            self.assertEqual(connection.recv(), "answered: True")

    def test_closing(self):
        """The code and reason of a close come from the other side."""
        with self.connect() as connection:
            connection.send("close")
            closed = self.assertRaises(ConnectionClosed, connection.recv)
            self.assertEqual((closed.rcvd.code, closed.rcvd.reason), (4001, "as asked"))

    def test_closed_by_client(self):
        """The other side gets the code of the client, also of one that leaves without a word."""
        connection = self.connect()
        connection.close(3000, "done")
        self.assertEqual(connection.protocol.close_rcvd.code, 3000)
        self.connect().socket.shutdown(SHUT_RDWR)
        self.wait_until("both are known", lambda: {0, 3000} <= self.closes())

    def closes(self):
        with self.connect() as connection:
            connection.send("closes")
            return set(json.loads(connection.recv()))


class ProxiedWebSocketTests(WebSocketPromises, SharedDaemonTestCase):
    """Through ``ace.proxy``, to a server on this machine."""

    def setUp(self):
        super().setUp()
        websocket_echo.closes.clear()
        server = websocket_echo.server()
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        port = server.socket.getsockname()[1]
        self.path = f"/ws{port}"
        self.create(self.path, proxying(f"http://127.0.0.1:{port}"), approve=True, auth="none")

    def test_audited(self):
        """That one was opened is in the audit log, as a request is that may change something."""
        with self.connect():
            pass
        self.wait_until("it is recorded", self.is_recorded)

    def is_recorded(self):
        events = json.loads(self.daemon.must("audit", "list", "-f", "json"))
        return any(f"{self.path}/x 101" in event["detail"] for event in events)

    def test_other_origin(self):
        """A page of another site cannot open one in the visitor's name."""
        refused = self.assertRaises(InvalidStatus, self.connect, origin="https://evil.example")
        self.assertEqual(refused.response.status_code, 403)
        own = f"http://localhost:{self.daemon.ports['http']}"
        with self.connect(origin=own) as connection:
            connection.send("a")
            self.assertEqual(connection.recv(), "a")


class ProgramWebSocketTests(WebSocketPromises, SharedDaemonTestCase):
    """To a program of the app, behind its wall."""

    def setUp(self):
        super().setUp()
        library = Path(websockets.__file__).parent
        files = {
            f"websockets/{file.relative_to(library)}": file.read_bytes()
            for file in library.rglob("*.py")
        }
        files |= {"app.star": APP, "server.py": Path(websocket_echo.__file__).read_bytes()}
        self.path = f"/{self._testMethodName}"
        self.create(self.path, files, approve=True, auth="none")
