import json
from datetime import UTC, datetime

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.web.http1.access import FLUSH_SECONDS, AccessEntry, AccessLog


def entry(path="/"):
    return AccessEntry(
        time=datetime(2026, 11, 23, 12, 0, 0, 500_000, tzinfo=UTC),
        method="GET",
        host="h",
        path=path,
        proto="HTTP/1.1",
        remote="127.0.0.1",
        status=200,
        bytes=5,
        duration_ms=1.5,
    )


class AccessLogTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.written = []
        self.log = AccessLog(self.clock, self.written.append)
        self.log.startService()

    def test_a_line_of_json(self):
        """An entry is a line of JSON that says who asked what and what came of it."""
        self.log(entry())
        self.clock.advance(FLUSH_SECONDS)
        self.assertTrue(self.written[0].endswith(b"}\n"))
        self.assertEqual(
            json.loads(self.written[0]),
            {
                "time": "2026-11-23T12:00:00.500000Z",
                "method": "GET",
                "host": "h",
                "path": "/",
                "proto": "HTTP/1.1",
                "remote": "127.0.0.1",
                "status": 200,
                "bytes": 5,
                "duration_ms": 1.5,
            },
        )

    def test_a_path_is_one_line(self):
        """Nothing that a path may hold begins another line."""
        self.log(entry('/a\n{"b":"c"}\u2028'))
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.written[0].count(b"\n"), 1)

    def test_a_path_drives_no_terminal(self):
        """Control characters and their like are escapes of JSON, and read back as they were."""
        path = "/\x1b]0;x\x07\x7f\x9b\u202e\U000e0001"
        self.log(entry(path))
        self.clock.advance(FLUSH_SECONDS)
        self.assertTrue(self.written[0].decode().removesuffix("\n").isprintable())
        self.assertEqual(json.loads(self.written[0])["path"], path)

    def test_writes_together(self):
        """Entries of a tenth of a second are written at once, in order."""
        self.log(entry("/1"))
        self.log(entry("/2"))
        self.assertEqual(self.written, [])
        self.clock.advance(FLUSH_SECONDS)
        self.log(entry("/3"))
        self.clock.advance(FLUSH_SECONDS)
        paths = [[json.loads(line)["path"] for line in part.splitlines()] for part in self.written]
        self.assertEqual(paths, [["/1", "/2"], ["/3"]])

    def test_is_quiet_without_requests(self):
        """Where nothing is asked nothing is written, and no timer runs."""
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.log(entry())
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_writes_the_rest(self):
        """The last requests before a stop are in the log too."""
        self.log(entry())
        self.log.stopService()
        self.assertEqual(len(self.written), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stop_without_a_rest(self):
        """A log in which everything is written, or nothing was said, is just closed."""
        self.log.stopService()
        self.log(entry())
        self.clock.advance(FLUSH_SECONDS)
        self.log.stopService()
        self.assertEqual(len(self.written), 1)

    def test_a_full_disk_is_no_disaster(self):
        """Lines that cannot be written are lost with a word about it; later ones are not."""
        full = [OSError("full")]

        def write(data):
            if full:
                raise full.pop()
            self.written.append(data)

        log = AccessLog(self.clock, write)
        for _ in range(2):
            log(entry())
            self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)
        self.assertEqual(len(self.written), 1)
