"""The network of an app's program through the whole server: approved, reached, refused."""

import http.server
import json
import threading

from tests.system.cases import SharedDaemonTestCase
from tests.system.test_programs import APP

ASKER = """
import http.server, os, urllib.error, urllib.request

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        proxy = urllib.request.ProxyHandler({"http": os.environ.get("HTTP_PROXY", "")})
        port = self.path.rpartition("/")[2]
        text = "ready"
        if port.isdigit():
            os.environ["no_proxy"] = os.environ["NO_PROXY"] = ""
            try:
                url = "http://127.0.0.1:" + port
                text = urllib.request.build_opener(proxy).open(url, timeout=10).read().decode()
            except urllib.error.HTTPError as error:
                text = error.read().decode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
"""


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"found")

    def log_message(self, *_):
        pass


class ProgramNetworkTests(SharedDaemonTestCase):
    def server(self):
        """A server on this machine; its port."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def test_network(self):
        """A program reaches what was approved for it; the rest is refused, and recorded."""
        approved, other = self.server(), self.server()
        need = f"127.0.0.1:{approved}"
        app = APP.replace("port = 8000", f'port = 8000, network = ["{need}"]').replace(
            'ace.permission("process.in", "config"),',
            'ace.permission("process.in", "config"),'
            f' ace.permission("process.in", "network", ["{need}"]),',
        )
        folder = self.source({"app.star": app, "server.py": ASKER})
        told = self.daemon.must("app", "create", str(folder), "/asker")
        self.assertIn(f"process.in.network [{need}]", told)
        self.assertNotEqual(self.daemon.get(f"/asker/{approved}").status, 200)
        self.daemon.must("app", "approve", "--promote", "/asker")
        self.assertEqual(self.daemon.get(f"/asker/{approved}").body, "found")
        told = self.daemon.get(f"/asker/{other}").body
        self.assertEqual(told, f"127.0.0.1:{other} was not approved for this app\n")
        listed = self.daemon.must(
            "audit", "list", "--operation", "egress_refused", "--format", "json"
        )
        (event, *_) = json.loads(listed)
        self.assertEqual((event["target"], event["status"]), (f"127.0.0.1:{other}", "Refused"))
        (app_row,) = json.loads(self.daemon.must("app", "list", "--format", "json", "/asker"))
        self.assertEqual(event["app_id"], app_row["id"])
