"""Images that the server pulls, and their removal."""

import json
from pathlib import Path

from msgspec.structs import replace
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.engine import ContainerEngine
from clace.containers.settings import ContainerSettings
from clace.interfaces import WorkloadOrder
from clace.model import App, AppMetadata, WorkloadConfig
from clace.sources.tree import SourceTree
from tests.containers.test_arguments import IMAGE, Engine, Program
from tests.support.threads import at_once

SHOP, DEV = "app_prd_shop", "app_dev_shop"


class Registry(Engine):
    """An engine with images by their names, and a registry that has others."""

    def __init__(self):
        super().__init__()
        self.registry, self.here, self.built = {}, {}, {}
        self.used, self.is_broken = set(), False

    def start(self, launch):
        self.said.append(launch.arguments)
        text, status = "", 0
        match launch.arguments:
            case ("image", "inspect", name):
                image = self.here.get(name, name if name in self.here.values() else "")
                seen = [{**IMAGE[0], "Id": image, "RepoDigests": []}] if image else []
                text, status = json.dumps(seen), int(not image)
            case ("pull", _, name) if name in self.registry:
                self.here[name] = self.registry[name]
            case ("pull", *_):
                status = 125
            case ("images", "--all", *_):
                text = "".join(f"sha256:{image}\n" for image in self.here.values())
                status = int(self.is_broken)
            case ("images", "--no-trunc", *_):
                text = "".join(f"localhost/{n} sha256:{one}\n" for n, one in self.built.items())
            case ("rmi", name) if name in self.built:
                del self.built[name]
            case ("rmi", image):
                names = [name for name, one in self.here.items() if one == image]
                status = int(image in self.used or len(names) != 1)
                for name in () if status else names:
                    del self.here[name]
        return Program(text, status, ended=True)


class PulledTests(SynchronousTestCase):
    def setUp(self):
        self.home = Path(self.mktemp()).absolute()
        self.docker = Registry()
        self.docker.registry = {"shop:1": "a1", "shop:2": "b2"}
        self.engine = self.make()
        self.versions = {}

    def make(self, **more):
        settings = ContainerSettings(home=self.home, engine="/bin/engine", **more)
        return ContainerEngine(Clock(), self.docker, None, settings, at_once)

    def use(self, reference, app_id=SHOP, pins=None):
        """Let a new version of an app, or one with these pins, have an image."""
        metadata = AppMetadata(pins=pins or {}, loads=("container.in",))
        order = WorkloadOrder(
            app=App(id=app_id, path="/x", metadata=metadata),
            files=SourceTree({}),
            config=WorkloadConfig(src=f"image:{reference}"),
        )
        prepared = self.successResultOf(self.engine.prepare(order, lambda _line: None))
        kept = replace(metadata, pins=prepared.pins)
        self.versions.setdefault(app_id, []).append(kept)
        return prepared.pins

    async def kept(self, app_id):
        return self.versions[app_id]

    def swept(self, times=1):
        """The images that this many looks have removed."""
        gone = []
        for _ in range(times):
            swept = self.engine.sweep_images(frozenset(self.versions), self.kept)
            gone += self.successResultOf(swept)
        return gone

    def test_removed(self):
        """When the last app that needs it has gone, two looks remove what was pulled for it."""
        self.use("shop:1")
        self.versions["app_prd_other"] = self.versions[SHOP]
        del self.versions[SHOP]
        self.assertEqual(self.swept(3), [])
        del self.versions["app_prd_other"]
        self.assertEqual(self.swept(), [])
        self.assertEqual(self.swept(), ["shop:1"])
        self.assertEqual((self.docker.here, self.swept(3)), ({}, []))

    def test_restart(self):
        """What was pulled is remembered by the next server; a version that is kept needs it."""
        self.use("shop:1")
        self.engine = self.make()
        self.assertEqual(self.swept(3), [])
        self.versions[SHOP] = []
        self.assertEqual(self.swept(2), ["shop:1"])

    def test_not_ours(self):
        """An image that was here before is the operator's, under whatever name."""
        self.docker.here = {"shop:1": "a1", "own:1": "b2"}
        self.use("shop:1")
        self.use("shop:2")
        self.versions.clear()
        self.assertEqual(self.swept(3), [])
        self.assertFalse((self.home / "data" / "pulled_images.json").exists())

    def test_unlisted(self):
        """If the engine does not say what was here, nothing is ours."""
        self.docker.is_broken = True
        self.use("shop:1")
        self.versions.clear()
        self.assertEqual(self.swept(3), [])

    def test_named_since(self):
        """One that somebody has given another name, or that a container has, stays."""
        self.use("shop:1")
        self.use("shop:2")
        self.versions.clear()
        self.docker.here["mine:1"] = "a1"
        self.docker.used = {"b2"}
        self.assertEqual(self.swept(3), [])
        self.docker.used = set()
        self.assertEqual(self.swept(), ["shop:2"])

    def test_removed_by_another(self):
        """One that the operator has removed is forgotten: pulled by him it is his."""
        self.use("shop:1")
        self.versions.clear()
        self.docker.here.clear()
        self.assertEqual(self.swept(2), [])
        self.docker.here = {"shop:1": "a1"}
        self.assertEqual(self.swept(3), [])

    def test_moved_on(self):
        """Of a name that is another image since, the older one goes when no version has it."""
        self.use("shop:1")
        self.docker.registry["shop:1"] = "c3"
        self.docker.here["old"] = self.docker.here.pop("shop:1")
        self.use("shop:1")
        self.assertEqual(self.swept(3), [])
        self.engine = self.make()
        self.versions[SHOP].pop(0)
        self.assertEqual(self.swept(2), ["shop:1"])
        self.assertEqual(self.docker.here, {"shop:1": "c3"})

    def test_being_made(self):
        """A version that is being made needs its image, though none is kept that has it."""
        self.use("shop:1")
        self.versions[SHOP] = []
        self.assertEqual(self.swept(3), [])

    def test_dev(self):
        """A dev app has no versions: until it is asked after a restart its images stay."""
        self.use("shop:1", DEV)
        self.use("shop:2", DEV)
        self.versions[DEV] = []
        self.engine = self.make()
        self.assertEqual(self.swept(3), [])
        self.use("shop:2", DEV)
        self.versions[DEV] = []
        self.assertEqual(self.swept(2), ["shop:1"])

    def test_kept(self):
        """An operator may keep them all."""
        self.use("shop:1")
        self.versions.clear()
        self.engine = self.make(keeps_pulled=True)
        self.assertEqual(self.swept(3), [])

    def test_not_installed(self):
        """What was built for an app that was not installed after all goes; others' images stay."""
        self.docker.built = {"cli-failed:1": "f1", "cli-shop:1": "s1"}
        self.versions[SHOP] = [AppMetadata(pins={"image_id": "s1"}, loads=("container.in",))]
        self.assertEqual(self.swept(), [])
        self.assertEqual(self.swept(), ["cli-failed:1"])
        self.assertEqual(self.docker.built, {"cli-shop:1": "s1"})

    def test_not_written(self):
        """What cannot be remembered is used, and said to stay."""
        self.home.mkdir(parents=True)
        (self.home / "data").write_text("in the way")
        self.assertEqual(self.use("shop:1")["image_id"], "a1")

    def test_malformed(self):
        """A file that is damaged keeps no app from its image, and nothing is removed by it."""
        (self.home / "data").mkdir(parents=True)
        file = self.home / "data" / "pulled_images.json"
        file.write_text('{"a1": 1}')
        self.assertEqual(self.use("shop:1")["image_id"], "a1")
        looked = self.engine.sweep_images(frozenset(), self.kept)
        self.assertIn(str(file), str(self.failureResultOf(looked, OSError).value))
        self.assertEqual(file.read_text(), '{"a1": 1}')
