"""Processes: files as folders, the launch behind the wall, and commands beside it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from clace.errors import AppBroken, BadRequest, ProgramFailed
from clace.interfaces import (
    BuiltEnvironment,
    IEnvironments,
    ProgramExit,
    WallMount,
    WorkloadOrder,
)
from clace.model.workloads import ProcessNeeds, WorkloadConfig
from clace.workloads.commands import carried_out
from clace.workloads.engines import ChosenEngines
from clace.workloads.environment_uses import EnvironmentUses
from clace.workloads.process_engine import ProcessEngine, ProcessPlaces, ProcessWorkload
from clace.workloads.source_folders import SourceFolders
from clace.workloads.users import AppUsers
from tests.support.apps import DictFiles, an_app
from tests.support.memory_walled import MemoryProgram, MemoryWalledStarter
from tests.support.workload_contract import WorkloadEngineContract
from tests.support.workloads import MemoryEngine, at_once

ENVIRONMENT = WallMount(source="/env", target="/env")


@implementer(IEnvironments)
class KnownEnvironments:
    """One environment for all; ``listens`` and ``release`` as a test says."""

    def __init__(self):
        self.listens = False
        self.release = ()
        self.key = "env"
        self.pruned = []
        self.sources = []

    async def build(self, order, source, tell):
        self.sources.append(Path(source))
        return BuiltEnvironment(
            key=self.key,
            folder="/env",
            mounts=(ENVIRONMENT,),
            command=("serve",),
            environment={"PATH": "/env/bin"},
            lock="flask==3",
            listens=self.listens,
            port=0 if self.listens else 8501,
            health="/up",
            release=self.release,
        )

    async def prune(self, kept):
        self.pruned.append(kept)


class Here(Protocol):
    def dataReceived(self, data):
        self.transport.write(b"here")


class ProcessEngineParts:
    """An engine over programs in memory. Mix into a test case."""

    def setUp(self):
        super().setUp()
        self.clock = Clock()
        serving = MemoryProgram(says=b"one\ntwo\n", serves=lambda: Factory.forProtocol(Here))
        self.starter = MemoryWalledStarter(
            self.clock,
            {
                "serve": serving,
                "migrate": MemoryProgram(says=b"migrated\n", status=0),
                "fail": MemoryProgram(says=b"oh no\n", status=5),
                "stay": MemoryProgram(),
                "say": MemoryProgram(says=b"said\n", complains=b"oh\n", status=3),
            },
        )
        self.environments = KnownEnvironments()
        self.root = Path(self.mktemp()).absolute()
        self.places = ProcessPlaces(
            sources=SourceFolders(self.root / "sources", at_once),
            users=AppUsers(self.root / "users.json", 2_000_000_000),
            uses=EnvironmentUses(self.root / "uses.json"),
            releases=self.root / "releases",
        )
        self.engine = self.make_engine()
        self.written = []
        self.told = []

    def make_engine(self, **more):
        room = (self.clock, self.environments, self.starter, self.places, at_once)
        return ProcessEngine(*room, **more)

    def order(self, text="1", app=None, config=None, **fields):
        files = DictFiles({"app.py": text, "bin/run": "#!/bin/sh\n"})
        return WorkloadOrder(
            app=app or an_app(), files=files, config=config or WorkloadConfig(), **fields
        )

    def prepared(self, *args, **kwargs):
        prepare = self.engine.prepare(self.order(*args, **kwargs), self.told.append)
        return self.successResultOf(Deferred.fromCoroutine(prepare))

    def start(self, prepared):
        return Deferred.fromCoroutine(self.engine.start(prepared, self.written.append))

    def run_command(self, prepared, *command):
        return Deferred.fromCoroutine(self.run_it(prepared, command))

    async def run_it(self, prepared, command):
        program = await self.engine.begin(prepared, command, merge=True)
        return await carried_out(program, self.written.append, self.clock)

    @property
    def launch(self):
        return self.starter.started[-1].launch


class ProcessEngineCase(ProcessEngineParts, SynchronousTestCase):
    """Its tests run at once."""


class ProcessEngineContractTests(ProcessEngineParts, WorkloadEngineContract, TestCase):
    """Processes."""

    command, said, complained = ("say",), b"said\n", b"oh\n"


class MemoryEngineContractTests(WorkloadEngineContract, TestCase):
    """The twin of the engines."""

    command, said, complained = ("say",), b"ran\n", b"sorry\n"

    def setUp(self):
        super().setUp()
        self.engine = self.make_engine()

    def make_engine(self):
        return MemoryEngine(Clock())

    def order(self):
        return WorkloadOrder(app=an_app(), files=DictFiles({}), config=WorkloadConfig())


class ChosenEnginesContractTests(MemoryEngineContractTests):
    """The choice between two engines, which is one itself."""

    def make_engine(self):
        return ChosenEngines(MemoryEngine(Clock()), MemoryEngine(Clock()))


class StartTests(ProcessEngineCase):
    def test_environments(self):
        """Those of these tests fill the seam."""
        verifyObject(IEnvironments, self.environments)

    def test_launch(self):
        """A program sees its files and its environment, and has a user number of its own."""
        self.successResultOf(self.start(self.prepared(environment={"A": "1", "PATH": "/x"})))
        launch, (source, *others) = self.launch, self.launch.mounts
        self.assertEqual((launch.folder, source.target), ("/app", "/app"))
        self.assertFalse(source.is_writable)
        self.assertEqual(others, [ENVIRONMENT])
        self.assertEqual(launch.environment["A"], "1")
        self.assertEqual(launch.environment["PATH"], "/env/bin")
        self.assertEqual((launch.port, launch.environment["PORT"]), (8501, "8501"))
        self.assertEqual((launch.network, launch.bounds.memory_mb), ((), 512))
        folder = Path(source.source)
        self.assertEqual((folder / "app.py").read_text(), "1")
        self.assertEqual((folder / "app.py").stat().st_mode & 0o777, 0o644)
        self.assertEqual((folder / "bin/run").stat().st_mode & 0o777, 0o755)

    def test_stop_seconds(self):
        """A program has as long to end as the operator says."""
        self.successResultOf(self.start(self.prepared()))
        self.assertEqual(self.launch.stop_seconds, 10)
        self.engine = self.make_engine(stop_seconds=3)
        self.successResultOf(self.start(self.prepared()))
        self.assertEqual(self.launch.stop_seconds, 3)

    def test_handed_down(self):
        """A server that takes a socket is given one, and no port."""
        self.environments.listens = True
        self.successResultOf(self.start(self.prepared()))
        self.assertTrue(self.launch.listens)
        self.assertEqual(self.launch.port, 0)

    def test_prepared(self):
        """The lock and the place of the health page come with what was prepared."""
        prepared = self.prepared()
        self.assertEqual(prepared.pins, {"requirements.lock": "flask==3"})
        self.assertEqual(prepared.health, "/up")

    def test_needs(self):
        """What was approved opens the wall that far: of the declaration, and of options."""
        needs = ProcessNeeds(network=("db:5432",), data="/data", memory_mb=1024)
        app = an_app()
        options = {"network": "api:443", "cpus": "0.5"}
        app = replace(app, metadata=replace(app.metadata, container_options=options))
        prepared = self.prepared(
            app=app, config=WorkloadConfig(needs=needs), data=str(self.root / "kept")
        )
        self.successResultOf(self.start(prepared))
        self.assertEqual(self.launch.network, ("db:5432", "api:443"))
        self.assertEqual(self.launch.bounds.memory_mb, 1024)
        self.assertEqual(self.launch.bounds.cpus, 0.5)
        data = self.launch.mounts[-1]
        self.assertEqual((data.target, data.is_writable), ("/data", True))
        self.assertEqual(data.source, str(self.root / "kept" / "data"))
        self.assertTrue(Path(data.source).is_dir())

    def refusal_of_data(self, folder, **wants):
        order = self.order(
            config=WorkloadConfig(needs=ProcessNeeds(data=folder)),
            data=str(self.root / "kept"),
            **wants,
        )
        refused = Deferred.fromCoroutine(self.engine.prepare(order, self.told.append))
        return self.failureResultOf(refused, AppBroken).getErrorMessage()

    def test_data_in_the_way(self):
        """Data that would hide the app, its programs or the system are refused."""
        for folder in ("/app", "/app/", "//app", "/etc", "/usr", "/usr/local/x", "/proc/x", "/dev"):
            self.assertIn("programs need what is there", self.refusal_of_data(folder))
        for folder in ("/etc/shop", "/application", "/var/lib/shop", "/library"):
            needs = ProcessNeeds(data=folder)
            self.prepared(config=WorkloadConfig(needs=needs), data=str(self.root / "kept"))

    def test_data_among_the_files(self):
        """Data among the files of the app need a folder there, for nothing can be made in them."""
        for folder in ("/app/data", "/app/app.py"):
            self.assertIn("the files of an app are only read", self.refusal_of_data(folder))
        needs = ProcessNeeds(data="/app/bin")
        self.prepared(config=WorkloadConfig(needs=needs), data=str(self.root / "kept"))

    def test_network_of_nothing(self):
        """An option for the network says which; none is said so."""
        for text, works in (("", False), (" ", False), ("none", True)):
            app = an_app()
            app = replace(app, metadata=replace(app.metadata, container_options={"network": text}))
            if works:
                self.prepared(app=app)
                continue
            order = self.order(app=app)
            refused = Deferred.fromCoroutine(self.engine.prepare(order, self.told.append))
            told = self.failureResultOf(refused, AppBroken).getErrorMessage()
            self.assertIn('expected HOST:PORT, or "host"', told)

    def test_volumes(self):
        """Volumes of a container are folders that are kept; folders of the machine are none."""
        config = WorkloadConfig(volumes=("/cache", "named:/srv/files:ro"))
        prepared = self.prepared(config=config, data=str(self.root / "kept"))
        self.successResultOf(self.start(prepared))
        found = [(one.target, one.is_writable) for one in self.launch.mounts[2:]]
        self.assertEqual(found, [("/cache", True), ("/srv/files", False)])
        for volume in ("/etc:/etc", "./here:/there", "cl_secret:a:/b", "relative"):
            order = self.order(config=WorkloadConfig(volumes=(volume,)), data="/kept")
            refused = Deferred.fromCoroutine(self.engine.prepare(order, self.told.append))
            self.failureResultOf(refused, AppBroken)

    def test_output(self):
        """What it writes is passed on, all of it before its end is told."""
        workload = self.successResultOf(self.start(self.prepared()))
        self.assertEqual(b"".join(self.written), b"one\ntwo\n")
        self.assertNoResult(workload.ended)
        stopped = workload.stop()
        self.successResultOf(stopped)
        self.successResultOf(workload.ended)
        self.successResultOf(workload.stop())

    def test_not_run(self):
        """A command that is not there is the end of the program, which says so."""
        prepared = self.prepared()
        gone = replace(prepared.launch.launch, command=("/no/such/program",))
        prepared = replace(prepared, launch=replace(prepared.launch, launch=gone))
        workload = self.successResultOf(self.start(prepared))
        self.assertTrue(self.successResultOf(workload.ended).failure)


class ReleaseTests(ProcessEngineCase):
    def test_once(self):
        """The release command is run once for each version, before that serves."""
        self.environments.release = ("migrate",)
        for text in ("1", "1", "2"):
            workload = self.successResultOf(self.start(self.prepared(text)))
            self.successResultOf(workload.stop())
        commands = [one.launch.command[0] for one in self.starter.started]
        self.assertEqual(commands, ["migrate", "serve", "serve", "migrate", "serve"])

    def test_failed(self):
        """If it fails nothing is started, and it is tried again the next time."""
        self.environments.release = ("fail",)
        for _ in range(2):
            failed = self.failureResultOf(self.start(self.prepared()), ProgramFailed)
            self.assertIn("the release command of /test failed with 5", failed.value.message)
        self.assertEqual(len(self.starter.started), 2)


class CommandTests(ProcessEngineCase):
    def test_run(self):
        """Another command is run in the same surroundings, to its end."""
        ended = self.successResultOf(self.run_command(self.prepared(), "fail"))
        self.assertEqual((ended, self.written), (ProgramExit(status=5), [b"oh no\n"]))
        self.assertEqual((self.launch.listens, self.launch.port), (False, 0))

    def test_cancelled(self):
        """It is killed when nobody waits for it any more."""
        running = self.run_command(self.prepared(), "stay")
        running.addErrback(lambda _failure: None)
        running.cancel()
        self.successResultOf(self.starter.started[-1].ended)


class EnvironmentTests(ProcessEngineCase):
    def test_pruned(self):
        """The last three environments of an app are kept, and none of an app that is gone."""
        for key in ("1", "2", "2", "3", "1"):
            self.environments.key = key
            self.prepared()
        self.assertEqual(self.environments.pruned, [])
        self.environments.key = "4"
        self.prepared()
        self.assertEqual(self.environments.pruned, [{"1", "3", "4"}])
        self.environments.key = "5"
        self.prepared(app=an_app(app_id="app_prd_2"))
        self.successResultOf(Deferred.fromCoroutine(self.engine.forget("app_prd_1")))
        self.assertEqual(self.environments.pruned[-1], {"5"})
        again = EnvironmentUses(self.root / "uses.json")
        self.assertEqual(again.keys(), {"5"})


class FloodTests(ProcessEngineCase):
    def test_waits(self):
        """A program that writes without end is read no faster than a bound, then waits."""
        piece = b"x" * (1 << 19)
        output = Flood(piece)
        process = FloodingProcess(output)
        workload = ProcessWorkload(process, self.written.append, self.clock)
        self.assertEqual(len(self.written), 2)
        self.clock.advance(1)
        self.assertEqual(len(self.written), 4)
        output.left = 3
        process.ended.callback(ProgramExit())
        self.clock.advance(1)
        self.assertEqual(len(self.written), 7)
        self.successResultOf(workload.ended)


class Flood:
    """An output without an end, or with so many pieces left."""

    def __init__(self, piece):
        self._piece = piece
        self.left = 1000

    async def read(self):
        self.left -= 1
        return self._piece if self.left >= 0 else b""


class FloodingProcess:
    def __init__(self, output):
        self.output = output
        self.ended = Deferred()


class FolderTests(ProcessEngineCase):
    def test_shared(self):
        """Equal files are written once, and made anew if they were removed."""
        first, second = self.prepared(), self.prepared()
        self.assertEqual(first.launch.launch.mounts[0], second.launch.launch.mounts[0])
        folder = Path(first.launch.launch.mounts[0].source)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        folder.rmdir()
        self.successResultOf(self.start(first))
        self.assertTrue((folder / "app.py").is_file())

    def test_removed(self):
        """Files of an old version go when its program ends; those of an app when it goes."""
        old = self.prepared("1")
        workload = self.successResultOf(self.start(old))
        self.prepared("2")
        self.successResultOf(workload.stop())
        self.assertEqual(self.versions(), ["2"])
        self.prepared("3")  # and 2 was never started
        self.assertEqual(self.versions(), ["3"])
        self.successResultOf(Deferred.fromCoroutine(self.engine.forget("app_prd_1")))
        self.assertEqual(list((self.root / "sources").iterdir()), [])

    def test_used_twice(self):
        """Files stay until the last program that uses them has ended, or command."""
        old = self.prepared("1")
        programs = [self.successResultOf(self.start(old)) for _ in range(2)]
        command = self.engine.begin(old, ("stay",), merge=True)
        staying = self.successResultOf(Deferred.fromCoroutine(command))
        self.prepared("2")
        for program in programs:
            self.successResultOf(program.stop())
            self.assertEqual(self.versions(), ["1", "2"])
        staying.kill()
        self.assertEqual(self.versions(), ["2"])

    def test_not_started(self):
        """Those of a program that cannot be started are not kept for it."""
        old = self.prepared("1")
        self.starter.start = self.fail_to_start
        self.failureResultOf(self.start(old), ProgramFailed)
        self.prepared("2")
        self.assertEqual(self.versions(), ["2"])

    def test_broken_build(self):
        """Nor are those of an environment that cannot be built."""
        self.environments.build = self.fail_to_build
        prepare = self.engine.prepare(self.order("1"), self.told.append)
        self.failureResultOf(Deferred.fromCoroutine(prepare), AppBroken)
        del self.environments.build
        self.prepared("2")
        self.assertEqual(self.versions(), ["2"])

    def test_unreadable(self):
        """Nothing is kept of files of which one cannot be read."""
        files = DictFiles({"app.py": "1", "lost.py": "2"})
        del files.contents["lost.py"]
        order = WorkloadOrder(app=an_app(), files=files, config=WorkloadConfig())
        refused = Deferred.fromCoroutine(self.engine.prepare(order, self.told.append))
        self.failureResultOf(refused, AppBroken)
        self.assertEqual(list((self.root / "sources" / "app_prd_1").iterdir()), [])

    async def fail_to_start(self, _launch):
        raise BrokenPipeError("the server is stopping")

    async def fail_to_build(self, *_):
        raise AppBroken("no such package")

    def versions(self):
        """The versions of the app whose files are there."""
        folders = (self.root / "sources" / "app_prd_1").iterdir()
        return sorted((one / "app.py").read_text() for one in folders)

    def test_names(self):
        """A name that leads out of the folder is refused."""
        for name in ("../x", "/x", "a/../../x", "a//b"):
            files = DictFiles({name: "1"})
            order = WorkloadOrder(app=an_app(), files=files, config=WorkloadConfig())
            refused = Deferred.fromCoroutine(self.engine.prepare(order, self.told.append))
            self.failureResultOf(refused, AppBroken)


class UseTests(SynchronousTestCase):
    def test_not_kept(self):
        """A use that cannot be kept is not known either: it is noted again the next time."""
        folder = Path(self.mktemp())
        folder.symlink_to("nowhere")
        uses = EnvironmentUses(folder / "uses.json")
        for _ in range(2):
            with self.assertRaises(OSError):
                uses.note("app_prd_1", "key")
        self.assertEqual(uses.keys(), frozenset())


class UserTests(SynchronousTestCase):
    def test_numbers(self):
        """Each app has a number of its own, also when the server starts again."""
        file = Path(self.mktemp()) / "users.json"
        users = AppUsers(file, 2_000_000_000)
        numbers = [users.number(name) for name in ("a", "b", "a")]
        self.assertEqual(numbers, [2_000_000_000, 2_000_000_001, 2_000_000_000])
        again = AppUsers(file, 2_000_000_000)
        self.assertEqual((again.number("b"), again.number("c")), (2_000_000_001, 2_000_000_002))
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)

    def test_asked_at_once(self):
        """Threads that ask at the same time get numbers of their own."""
        users = AppUsers(Path(self.mktemp()) / "users.json", 2_000_000_000)
        with ThreadPoolExecutor(8) as threads:
            numbers = list(threads.map(lambda each: users.number(f"a{each}"), range(100)))
        self.assertEqual(sorted(numbers), list(range(2_000_000_000, 2_000_000_100)))

    def test_not_kept(self):
        """A number that cannot be kept is not given, then or later."""
        folder = Path(self.mktemp())
        folder.write_text("in the way")
        users = AppUsers(folder / "users.json", 2_000_000_000)
        for _ in range(2):
            with self.assertRaises(OSError):
                users.number("a")


class EngineTests(SynchronousTestCase):
    def test_chosen(self):
        """A container runs in one if there is an engine for them, else as a process."""
        clock = Clock()
        processes, containers = MemoryEngine(clock), MemoryEngine(clock)
        config = WorkloadConfig()
        for engines, used in (
            (ChosenEngines(processes), processes),
            (ChosenEngines(processes, containers), containers),
        ):
            files = DictFiles({})
            order = WorkloadOrder(app=an_app(), files=files, config=config)
            prepare = Deferred.fromCoroutine(engines.prepare(order, lambda _line: None))
            prepared = self.successResultOf(prepare)
            start = Deferred.fromCoroutine(engines.start(prepared, lambda _data: None))
            self.successResultOf(start)
            self.assertEqual(len(used.started), 1)
        self.successResultOf(Deferred.fromCoroutine(engines.forget("a")))
        self.assertEqual((processes.forgotten, containers.forgotten), (["a"], ["a"]))

    def test_container_alone(self):
        """A spec that runs in containers alone is refused where there is no engine for them."""
        processes, containers = MemoryEngine(Clock()), MemoryEngine(Clock())
        config = WorkloadConfig(spec="js-hono")
        with self.assertRaises(BadRequest) as caught:
            ChosenEngines(processes).needs(an_app(), config)
        self.assertEqual(
            str(caught.exception),
            "spec js-hono runs in a container: no container engine: install Podman or Docker, or "
            "name the program of one in system.container_command; clace doctor tells what was "
            "looked for",
        )
        self.assertEqual(ChosenEngines(processes, containers).needs(an_app(), config), ())
        self.assertEqual(ChosenEngines(processes).needs(an_app(), WorkloadConfig()), ())
