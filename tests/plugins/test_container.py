"""Programs of apps as ``container.in`` and ``process.in`` declare them."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken, PluginRefused
from clace.interfaces import Caller, ProgramExit
from clace.model.app import Permission
from clace.model.workloads import WorkloadConfig
from clace.plugins.builtin.container import (
    PROCESS,
    NetworkNeed,
    config,
    container_plugin,
    process_plugin,
)
from clace.plugins.builtin.container_commands import ContainerCommands
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.definition import Function
from tests.support.hosted import star
from tests.support.plugin_contract import app, call
from tests.support.threads import at_once

COMMANDS = ContainerCommands(Clock(), None, at_once)
CONTAINER = container_plugin(COMMANDS.function)
NEEDS = 'process.config(port = 80, network = ["db:5432"])'


class ContainerTests(SynchronousTestCase):
    def called(self, plugin, function, *args, allowed=(), **kwargs):
        its_app = app(Permission(plugin, function, allowed), loads=(plugin,))
        scope = PluginGate([CONTAINER, PROCESS]).begin(Caller(app=its_app))
        return scope.call(call(function, *args, plugin=plugin, **kwargs))

    def config(self, plugin, *args, **kwargs):
        return self.successResultOf(self.called(plugin, "config", *args, **kwargs))

    def test_container(self):
        """A container is what its app says, with the defaults of the era."""
        config = self.config("container.in", "image:nginx", 80, volumes=["/x"]).value
        self.assertEqual(
            (config["src"], config["port"], config["volumes"], config["health"]),
            ("image:nginx", 80, ("/x",), ""),
        )
        self.assertEqual(self.config("container.in", health="/up").value["health"], "/up")
        self.assertEqual(self.config("container.in").value["kind"], "container")

    def test_process(self):
        """A process has the needs that its app declares."""
        config = self.config("process.in", "python-flask", network=["db:5432"], data="/data").value
        self.assertEqual((config["kind"], config["spec"]), ("process", "python-flask"))
        self.assertEqual(config["needs"]["network"], ("db:5432",))
        self.assertEqual(config["needs"]["data"], "/data")

    def test_wrong(self):
        """A value that means nothing is an error of the call."""
        for plugin, given, told in (
            ("container.in", {"scheme": "ftp"}, "scheme is http or https"),
            ("container.in", {"lifetime": "day"}, "is not a valid Lifetime"),
            ("container.in", {"health": "up"}, "health is a path that begins with /"),
            ("process.in", {"replace": "both"}, 'replace is "overlap" or left out'),
        ):
            self.assertIn(told, self.config(plugin, **given).error)

    def test_needs(self):
        """A need is a call of its own, which is let through as far as it was approved."""
        allowed = {"allowed": ("db:5432",)}
        answer = self.successResultOf(self.called("process.in", "network", "db:5432", **allowed))
        self.assertTrue(answer.value)
        refused = self.called("process.in", "network", "db:22", **allowed)
        self.assertIn("db:22", self.failureResultOf(refused, PluginRefused).value.message)

    def test_commands(self):
        """Both can run commands where the program runs, which may change something."""
        run = Function(NetworkNeed, config, is_read=False)
        for made in (container_plugin(run), process_plugin(run)):
            self.assertIs(made.manifest.functions["run"], False)
            self.assertNotIn("run", made.manifest.declaring)

    def test_constants(self):
        """Apps have the words of the era for sources, lifetimes and the program's own URL."""
        said = {"URL": "<CONTAINER_URL>", "AUTO": "auto", "NIXPACKS": "nixpacks"}
        others = {"IMAGE_PREFIX": "image:", "COMMAND": "command"}
        self.assertEqual(CONTAINER.manifest.constants, {**said, **others})
        self.assertEqual(WorkloadConfig().src, "auto")

    def test_declared(self):
        """The call is declared by ``ace.app``, and made by the server when the app is loaded."""
        text = f'load("process.in", "process")\napp = ace.app("A", container = {NEEDS})\n'
        loaded = star(text, plugins=(PROCESS.manifest,), loads=("process.in",)).loaded
        self.assertEqual(
            loaded.options["container"],
            {
                "plugin": "process.in",
                "function": "config",
                "args": (),
                "kwargs": {"port": 80, "network": ["db:5432"]},
            },
        )


class Programs:
    """Runs any command: it writes these pieces and ends like this, or not at all."""

    def __init__(self, *pieces, broken="", hangs=False, **end):
        self.pieces, self.end, self.broken, self.hangs = pieces, end, broken, hangs
        self.ran = []

    async def output_of(self, app, command, take):
        self.ran.append((app.id, command))
        if self.broken:
            raise AppBroken(self.broken)
        for piece in self.pieces:
            take(piece)
        if self.hangs:
            await Deferred()
        return ProgramExit(**self.end)


class RunTests(SynchronousTestCase):
    """``container.run``"""

    def setUp(self):
        self.clock = Clock()
        self.commands = ContainerCommands(self.clock, None, at_once)

    def called(self, programs, *args, **kwargs):
        self.commands.programs = programs
        its_app = app(Permission("container.in", "run", ("ls",)), loads=("container.in",))
        plugin = container_plugin(self.commands.function)
        scope = PluginGate([plugin]).begin(Caller(app=its_app))
        return scope.call(call("run", *args, plugin="container.in", **kwargs))

    def answer(self, programs, *args, **kwargs):
        return self.successResultOf(self.called(programs, *args, **kwargs))

    def test_output(self):
        """The output is handed to the app as lines, or as the JSON that it is."""
        programs = Programs(b"a\nb", b"c\n")
        answer = self.answer(programs, "ls", ["-l", "/"])
        self.assertEqual((answer.value, answer.shape), (b"a\nbc\n", "lines"))
        self.assertEqual(programs.ran[0][1], ("ls", "-l", "/"))
        self.assertEqual(self.answer(Programs(b"{}"), "ls", parse="json").shape, "json")

    def test_failure(self):
        """An exit status is an error with what was written last, unless some output will do."""
        self.assertEqual(self.answer(Programs(b"no\n", status=3), "ls").error, "exit status 3: no")
        partly = self.answer(Programs(b"no\n", status=3), "ls", process_partial=True)
        self.assertEqual((partly.error, partly.value), ("", b"no\n"))
        empty = self.answer(Programs(status=3), "ls", process_partial=True)
        self.assertEqual(empty.error, "exit status 3")
        self.assertEqual(self.answer(Programs(broken="no image"), "ls").error, "no image")

    def test_not_run(self):
        """A command that was not run, or was killed, is an error, though it has no exit status."""
        absent = Programs(failure="cannot start lls: no such file or directory")
        self.assertEqual(self.answer(absent, "ls").error, absent.end["failure"])
        self.assertEqual(self.answer(Programs(signal=9), "ls").error, "signal 9")

    def test_without_a_container(self):
        """An app that declares none has nothing to run commands in."""
        none = Programs(broken="app /x has no program of its own")
        for programs in (None, none):
            self.assertEqual(self.answer(programs, "ls").error, "container config not initialized")

    def test_bounds(self):
        """A command that takes too long, or writes too much, is ended."""
        waiting = Deferred.fromCoroutine(self.called(Programs(hangs=True), "ls"))
        self.clock.advance(601)
        self.assertIn("ended after 600 seconds", self.successResultOf(waiting).error)
        much = Programs(*[b"x" * (1 << 20)] * 33, hangs=True)
        self.assertIn("more than", self.answer(much, "ls").error)

    def test_refused(self):
        """Shapes that there are not, and programs that were not approved."""
        self.assertIn("unsupported format", self.answer(Programs(), "ls", parse="xml").error)
        self.assertIn("not supported", self.answer(Programs(), "ls", stream=True).error)
        self.failureResultOf(self.called(Programs(), "rm"), PluginRefused)
