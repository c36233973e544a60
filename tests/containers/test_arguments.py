"""What is said to an engine, by one that writes down what it hears."""

import json
from pathlib import Path

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.commands import EngineCommands
from clace.containers.engine import ContainerEngine
from clace.containers.namespaces import WayIn
from clace.containers.reaching import ContainerPlace
from clace.containers.settings import ContainerSettings
from clace.containers.workload import ContainerWorkload
from clace.errors import AppBroken, AppBusy
from clace.interfaces import ProgramExit, WorkloadOrder
from clace.model import App, AppMetadata, WorkloadConfig
from clace.sources.tree import SourceTree
from tests.support.threads import at_once

IMAGE = [{"Id": "sha256:abc", "Config": {"ExposedPorts": {"8080/tcp": {}}}}]
CONTAINER = [
    {
        "State": {"Running": True, "Pid": 4711},
        "NetworkSettings": {"Ports": {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "40123"}]}},
    }
]


class Output:
    """Bytes that are all there at once."""

    def __init__(self, text):
        self.parts = [text.encode()] if text else []

    async def read(self):
        return self.parts.pop() if self.parts else b""


class Program:
    """A command that has ended, or one that goes on."""

    def __init__(self, text, status, ended):
        self.output, self.errors = Output(text), Output("")
        self.ended = succeed(ProgramExit(status=status)) if ended else Deferred()

    def kill(self):
        """Nothing runs."""


class Engine:
    """Starts nothing, answers what an engine would, and keeps what was said and handed over."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.said = []
        self.environments = []
        self.files = []
        self.runs = False

    def start(self, launch):
        self.said.append(launch.arguments)
        self.environments.append(launch.environment)
        for word in launch.arguments:
            if word.startswith("--env-file="):
                self.files.append(Path(word.partition("=")[2]).read_text())
        if launch.arguments[0] in self.answers:
            return Program(*self.answers[launch.arguments[0]], ended=True)
        match launch.arguments:
            case ("image", "inspect", *_):
                return Program(json.dumps(IMAGE), 0, ended=True)
            case ("container", "inspect", *_):
                return Program(json.dumps(CONTAINER), not self.runs, ended=True)
            case ("run", *_):
                self.runs = True
                return Program("", 0, ended=True)
            case ("wait" | "logs", *_):
                return Program("", 0, ended=False)
        return Program("", 0, ended=True)


class ArgumentTests(SynchronousTestCase):
    def started(self, way=WayIn.THREAD, environment=None, keys="", **metadata):
        home = Path(self.mktemp()).absolute()
        self.heard = Engine()
        settings = ContainerSettings(
            home=home,
            engine="/bin/engine",
            way=way,
            allowed_args={"add-host": "regex:.*"},
            environment={"PATH": "/bin"},
        )
        engine = ContainerEngine(Clock(), self.heard, None, settings, at_once)
        order = WorkloadOrder(
            app=App(id="app_prd_1", path="/x", metadata=AppMetadata(**metadata)),
            files=SourceTree({}),
            config=WorkloadConfig(src="image:shop"),
            environment=environment or {},
            keys=keys,
        )
        prepared = self.successResultOf(engine.prepare(order, lambda _line: None))
        return self.successResultOf(engine.start(prepared, lambda _data: None))

    def run_words(self):
        (words,) = [words for words in self.heard.said if words[0] == "run"]
        return words

    def test_walls(self):
        """A container has no network, no capabilities and no writable files unless it is said."""
        self.started()
        words = self.run_words()
        for word in ("--network=none", "--cap-drop=all", "--security-opt=no-new-privileges"):
            self.assertIn(word, words)
        self.assertIn("--read-only", words)
        self.assertEqual([word for word in words if word.startswith("--publish")], [])
        self.assertEqual([word for word in words if word.startswith("--volume")], [])
        self.assertEqual(words[-1], "abc")

    def test_keys(self):
        """It sees the folder of the public keys of identity tokens, and cannot write there."""
        self.started(keys="/home/run/identity")
        volumes = [word for word in self.run_words() if word.startswith("--volume")]
        self.assertEqual(volumes, ["--volume=/home/run/identity:/run/clace-keys:ro"])

    def test_values_are_in_a_file_alone(self):
        """Neither the command line nor the engine's environment has a value of the app's."""
        self.started(environment={"KEY": "s3cret", "LD_PRELOAD": "/x.so"})
        self.assertNotIn("s3cret", str(self.heard.said) + str(self.heard.environments))
        self.assertEqual({tuple(one) for one in self.heard.environments}, {("PATH",)})
        (text,) = self.heard.files
        self.assertIn("KEY=s3cret\n", text)
        self.assertIn("PORT=8080\n", text)

    def test_values_with_line_breaks(self):
        """A value that would be two lines of the file is refused, and so is another name."""
        for environment in ({"A": "1\nPATH=/x"}, {"A B": "1"}, {"": "1"}, {"A=B": "1"}):
            with self.assertRaises(self.failureException):
                self.started(environment=environment)
            self.assertEqual([words for words in self.heard.said if words[0] == "run"], [])

    def test_published_only_where_it_has_to_be(self):
        """A port is published where there is no way in, and only for a container with a network."""
        bridge = {"container_options": {"network": "bridge"}}
        for way in (WayIn.THREAD, WayIn.RELAY):
            try:
                self.started(way, **bridge)
            except self.failureException:
                self.assertEqual(way, WayIn.RELAY)  # the relay's program is not there
                self.assertEqual(self.heard.said[-1][:2], ("rm", "--force"))
            self.assertNotIn("--publish=127.0.0.1::8080", self.run_words())
        workload = self.started(WayIn.PUBLISHED, **bridge)
        self.assertIn("--publish=127.0.0.1::8080", self.run_words())
        self.assertEqual(workload.place.published, 40123)
        alone = self.started(WayIn.PUBLISHED)
        self.assertIsNotNone(alone.place.folder)
        self.assertIn("CL_SOCKET=/run/clace/app.sock\n", self.heard.files[0])

    def test_what_the_operator_allows(self):
        """An allowed argument comes after those of the configuration; others stop it all."""
        self.started(container_options={"add-host": "db:10.0.0.5"})
        self.assertIn("--add-host=db:10.0.0.5", self.run_words())
        with self.assertRaises(self.failureException):
            self.started(container_options={"privileged": "true"})
        self.assertEqual(self.heard.said, [])


class RemovalTests(SynchronousTestCase):
    def swept(self, text, status):
        """The names that are told as removed when ``rm`` ends so."""
        heard = Engine({"ps": ("clc-1\n", 0), "rm": (text, status)})
        heard.runs = True
        settings = ContainerSettings(home=Path(self.mktemp()).absolute(), engine="/bin/engine")
        engine = ContainerEngine(Clock(), heard, None, settings, at_once)
        removed = self.successResultOf(engine.sweep(frozenset()))
        self.assertIn(("rm", "--force", "clc-1"), heard.said)
        return removed

    def logged(self):
        events = [event for event in self.events if event["log_level"] is LogLevel.warn]
        return [formatEvent(event) for event in events]

    def setUp(self):
        self.events = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)

    def test_removed(self):
        """A container that is removed, or has gone by itself, is told as removed."""
        for text, status in (("clc-1\n", 0), ("Error: No such container: clc-1\n", 1)):
            self.assertEqual(self.swept(text, status), ("clc-1",))
        self.assertEqual(self.logged(), [])

    def test_not_removed(self):
        """A container that the engine does not remove is not told as removed, and that is logged
        with the engine's reason.
        """
        self.assertEqual(self.swept("device or resource busy\n", 1), ())
        told = "The container clc-1 cannot be removed: device or resource busy"
        self.assertEqual(self.logged(), [told])

    def test_not_listed(self):
        """Nothing is removed while the engine does not list its containers, and that is logged."""
        home = Path(self.mktemp()).absolute()
        folder = home / "run" / "containers" / "sockets" / "0123456789abcdef"
        folder.mkdir(parents=True)
        heard = Engine({"ps": ("database is locked\n", 125)})
        settings = ContainerSettings(home=home, engine="/bin/engine")
        engine = ContainerEngine(Clock(), heard, None, settings, at_once)
        self.assertEqual(self.successResultOf(engine.sweep(frozenset())), ())
        self.assertTrue(folder.exists())
        self.assertEqual(self.logged(), ["Containers cannot be listed: database is locked"])

    def test_not_stopped(self):
        """A container that the engine does not stop is logged with the engine's reason."""
        heard = Engine({"stop": ("permission denied\n", 125)})
        settings = ContainerSettings(home=Path(self.mktemp()).absolute(), engine="/bin/engine")
        clock = Clock()
        commands = EngineCommands(clock, heard, settings)
        workload = ContainerWorkload(clock, "clc-1", ContainerPlace(pid=1), commands, None, 3)
        self.assertNoResult(workload.stop())
        self.assertEqual(
            self.logged(), ["The container clc-1 cannot be stopped: permission denied"]
        )


class BuildingEngine(Engine):
    """Has no image, and builds one until it is told that it has."""

    def __init__(self):
        super().__init__()
        self.builds = []

    def start(self, launch):
        known = super().start(launch)
        match launch.arguments:
            case ("image", "inspect", *_) if not self.runs:
                return Program("", 1, ended=True)
            case ("build", *_):
                self.builds.append(Program("", 0, ended=False))
                return self.builds[-1]
        return known


class TurnTests(SynchronousTestCase):
    """Builds that wait for each other."""

    def setUp(self):
        self.clock, self.heard = Clock(), BuildingEngine()
        self.home = Path(self.mktemp()).absolute()
        settings = ContainerSettings(
            home=self.home, engine="/bin/engine", most_builds=1, build_wait_seconds=5
        )
        self.engine = ContainerEngine(self.clock, self.heard, self, settings, at_once)

    async def take(self, _app_id, _files):
        """The folder of sources, of which there are none."""
        return self.home

    async def leave(self, _app_id, _folder):
        """It stays."""

    def prepare(self, number):
        order = WorkloadOrder(
            app=App(id=f"app_prd_{number}", path="/x"),
            files=SourceTree({"Containerfile": b"FROM scratch\nEXPOSE 80\n"}),
            config=WorkloadConfig(),
        )
        return Deferred.fromCoroutine(self.engine.prepare(order, lambda _line: None))

    def test_waits(self):
        """A second build waits for the first, and not for ever."""
        first, late, next_one = self.prepare(1), self.prepare(2), None
        self.clock.advance(4)
        next_one = self.prepare(3)
        self.assertNoResult(late)
        self.assertEqual(len(self.heard.builds), 1)
        self.clock.advance(1)
        busy = self.failureResultOf(late, AppBusy).value
        self.assertEqual(busy.message, "too many images of containers are being built, try again")
        self.heard.runs = True
        self.heard.builds[0].ended.callback(ProgramExit())
        self.assertEqual(self.successResultOf(first).launch.image.id, "abc")
        self.assertEqual(self.successResultOf(next_one).launch.image.id, "abc")
        self.assertEqual(len(self.heard.builds), 1)

    def test_build_arguments(self):
        """Build arguments of the app reach the engine, and those of the operator win."""
        order = WorkloadOrder(
            app=App(
                id="app_prd_1",
                path="/x",
                metadata=AppMetadata(container_args={"BASE": "own", "MORE": "yes"}),
            ),
            files=SourceTree({"Containerfile": b"ARG PORT\nFROM scratch\nEXPOSE $PORT\n"}),
            config=WorkloadConfig(cargs={"BASE": "usual", "PORT": "8081"}),
        )
        prepared = Deferred.fromCoroutine(self.engine.prepare(order, lambda _line: None))
        (words,) = [words for words in self.heard.said if words[0] == "build"]
        given = [word for word in words if word.startswith("--build-arg=")]
        self.assertEqual(
            given, ["--build-arg=BASE=own", "--build-arg=MORE=yes", "--build-arg=PORT=8081"]
        )
        self.heard.runs = True
        self.heard.builds[0].ended.callback(ProgramExit())
        self.assertEqual(self.successResultOf(prepared).launch.port, 8081)


class RefusalTests(SynchronousTestCase):
    def refusal(self, files, engine="/bin/engine", **config):
        settings = ContainerSettings(home=Path(self.mktemp()).absolute(), engine=engine)
        made = ContainerEngine(Clock(), Engine(), None, settings, at_once)
        order = WorkloadOrder(
            app=App(id="app_prd_1", path="/x"),
            files=SourceTree(files),
            config=WorkloadConfig(**config),
        )
        return self.failureResultOf(
            made.prepare(order, lambda _line: None), AppBroken
        ).value.message

    def test_words(self):
        """The words of the original for what is missing."""
        self.assertEqual(self.refusal({}), "no container file found, source is set to auto")
        self.assertEqual(
            self.refusal({"Dockerfile": b"FROM a"}),
            "port not specified in app config and in container file Dockerfile",
        )
        self.assertEqual(
            self.refusal({}, src="nixpacks"), "nixpacks container source not supported yet"
        )
        self.assertIn("system.container_command", self.refusal({}, engine=""))
        self.assertIn("not found in the source", self.refusal({}, src="Other"))
        self.assertIn("is no name of an image", self.refusal({}, src="image:-v"))


class Endless:
    """The log of a container that the engine has very much of, read as long as it is wanted."""

    def __init__(self):
        self.output, self.errors = self, Output("")
        self.ended = Deferred()

    async def read(self):
        return b"" if self.ended.called else b"\n" * 1000

    def kill(self):
        self.ended.callback(ProgramExit(signal=9))


class FloodedEngine(Engine):
    def __init__(self):
        super().__init__()
        self.waiting = Program("3\n", 0, ended=False)
        self.log = Endless()

    def start(self, launch):
        started = super().start(launch)
        return {"logs": self.log, "wait": self.waiting}.get(launch.arguments[0], started)


class FloodTests(SynchronousTestCase):
    def setUp(self):
        self.clock, self.engine, self.logged = Clock(), FloodedEngine(), []
        settings = ContainerSettings(
            home=Path(self.mktemp()).absolute(), engine="/bin/engine", way=WayIn.THREAD
        )
        commands = EngineCommands(self.clock, self.engine, settings)
        place = ContainerPlace(pid=1, folder=None, port=1, published=0, relay="")
        self.workload = ContainerWorkload(self.clock, "c", place, commands, None, 1)
        self.workload.watch(self.logged.append, since_now=False)

    def lines(self):
        return b"".join(self.logged).count(b"\n")

    def test_waits(self):
        """Of a container that writes without end so much is taken in a second."""
        self.assertLess(self.lines(), 20_000)
        self.clock.advance(1)
        self.assertTrue(20_000 < self.lines() < 40_000)
        self.clock.advance(1)
        self.assertLess(self.lines(), 60_000)

    def test_end(self):
        """Its end is told soon, however much of its log the engine still has."""
        self.engine.waiting.ended.callback(ProgramExit())
        self.clock.advance(1)
        self.assertNoResult(self.workload.ended)
        self.clock.pump([1] * 5)
        self.assertEqual(self.successResultOf(self.workload.ended), ProgramExit(status=3))
        self.assertEqual(self.engine.log.ended.result, ProgramExit(signal=9))
        self.assertEqual(self.clock.getDelayedCalls(), [])
