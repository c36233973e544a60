"""Containers of a real Podman, without a registry and without a network."""

from msgspec.structs import replace
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.error import ConnectError
from twisted.internet.protocol import ClientFactory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import SkipTest, TestCase

from clace.containers.engine import ContainerEngine
from clace.errors import AppBroken
from clace.interfaces import WorkloadOrder
from clace.model import App, AppMetadata, WorkloadConfig
from clace.model.dev_settings import read_dev_settings
from clace.processes.starter import ProgramStarter
from clace.sources.tree import SourceTree
from clace.threads import ThreadPool
from clace.workloads.source_folders import SourceFolders
from tests.support.containers import missing, podman, program, shared_settings
from tests.support.programs import everything
from tests.support.workload_contract import WorkloadEngineContract

FILE = b'FROM scratch\nCOPY program /program\nEXPOSE 8080\nENTRYPOINT ["/program"]\n'


class Asking(Protocol):
    """Asks for a path and collects the answer until the end."""

    def __init__(self, path):
        self.path = path
        self.answer = Deferred()
        self.received = b""

    def connectionMade(self):
        request = f"GET {self.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        self.transport.write(request.encode())

    def dataReceived(self, data):
        self.received += data

    def connectionLost(self, reason):
        self.answer.callback(self.received)


class ContainerEngineTests(WorkloadEngineContract, TestCase):
    timeout = 300
    command = ("complain", "a", "b", "c")
    said, complained = b"a b c word\n", b"sorry\n"

    def setUp(self):
        super().setUp()
        if missing():
            raise SkipTest(missing())
        self.settings = shared_settings()
        self.home = self.settings.home
        self.starter = ProgramStarter(reactor)
        self.starter.startService()
        self.threads = ThreadPool(reactor, "files")
        self.threads.startService()
        self.addCleanup(self.threads.stopService)
        self.addCleanup(self.starter.stopService)
        self.engine = self.make_engine()
        self.told, self.logged = [], []
        self.workloads = []
        self.addCleanup(self.end_all)

    def make_engine(self, **changed):
        sources = SourceFolders(self.home / "run" / "programs", self.threads.run)
        chosen = replace(self.settings, **changed)
        return ContainerEngine(reactor, self.starter, sources, chosen, self.threads.run)

    async def end_all(self):
        for workload in self.workloads:
            await workload.stop()

    def order(self, files=None, metadata=None, **config):
        files = {"Containerfile": FILE, "program": program()} if files is None else files
        identity = self.id().rpartition(".")[2].replace("_", "")[:27]
        app = App(id=f"app_prd_{identity}", path="/x", metadata=metadata or AppMetadata())
        environment = config.pop("environment", {"WORD": "word"})
        return WorkloadOrder(
            app=app,
            files=SourceTree(files),
            config=WorkloadConfig(**config),
            environment=environment,
        )

    async def started(self, order, engine=None):
        engine = engine or self.engine
        prepared = await engine.prepare(order, self.told.append)
        workload = await engine.start(prepared, self.logged.append)
        self.workloads.append(workload)
        return workload

    async def ask(self, workload, path="/"):
        """The body of the answer; the program may need a moment until it listens."""
        for _ in range(200):
            protocol = Asking(path)
            factory = ClientFactory()
            factory.buildProtocol = lambda _address, made=protocol: made
            try:
                await workload.connect(factory, 5)
            except ConnectError:
                await deferLater(reactor, 0.05)
                continue
            _head, _, body = (await protocol.answer).partition(b"\r\n\r\n")
            return body
        raise AssertionError(b"".join(self.logged))

    async def test_builds_and_serves(self):
        """An image is built, and its program is asked over the loopback of its own network."""
        workload = await self.started(self.order())
        self.assertEqual(await self.ask(workload, "/a"), b"hello from /a")
        self.assertEqual(await self.ask(workload, "/env/WORD"), b"word")
        self.assertTrue(any("building the image" in line for line in self.told))
        seen = podman(self.settings, "inspect", workload.name)
        for word in ('"NetworkMode": "none"', '"ReadonlyRootfs": true', "no-new-privileges"):
            self.assertIn(word, seen)
        await workload.stop()
        self.assertIn(b"listening", b"".join(self.logged))
        self.assertEqual(self.containers(workload), "")

    async def test_serves_by_a_socket(self):
        """A program that listens on the socket in its run folder is asked there."""
        metadata = AppMetadata(container_options={"socket": "true"})
        order = self.order(metadata=metadata, environment={"MODE": "socket"})
        (need,) = self.engine.needs(order.app, order.config)
        self.assertEqual((need.method, need.arguments), ("option", ("socket=true",)))
        workload = await self.started(order)
        self.assertEqual(await self.ask(workload, "/s"), b"hello from /s")
        folder = workload.place.folder
        self.assertTrue((folder / "app.sock").is_socket())
        await workload.stop()
        await self.until(lambda: not folder.exists())

    async def until(self, true):
        while not true():
            await deferLater(reactor, 0.02)

    async def test_sweeps_what_crashed(self):
        """Folders of containers that are gone are removed, and containers of apps that nobody asks
        when they are seen again: an app that is asked before takes its own over.
        """
        metadata = AppMetadata(container_options={"socket": "true"})
        order = self.order(metadata=metadata, environment={"MODE": "socket"})
        installed = frozenset({order.app.id})
        first = await self.started(order)
        await self.ask(first)
        self.workloads.clear()
        folder = first.place.folder
        lost = folder.with_name("0123456789abcdef")
        (lost / "deep").mkdir(parents=True)
        other = self.make_engine()
        self.assertEqual(await other.sweep(installed), ())
        self.assertEqual((lost.exists(), folder.exists()), (False, True))
        asked = await self.started(order, other)
        self.assertEqual(asked.name, first.name)
        self.assertEqual(await other.sweep(installed), ())
        self.workloads.clear()
        third = self.make_engine()
        self.assertEqual(await third.sweep(installed), ())
        self.assertEqual(await third.sweep(installed), (first.name,))
        self.assertFalse(folder.exists())
        for one in (first, asked):
            await one.ended

    async def test_adopts_by_what_it_is(self):
        """A container that was started beside another of the same, under another name, is taken
        over as well.
        """
        order = self.order()
        first, second = await self.started(order), await self.started(order)
        self.assertEqual(second.name, f"{first.name}-2")
        await self.ask(second)
        await first.stop()
        self.workloads.clear()
        third = await self.started(order, self.make_engine())
        self.assertEqual(third.name, second.name)
        await third.stop()
        await second.ended

    async def test_dev_app(self):
        """A dev app whose file copies its whole source sees its folder, and is not built again."""
        folder = self.home / "dev"
        folder.mkdir(exist_ok=True)
        file = b'FROM scratch\nWORKDIR /app\nCOPY . .\nEXPOSE 80\nENTRYPOINT ["/app/program"]\n'
        for name, content in {"Containerfile": file, "program": program(), "text": b"1"}.items():
            (folder / name).write_bytes(content)
        (folder / "program").chmod(0o755)

        def order(text):
            (folder / "text").write_bytes(text)
            files = {"Containerfile": file, "program": program(), "text": text}
            made = self.order(files)
            dev = replace(made.app, id="app_dev_1", is_dev=True, source_url=str(folder))
            return replace(made, app=dev)

        first = await self.started(order(b"1"))
        self.assertEqual(await self.ask(first, "/file/app/text"), b"1")
        self.told.clear()
        second = await self.started(order(b"2"))
        self.assertEqual(await self.ask(second, "/file/app/text"), b"2")
        self.assertEqual((self.told, first.name != second.name), ([], True))
        self.assertIn(b"read-only", await self.ask(second, "/write/app/text"))

    async def test_dev_app_of_links(self):
        """A folder of the source that became a link to another place is not shown any more, though
        no new image is needed, and the container was prepared before.
        """
        folder = self.home / "linked"
        (folder / "sub").mkdir(parents=True)
        file = b'FROM scratch\nWORKDIR /app\nCOPY . .\nEXPOSE 80\nENTRYPOINT ["/app/program"]\n'
        files = {"Containerfile": file, "sub/program": program()}
        made = self.order(files, build_dir="sub")
        dev = replace(made.app, id="app_dev_3", is_dev=True, source_url=str(folder))
        order = replace(made, app=dev)
        prepared = await self.engine.prepare(order, self.told.append)
        (folder / "sub").rmdir()
        (folder / "sub").symlink_to("/etc")
        for work in (
            self.engine.prepare(order, self.told.append),
            self.engine.start(prepared, self.logged.append),
            self.engine.begin(prepared, ("say",), merge=True),
        ):
            with self.assertRaises(AppBroken) as caught:
                await work
            self.assertIn("leads out of the source", caught.exception.message)

    async def test_dev_settings(self):
        """The stage for development is built once, and runs what is said in the source's folder."""
        folder = self.home / "staged"
        folder.mkdir(exist_ok=True)
        file = (
            b"FROM scratch AS build\nWORKDIR /src\nCOPY program /bin/sh\n"
            b'FROM build AS dev\nEXPOSE 81\nCMD ["/bin/sh"]\nFROM scratch\nCOPY program /no\n'
        )
        self.assertEqual(await self.served(folder, file, b"1"), (b"1", b"", b"81"))
        self.assertTrue(any("building" in line for line in self.told))
        self.told.clear()
        said = {"command": "run it", "port": 82, "additional_mounts": ["cache:/cache"]}
        self.assertEqual(await self.served(folder, file, b"2", **said), (b"2", b"run it", b"82"))
        self.assertEqual(await self.ask(self.workloads[-1], "/write/cache/x"), b"")
        self.assertEqual(self.told, [])

    async def served(self, folder, file, text, **said):
        """What a dev app answers: of its source, of the command that it runs, and its port."""
        (folder / "text").write_bytes(text)
        files = {"Containerfile": file, "program": program(), "text": text}
        made = self.order(files, dev=read_dev_settings(said))
        dev = replace(made.app, id="app_dev_2", is_dev=True, source_url=str(folder))
        workload = await self.started(replace(made, app=dev))
        paths = ("/file/src/text", "/env/COMMAND", "/env/PORT")
        return tuple([await self.ask(workload, path) for path in paths])

    async def test_tells_its_end(self):
        """The exit status of a program that ends by itself is told, and the container is gone."""
        workload = await self.started(self.order())
        self.assertEqual(await self.ask(workload, "/end"), b"")
        self.assertEqual((await workload.ended).status, 7)
        self.assertEqual(self.containers(workload), "")

    async def test_runs_a_command(self):
        """A command is run in the same image to its end, with its output and status."""
        prepared = await self.engine.prepare(self.order(lifetime="command"), self.told.append)
        program = await self.engine.begin(prepared, ("say", "a", "b"), merge=True)
        self.assertEqual(await everything(program.output), b"a b word\n")
        self.assertEqual((await program.ended).status, 2)

    async def test_commands_beside_each_other(self):
        """Two commands at once are two containers, which the start of the app does not end."""
        order = self.order()
        prepared = await self.engine.prepare(order, self.told.append)
        running = [
            await self.engine.begin(prepared, ("say", *words), merge=True)
            for words in (("a",), ("b", "c"))
        ]
        await self.started(order)
        self.assertEqual([(await one.ended).status for one in running], [1, 2])

    async def test_command_that_is_killed(self):
        """What a command has started in a container has ended with it."""
        prepared = await self.engine.prepare(self.order(), self.told.append)
        program = await self.engine.begin(prepared, ("/program",), merge=True)
        self.assertEqual(await program.output.read(), b"listening\n")
        listed = ("ps", "-a", "-q", "--filter=label=dev.clace.command=true")
        self.assertNotEqual(podman(self.settings, *listed), "")
        program.kill()
        await program.ended
        self.assertEqual(podman(self.settings, *listed), "")

    async def test_builds_in_turn(self):
        """One image is built after the other where the operator wants no more at a time."""
        engine, told = self.make_engine(most_builds=1), []
        orders = [
            self.order({"Containerfile": FILE + b"LABEL a=%d\n" % n, "program": program()})
            for n in (1, 2)
        ]
        tells = [lambda line, n=n: told.append((n, line)) for n in (1, 2)]
        building = map(engine.prepare, orders, tells)
        await gatherResults([*map(Deferred.fromCoroutine, building)])
        begun = [number for number, line in told if line.startswith("building")]
        self.assertEqual(sorted(begun), [1, 2])
        self.assertEqual([n for n, _ in told], sorted((n for n, _ in told), key=begun.index))

    async def test_volumes(self):
        """A managed volume outlives the container, and nothing else can be written to."""
        order = self.order(volumes=("data:/data",))
        workload = await self.started(order)
        for place in ("", "/etc", "/var"):
            self.assertIn(b"read-only", await self.ask(workload, f"/write{place}/new"))
        for place in ("/tmp", "/run", "/var/tmp"):
            self.assertEqual(await self.ask(workload, f"/write{place}/new"), b"")
        self.assertEqual(await self.ask(workload, "/write/data/x"), b"")
        await workload.stop()
        again = await self.started(order)
        self.assertEqual(await self.ask(again, "/file/data/x"), b"written")

    async def test_adopts_what_runs(self):
        """A container that an earlier run of the server left is taken over, if it is the same."""
        first = await self.started(self.order())
        await self.ask(first)
        self.workloads.clear()
        other = self.make_engine()
        second = await self.started(self.order(), other)
        self.assertEqual((second.name, second.place.pid), (first.name, first.place.pid))
        changed = await self.started(self.order(environment={"WORD": "new"}), self.make_engine())
        self.assertEqual(await self.ask(changed, "/env/WORD"), b"new")
        self.assertEqual((await first.ended).failure, "")
        self.assertEqual(await other.sweep(frozenset({self.order().app.id})), ())

    async def test_sweeps_and_forgets(self):
        """Containers of apps that are gone are removed, and their images when they are deleted."""
        first = await self.started(self.order())
        await self.ask(first)
        self.workloads.clear()
        other = self.make_engine()
        self.assertEqual(await other.sweep(frozenset()), (first.name,))
        await first.ended
        await other.forget(self.order().app.id)
        self.assertNotIn("sweepsandforgets", podman(self.settings, "images"))

    async def image(self, word):
        """The name of an image that is built of a file with this word, and its id."""
        files = {"Containerfile": FILE + b"LABEL word=%b\n" % word, "program": program()}
        before = set(podman(self.settings, "images", "--format={{.Tag}}").split())
        prepared = await self.engine.prepare(self.order(files), self.told.append)
        after = set(podman(self.settings, "images", "--format={{.Tag}}").split())
        (tag,) = after - before
        return tag, prepared

    def settle(self, name):
        """Give the engine a home of its own: images that other tests left are of another."""
        self.engine = self.make_engine(home=self.home / name)

    async def test_sweeps_images(self):
        """An image goes when nothing needs it at two looks in a row: no kept version, no container,
        and none of what the app was given last.
        """
        self.settle("a")
        images = [await self.image(word) for word in (b"kept", b"runs", b"old", b"a", b"b", b"c")]
        kept, runs, old, *recent = [tag for tag, _prepared in images]
        workload = await self.engine.start(images[1][1], self.logged.append)
        self.workloads.append(workload)
        pins = dict(images[0][1].pins)
        app = self.order().app.id

        async def versions(_app):
            return (AppMetadata(loads=("container.in",), pins=pins),)

        for expected in ((), (old,)):
            removed = await self.engine.sweep_images(frozenset({app}), versions)
            self.assertEqual([name.partition(":")[2] for name in removed], [*expected])
        left = podman(self.settings, "images", "--format={{.Tag}}").split()
        self.assertTrue({kept, runs, *recent} <= set(left))
        await workload.stop()
        (gone,) = await self.engine.sweep_images(frozenset({app}), versions)
        self.assertTrue(gone.endswith(f":{runs}"))

    async def test_unknown_images(self):
        """No image goes of an app with a version whose image is not known, or of another server;
        those of an app that this server does not have go at the second look.
        """
        self.settle("b")
        for word in (b"1", b"2", b"3", b"4"):
            await self.image(word)
        app = self.order().app.id

        for installed, pins in (
            ({app}, {}),
            ({app}, {"image_id": "built anew since"}),
        ):

            async def versions(_app, pins=pins):
                return (AppMetadata(loads=("container.in",), pins=pins),)

            for _ in range(2):
                removed = await self.engine.sweep_images(frozenset(installed), versions)
                self.assertEqual(removed, ())
        other = self.make_engine(home=self.home / "other")
        for installed in ({app}, ()) * 2:
            removed = await other.sweep_images(frozenset(installed), versions)
            self.assertEqual(removed, ())
        nobody = frozenset({"app_prd_other"})
        for count in (0, 4):
            removed = await self.engine.sweep_images(nobody, versions)
            self.assertEqual(len(removed), count)

    async def test_image_that_is_here(self):
        """An image is used by its name, and pinned: a later one of the same name is another."""
        prepared = await self.engine.prepare(self.order(), self.told.append)
        podman(self.settings, "tag", prepared.launch.image.id, "localhost/shop:latest")
        order = self.order({}, src="image:localhost/shop:latest", port=8080)
        pinned = await self.engine.prepare(order, self.told.append)
        self.assertEqual(pinned.pins["image_id"], prepared.launch.image.id)
        other = self.order({"Containerfile": FILE + b"LABEL a=b\n", "program": program()})
        newer = await self.engine.prepare(other, self.told.append)
        podman(self.settings, "tag", newer.launch.image.id, "localhost/shop:latest")
        app = replace(order.app, metadata=AppMetadata(pins=dict(pinned.pins)))
        again = await self.engine.prepare(replace(order, app=app), self.told.append)
        self.assertEqual(again.launch.image.id, prepared.launch.image.id)
        latest = await self.engine.prepare(order, self.told.append)
        self.assertEqual(latest.launch.image.id, newer.launch.image.id)

    def containers(self, workload):
        return podman(self.settings, "ps", "-a", "-q", "--filter", f"name={workload.name}")

    async def refusal(self, order):
        try:
            await self.engine.prepare(order, self.told.append)
        except AppBroken as error:
            return error.message
        raise AssertionError("it was not refused")

    async def test_build_that_fails(self):
        """The last lines of the build are told."""
        files = {"Containerfile": FILE + b"COPY nothing /nothing\n", "program": b""}
        told = await self.refusal(self.order(files))
        self.assertIn("cannot be built from Containerfile:\n", told)
        self.assertIn("nothing", told)

    async def test_program_that_does_not_start(self):
        """A program that is missing is told with the engine's words."""
        files = {"Containerfile": b'FROM scratch\nCOPY a /a\nEXPOSE 1\nCMD ["/b"]\n', "a": b""}
        try:
            await self.started(self.order(files))
        except AppBroken as error:
            self.assertIn("cannot be started", error.message)
        else:
            raise AssertionError("it was started")
        self.assertEqual(podman(self.settings, "ps", "-a", "-q", "--filter=name=doesnotstart"), "")
