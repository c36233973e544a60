"""Static files over a real connection: in encodings, in parts, and many times at once."""

import http.client
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

from clace.encodings import ENCODINGS
from tests.support.encodings import decoded
from tests.system.cases import SharedDaemonTestCase

STAR = """
app = ace.app("Files", routes = [ace.api("/", handler = lambda req: {})])
"""
SCRIPT = b"".join(b"export const a%d = %d;\n" % (number, number * number) for number in range(5000))
NOISE = Random(9).randbytes(20 << 20)
SLOW_CLIENTS = 30
# Of all clients together; with a copy for each they would need thirty times as much.
MORE_MEMORY_MB = 30


class StaticFileTests(SharedDaemonTestCase):
    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.ports["http"], timeout=30)
        with closing(connection):
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", path, headers={**names, "Host": "localhost"})
            response = connection.getresponse()
            return response, response.read()

    def test_encodings(self):
        """A file of an app that was just installed is sent in each encoding, and 304 again."""
        path = f"/{self.id()}"
        self.create(path, {"app.star": STAR, "static/a.js": SCRIPT}, auth="none")
        for encoding in ENCODINGS:
            for _ in range(2):  # made, and then kept
                response, body = self.get(f"{path}/static/a.js", Accept_Encoding=encoding)
                self.assertEqual(response.getheader("Content-Encoding"), encoding)
                self.assertEqual(decoded(encoding, body), SCRIPT)
                self.assertLess(len(body), len(SCRIPT) / 2)
            etag = response.getheader("ETag")
            again, body = self.get(
                f"{path}/static/a.js", Accept_Encoding=encoding, If_None_Match=etag
            )
            self.assertEqual((again.status, body), (304, b""))
            rest, _end = self.get(
                f"{path}/static/a.js", Accept_Encoding=encoding, Range="bytes=9-", If_Range=etag
            )
            self.assertEqual((rest.status, rest.getheader("Content-Encoding")), (206, encoding))
        self.assertEqual(self.get(f"{path}/static/a.js")[1], SCRIPT)

    def test_slow_clients(self):
        """Many slow clients of a large file are sent from one copy of it."""
        path = f"/{self.id()}"
        self.create(path, {"app.star": STAR, "static/noise.bin": NOISE}, auth="none")
        self.assertEqual(self.get(f"{path}/static/noise.bin")[1], NOISE)
        before = self.resident_mb()
        with ExitStack() as open_ones:
            answers = []
            for _ in range(SLOW_CLIENTS):
                connection = http.client.HTTPConnection(
                    "127.0.0.1", self.daemon.ports["http"], timeout=30
                )
                open_ones.enter_context(closing(connection))
                connection.request("GET", f"{path}/static/noise.bin")
                answers.append(connection.getresponse())
            for answer in answers:
                self.assertEqual(answer.read(100_000), NOISE[:100_000])
            self.assertLess(self.resident_mb() - before, MORE_MEMORY_MB)
            self.assertEqual(answers[0].read(), NOISE[100_000:])

    def resident_mb(self):
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024
