"""An app that answers when the test lets it: no test waits for a length of time."""

APP = """
load("exec.in", "exec")

SCRIPT = "echo $$ > FOLDER/started; until [ -e FOLDER/go ]; do sleep 0.02; done; echo answered"

def slow(req):
    return exec.run("sh", ["-c", SCRIPT]).value[0]

app = ace.app(
    "Slow",
    routes = [
        ace.api("/slow", handler = slow, type = ace.TEXT),
        ace.api("/quick", handler = lambda req: "quick", type = ace.TEXT),
    ],
    permissions = [ace.permission("exec.in", "run", ["sh", "regex:.*"])],
)
"""


class SlowApp:
    """The app at ``/slow`` of a daemon; its gate is a folder."""

    def __init__(self, test, daemon):
        self.test = test
        self.daemon = daemon
        self.gate = daemon.home / "gate"
        self.gate.mkdir()
        source = test.source({"app.star": APP.replace("FOLDER", str(self.gate))})
        daemon.install(source, "/slow", approve=True)

    def begin(self):
        """A request that is being answered; it ends when ``let_go`` is called."""
        request = self.daemon.begin("GET", "/slow/slow")
        self.test.addCleanup(request.connection.close)
        self.test.wait_until("the app is at work", (self.gate / "started").exists)
        return request

    @property
    def pid(self):
        """The process that the app had started."""
        return int((self.gate / "started").read_text())

    def let_go(self):
        (self.gate / "go").touch()
