"""The functions of ``fs.in`` through the gate."""

import os
from pathlib import Path

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import Caller
from clace.model.app import Permission
from clace.plugins.builtin.fs.plugin import FsFunctions, FsSettings
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.temp_files import TempFiles
from tests.support.plugin_contract import app, call
from tests.support.threads import at_once

LOOKING = ("list", "find", "serve_tmp_file")
NAMES = ("abs", *LOOKING)


class FsTests(SynchronousTestCase):
    def setUp(self):
        self.root = Path(self.mktemp()).absolute()
        (self.root / "open" / "docs").mkdir(parents=True)
        (self.root / "open" / "docs" / "a.txt").write_bytes(b"x" * 5000)
        (self.root / "open" / "b.csv").write_bytes(b"1,2\n")
        (self.root / "closed").mkdir()
        (self.root / "closed" / "c.txt").write_text("secret")
        self.open = f"{self.root}/open"
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.files = TempFiles(str(self.root), self.clock, os.urandom, at_once)
        self.begin()

    def begin(self, arguments=(), in_thread=at_once, **settings):
        settings = FsSettings(file_access=lambda _app: (self.open,), **settings)
        permissions = [Permission("fs.in", name, arguments) for name in NAMES]
        gate = PluginGate([FsFunctions(settings, self.files, in_thread).plugin])
        its_app = app(*permissions, loads=("fs.in",), path="/disk")
        self.scope = gate.begin(Caller(app=its_app, user_id="ann"))
        another = replace(its_app, id="app_prd_2")
        self.another = gate.begin(Caller(app=another, user_id="ann"))

    def answer(self, function, *args, **kwargs):
        work = self.scope.call(call(function, *args, plugin="fs.in", **kwargs))
        return self.successResultOf(work)

    def rows(self, function, *args, **kwargs):
        answer = self.answer(function, *args, **kwargs)
        self.assertEqual(answer.error, "")
        return {row["name"]: row for row in answer.value}

    def test_abs(self):
        """A path is made absolute by its text alone, wherever it leads."""
        (self.root / "link").symlink_to("/nowhere")
        for path, absolute in (
            (f"{self.open}/docs/../b.csv", f"{self.open}/b.csv"),
            (f"{self.root}/closed", f"{self.root}/closed"),
            (f"{self.root}/link/./x", f"{self.root}/link/x"),
            (".", self.open),
            ("docs/..//b", f"{self.open}/b"),
            ("..", str(self.root)),
            ("/..", "/"),
        ):
            self.assertEqual(self.answer("abs", path).value, absolute)

    def test_relative(self):
        """A relative path is from the first folder that is open, for every function."""
        self.assertEqual(
            set(self.rows("list", "docs")), {f"{self.open}/docs/a.txt", f"{self.open}/docs"}
        )
        self.assertEqual(set(self.rows("find", ".", "b.*")), {f"{self.open}/b.csv"})
        self.assertEqual(self.answer("serve_tmp_file", "b.csv").error, "")
        told = f"file access denied for {self.open}/../closed"
        self.assertEqual(self.answer("list", "../closed").error, told)

    def test_bounds(self):
        """An operator is told which folders a permission without a path reaches."""

        def told(method, *arguments, roots=(self.open, "/srv", self.open), path="/disk"):
            settings = FsSettings(file_access=lambda _app: roots)
            plugin = FsFunctions(settings, self.files, at_once).plugin
            main_app = "app_prd_1" if path.endswith("_cl_stage") else ""
            made = replace(app(path=path), main_app=main_app)
            return plugin.bounds(made, Permission("fs.in", method, arguments))

        self.assertEqual(
            told("list"),
            f"fs.in.list looks at what is below {self.open} and /srv only; for more:"
            " clace app update-metadata conf --promote"
            f' \'fs.file_access=["{self.open}", "/srv", "/FOLDER"]\' /disk',
        )
        self.assertEqual(told("list", path="/disk_cl_stage"), told("list"))
        self.assertIn("'fs.file_access=[\"/FOLDER\"]'", told("find", roots=()))
        self.assertTrue(told("list", path="/_cl_stage").endswith(" /"))
        self.assertEqual([told("abs"), told("list", "/srv"), told("find", roots=("/",))], [""] * 3)

    def test_list(self):
        """A listing has what is in a folder, and at the end the folder with the sum."""
        answer = self.answer("list", self.open)
        last = answer.value[-1]
        rows = self.rows("list", self.open)
        self.assertEqual(set(rows), {self.open, f"{self.open}/docs", f"{self.open}/b.csv"})
        self.assertEqual(rows[f"{self.open}/b.csv"]["size"], 4096)
        self.assertFalse(rows[f"{self.open}/b.csv"]["is_dir"])
        self.assertEqual(rows[f"{self.open}/docs"]["mode"], 0o755)
        self.assertEqual((last["name"], last["is_dir"]), (self.open, True))
        own = -(-(self.root / "open").stat().st_size // 4096) * 4096
        self.assertEqual(last["size"], own + 4096 + rows[f"{self.open}/docs"]["size"])

    def test_recursive_size(self):
        """On request folders count with all that is in them."""
        plain = self.rows("list", self.open)[f"{self.open}/docs"]["size"]
        whole = self.rows("list", self.open, recursive_size=True)[f"{self.open}/docs"]["size"]
        self.assertEqual(whole, plain + 8192)

    def test_denied(self):
        """Every function that looks at files keeps to the folders that are open."""
        for name in LOOKING:
            path = f"{self.open}/../closed"
            answer = self.answer(name, path)
            self.assertEqual(answer.error, f"file access denied for {path}", name)

    def test_closed(self):
        """A folder that stays closed is seen from around it and no more; a file that was made for
        the app can be offered from there.
        """
        docs = f"{self.open}/docs"
        self.begin(closed=(docs,))
        for name in LOOKING:
            self.assertIn("denied", self.answer(name, f"{docs}/a.txt").error, name)
        self.assertEqual(set(self.rows("find", self.open)), {f"{self.open}/b.csv"})
        rows = self.rows("list", self.open, recursive_size=True)
        self.assertEqual(rows[docs]["size"], 4096)
        self.files = TempFiles(docs, self.clock, os.urandom, at_once)
        self.begin(closed=(docs,))
        made = self.files.reserve("app_prd_1")
        self.successResultOf(self.files.create(made)).close()
        self.assertEqual(self.answer("serve_tmp_file", made).error, "")

    def test_named_by_permission(self):
        """A folder that a permission names is open for the calls that it covers."""
        closed = f"{self.root}/closed"
        self.begin(arguments=(f"regex:{closed}(/.*)?",))
        self.assertIn(f"{closed}/c.txt", self.rows("list", closed))
        self.assertIn(f"{closed}/c.txt", self.rows("find", closed))
        self.assertIn("denied", self.answer("list", f"{closed}/../../..").error)

    def test_find(self):
        """Files are found by the name's pattern and their size, at most so many."""
        docs = f"{self.open}/docs/a.txt"
        self.assertEqual(set(self.rows("find", self.open)), {docs, f"{self.open}/b.csv"})
        self.assertEqual(set(self.rows("find", self.open, "*.txt")), {docs})
        self.assertEqual(set(self.rows("find", self.open, min_size=1000)), {docs})
        self.assertEqual(len(self.rows("find", self.open, limit=1)), 1)
        self.assertEqual(
            self.answer("find", self.open, limit=100_001).error,
            "file limit 100001 exceeds max limit 100000",
        )

    def test_long_pattern(self):
        """A pattern longer than names are is refused: it would take seconds to read."""
        self.assertEqual(self.rows("find", self.open, "[" * 255), {})
        self.assertIn("name has 256 characters", self.answer("find", self.open, "[" * 256).error)

    def test_no_path(self):
        """A text with a NUL is no path, for every function that looks at files."""
        for name in LOOKING:
            error = self.answer(name, f"{self.open}/a\0b").error
            self.assertRegex(error, "null (byte|character)")  # as the version of Python says it

    def test_no_folder(self):
        """What is no folder, or is not there, fails with the reason."""
        self.assertIn("not a directory", self.answer("list", f"{self.open}/b.csv").error)
        self.assertIn("no such file", self.answer("find", f"{self.open}/none").error)

    def test_too_many(self):
        """A call looks at only so many files."""
        self.begin(entries=2)
        self.assertIn("more files than", self.answer("find", self.open).error)

    def test_odd_names(self):
        """A name that is no UTF-8 is shown as far as it can be."""
        os.close(os.open(os.fsencode(self.open) + b"/\xff", os.O_CREAT))
        self.assertIn(f"{self.open}/\ufffd", self.rows("list", self.open))

    def test_cancelled(self):
        """The end of a request stops the walk in its thread."""
        given = []

        def never(work):
            given.append(work)
            return Deferred()

        self.begin(in_thread=never)
        running = Deferred.fromCoroutine(self.scope.call(call("find", self.open, plugin="fs.in")))
        self.successResultOf(self.scope.end())
        self.failureResultOf(running)
        with self.assertRaises(Exception) as caught:
            given[0]()
        self.assertIn("nobody waits", str(caught.exception))

    def test_at_once(self):
        """Only so many walks run at a time, half of them for one app; the next one waits."""
        given = []

        def later(work):
            given.append(Deferred())
            return given[-1]

        def walk(scope):
            return Deferred.fromCoroutine(scope.call(call("find", self.open, plugin="fs.in")))

        self.begin(in_thread=later, at_once=2)
        first, _ = walk(self.scope), walk(self.scope)
        self.assertEqual(len(given), 1)
        walk(self.another)
        self.assertEqual(len(given), 2)
        given[0].callback([])
        self.successResultOf(first)
        self.assertEqual(len(given), 3)
        for waiting in given[1:]:
            waiting.callback([])

    def test_serve(self):
        """A file can be offered at an address below the app, for the user who asked."""
        answer = self.answer("serve_tmp_file", f"{self.open}/b.csv", mime_type="text/csv").value
        self.assertEqual(answer["name"], "b.csv")
        self.assertEqual(answer["url"], f"/disk/_clace_app/file/{answer['id']}")
        download = self.successResultOf(self.files.open("app_prd_1", "ann", answer["id"]))
        self.assertEqual((download.file.read(), download.mime_type), (b"1,2\n", "text/csv"))
        download.close(True)
        self.assertTrue((self.root / "open" / "b.csv").exists())

    def test_serve_output(self):
        """The output of a program can be offered by its own app, wherever it is, not by others."""
        for app_id, allowed in (("app_prd_1", True), ("app_prd_2", False)):
            path = self.files.reserve(app_id)
            self.successResultOf(self.files.create(path)).close()
            self.assertEqual(self.answer("serve_tmp_file", path).error == "", allowed)

    def test_serve_refused(self):
        """What is no file, and what no browser should be told, is not offered."""
        path = f"{self.open}/b.csv"
        for args, kwargs, error in (
            ([self.open], {}, "is not a file"),
            ([path], {"visibility": "all"}, "invalid visibility"),
            ([path], {"mime_type": "text/html\r\nX: y"}, "invalid mime_type"),
        ):
            self.assertIn(error, self.answer("serve_tmp_file", *args, **kwargs).error)

    def test_serve_name(self):
        """A name cannot leave its header or its folder; the app has it back as it gave it, for
        in another form a secret in it would not be known.
        """
        answer = self.answer("serve_tmp_file", f"{self.open}/b.csv", name="../a\r\nb").value
        self.assertEqual(answer["name"], "../a\r\nb")
        download = self.successResultOf(self.files.open("app_prd_1", "ann", answer["id"]))
        self.assertEqual(download.name, ".._a__b")
        download.close(True)

    def test_constants(self):
        """The names of the visibilities are constants."""
        (manifest,) = PluginGate(
            [FsFunctions(FsSettings(file_access=lambda _app: ()), self.files, at_once).plugin]
        ).manifests()
        self.assertEqual(manifest.constants, {"USER": "user", "APP": "app"})
