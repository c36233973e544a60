"""Apps in containers, behind a real server and a real Podman."""

import http.client

from twisted.trial.unittest import SkipTest

from tests.support.containers import RUN_ARGS, missing, podman, program, remove_all, settings
from tests.system.cases import DaemonTestCase

FILE = b'FROM scratch\nCOPY program /program\nEXPOSE 8080\nENTRYPOINT ["/program"]\n'
STAGES = (
    b"FROM scratch AS build\nWORKDIR /src\nCOPY program /program\n"
    b'FROM build AS dev\nEXPOSE 8081\nCMD ["/program"]\n'
    b"FROM scratch\nCOPY --from=build /program /program\n"
    b'EXPOSE 8080\nENTRYPOINT ["/program"]\n'
)
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


STREAM = """
load("container.in", "container")
IMAGE = container.IMAGE_PREFIX + "localhost/shop:latest"

def run(req):
    return container.run("/program", stream = True)

app = ace.app("Stream",
    container = container.config(IMAGE, lifetime = container.COMMAND),
    routes = [ace.api("/", run, type = ace.TEXT)],
    permissions = [
        ace.permission("container.in", "config", [IMAGE]),
        ace.permission("container.in", "run", ["/program"]),
    ],
)
"""


class ContainerAppTests(DaemonTestCase):
    def setUp(self):
        if missing():
            raise SkipTest(missing())
        self.daemon = self.make_daemon()
        self.settings = settings(self.daemon.home, self.daemon.environment())
        self.addCleanup(remove_all, self.settings)
        arguments = ", ".join(f'"{one}"' for one in self.settings.engine_args)
        limits = ", ".join(f'"{one}"' for one in self.settings.run_args)
        self.config = (
            f"[container]\nengine_args = [{arguments}]\nrun_args = [{limits}]\nstop_secs = 1\n"
        )
        self.daemon.write_config(self.config)
        self.daemon.start()

    def running(self):
        return podman(self.settings, "ps", "-q").split()

    def test_from_a_containerfile(self):
        """A folder with a Containerfile is an app behind the proxy; after a crash of the server
        the same container serves it, those of apps that are gone are removed, and none stays after
        the app is deleted.
        """
        folder = self.source({"Containerfile": FILE, "program": program(), "app.star": STAR})
        self.daemon.must("app", "create", "--approve", "--auth", "none", str(folder), "/shop")
        answer = self.daemon.get("/shop/a")
        self.assertEqual((answer.status, answer.body), (200, "hello from /a"))
        (before,) = self.running()
        self.daemon.stop(9)
        # A container knows the address of its app, so that has to be the same.
        ports = self.daemon.ports.items()
        sections = "".join(f"[{name}]\nport = {port}\n" for name, port in ports)
        self.daemon.write_config(self.config + sections)
        labels = {"app.id": "app_prd_gone", "server.home": self.daemon.home}
        given = [f"--label=dev.clace.{name}={value}" for name, value in labels.items()]
        image = podman(self.settings, "images", "-q").split()[0]
        podman(self.settings, "run", "--detach", "--network=none", *RUN_ARGS, *given, image)
        self.assertEqual(len(self.running()), 2)
        self.daemon.start()
        self.assertEqual(self.daemon.get("/shop/b").body, "hello from /b")
        self.wait_until("the same one runs", lambda: self.running() == [before], 60)
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

    def image(self, reference, file=FILE):
        """Build an image of the program, as another team would have."""
        folder = self.source({"Containerfile": file, "program": program()})
        (folder / "program").chmod(0o755)
        podman(self.settings, "build", f"--tag={reference}", str(folder))

    def test_image(self):
        """The specs of images need no source: one serves, one answers with a command's output."""
        self.image("localhost/shop:latest")
        created = ("app", "create", "--approve", "--auth", "none")
        served = ("--spec", "image", "-p", "image=localhost/shop:latest", "-", "/image")
        self.daemon.must(*created, *served)
        self.assertEqual(self.daemon.get("/image/a").body, "hello from /a")
        self.daemon.must("app", "delete", "--yes", "/image")
        said = ("-p", "image=localhost/shop:latest", "-p", "command=say it twice")
        self.daemon.must(*created, "--spec", "image-cmd", *said, "-", "/said")
        answer = self.daemon.get("/said")
        self.assertIn("exit status 2: it twice", answer.body)
        done = ("-p", "image=localhost/shop:latest", "-p", "command=say", "-p", "json=false")
        self.daemon.must(*created, "--spec", "image-cmd", *done, "-", "/done")
        self.assertEqual(self.daemon.get("/done").body, " \n")
        self.assertEqual(self.running(), [])

    def test_command_is_streamed(self):
        """Lines of a command are sent as they come, and it ends with the request."""
        self.image("localhost/shop:latest")
        folder = self.source({"app.star": STREAM})
        self.daemon.must("app", "create", "--approve", "--auth", "none", str(folder), "/stream")
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.ports["http"], timeout=60)
        connection.request("GET", "/stream", headers={"Host": "localhost"})
        self.assertIn(b"listening", connection.getresponse().readline())
        self.assertEqual(len(self.running()), 1)
        connection.close()
        self.wait_until("the command has ended", lambda: not self.running(), 60)

    def test_latest(self):
        """A name that is another image since changes nothing before the next version, and only
        there where that is promoted to.
        """
        self.image("localhost/shop:latest")
        image = ("--spec", "image", "-p", "image=localhost/shop:latest", "-", "/shop")
        created = ("app", "create", "--approve", "--auth", "none")
        self.daemon.must(*created, *image)
        self.assertEqual(self.daemon.get("/shop/env/TAG").body, "")
        self.image("localhost/shop:latest", FILE + b"ENV TAG=new\n")
        self.daemon.must("app", "restart", "/shop")
        self.assertEqual(self.daemon.get("/shop/env/TAG").body, "")
        self.daemon.must("app", "reload", "/shop")
        self.assertEqual(self.daemon.get("/shop/env/TAG").body, "")
        self.daemon.must("app", "promote", "/shop")
        self.assertEqual(self.daemon.get("/shop/env/TAG").body, "new")

    def test_done_when_it_answers(self):
        """A version is told as done when its container answers; one that does not is told with
        what it wrote last, and the one before goes on. A container that nobody uses ends, and is
        there again when it is asked.
        """
        folder = self.source({"Containerfile": FILE, "program": program()})
        created = ("app", "create", "--approve", "--auth", "none", "--spec", "container")
        idle = ("--conf", "container.idle_shutdown_secs=3")
        self.daemon.must(*created, *idle, str(folder), "/shop")
        self.assertEqual(self.daemon.get("/shop/a").body, "hello from /a")
        (folder / "Containerfile").write_bytes(FILE.replace(b"]", b', "say", "nothing"]'))
        told = self.daemon.refused("app", "reload", "--promote", "/shop")
        self.assertIn("ended with 1", told)
        self.assertIn("nothing", told)
        self.assertEqual(self.daemon.get("/shop/b").body, "hello from /b")
        self.wait_until("nobody uses it", lambda: not self.running(), 60)
        self.assertEqual(self.daemon.get("/shop/c").body, "hello from /c")

    def test_dev(self):
        """A dev app runs its stage for development: a change of its source is seen without another
        build, and production never runs that stage.
        """
        folder = self.source({"Containerfile": STAGES, "program": program(), "text": "one"})
        created = ("app", "create", "--approve", "--auth", "none", "--spec", "container")
        self.daemon.must(*created, "--dev", str(folder), "/dev")
        self.assertEqual(self.daemon.get("/dev/file/src/text").body, "one")
        images = podman(self.settings, "images", "-q")
        (folder / "text").write_text("two")
        changed = lambda: self.daemon.get("/dev/file/src/text").body == "two"  # noqa: E731
        self.wait_until("the change is seen", changed, 60)
        self.assertEqual(podman(self.settings, "images", "-q"), images)
        (folder / "Containerfile").write_bytes(STAGES.partition(b"FROM scratch\n")[0])
        told = self.daemon.refused(*created, str(folder), "/shop")
        self.assertIn("the last stage of the container file is dev", told)

    def test_denied(self):
        """Arguments of the engine and folders of the machine are refused unless they are allowed,
        also where they are approved.
        """
        folder = self.source({"Containerfile": FILE, "program": program()})
        created = ("app", "create", "--approve", "--spec", "container")
        for options, told in (
            (("--copt", "privileged=true"), "security.allowed_container_args has no privileged"),
            (("--copt", "docker.cap-add=ALL"), "security.allowed_container_args has no cap-add"),
            (("--copt", "network=host"), "expected none, or bridge"),
            (("--cvol", "/etc:/x"), "is in no folder of security.allowed_mounts"),
            (("--cvol", "$HOME:/x"), "is in no folder of security.allowed_mounts"),
        ):
            said = self.daemon.refused(*created, *options, str(folder), "/shop")
            self.assertIn(told, said)
        self.assertEqual(self.running(), [])

    def test_needs_approval(self):
        """A volume is a permission of its own, and without it nothing is started."""
        folder = self.source({"Containerfile": FILE, "program": program(), "app.star": STAR})
        told = self.daemon.must("app", "create", "--auth", "none", str(folder), "/shop")
        self.assertIn("container.in.volume", told)
        self.assertIn("data:/data", told)
        self.assertEqual(self.daemon.get("/shop/").status, 500)
        self.assertEqual(self.running(), [])
