"""Programs of apps as ``container.in`` and ``process.in`` declare them."""

import os
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken, PluginRefused
from clace.interfaces import Caller
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
from clace.plugins.kit.temp_files import TempFiles
from tests.support.hosted import star
from tests.support.plugin_contract import app, call
from tests.support.threads import at_once
from tests.support.workloads import MemoryCommand

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

    def __init__(self, *pieces, broken="", **end):
        self.pieces, self.end, self.broken = pieces, end, broken
        self.ran, self.commands = [], []
        self.building = None

    async def begin(self, app, command, *, merge):
        self.ran.append((app.id, command, merge))
        if self.building is not None:
            await self.building
        if self.broken:
            raise AppBroken(self.broken)
        errors = None if merge else b"sorry\n"
        self.commands.append(MemoryCommand(*self.pieces, errors=errors, **self.end))
        return self.commands[-1]


class RunTests(SynchronousTestCase):
    """``container.run``"""

    def setUp(self):
        self.clock = Clock()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        files = TempFiles(str(self.folder), self.clock, os.urandom, at_once)
        self.commands = ContainerCommands(self.clock, files, at_once)

    def called(self, programs, *args, **kwargs):
        self.commands.programs = programs
        its_app = app(Permission("container.in", "run", ("ls",)), loads=("container.in",))
        plugin = container_plugin(self.commands.function)
        self.scope = PluginGate([plugin]).begin(Caller(app=its_app))
        return self.scope.call(call("run", *args, plugin="container.in", **kwargs))

    def answer(self, programs, *args, **kwargs):
        return self.successResultOf(self.called(programs, *args, **kwargs))

    def test_output(self):
        """The output is handed to the app as lines, or as the JSON that it is."""
        programs = Programs(b"a\nb", b"c\n")
        answer = self.answer(programs, "ls", ["-l", "/"])
        self.assertEqual((answer.value, answer.shape), (b"a\nbc\n", "lines"))
        self.assertEqual(programs.ran[0][1:], (("ls", "-l", "/"), True))
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
        self.assertEqual(self.answer(Programs(signal=9), "ls").error, "signal: killed")

    def test_without_a_container(self):
        """An app that declares none has nothing to run commands in."""
        none = Programs(broken="app /x has no program of its own")
        for programs in (None, none):
            self.assertEqual(self.answer(programs, "ls").error, "container config not initialized")

    def test_errors_apart(self):
        """What it complains of is no part of its output if that is not wanted, and tells why it
        has failed.
        """
        programs = Programs(b"a\n")
        answer = self.answer(programs, "ls", include_stderr=False)
        self.assertEqual((answer.value, programs.ran[0][2]), (b"a\n", False))
        failed = self.answer(Programs(b"a\n", status=3), "ls", include_stderr=False)
        self.assertEqual(failed.error, "exit status 3: sorry")

    def test_stream(self):
        """Lines or documents are handed on as they are wanted, and its end is told after them."""
        for parse, pieces, values in (
            ("", (b"a\nb", b"c\n"), [("a",), ("bc",)]),
            ("jsonlines", (b'{"a": 1}\n', b"2\n"), [({"a": 1},), (2,)]),
        ):
            stream = self.answer(Programs(*pieces), "ls", stream=True, parse=parse).stream
            found = [self.successResultOf(self.scope.next(stream)) for _ in range(3)]
            self.assertEqual([items for items, _ in found[:2]], values)
            self.assertFalse(found[2][1])

    def test_stream_that_nobody_reads(self):
        """A command is ended with the request that streams it."""
        programs = Programs(b"a\n", hangs=True)
        self.assertTrue(self.answer(programs, "ls", stream=True).stream)
        self.assertFalse(programs.commands[0].ended.called)
        self.successResultOf(self.scope.end())
        self.assertTrue(programs.commands[0].ended.called)

    def test_in_a_file(self):
        """The output can be a file, which is there until the request ends."""
        path = Path(self.answer(Programs(b"a", b"b"), "ls", stdout_file=True).value)
        self.assertEqual(path.read_bytes(), b"ab")
        self.successResultOf(self.scope.end())
        self.assertEqual([*self.folder.iterdir()], [])

    def test_bounds(self):
        """A command that takes too long, or writes too much, is ended."""
        hanging = Programs(hangs=True)
        waiting = Deferred.fromCoroutine(self.called(hanging, "ls"))
        self.clock.advance(601)
        self.assertIn("ended after 600 seconds", self.successResultOf(waiting).error)
        much = Programs(*[b"x" * (1 << 20)] * 33, hangs=True)
        self.assertIn("over the limit", self.answer(much, "ls").error)
        for programs in (hanging, much):
            self.assertTrue(programs.commands[0].ended.called)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many(self):
        """So many commands of an app run at once, and no more; they end with the server."""
        hanging = Programs(hangs=True)
        hanging.building = Deferred()
        waiting = [Deferred.fromCoroutine(self.called(hanging, "ls")) for _ in range(8)]
        self.assertIn("no more are allowed", self.answer(hanging, "ls").error)
        self.assertEqual(len(hanging.ran), 8)
        hanging.building.callback(None)
        self.successResultOf(self.commands.stop())
        for one in waiting:
            self.assertIn("signal: killed", self.successResultOf(one).error)

    def test_without_effect(self):
        """Parameters that have no effect in the era have none here: the log says so once."""
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        for given in ({"env": ["A=b"]}, {"cwd": "/"}):
            self.assertEqual(self.answer(Programs(b"a"), "ls", **given).value, b"a")
        told = [formatEvent(one) for one in events if one["log_level"] is LogLevel.warn]
        self.assertEqual(len(told), 1)
        self.assertIn("env and cwd of container.run have no effect", told[0])

    def test_refused(self):
        """Shapes that there are not, and programs that were not approved."""
        self.assertIn("unsupported format", self.answer(Programs(), "ls", parse="xml").error)
        streamed = self.answer(Programs(), "ls", stream=True, parse="json")
        self.assertEqual(streamed.error, "stream response is not supported for JSON output")
        self.failureResultOf(self.called(Programs(), "rm"), PluginRefused)
