"""``clace version`` of apps, and ``clace app revoke``: asked, and printed."""

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE, RUNS
from tests.support.command_line import CommandLineCase


class HistoryCase(CommandLineCase, SynchronousTestCase):
    """``/a`` has two versions; the first was allowed to run a program."""

    def setUp(self):
        super().setUp()
        self.house = House()
        self.administration = self.house.administration
        self.put("one", RUNS, {"old.txt": b"same\nold\n", "bin": b"\xff\0"})
        self.successResultOf(self.house.create("/a", "/src", approve=True))
        self.put("two", NONE, {"new.txt": b"new", "bin": b"\xff\1"})
        self.done("app", "reload", "--promote", "/a")

    def put(self, body, demands=NONE, files=()):
        source = {"app.star": app_star(demands, body), **dict(files)}
        self.house.sources.put_folder("/src", source)

    def done(self, *arguments):
        result = self.run_cli(*arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout


class ListTests(HistoryCase):
    def test_versions(self):
        """The current one has an arrow."""
        self.prints(
            "Active Version  Previous GitCommit\n       1        0\n=====> 2        1\n",
            *("version", "list", "/a"),
        )
        table = self.done("version", "list", "--format", "table", "/a")
        self.assertIn("CreateTime", table)
        self.assertIn("2026-11-23 00:00:00+00:00", table)
        csv = self.done("version", "list", "--format", "csv", "/a")
        self.assertEqual(csv.splitlines()[1], "true,2,1,2026-11-23 00:00:00+00:00,,")
        (first, second) = json.loads(self.done("version", "list", "--format", "json", "/a"))
        self.assertEqual((first["Active"], second["Active"], second["Version"]), (False, True, 2))

    def test_files(self):
        """Size, hash and name of each file of a version."""
        lines = self.done("version", "files", "/a").splitlines()
        self.assertEqual(lines[0].split(), ["Size", "Etag", "Path"])
        self.assertEqual([line.split()[2] for line in lines[1:]], ["app.star", "bin", "new.txt"])
        csv = self.done("version", "files", "--format", "csv", "/a", "1").splitlines()
        self.assertEqual([line.rpartition(",")[2] for line in csv], ["app.star", "bin", "old.txt"])

    def test_cat(self):
        """The bytes of a file, and nothing else."""
        self.prints("new", "version", "cat", "/a", "new.txt")
        self.prints("same\nold\n", "version", "cat", "/a", "old.txt", "previous")
        self.fails(
            "error: version 2 of /a has no file old.txt\n", "version", "cat", "/a", "old.txt"
        )

    def test_alone(self):
        """Without a command it is the version of Clace."""
        self.assertTrue(self.done("version").startswith("Clace version "))
        self.assertIn("version", json.loads(self.done("version", "--format", "json")))
        self.fails(
            'error: unknown command "lits". Did you mean "list"?\n'
            "run 'clace version --help' for usage\n",
            *("version", "lits"),
            status=2,
        )


class DiffTests(HistoryCase):
    def test_lines(self):
        """A line for each difference, with its sign."""
        lines = self.done("version", "diff", "/a").splitlines()
        self.assertEqual(lines[0], "/a: version 2 compared with version 1")
        self.assertIn("+ file new.txt (3 bytes)", lines)
        self.assertIn("- file old.txt (9 bytes)", lines)
        self.assertIn("~ file bin (2 to 2 bytes)", lines)
        self.assertIn("- plugin exec.in", lines)
        self.assertIn("- permission exec.in.run [ls -l] READ", lines)
        self.prints(
            "/a: version 2 compared with version 2\nThey are the same.\n",
            *("version", "diff", "/a", "2", "2"),
        )

    def test_patch(self):
        """Lines of text files, too."""
        result = self.run_cli("version", "diff", "--patch", "/a", "1", "2")
        self.assertEqual(result.exit_code, 0)
        self.assertIn("-old\n", result.stdout)
        self.assertIn("+++ new.txt (version 2)\n", result.stdout)
        self.assertIn("bin is not text", result.stderr)

    def test_patch_in_json(self):
        """A patch that would be left out is refused."""
        result = self.run_cli("version", "diff", "--patch", "--format", "json", "/a")
        self.assertEqual((result.stdout, result.exit_code), ("", 2))
        self.assertIn(
            "error: --patch is for people and cannot go with --format json\n", result.stderr
        )

    def test_patch_of_what_waits(self):
        """Lines of a version that waits for promotion; its files can be listed and printed, too."""
        self.put("three", NONE, {"new.txt": b"newer\n", "bin": b"\xff\1"})
        self.done("app", "reload", "/a")
        lines = self.done("version", "diff", "--patch", "/a").splitlines()
        self.assertEqual(lines[0], "/a: version 3 compared with version 2")
        self.assertIn("+++ new.txt (version 3)", lines)
        self.assertIn("+newer", lines)
        self.prints("newer\n", "version", "cat", "/a", "new.txt", "3")
        self.prints("new", "version", "cat", "/a", "new.txt")
        self.assertIn("6,", self.done("version", "files", "--format", "csv", "/a", "3"))

    def test_values(self):
        """Values of params are told, unless their name says that they are secret."""
        self.put(
            "two",
            NONE,
            {"params.star": b'param("size", default = "0")\nparam("api_key", default = "")\n'},
        )
        self.run_cli("app", "reload", "/a")
        for name, value in (("size", "1"), ("api_key", "hush")):
            self.run_cli("param", "update", name, value, "/a")
        lines = self.done("version", "diff", "/a")
        self.assertIn("+ param size: 1\n", lines)
        self.assertIn("~ param api_key (hidden)\n", lines)
        self.assertNotIn("hush", lines)


class SwitchTests(HistoryCase):
    def test_needs_approval(self):
        """The refusal lists what is new, and the command that approves it."""
        result = self.run_cli("version", "revert", "/a")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertIn("app /a needs approval", result.stderr)
        self.assertIn("to approve it: clace version revert --approve /a", result.stderr)

    def test_switch_and_revert(self):
        """Both tell from where to where."""
        self.prints(
            "Reverted /a from version 2 to version 1\n", "version", "revert", "--approve", "/a"
        )
        self.prints("Switched /a from version 1 to version 2\n", "version", "switch", "next", "/a")
        dry = self.done("version", "switch", "--approve", "--dry-run", "1", "/a")
        self.assertIn("dry-run mode", dry)
        self.fails("error: no next version found\n", "version", "switch", "next", "/a")


class RevokeTests(HistoryCase):
    def test_revoked(self):
        """The apps that lose it; a version that cannot do without cannot be gone back to."""
        self.prints(
            "Revoked /a\nRevoked /a_cl_stage\n2 app(s) lost approvals.\n",
            *("app", "revoke", "exec.in", "/a"),
        )
        result = self.run_cli("version", "revert", "--approve", "/a")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("app /a is not permitted to load plugin exec.in", result.stderr)


class VerifyTests(HistoryCase):
    """``clace app verify-file``: are these bytes served?"""

    def setUp(self):
        super().setUp()
        files = {
            "app.star": b'app = ace.app("Site", static_only = True)',
            "index.html": b"home",
            "css/a.css": b"p{}",
            "css/b.css": b"p{}",
        }
        self.house.sources.put_folder("/site", files)
        self.successResultOf(self.house.create("/site", "/site"))
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def file(self, content):
        path = self.folder / "mine"
        path.write_bytes(content)
        return str(path)

    def refused(self, *arguments):
        result = self.run_cli("app", "verify-file", *arguments)
        self.assertEqual((result.stdout, result.exit_code), ("", 1))
        return result.stderr

    def test_unreadable(self):
        """A file that cannot be read is told by its name."""
        unreadable = "/proc/self/mem"
        told = f"error: cannot read {unreadable}: Input/output error\n"
        self.assertEqual(self.refused(unreadable, "/site"), told)

    def test_served(self):
        """It tells every file with these bytes, and where they are."""
        mine = self.file(b"p{}")
        self.assertEqual(
            self.done("app", "verify-file", mine, "/site"),
            f"{mine} is served by /site, version 1:\n"
            "  css/a.css at /site/css/a.css\n  css/b.css at /site/css/b.css\n",
        )
        one = self.done("app", "verify-file", "--name", "css/b.css", mine, "/site")
        self.assertNotIn("a.css", one)
        home = self.done("app", "verify-file", self.file(b"home"), "/site")
        self.assertIn("index.html at /site/index.html, /site/\n", home)

    def test_of_an_app_with_routes(self):
        """Of another app only files below static and static_root are served."""
        files = {"static/a.js": b"js", "static_root/robots.txt": b"r", "notes.txt": b"n"}
        self.put("three", NONE, files)
        self.done("app", "reload", "--promote", "/a")
        found = json.loads(
            self.done("app", "verify-file", "--format", "json", self.file(b"r"), "/a")
        )
        self.assertEqual(found["files"][0]["paths"], ["/a/robots.txt"])
        self.assertIn("at /a/static/a.js", self.done("app", "verify-file", self.file(b"js"), "/a"))
        told = self.refused(self.file(b"n"), "/a")
        self.assertEqual(told, "error: /a has these bytes as notes.txt, which it does not serve\n")

    def test_not_served(self):
        """Other bytes, the program's, and a name that is not there: exit status 1, and why."""
        star = self.file(b'app = ace.app("Site", static_only = True)')
        self.assertIn("as app.star, which it does not serve", self.refused(star, "/site"))
        other = self.file(b"other")
        self.assertIn("has no file with these bytes", self.refused(other, "/site"))
        told = self.refused("--name=css/a.css", other, "/site")
        self.assertIn("serves other bytes as css/a.css: SHA-256 ", told)
        self.assertIn("has no file x.css", self.refused("--name=x.css", other, "/site"))
        self.assertIn("/nowhere", self.refused(other, "/nowhere"))

    def test_on_disk(self):
        """Of a site that stays on the disk the file as it is now counts, and it has to be named."""
        config = {"static_from_disk": "true"}
        self.successResultOf(self.house.create("/disk", "/site", appconfig=config))
        mine = self.file(b"new")
        self.assertIn("found by name", self.refused(mine, "/disk"))
        self.assertIn("other bytes", self.refused("-n", "index.html", mine, "/disk"))
        star = b'app = ace.app("Site", static_only = True)'
        self.house.sources.put_folder("/site", {"app.star": star, "index.html": b"new"})
        told = self.done("app", "verify-file", "-n", "index.html", mine, "/disk")
        self.assertIn("index.html at /disk/index.html, /disk/", told)
