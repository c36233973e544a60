"""Apps with programs of their own, through the whole server."""

import http.client
import json
import signal
import time
from pathlib import Path
from threading import Event, Thread

from tests.system.cases import DaemonTestCase, SharedDaemonTestCase, runs

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

    def test_logs_and_commands(self):
        """What the program writes can be read, and commands see what it sees, and no more."""
        folder = self.source(program())
        self.daemon.must("app", "create", "--approve", str(folder), "/logs")
        self.words("/logs/seen")
        self.assertIn("Z asked for /seen", self.daemon.must("app", "logs", "/logs"))
        seen = "ls /app; ls /root /home; id -u"
        listed = self.daemon.must("app", "exec", "/logs", "--", "sh", "-c", seen).split()
        self.assertIn("server.py", listed)
        self.assertNotIn("clace", " ".join(listed))
        self.assertNotEqual(listed[-1], "0")
        ended = self.daemon.cli("app", "exec", "/logs", "--", "sh", "-c", "echo no; exit 7")
        self.assertEqual((ended.returncode, ended.stdout), (7, "no\n"))

    def test_stopped(self):
        """A stopped app says so; started again it answers."""
        folder = self.source(program())
        self.daemon.must("app", "create", "--approve", str(folder), "/stopped")
        self.assertEqual(self.daemon.must("app", "stop", "/stopped"), "App /stopped is stopped\n")
        answer = self.daemon.get("/stopped")
        self.assertEqual(answer.status, 503)
        self.assertIn("stopped", answer.body)
        self.daemon.must("app", "start", "/stopped")
        self.words("/stopped")

    def test_idle(self):
        """A program that nobody uses is stopped, and the next request starts it again."""
        folder = self.source(program())
        idle = ("--conf", "container.idle_shutdown_secs=1")
        self.daemon.must("app", "create", "--approve", *idle, str(folder), "/idle")
        self.words("/idle")
        self.wait_until("stopped", lambda: "nobody uses it" in self.log("/idle"))
        self.words("/idle")
        self.assertEqual(self.log("/idle").count("clace: ready"), 2)

    def log(self, path):
        return self.daemon.must("app", "logs", path)

    def test_page(self):
        """A browser gets a page that asks again by itself while the program is being started."""
        slow = "import time; time.sleep(4)\n" + SERVER
        folder = self.source(program(server=slow))
        idle = ("--conf", "container.idle_shutdown_secs=1")
        self.daemon.must("app", "create", "--approve", *idle, str(folder), "/slow")
        self.wait_until("stopped", lambda: "nobody uses it" in self.log("/slow"), 20)
        page = self.daemon.get("/slow", headers={"Accept": "text/html"})
        self.assertEqual((page.status, page.headers["Refresh"]), (503, "1"))
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        self.assertIn("The app is being started", page.body)
        self.assertEqual(self.words("/slow")[0], "one")


KEEPS = APP.replace("port = 8000", 'port = 8000, data = "/data"')
COUNTER = SERVER.replace(
    "def do_GET(self):",
    """def do_GET(self):
        with open("/data/visits", "a") as file:
            file.write("x")
        self.path = str(len(open("/data/visits").read()))""",
)


class DataTests(SharedDaemonTestCase):
    def visits(self, path):
        answer = self.daemon.get(path)
        self.assertEqual(answer.status, 200, answer.body)
        return int(answer.body.split()[2])

    def test_kept(self):
        """Data stay when the program is replaced; staging has its own."""
        folder = self.source(program(server=COUNTER, app=KEEPS))
        refused = self.daemon.must("app", "create", str(folder), "/data")
        self.assertIn("process.in.data [/data]", refused)
        self.daemon.must("app", "approve", "--promote", "/data")
        first = self.visits("/data")
        self.assertEqual(self.visits("/data"), first + 1)
        (folder / "server.py").write_text(program("two", server=COUNTER)["server.py"])
        self.daemon.must("app", "reload", "--promote", "/data")
        self.assertGreaterEqual(self.visits("/data"), first + 2)
        self.assertLess(self.visits("/data_cl_stage"), first + 2)

    def test_deleted(self):
        """The data of an app and of its staging app are told before they go with it."""
        folder = self.source(program(server=COUNTER, app=KEEPS))
        self.daemon.must("app", "create", "--approve", str(folder), "/gone")
        self.visits("/gone")
        self.visits("/gone_cl_stage")
        data = self.daemon.home / "data" / "apps"
        listed = self.daemon.must("app", "list", "--internal", "--format=json", "/gone")
        ids = [one["id"] for one in json.loads(listed)]
        told = self.daemon.must("app", "delete", "--dry-run", "/gone")
        self.assertRegex(told, r"Data of /gone_cl_stage: \d+ bytes\nData of /gone: \d+ bytes\n")
        self.assertEqual([(data / one).is_dir() for one in ids], [True, True])
        self.daemon.must("app", "delete", "/gone")
        self.wait_until("gone", lambda: not any((data / one).exists() for one in ids), 60)
        self.wait_until("told", lambda: self.deeds().count("delete_data") == len(ids), 30)

    def test_link_in_the_way(self):
        """A program that puts a link where a folder is to be shown leads the server nowhere: the
        next program is not started, and who wants it is told why.
        """
        moves = 'os.rename("/data/sub", "/data/away")\nos.symlink("/tmp", "/data/sub")\n'
        first, last = SERVER.rsplit("\nhttp.server", 1)
        files = program(server=f"{first}\n{moves}http.server{last}")
        options = ("--cvol", "data:/data", "--cvol", "deep:/data/sub/deep")
        folder = str(self.source(files))
        self.daemon.must("app", "create", "--approve", "--dev", *options, folder, "/data-link")
        self.assertEqual(self.daemon.get("/data-link").status, 200)
        told = self.daemon.refused("app", "exec", "/data-link", "--", "true")
        self.assertIn("/data/sub/deep leads to another place", told)

    def deeds(self):
        return self.daemon.must("audit", "list", "--operation", "delete_data")


class SwapTests(DaemonTestCase):
    def test_no_request_fails(self):
        """While one version after the other is promoted, every request is answered."""
        daemon = self.make_daemon()
        daemon.start()
        folder = self.source(program("0"))
        daemon.must("app", "create", "--approve", "--auth=none", str(folder), "/swap")
        done, seen, wrong = Event(), set(), []

        def visit():
            connection = http.client.HTTPConnection("127.0.0.1", daemon.ports["http"])
            while not done.is_set():
                connection.request("GET", "/swap")
                answer = connection.getresponse()
                body = answer.read().decode()
                if answer.status != 200:
                    wrong.append((answer.status, body))
                seen.add(body.split()[0])

        visitors = [Thread(target=visit) for _ in range(4)]
        for visitor in visitors:
            visitor.start()
        for number in range(1, 4):
            (folder / "server.py").write_text(program(str(number))["server.py"])
            daemon.must("app", "reload", "--promote", "/swap")
        time.sleep(0.2)
        done.set()
        for visitor in visitors:
            visitor.join()
        self.assertEqual((wrong, seen), ([], {"0", "1", "2", "3"}))

    def test_killed_server(self):
        """Programs end with a server that is killed."""
        daemon = self.make_daemon()
        daemon.start()
        files = program(app=APP.replace("server.py", "mortal.py"))
        files["mortal.py"] = files.pop("server.py")
        folder = self.source(files)
        daemon.must("app", "create", "--approve", "--auth=none", str(folder), "/killed")
        pids = serving("mortal.py")
        self.assertTrue(pids)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        self.wait_until("gone", lambda: not any(map(runs, pids)), 1)


def serving(script):
    """The processes whose command has this in it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if script.encode() in words:
            found.append(int(entry.parent.name))
    return found


RUNS = """
load("process.in", "process")

def count(req):
    return process.run("sh", ["-c", "ls; echo $GREETING"]).value

app = ace.app("Commands",
    container = process.config(command = ["true"], lifetime = process.COMMAND),
    routes = [ace.api("/", count, type = ace.JSON)],
    permissions = [
        ace.permission("process.in", "config"),
        ace.permission("process.in", "run", ["sh"]),
    ])
"""


class RunTests(SharedDaemonTestCase):
    def test_commands(self):
        """An app without a server runs commands behind its wall, and answers by itself."""
        folder = self.source({"app.star": RUNS, "notes.txt": "x", "params.star": PARAMS})
        self.daemon.must("app", "create", "--approve", str(folder), "/runs")
        answer = self.daemon.get("/runs")
        self.assertEqual(answer.status, 200, answer.body)
        for word in ("notes.txt", "hello"):
            self.assertIn(f'"{word}"', answer.body)


FLOODS = """
import os, threading

def write():
    while True:
        os.write(1, b"\\n" * 65536)

threading.Thread(target=write, daemon=True).start()
"""

BESIDE = """
def answer(req):
    return "here"

app = ace.app("Beside", routes = [ace.api("/", answer, type = ace.TEXT)])
"""


class FloodTests(SharedDaemonTestCase):
    def test_others_are_served(self):
        """While a program writes empty lines without end, other apps answer."""
        self.create("/flooded-beside", {"app.star": BESIDE})
        quiet = SERVER.replace('print("asked for", self.path, flush=True)', "pass")
        folder = self.source(program(server=FLOODS + quiet))
        self.daemon.must("app", "create", "--approve", str(folder), "/floods")
        self.addCleanup(self.daemon.must, "app", "delete", "/floods")
        began = time.monotonic()
        for _ in range(20):
            self.assertEqual(self.daemon.get("/flooded-beside").status, 200)
        self.assertLess(time.monotonic() - began, 10)
        kept = sum(one.stat().st_size for one in self.daemon.home.rglob("*.log*"))
        self.assertLess(kept, 64 << 20)
