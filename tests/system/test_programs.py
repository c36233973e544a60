"""Apps with programs of their own, through the whole server."""

from tests.system.cases import SharedDaemonTestCase

SERVER = """
import http.server, os, sys

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        names = ("CL_APP_PATH", "PORT", "GREETING")
        said = [os.environ.get(name, "-") for name in names]
        text = " ".join([VERSION, str(os.getpid()), self.path, *said])
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format, *args):
        print("asked for", self.path, flush=True)

http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
"""
APP = """
load("process.in", "process")
load("proxy.in", "proxy")

app = ace.app("Program",
    container = process.config(command = ["/usr/bin/python3", "server.py"], port = 8000),
    routes = [ace.proxy("/", proxy.config(process.URL))],
    permissions = [
        ace.permission("process.in", "config"),
        ace.permission("proxy.in", "config", ["<CONTAINER_URL>"]),
    ])
"""
PARAMS = 'param("GREETING", default = "hello")'


def program(version="one", server=SERVER, app=APP):
    """The files of an app whose program says its version."""
    text = f"VERSION = {version!r}\n{server}"
    return {"app.star": app, "server.py": text, "params.star": PARAMS}


class ProgramTests(SharedDaemonTestCase):
    def words(self, path):
        answer = self.daemon.get(path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body.split()

    def test_journey(self):
        """The program is started when the app is installed, answers through the proxy, and is
        replaced by a reload.
        """
        folder = self.source(program())
        self.daemon.must("app", "create", "--approve", str(folder), "/journey")
        version, _, path, app_path, port, greeting = self.words("/journey/x")
        self.assertEqual((version, path, app_path), ("one", "/x", "/journey"))
        self.assertEqual((port, greeting), ("8000", "hello"))
        self.assertEqual(self.daemon.get("/journey/x", login=None).status, 401)
        (folder / "server.py").write_text(program("two")["server.py"])
        self.daemon.must("app", "reload", "--approve", "--promote", "/journey")
        self.assertEqual(self.words("/journey/y")[0], "two")

    def test_does_not_start(self):
        """An app whose program does not start is not installed, and the command says what the
        program wrote.
        """
        folder = self.source(program(server="print('no such module'); raise SystemExit(3)"))
        refused = self.daemon.refused("app", "create", "--approve", str(folder), "/refused")
        self.assertIn("the program of /refused ended with 3\n  no such module", refused)
        self.assertEqual(self.daemon.get("/refused").status, 404)
