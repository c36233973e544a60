"""Small pages of an app beside its own handler that computes for seconds, in the real server."""

import time
from select import select

from tests.system.cases import DaemonTestCase

CONFIG = "[sandbox]\nrequest_timeout_secs = 8\n"
# Ends by its deadline: the language has no clock.
APP = """
def compute(req):
    for a in range(1000000000):
        for b in range(1000000000):
            pass

def small(req):
    return {"name": req.Query.get("name", [""])[0]}

app = ace.app("Busy", custom_layout = True, routes = [
    ace.api("/compute", handler = compute),
    ace.html("/", full = "small.go.html", handler = small),
])
"""
PAGE = "<p>Hello, {{ .Data.name }}</p>"
REQUESTS = 100
# Without another handler it is some milliseconds; the machine may have other work.
SLOWEST = 0.1


class BusyAppTests(DaemonTestCase):
    def page(self):
        """The seconds that a small page takes."""
        began = time.monotonic()
        answer = self.daemon.get("/busy/?name=you", login=None)
        took = time.monotonic() - began
        self.assertEqual((answer.status, answer.body), (200, "<p>Hello, you</p>"))
        return took

    def slowest(self):
        """The time that all but one percent of the pages take at most."""
        return sorted(self.page() for _ in range(REQUESTS))[-REQUESTS // 100 - 1]

    def test_small_pages(self):
        """Small pages are answered in the slices between those of a handler that computes."""
        self.daemon = self.make_daemon(CONFIG).start()
        source = self.source({"app.star": APP, "small.go.html": PAGE})
        self.daemon.install(source, "/busy", auth="none")
        quiet = self.slowest()
        computing = self.daemon.begin("GET", "/busy/compute", login=None)
        self.addCleanup(computing.connection.close)
        during = self.slowest()
        self.assertEqual(select([computing.connection.sock], [], [], 0)[0], [])
        self.assertLess(during, max(SLOWEST, 3 * quiet))
        self.assertEqual(computing.answer().status, 504)
