"""Apps in containers, behind a real server and a real Podman."""

from twisted.trial.unittest import SkipTest

from tests.support.containers import missing, podman, program, remove_all, settings
from tests.system.cases import DaemonTestCase

FILE = b'FROM scratch\nCOPY program /program\nEXPOSE 8080\nENTRYPOINT ["/program"]\n'
STAR = """
load("container.in", "container")
load("proxy.in", "proxy")
app = ace.app("Shop",
    container = container.config(container.AUTO, volumes = ["data:/data"]),
    routes = [ace.proxy("/", proxy.config(container.URL))],
    permissions = [
        ace.permission("container.in", "config", [container.AUTO]),
        ace.permission("proxy.in", "config", [container.URL]),
    ],
)
"""


class ContainerAppTests(DaemonTestCase):
    def setUp(self):
        if missing():
            raise SkipTest(missing())
        self.daemon = self.make_daemon()
        self.settings = settings(self.daemon.home)
        self.addCleanup(remove_all, self.settings)
        arguments = ", ".join(f'"{one}"' for one in self.settings.engine_args)
        limits = ", ".join(f'"{one}"' for one in self.settings.run_args)
        self.daemon.write_config(
            f"[container]\nengine_args = [{arguments}]\nrun_args = [{limits}]\nstop_secs = 1\n"
        )
        self.daemon.start()

    def running(self):
        return podman(self.settings, "ps", "-q").split()

    def test_from_a_containerfile(self):
        """A folder with a Containerfile is an app behind the proxy; after a crash of the server
        there are as many containers as before, and none stays after the app is deleted.
        """
        folder = self.source({"Containerfile": FILE, "program": program(), "app.star": STAR})
        self.daemon.must("app", "create", "--approve", "--auth", "none", str(folder), "/shop")
        answer = self.daemon.get("/shop/a")
        self.assertEqual((answer.status, answer.body), (200, "hello from /a"))
        before = set(self.running())
        self.assertTrue(before)
        self.daemon.stop(9)
        self.daemon.start()
        self.assertEqual(self.daemon.get("/shop/b").body, "hello from /b")
        self.wait_until("only as many run", lambda: len(self.running()) == len(before), 60)
        self.daemon.must("app", "delete", "--yes", "/shop")
        self.wait_until("no container runs", lambda: not self.running(), 60)

    def test_without_an_app_star(self):
        """The spec writes it, and the server ends what it started when it stops."""
        folder = self.source({"Containerfile": FILE, "program": program()})
        created = ("app", "create", "--approve", "--auth", "none", "--spec", "container")
        self.daemon.must(*created, str(folder), "/plain")
        self.assertEqual(self.daemon.get("/plain/c").body, "hello from /c")
        self.daemon.stop()
        self.assertEqual(self.running(), [])

    def test_needs_approval(self):
        """A volume is a permission of its own, and without it nothing is started."""
        folder = self.source({"Containerfile": FILE, "program": program(), "app.star": STAR})
        told = self.daemon.must("app", "create", "--auth", "none", str(folder), "/shop")
        self.assertIn("container.in.volume", told)
        self.assertIn("data:/data", told)
        self.assertEqual(self.daemon.get("/shop/").status, 500)
        self.assertEqual(self.running(), [])
