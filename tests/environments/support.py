"""Wheels made by hand, and environments built of them by the real uv without any index."""

import base64
import hashlib
import io
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from msgspec.structs import replace
from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource

from clace.environments.building import Environments
from clace.environments.installing import Installer
from clace.environments.programs import OpenStarter, StepRunner
from clace.environments.settings import PythonOptions
from clace.environments.store import EnvironmentStore
from clace.interfaces import WorkloadOrder
from clace.model import App, AppMetadata
from clace.model.workloads import ProcessNeeds, WorkloadConfig, WorkloadKind
from clace.processes.starter import ProgramStarter
from clace.sources.tree import SourceTree
from clace.threads import ThreadPool

FLASK = b"from flask import Flask\napp = Flask(__name__)\n"
APP = App(id="app_prd_1", path="/sales")


def make_wheel(folder, name, version="1.0", *, requires=(), modules=None):
    """Write a wheel of a package with these modules (one of its own name unless said)."""
    modules = modules or {f"{name}.py": f"version = {version!r}\n"}
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {each}\n" for each in requires)
    tag = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    contents = {**modules, f"{info}/METADATA": metadata, f"{info}/WHEEL": tag}
    rows = [_row(file, text.encode()) for file, text in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in contents.items():
            archive.writestr(zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0)), text)
    return path


def _row(file, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{file},sha256={digest},{len(content)}"


BACKEND = """
import pathlib, sys
sys.path.insert(0, str(pathlib.Path(__file__).parent))

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    import zipfile
    name = "NAME-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("NAME.py", "version = '1.0'")
        info = "NAME-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: NAME\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def make_sdist(folder, name, extra=""):
    """Write a source distribution that builds itself, and runs some code when it does."""
    project = f'[project]\nname = "{name}"\nversion = "1.0"\n[build-system]\nrequires = []\n'
    project += 'build-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "pyproject.toml": project,
        "backend.py": BACKEND.replace("NAME", name) + extra,
        "PKG-INFO": f"Metadata-Version: 2.2\nName: {name}\nVersion: 1.0\n",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"{name}-1.0.tar.gz", "w:gz") as archive:
        for file, text in files.items():
            info = tarfile.TarInfo(f"{name}-1.0/{file}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))


class Index(Resource):
    """A simple index of the wheels in a folder, which asks for a login and remembers it."""

    isLeaf = True

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.logins = set()

    def render_GET(self, request):
        if not request.getUser():
            request.setResponseCode(401)
            request.setHeader(b"WWW-Authenticate", b'Basic realm="index"')
            return b"who is it?"
        self.logins.add((request.getUser(), request.getPassword()))
        name = request.path.decode().strip("/").split("/")[-1]
        if name.endswith(".whl"):
            return (self.folder / name).read_bytes()
        found = sorted(self.folder.glob(f"{name}-*.whl"))
        if not found:
            request.setResponseCode(404)
            return b"no such package"
        request.setHeader(b"Content-Type", b"text/html")
        return "".join(f'<a href="/files/{each.name}">{each.name}</a>' for each in found).encode()


class EnvironmentCase(TestCase):
    """Environments over a store of their own, with the wheels of a folder and no index."""

    def setUp(self):
        self.top = Path(tempfile.mkdtemp(prefix="clace-envs-"))
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.links = self.top / "links"
        for name in ("flask", "gunicorn"):
            make_wheel(self.links, name)
        self.starter = ProgramStarter(reactor)
        self.threads = ThreadPool(reactor, "files", 2)
        for service in (self.threads, self.starter):
            service.startService()
            self.addCleanup(service.stopService)
        self.store = EnvironmentStore(self.top / "environments")
        self.told = []
        self.options = PythonOptions(index_url="", find_links=(str(self.links),))
        self.sources = 0

    def environments(self, **options):
        installer = self.installer(self.threads.run, **options)
        return Environments(self.store, installer, self.threads.run)

    def installer(self, in_thread, **options):
        runner = StepRunner(reactor, OpenStarter(self.starter))
        return Installer(self.store, replace(self.options, **options), runner, reactor, in_thread)

    def order(self, contents, *, pins=None, builds=False, **config):
        metadata = AppMetadata(pins=pins or {}, spec=config.pop("spec", ""))
        metadata = replace(metadata, container_options=config.pop("options", {}))
        needs = ProcessNeeds(builds=builds)
        return WorkloadOrder(
            app=replace(APP, metadata=metadata),
            files=SourceTree(contents),
            config=WorkloadConfig(kind=WorkloadKind.PROCESS, needs=needs, **config),
        )

    async def build(self, contents, environments=None, **order):
        """The environment of these files; all that was told is added to ``told``."""
        self.sources += 1
        source = self.top / f"source{self.sources}"
        for name, content in contents.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        built = environments or self.environments()
        return await built.build(self.order(contents, **order), str(source), self.told.append)

    async def refused(self, contents, error, environments=None, **order):
        """The text of the refusal to build."""
        with self.assertRaises(error) as caught:
            await self.build(contents, environments, **order)
        return str(caught.exception)
