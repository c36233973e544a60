"""Volumes and mounts, as apps and operators write them."""

import socket
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.mounts import ContainerMounts
from clace.containers.names import volume_name
from clace.containers.settings import ContainerSettings
from clace.containers.volumes import Volume, read_volume
from clace.errors import AppBroken, BadRequest
from clace.interfaces import WorkloadOrder
from clace.model import App, AppMetadata, WorkloadConfig
from clace.sources.tree import SourceTree

RUN = Path("/run")


class ReadTests(SynchronousTestCase):
    def test_forms(self):
        """Each form of a volume is known."""
        for text, volume in (
            ("/data", Volume(target="/data", name="/data")),
            (":/data", Volume(target="/data", name="/data")),
            ("cache:/data:ro", Volume(target="/data", name="cache", is_read_only=True)),
            ("/abs:/in", Volume(target="/in", folder="/abs")),
            ("./rel:/in:rw", Volume(target="/in", folder="./rel")),
            ("../up:/in", Volume(target="/in", folder="../up")),
            ("$HOME/x:/in", Volume(target="/in", folder="$HOME/x")),
            (
                "cl_secret:./s.toml:/in:ro",
                Volume(target="/in", template="s.toml", is_read_only=True),
            ),
        ):
            self.assertEqual(read_volume(text), volume, text)

    def test_refused(self):
        """Other texts are refused with the forms that there are."""
        for text in (
            *("", "data", "a:b", "/a:/b:x", "a:/b:ro:rw", "/a:/../b", "/", "x y:/a"),
            *("cl_secret:/etc/passwd:/in", "cl_secret:../x:/in", "cl_secret:/in"),
        ):
            with self.assertRaises(BadRequest) as caught:
                read_volume(text)
            self.assertIn("expected /TARGET", str(caught.exception))

    @given(st.text(alphabet="/.:abro$ ~-", max_size=20))
    def test_any_text(self, text):
        """A volume that is taken has an absolute target that leads nowhere else."""
        try:
            volume = read_volume(text)
        except BadRequest:
            return
        self.assertTrue(volume.target.startswith("/"))
        self.assertNotIn("..", volume.target.split("/"))


class MountTests(SynchronousTestCase):
    def setUp(self):
        self.top = Path(self.mktemp()).resolve()
        for name in ("source/sub", "allowed/in", "home", "elsewhere"):
            (self.top / name).mkdir(parents=True)
        settings = ContainerSettings(
            home=self.top / "home",
            allowed_mounts=(self.top / "allowed",),
            environment={"PLACE": str(self.top / "allowed")},
        )
        self.app = App(id="app_prd_1", path="/x", source_url=str(self.top / "source"))
        self.mounts = ContainerMounts(settings, self.top / "home" / "run")

    def of(self, *volumes, more=(), files=(), **environment):
        order = WorkloadOrder(
            app=self.app,
            files=SourceTree(dict(files)),
            config=WorkloadConfig(volumes=volumes),
            environment=environment,
        )
        return self.successResultOf(self.mounts.of(order, more))

    def refused(self, volume):
        config = WorkloadConfig(volumes=(volume,))
        with self.assertRaises(BadRequest) as caught:
            self.mounts.check(self.app, config)
        order = WorkloadOrder(app=self.app, files=SourceTree({}), config=config)
        self.failureResultOf(self.mounts.of(order, ()), AppBroken)
        return str(caught.exception)

    def test_managed(self):
        """Volumes of the engine's have names of the app's own, and those of its operator count."""
        self.app = replace(self.app, metadata=AppMetadata(container_volumes=("more:/more",)))
        names = [volume_name(self.app, name) for name in ("/data", "/file", "more")]
        self.assertEqual(
            self.of("/data", more=("/file", "/data")),
            (f"{names[0]}:/data", f"{names[1]}:/file", f"{names[2]}:/more"),
        )
        other = replace(self.app, id="app_stg_1")
        self.assertNotEqual(volume_name(other, "/data"), names[0])

    def test_images_ask_for_folders_alone(self):
        """What an image names is kept by the engine, and never a folder of this machine."""
        for wrong in (f"{self.top / 'allowed'}:/in", "cl_secret:x:/in", "../up", "data", "/"):
            order = WorkloadOrder(app=self.app, files=SourceTree({}), config=WorkloadConfig())
            self.failureResultOf(self.mounts.of(order, (wrong,)), AppBroken)

    def test_allowed_folders(self):
        """Folders of this machine are in those that are configured; the source is only read."""
        inside = self.top / "allowed" / "in"
        self.assertEqual(self.of(f"{inside}:/in"), (f"{inside}:/in",))
        self.assertEqual(self.of("$PLACE/in:/in:ro"), (f"{inside}:/in:ro",))
        sub = self.top / "source" / "sub"
        self.assertEqual(self.of("./sub:/in", "./sub:/ro:ro"), (f"{sub}:/in:ro", f"{sub}:/ro:ro"))

    def test_other_folders(self):
        """Nothing else is had, by whatever way it is named."""
        (self.top / "source" / "link").symlink_to(self.top / "elsewhere")
        for volume in (
            f"{self.top / 'elsewhere'}:/in",
            "../elsewhere:/in",
            "./link:/in",
            "/:/in",
            "$NOWHERE/etc:/in",
            f"{self.top / 'allowedx'}:/in",
        ):
            self.assertIn("security.allowed_mounts", self.refused(volume))
        # A link that only root may read.
        self.assertIn("volume /proc/1/root: ", self.refused("/proc/1/root:/in"))

    def test_never_ours(self):
        """Sockets, the engine's among them, and the server's home are handed to no app."""
        settings = ContainerSettings(
            home=self.top / "home", allowed_mounts=(self.top, Path("/run"))
        )
        self.mounts = ContainerMounts(settings, self.top / "home" / "run")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.top / "s"))
            self.assertIn("a socket is never handed", self.refused(f"{self.top / 's'}:/in"))
        (self.top / "home" / "config").mkdir()
        inside = self.top / "home" / "config"
        for folder in (self.top / "home", inside, self.top, "/run", "/run/podman"):
            self.assertIn("is never handed to an app", self.refused(f"{folder}:/in"))

    def test_sources_in_our_home(self):
        """A source that was sent is in the server's home, and its folders may be read."""
        sub = self.top / "home" / "sources" / "id" / "sub"
        sub.mkdir(parents=True)
        self.app = replace(self.app, source_url=str(sub.parent))
        self.assertEqual(self.of("./sub:/in"), (f"{sub}:/in:ro",))
        self.app = replace(self.app, source_url=str(self.top / "home"))
        self.assertIn("is never handed to an app", self.refused("./sources:/in"))

    def test_source_of_dev(self):
        """Of the source that a dev app is run from nothing else is shown, wherever links in it lead
        by then, nor what this server keeps for itself.
        """
        source = self.top / "source"
        for place in (source, source / "sub", f"{source}/"):
            shown = self.mounts.of_source(self.app, str(place))
            self.assertEqual(shown, str(place).rstrip("/"))
        (source / "sub").rmdir()
        for there in ("/", self.top / "elsewhere", "../home"):
            (source / "sub").symlink_to(there)
            with self.assertRaises(AppBroken) as caught:
                self.mounts.of_source(self.app, str(source / "sub"))
            self.assertIn("leads out of the source of /x", caught.exception.message)
            (source / "sub").unlink()
        for place in (f"{source}/../elsewhere", f"{source}/sub/../../home"):
            with self.assertRaises(AppBroken):
                self.mounts.of_source(self.app, place)
        for base, place in ((self.top, self.top), (self.top, self.top / "home"), ("/", "/etc")):
            with self.assertRaises(AppBroken):
                self.mounts.of_source(replace(self.app, source_url=str(base)), str(place))

    def test_nested_folders(self):
        """A folder is not shown if it lies in one that the app may write to, where a program of
        the app could put a link in its place; it is if both are the app's to read.
        """
        top, inside = self.top / "allowed", self.top / "allowed" / "in"
        for mode in ("", ":ro"):
            config = WorkloadConfig(volumes=(f"{top}:/a", f"{inside}:/b{mode}"))
            error = self.assertRaises(BadRequest, self.mounts.check, self.app, config)
            self.assertIn(f"volume {inside}: it lies in {top}", error.message)
            order = WorkloadOrder(app=self.app, files=SourceTree({}), config=config)
            self.failureResultOf(self.mounts.of(order, ()), AppBroken)
        self.assertEqual(self.of(f"{top}:/a:ro", f"{inside}:/b"), (f"{top}:/a:ro", f"{inside}:/b"))

    def test_secret_file(self):
        """A template of the source is filled in with the params, for its container alone."""
        files = {"s.toml": b'key = "{{ .params.KEY }}"\n'}
        (mount,) = self.of("cl_secret:s.toml:/s.toml:ro", files=files.items(), KEY="<a&b>")
        source, target, mode = mount.split(":")
        self.assertEqual((target, mode), ("/s.toml", "ro"))
        self.assertEqual(Path(source).read_text("utf-8"), 'key = "<a&b>"\n')
        self.assertEqual(Path(source).parent.stat().st_mode & 0o777, 0o700)
        self.mounts.forget(self.app.id)
        self.assertFalse(Path(source).exists())
