"""Docker in place of Podman: the answers of its command line, as its documentation has them."""

import json
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.engine import ContainerEngine
from clace.containers.namespaces import WayIn, way_in
from clace.containers.settings import ContainerSettings
from clace.errors import AppBroken, ProgramFailed
from clace.interfaces import ProgramExit, WorkloadOrder
from clace.model import App, AppMetadata, WorkloadConfig
from clace.sources.tree import SourceTree
from tests.containers.test_arguments import Engine, Program
from tests.support.threads import at_once

ID = "a25ee4687a5e10f11ab26696dafe4e4199d2cc5150952beeffb4245550a39a0e"
DIGEST = "shop@sha256:" + "3f1d6c17773a45c97bd8f158d665c9709d7b29ed7917ac934086ad96f92e4510"
IMAGE = {
    "Id": f"sha256:{ID}",
    "RepoTags": ["shop:latest"],
    "RepoDigests": [DIGEST],
    "Parent": "",
    "Config": {
        "User": "",
        "ExposedPorts": {"30001/tcp": {}, "53/udp": {}},
        "Env": ["PATH=/usr/bin:/bin"],
        "Cmd": ["/shop"],
        "Volumes": None,
        "Entrypoint": None,
        "Labels": None,
    },
}
CONTAINER = {
    "Id": "d2cc496561d6d520cbc0236b4ba88c362c446a7619992123f11c809cded25b47",
    "Path": "/shop",
    "State": {
        "Status": "running",
        "Running": True,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": 4711,
        "ExitCode": 0,
        "Error": "",
        "StartedAt": "2026-11-29T05:00:00.000000000Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
    },
    "Image": f"sha256:{ID}",
    "Name": "/clc-app_prd_1-0",
    "HostConfig": {"NetworkMode": "bridge", "CgroupnsMode": "private", "UsernsMode": ""},
    "Config": {"Labels": {}},
    "NetworkSettings": {
        "Ports": {
            "53/udp": None,
            "30001/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}],
        }
    },
}
NO_CONTAINER = "Error response from daemon: No such container: x\n"
NO_IMAGE = "Error response from daemon: No such image: shop:latest\n"
UNREACHED = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?\n"
)


class Docker(Engine):
    """Answers as Docker does, with errors apart; ``wrong`` has other answers by command."""

    def __init__(self, **wrong):
        super().__init__()
        self.wrong = wrong

    def start(self, launch):
        known = super().start(launch)
        name = launch.arguments[0]
        if name in self.wrong:
            errors, status = self.wrong[name]
            return self.answer("[]\n" if name == "container" else "", errors, status)
        match launch.arguments:
            case ("image", "inspect", *_):
                return self.answer(json.dumps([IMAGE]))
            case ("container", "inspect", *_) if self.runs:
                return self.answer(json.dumps([CONTAINER]))
            case ("container", "inspect", *_):
                return self.answer("[]\n", NO_CONTAINER, 1)
            case ("rm", *_):
                return self.answer("", NO_CONTAINER, 1)
        return known

    def answer(self, text, errors="", status=0):
        made = Program(text, status, ended=True)
        made.errors = Program(errors, status, ended=True).output
        return made


class DockerTests(SynchronousTestCase):
    def make(self, docker, way=WayIn.PUBLISHED):
        home = Path(self.mktemp()).absolute()
        settings = ContainerSettings(home=home, engine="/usr/bin/docker", way=way)
        return ContainerEngine(Clock(), docker, None, settings, at_once)

    def order(self, **metadata):
        return WorkloadOrder(
            app=App(id="app_prd_1", path="/x", metadata=AppMetadata(**metadata)),
            files=SourceTree({}),
            config=WorkloadConfig(src="image:shop:latest"),
        )

    def started(self, docker, way=WayIn.PUBLISHED, **options):
        engine = self.make(docker, way)
        order = self.order(container_options=options)
        prepared = self.successResultOf(engine.prepare(order, lambda _line: None))
        return engine.start(prepared, lambda _data: None)

    def test_way(self):
        """Root enters its containers' networks; for others a port has to be published."""
        self.assertIs(way_in("/usr/bin/docker", "/usr/bin:/bin", is_root=True), WayIn.THREAD)
        self.assertIs(way_in("/usr/bin/docker", "/usr/bin:/bin", is_root=False), WayIn.PUBLISHED)

    def test_image(self):
        """An image is known by its id, its digest and the port that it exposes."""
        docker = Docker()
        order = self.order()
        engine = self.make(docker)
        prepared = self.successResultOf(engine.prepare(order, lambda _line: None))
        pins = {"image": "shop:latest", "image_id": ID, "image_digest": DIGEST}
        self.assertEqual(prepared.pins, pins)
        self.assertEqual(prepared.launch.port, 30001)
        self.assertEqual(prepared.launch.mounts, ())

    def test_started(self):
        """A container is reached by the port that Docker chose, or by its process."""
        docker = Docker()
        workload = self.successResultOf(self.started(docker, network="bridge"))
        self.assertEqual((workload.place.published, workload.place.pid), (49153, 4711))
        (words,) = [words for words in docker.said if words[0] == "run"]
        self.assertIn("--publish=127.0.0.1::30001", words)
        self.assertIn("--add-host=host.docker.internal:host-gateway", words)
        self.assertEqual(words[-1], ID)
        alone = Docker()
        self.successResultOf(self.started(alone, WayIn.THREAD))
        (words,) = [words for words in alone.said if words[0] == "run"]
        self.assertEqual([word for word in words if "add-host" in word or "publish" in word], [])

    def test_arguments(self):
        """Nothing is said that only Podman knows."""
        docker = Docker()
        workload = self.successResultOf(self.started(docker))
        workload.stop()
        said = {word.partition("=")[0] for words in docker.said for word in words}
        flags = {word for word in said if word.startswith("-")}
        self.assertLessEqual(flags, KNOWN)

    def test_not_started(self):
        """Docker's own words say why a container does not start."""
        reason = 'exec: "/shop": stat /shop: no such file or directory: unknown.'
        told = f"docker: Error response from daemon: failed to create task: {reason}\n"
        failed = self.failureResultOf(self.started(Docker(run=(told, 127))), ProgramFailed)
        self.assertIn(reason, failed.value.message)

    def test_not_there(self):
        """Docker's own words say why an image cannot be had."""
        for errors in (NO_IMAGE, UNREACHED):
            docker = Docker(image=(errors, 1), pull=(errors, 1))
            preparing = self.make(docker).prepare(self.order(), lambda _line: None)
            failed = self.failureResultOf(preparing, AppBroken)
            self.assertIn(errors.strip(), failed.value.message)

    def test_removed(self):
        """A container that Docker has removed, or removes already, is gone; another error is not
        that.
        """
        being = "Error response from daemon: removal of container clc-1 is already in progress\n"
        for errors, removed in ((NO_CONTAINER, ("clc-1",)), (being, ("clc-1",)), (UNREACHED, ())):
            docker = Docker(rm=(errors, 1))
            docker.answers = {"ps": ("clc-1\n", 0)}
            docker.runs = True
            self.assertEqual(self.successResultOf(self.make(docker).sweep(frozenset())), removed)

    def test_ended(self):
        """The status that Docker waits for is told, and a signal as one."""
        for text, end in (("7\n", ProgramExit(status=7)), ("137\n", ProgramExit(signal=9))):
            docker = Docker()
            docker.answers = {"wait": (text, 0), "logs": ("", 0)}
            workload = self.successResultOf(self.started(docker))
            self.assertEqual(self.successResultOf(workload.ended), end)


KNOWN = {
    *("--add-host", "--all", "--cap-drop", "--detach", "--env-file", "--filter", "--force"),
    *("--format", "--label", "--name", "--network", "--publish", "--quiet", "--read-only"),
    *("--security-opt", "--sysctl", "--tmpfs", "--volume", "-f", "-t", "--tail", "--no-trunc"),
}
"""Arguments of the commands above in the reference of Docker's command line."""
