"""A real server with an app whose host was taken over, and a neighbour who must not notice."""

import json
import platform
from pathlib import Path
from urllib.parse import urlencode

from tests.support.daemon import TWISTD
from tests.system.cases import SharedDaemonTestCase

HERE = Path(__file__).parent
CALLS, LINES = 200, 50
CONFIG = f"""
[sandbox]
request_timeout_secs = 1
start_timeout_secs = 2
memory_mb = 256
max_response_mb = 2
max_plugin_calls = {CALLS}
max_log_lines = {LINES}
"""
MINE = """
load("exec.in", "exec")

app = ace.app(
    "Mine",
    routes = [
        ace.api("/", handler = lambda req: "mine", type = ace.TEXT),
        ace.api("/attack/*", handler = lambda req: "not taken over", method = ace.POST),
    ],
    permissions = [ace.permission("exec.in", "run", ["regex:sleep|yes|seq"])],
)
"""
OTHER = """
app = ace.app(
    "Other", routes = [ace.api("/", handler = lambda req: "other", type = ace.TEXT)]
)
"""


class TakeoverTestCase(SharedDaemonTestCase):
    """Each test has an app of its own to attack from; ``other`` is served by an honest host."""

    config = CONFIG
    command = (*TWISTD, "-n", "--pidfile=", "-y", str(HERE / "takeover_daemon.py"))
    if platform.machine() != "x86_64":
        skip = "the numbers of system calls are those of x86_64"

    def setUp(self):
        super().setUp()
        self.mine = f"/{'-'.join(self.id().split('.')[-2:])}"
        self.other = f"{self.mine}-other"
        self.create(self.mine, {"app.star": MINE}, approve=True)
        self.create(self.other, {"app.star": OTHER})
        self.addCleanup(self.assert_all_is_well)

    def begin(self, attack, **wanted):
        query = f"?{urlencode(wanted)}" if wanted else ""
        return self.daemon.begin("GET", f"{self.mine}/attack/{attack}{query}")

    def attack(self, attack, **wanted):
        """What the client is answered whose request runs this attack."""
        return self.begin(attack, **wanted).answer()

    def report(self, attack, **wanted):
        """What an attack tells that was refused all that it tried."""
        answer = self.attack(attack, **wanted)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def assert_all_is_well(self):
        """The server lives and answers for everybody, for the app attacked from too."""
        self.assertIsNone(self.daemon.process.poll(), self.daemon.said())
        self.assertEqual(self.daemon.get(self.other).body, "other")
        self.wait_until("it serves", lambda: self.daemon.get(self.mine).body == "mine")
        self.assertEqual(self.daemon.admin("GET", "/_clace/server_status").status, 200)
        errors = [line for line in self.log() if "Traceback" in json.dumps(line)]
        self.assertEqual(errors, [])

    def log(self):
        """What the server has logged so far."""
        file = self.daemon.home / "logs" / "clace.json"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def endings(self):
        """What the log says of hosts that were ended."""
        said = [line["message"] for line in self.log()]
        return [text for text in said if " broke the protocol" in text or " killed: no " in text]

    def breaches(self):
        """What the log says of hosts that broke the protocol."""
        said = (line["message"].partition(" broke the protocol: ")[2] for line in self.log())
        return [text for text in said if text]

    def hosts(self):
        """The processes below the server that are not the fork server."""
        return [pid for pid, own in below(self.daemon.process.pid).items() if not own]

    def programs(self, name):
        """The processes of this name that plugins started."""
        return [pid for pid in below(self.daemon.process.pid) if name_of(pid) == name]

    def resident(self):
        """The server's memory, in mebibytes."""
        status = Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024


def below(pid):
    """The processes that this one started, and those that they did; each with its own."""
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = file.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            parents.setdefault(int(parent), []).append(int(file.parent.name))
    found = list(parents.get(pid, []))
    for child in found:
        found += parents.get(child, [])
    return {one: parents.get(one, []) for one in found}


def name_of(pid):
    """What runs in a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
