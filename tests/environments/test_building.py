"""Environments built of wheels by the real uv."""

import subprocess
from functools import partial
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred, gatherResults
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Site
from zope.interface.verify import verifyObject

from clace.environments.procfile import Procfile, read_procfile
from clace.environments.settings import PythonOptions
from clace.environments.uv import uv_program
from clace.errors import AppBroken, BadRequest
from clace.interfaces import LOCK_PIN, IEnvironments
from tests.environments.support import FLASK, EnvironmentCase, Index, make_sdist, make_wheel

SINGLE = {"sales.py": FLASK}


def imported(built, name):
    """The version of a package as the environment's own Python imports it."""
    command = [f"{built.folder}/bin/python", "-I", "-c", f"import {name}; print({name}.version)"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def is_compiled(built, name):
    """Whether a module of the environment need not be compiled when the app starts."""
    return any(Path(built.folder).rglob(f"{name}.cpython-*.pyc"))


class BuildTests(EnvironmentCase):
    async def test_single_file(self):
        """A file that imports Flask gets it, and gunicorn to serve it on a socket handed over."""
        built = await self.build(SINGLE)
        verifyObject(IEnvironments, self.environments())
        self.assertEqual((imported(built, "flask"), imported(built, "gunicorn")), ("1.0", "1.0"))
        self.assertEqual(built.command[1:3], ("-m", "gunicorn"))
        self.assertEqual(built.command[-1], "sales:app")
        self.assertEqual((built.listens, built.port, built.release), (True, 0, ()))
        self.assertEqual(built.environment["SCRIPT_NAME"], "/sales")
        self.assertIn("flask==1.0 --hash=sha256:", built.lock)

    async def test_equal_needs_share(self):
        """Apps that need the same have one environment, which is installed once."""
        first = await self.build(SINGLE)
        self.assertIn("Compiling the modules of the packages", self.told)
        self.told.clear()
        second = await self.build({"other.py": FLASK}, self.environments())
        self.assertEqual(second.key, first.key)
        self.assertEqual([line for line in self.told if line.startswith("Installing")], [])

    async def test_places_of_a_build(self):
        """A folder of packages that has gone is told to who builds; what is built needs none."""
        built = await self.build(SINGLE)
        self.links.rename(self.top / "gone")
        again = await self.build(SINGLE, pins={LOCK_PIN: built.lock})
        self.assertEqual(again.key, built.key)
        told = await self.refused({"other.py": FLASK}, AppBroken)
        self.assertIn(f"python.find_links: there is no folder {self.links}", told)

    async def test_built_once_at_a_time(self):
        """Two who need the same at the same time wait for one build."""
        environments = self.environments()
        both = [ensureDeferred(self.build(SINGLE, environments)) for _ in range(2)]
        first, second = await gatherResults(both)
        self.assertEqual(first.key, second.key)
        self.assertEqual(sum(line.startswith("Installing") for line in self.told), 1)

    async def test_runs_what_was_locked(self):
        """With the lock of a version nothing newer is chosen; without it the newest is."""
        before = await self.build(SINGLE)
        make_wheel(self.links, "flask", "2.0")
        pinned = await self.build(SINGLE, pins={LOCK_PIN: before.lock})
        self.assertEqual((pinned.key, pinned.lock), (before.key, before.lock))
        self.assertEqual(imported(await self.build(SINGLE), "flask"), "2.0")

    async def test_a_lock_of_other_needs_is_not_kept(self):
        """A source that asks for more than the lock has is locked anew."""
        make_wheel(self.links, "pandas")
        before = await self.build(SINGLE)
        more = {**SINGLE, "requirements.txt": b"flask\npandas # numbers\n"}
        after = await self.build(more, pins={LOCK_PIN: before.lock})
        self.assertEqual(imported(after, "pandas"), "1.0")

    async def test_requirements_of_each_kind(self):
        """Packages of a script's metadata, a project and a list with hashes are installed."""
        wheel = make_wheel(self.links, "pandas")
        make_wheel(self.links, "pandas", "2.0")
        flask = sha256((self.links / "flask-1.0-py3-none-any.whl").read_bytes()).hexdigest()
        pandas = sha256(wheel.read_bytes()).hexdigest()
        script = b'# /// script\n# dependencies = ["flask", "pandas<2"]\n# ///\n' + FLASK
        project = b'[project]\nname = "x"\nversion = "1"\ndependencies = ["flask", "pandas==1.0"]\n'
        hashed = f"flask==1.0 --hash=sha256:{flask}\npandas==1.0 \\\n  --hash=sha256:{pandas}\n"
        for contents in (
            {"a.py": script},
            {"a.py": FLASK, "pyproject.toml": project},
            {"a.py": FLASK, "requirements.txt": hashed.encode()},
        ):
            self.assertEqual(imported(await self.build(contents), "pandas"), "1.0")

    async def test_wrong_hash(self):
        """A file that is not the one whose hash is listed is not installed."""
        listed = f"flask==1.0 --hash=sha256:{'0' * 64}\n".encode()
        refusal = await self.refused({**SINGLE, "requirements.txt": listed}, AppBroken)
        self.assertIn("cannot install flask of requirements.txt", refusal)
        self.assertIn("a file is not the one that the lock names", refusal)
        self.assertEqual(self.store.built_keys(), [])

    async def test_own_wheels_come_first(self):
        """A folder wheels/ of the source has what it needs, though others have newer versions."""
        make_wheel(self.top / "own", "flask", "0.5")
        own = (self.top / "own" / "flask-0.5-py3-none-any.whl").read_bytes()
        contents = {**SINGLE, "wheels/flask-0.5-py3-none-any.whl": own}
        self.assertEqual(imported(await self.build(contents), "flask"), "0.5")

    async def test_only_what_is_imported(self):
        """Of the packages of a spec those are installed that the source imports, and no other."""
        plain = b"def application(environ, start_response): pass\n"
        built = await self.build({"a.py": plain}, spec="python-wsgi")
        self.assertNotIn("bottle", built.lock)
        self.assertEqual(built.command[-1], "a:application")

    async def test_uv_lock(self):
        """A project with a uv.lock gets what that names, and the server beside it."""
        project = b'[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.11"\n'
        project += b'dependencies = ["flask"]\n'
        locked = self.top / "locked"
        locked.mkdir()
        (locked / "pyproject.toml").write_bytes(project)
        words = ("lock", "--no-index", "--find-links", str(self.links), "--no-config")
        run = partial(subprocess.run, cwd=locked, check=True, capture_output=True)
        await self.threads.run(partial(run, [uv_program(), *words]))
        make_wheel(self.links, "flask", "2.0")
        lock = (locked / "uv.lock").read_bytes()
        built = await self.build({"a.py": FLASK, "pyproject.toml": project, "uv.lock": lock})
        self.assertEqual((imported(built, "flask"), imported(built, "gunicorn")), ("1.0", "1.0"))

    async def test_built_from_sources(self):
        """A package without a wheel is refused, and built for its app alone if that is approved."""
        make_sdist(self.links, "pandas")
        contents = {**SINGLE, "requirements.txt": b"flask\npandas\n"}
        refusal = await self.refused(contents, AppBroken)
        self.assertIn("cannot install pandas of requirements.txt", refusal)
        built = await self.build(contents, builds=True)
        self.assertEqual(imported(built, "pandas"), "1.0")
        self.assertEqual(list(self.store.cache.glob("sdists-*/*/pandas")), [])

    async def test_login_of_the_index(self):
        """The index gets the name and the secret; what is told and refused has neither."""
        index = Index(self.links)
        port = reactor.listenTCP(0, Site(index), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        known = {"index_user": "me", "index_password": "ref", "reveal": lambda _ref: "sesame"}
        url = f"http://127.0.0.1:{port.getHost().port}/simple"
        environments = self.environments(index_url=url, find_links=(), **known)
        built = await self.build(SINGLE, environments)
        self.assertEqual(imported(built, "flask"), "1.0")
        self.assertEqual(index.logins, {(b"me", b"sesame")})
        refusal = await self.refused(
            {**SINGLE, "requirements.txt": b"nosuch\n"}, AppBroken, environments
        )
        self.assertIn(f"cannot install nosuch of requirements.txt from {url}", refusal)
        self.assertNotIn("sesame", f"{refusal} {self.told} {built}")

    async def test_runs_nothing_of_a_package(self):
        """Code that a package has run whenever Python starts is not run by its installation: it
        would be among the files from which environments of other apps are made.
        """
        place = self.top / "ran"
        hostile = {"thief.pth": f"import pathlib; pathlib.Path({str(place)!r}).touch()\n"}
        make_wheel(self.links, "thief", modules={"thief.py": "version = '1.0'\n", **hostile})
        built = await self.build({**SINGLE, "requirements.txt": b"flask\nthief\n"})
        self.assertFalse(place.exists())
        self.assertTrue(is_compiled(built, "thief"))
        self.assertEqual(imported(built, "thief"), "1.0")
        self.assertTrue(place.exists())

    async def test_odd_modules(self):
        """A file that this Python does not understand keeps no package from being installed."""
        make_wheel(
            self.links, "odd", modules={"odd.py": "version = '1.0'\n", "old.py": "print 1\n"}
        )
        built = await self.build({**SINGLE, "requirements.txt": b"flask\nodd\n"})
        self.assertIn("Some files are not compiled", self.told)
        self.assertTrue(is_compiled(built, "odd"))

    async def test_missing_package(self):
        """The refusal names the package, the file that asks for it, the index, and what to do."""
        contents = {**SINGLE, "requirements.txt": b"flask\nnosuch\n"}
        refusal = await self.refused(contents, AppBroken)
        self.assertIn("cannot install nosuch of requirements.txt from no index", refusal)
        self.assertIn("wheels/", refusal)
        self.assertEqual(self.store.built_keys(), [])

    async def test_python_that_is_not_here(self):
        """A Python that this machine lacks is refused, with those that it has."""
        script = b'# /// script\n# requires-python = ">=3.99"\n# dependencies = []\n# ///\n' + FLASK
        refusal = await self.refused({"a.py": script}, AppBroken)
        self.assertIn("requires Python >=3.99, and this machine has 3.", refusal)

    async def test_in_time(self):
        """A build that takes too long is ended."""
        refusal = await self.refused(SINGLE, AppBroken, self.environments(build_timeout_secs=0))
        self.assertIn("did not end in time", refusal)

    async def test_pruned(self):
        """An environment that nobody uses goes; one that is kept stays."""
        make_wheel(self.links, "pandas")
        kept = await self.build(SINGLE)
        other = await self.build({**SINGLE, "requirements.txt": b"flask\npandas\n"})
        await self.environments().prune(frozenset({kept.key}))
        self.assertEqual(self.store.built_keys(), [kept.key])
        self.assertNotEqual(other.key, kept.key)

    async def test_pruned_while_it_is_found(self):
        """An environment that a build is about to return stays, though nobody has noted it."""
        first = await self.build(SINGLE)
        environments, pruned = self.environments(), []

        def prune(line):
            if line.startswith("Packages are there"):
                pruned.append(ensureDeferred(environments.prune(frozenset())))

        source = str(self.top / "source1")
        found = await environments.build(self.order(SINGLE), source, prune)
        await gatherResults(pruned)
        self.assertEqual((len(pruned), found.key), (1, first.key))
        self.assertEqual(self.store.built_keys(), [first.key])
        await environments.prune(frozenset())
        self.assertEqual(self.store.built_keys(), [])

    async def test_unfinished_is_not_used(self):
        """What an earlier server did not build to its end is removed at the start."""
        self.store.open()
        self.store.begin("x" * 40)
        self.store.open()
        self.assertEqual(self.store.built_keys(), [])


class RefusedLinesTests(EnvironmentCase):
    async def test_refused_by_name(self):
        """Options, URLs, paths and repositories are refused, each by its own text."""
        for line, part in (
            (b"--index-url https://x/simple", "has an option"),
            (b"-e .", "has an option"),
            (b"-r other.txt", "has an option"),
            (b"flask --index-url=https://x", "has an option"),
            (b"x @ https://x/x.whl", "is not from an index"),
            (b"x @ git+https://x/x", "is not from an index"),
            (b"https://x/x.whl", "is no package of an index"),
            (b"./lib/x", "is no package of an index"),
            (b"flask==", "is no requirement"),
        ):
            refusal = await self.refused(
                {**SINGLE, "requirements.txt": b"flask\n" + line}, AppBroken
            )
            self.assertIn(part, refusal)
            self.assertIn(line.decode(), refusal)
        self.assertEqual(self.told, [])


class ProcfileTests(SynchronousTestCase):
    def test_read(self):
        """The web line serves, the release line is run before; comments are left out."""
        text = "# serve\nweb: gunicorn a:b\n\nrelease: python migrate.py\n"
        self.assertEqual(read_procfile(text), Procfile("gunicorn a:b", "python migrate.py"))

    def test_refused(self):
        """Other lines are refused by name, so that nobody waits for a worker that never runs."""
        for text, part in (
            ("web: x\nworker: y", "worker is not run"),
            ("web: x\nweb: y", "web is there twice"),
            ("release: x", "a line web is missing"),
            ("web x", "is not NAME: COMMAND"),
        ):
            with self.assertRaises(BadRequest) as caught:
                read_procfile(text)
            self.assertIn(part, str(caught.exception))


class OptionTests(SynchronousTestCase):
    def test_network(self):
        """A build reaches the index, the links and the allowed hosts, and nothing when offline."""
        options = PythonOptions(
            index_url="https://pypi.example:8443/simple",
            find_links=("/srv/wheels", "https://links.example/all"),
            allowed_hosts=("files.example", "other.example:444"),
        )
        self.assertEqual(
            options.network,
            ("pypi.example:8443", "links.example:443", "files.example:443", "other.example:444"),
        )
        self.assertEqual(PythonOptions(offline=True).network, ())

    def test_places(self):
        """A folder or file that is not there is refused before a build, by its setting."""
        PythonOptions(find_links=("/", "https://links.example/all")).check_places()
        for key, place in (("find_links", ("/none",)), ("ca_file", "/none"), ("ca_file", "/")):
            with self.assertRaisesRegex(BadRequest, f"^python.{key}: there is no "):
                PythonOptions(**{key: place}).check_places()

    def test_login(self):
        """The name and the secret of the index are in the URL that uv gets, and only there."""
        plain = PythonOptions(index_url="https://pypi.example/simple")
        self.assertEqual(plain.index_with_login(), "https://pypi.example/simple")
        known = replace(plain, index_user="me@x", index_password="ref", reveal=lambda _ref: "a/b")
        self.assertEqual(known.index_with_login(), "https://me%40x:a%2Fb@pypi.example/simple")
