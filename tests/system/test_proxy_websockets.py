"""WebSocket through the whole server, with a client and a server that others wrote."""

import json
import os
from threading import Thread

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from tests.support.upstreams import proxying
from tests.system.cases import SharedDaemonTestCase


def echo(connection):
    """Send everything back; one word makes the server close."""
    for message in connection:
        if message == "close":
            connection.close(4001, "as asked")
            return
        connection.send(message)


class WebSocketTests(SharedDaemonTestCase):
    def setUp(self):
        super().setUp()
        server = serve(echo, "127.0.0.1", 0, max_size=None)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        port = server.socket.getsockname()[1]
        self.path = f"/ws{port}"
        self.create(self.path, proxying(f"http://127.0.0.1:{port}"), approve=True, auth="none")

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

    def test_pings(self):
        """Pings and their answers pass too."""
        with self.connect() as connection:
            self.assertTrue(connection.ping().wait(10))

    def test_closing(self):
        """The code and reason of a close come from the other side."""
        with self.connect() as connection:
            connection.send("close")
            closed = self.assertRaises(ConnectionClosed, connection.recv)
            self.assertEqual((closed.rcvd.code, closed.rcvd.reason), (4001, "as asked"))

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
