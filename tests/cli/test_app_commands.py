"""``clace app``: what is asked of the server, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.app_commands import create, source_url
from clace.locations import is_git
from clace.model.app import Demands, Permission
from clace.model.paths import AppPath
from tests.support.command_line import CommandLineCase

NONE = Demands()
RUNS = Demands(("exec.in",), (Permission("exec.in", "run", ("ls", "-l"), is_read=True),))
FETCHES = Demands(
    ("exec.in", "http.in"),
    (
        *RUNS.permissions,
        Permission("http.in", "post", (), is_read=False, secrets=(("a", "b"), ("c",))),
        Permission("http.in", "get"),
    ),
)
FETCHES_TEXT = """\
  Plugins :
    exec.in
    http.in
  Permissions:
    exec.in.run [ls -l] READ
    http.in.post [] WRITE secrets=a,b;c
    http.in.get []
"""
DRY_RUN = "\n*** dry-run mode, changes have NOT been committed. ***\n"
CREATES = "Would change:\n  + /disk version 1\n  + /disk_cl_stage version 1\n"
GAINS = """    + plugin exec.in
    + plugin http.in
    + permission exec.in.run [ls -l] READ
    + permission http.in.post [] WRITE secrets=a,b;c
    + permission http.in.get []
"""
PROD = "app_prd_000000000000000000000000001"
STAGING = "app_stg_000000000000000000000000001"


class AppCase(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.source = self.home / "disk"
        self.source.mkdir()
        self.demand(NONE)

    def demand(self, demands):
        self.administration.sources[str(self.source)] = demands

    def create(self, path="/disk", *flags):
        result = self.run_cli("app", "create", *flags, str(self.source), path)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout

    def apps(self, *arguments):
        return json.loads(self.run_cli("app", "list", "--format", "json", *arguments).stdout)


class CreateTests(AppCase):
    def test_prints_where_the_app_is(self):
        """The address and URLs, what it asks for, and that nothing is to be approved."""
        self.assertEqual(
            self.create("example.com:/disk"),
            "      App: example.com:/disk\n"
            " HTTP Url: http://localhost:25222/disk\n"
            "HTTPS Url: https://localhost:25223/disk\n"
            "  Plugins :\n"
            "  Permissions:\n"
            "App created. No approval required\n",
        )

    def test_warns_of_what_has_no_effect(self):
        """What cannot work in the app is said on stderr, and in the JSON, and fails nothing."""
        self.administration.warnings = ("a.go.html:4: there is no file static/no.css",)
        told = "warning: a.go.html:4: there is no file static/no.css\n"
        result = self.run_cli("app", "create", str(self.source), "/disk")
        self.assertEqual((result.stderr, result.exit_code), (told, 0))
        self.assertEqual(self.run_cli("app", "reload", "/disk").stderr, told)
        result = self.run_cli("app", "reload", "--format", "json", "/disk")
        self.assertEqual(json.loads(result.stdout)["warnings"], list(self.administration.warnings))

    def test_prints_what_is_to_be_approved(self):
        """Plugins and permissions are listed; the last line says whether they are approved."""
        self.demand(FETCHES)
        for flags, last in (
            (("--dry-run",), "App created. Permissions need to be approved\n" + CREATES + DRY_RUN),
            (("--approve",), "App created. Permissions have been approved\n"),
        ):
            printed = self.create("/disk", *flags)
            self.assertTrue(printed.endswith(FETCHES_TEXT + last), printed)

    def test_prints_how_to_approve(self):
        """After the list of what it asks for comes the command to type, as a shell takes it."""
        self.demand(FETCHES)
        for path, flags, command in (
            ("/it's", (), "clace app approve --promote '/it'\"'\"'s'"),
            ("example.com:/b", ("--dev",), "clace app approve example.com:/b"),
        ):
            printed = self.create(path, *flags)
            self.assertTrue(printed.endswith(f"approved\nTo approve them: {command}\n"), printed)

    def test_sends_every_flag(self):
        """Flags, short or long, before or after the arguments, become the request."""
        seen = []
        create = self.administration.create_app

        async def spy(query):
            seen.append((query.body, query))
            return await create(query)

        self.administration.create_app = spy
        self.administration.sources["github.com/o/r/f"] = NONE
        self.run_cli("app", "create", "-a", "github.com/o/r/f", "/a", "--dry_run", "-b", "next")
        self.run_cli(
            *("app", "create", "-d", str(self.source), "--auth", "none", "/b"),
            *("--commit=abcd", "-g", "key", "--approve=false"),
        )
        (one, one_options), (two, two_options) = seen
        self.assertEqual(
            (one.path, one.source_url, one.git_branch), ("/a", "github.com/o/r/f", "next")
        )
        self.assertEqual((one.is_dev, one.app_authn), (False, "default"))
        self.assertEqual((one_options.approve, one_options.dry_run), (True, True))
        self.assertEqual((two.path, two.git_commit, two.git_auth_name), ("/b", "abcd", "key"))
        self.assertEqual((two.is_dev, two.app_authn), (True, "none"))
        self.assertEqual((two_options.approve, two_options.dry_run), (False, False))

    def test_tells_refusals_in_a_line(self):
        """What the server refuses is one line on stderr and status 1."""
        self.create()
        self.fails(
            "error: App already exists at /disk\n",
            *("app", "create", str(self.source), "/disk/deeper"),
        )

    def test_wants_a_source_that_exists(self):
        """A folder is looked for here, before the server is asked."""
        self.fails("error: path does not exist ./none\n", "app", "create", "./none", "/x")
        self.fails("error: SOURCE is empty; for this folder write .\n", "app", "create", "", "/x")
        self.assertEqual(self.targets, [])

    def test_wants_both_arguments(self):
        """A missing argument is named, with where to read on."""
        self.fails(
            "error: Missing argument 'PATH'.\nrun 'clace app create --help' for usage\n",
            *("app", "create", str(self.source)),
            status=2,
        )


class ExampleTests(SynchronousTestCase):
    def test_examples_of_create(self):
        """The examples of its help are command lines that it takes, for places that can be."""
        lines = [each.split() for each in create.epilog.splitlines() if " create " in each]
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertEqual(line[:3], ["clace", "app", "create"])
            given = create.make_context("create", line[3:]).params
            AppPath.parse(given["path"]).check_installable()
            self.assertTrue(is_git(given["source"]) or given["source"].startswith("./"))


class SourceTests(SynchronousTestCase):
    def test_makes_folders_absolute(self):
        """A relative folder is what it is from here, whatever the server's folder is."""
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        self.assertEqual(source_url(f"./{folder}/../{folder.name}"), str(folder.absolute()))
        self.assertEqual(source_url("~"), str(Path.home()))

    def test_passes_git_urls_on(self):
        """What is for git is sent as it was written."""
        for url in (
            "git@example.com:o/r.git",
            "https://example.com/o/r",
            "github.com/o/r/folder",
            "ssh://h/o/r",
        ):
            self.assertEqual(source_url(url), url)


class ListTests(AppCase):
    def setUp(self):
        super().setUp()
        self.create("/disk", "--auth", "none", "-b", "main", "-c", "0123456789abcdef0123456789")
        self.create("example.com:/tools/disk", "--dev", "--auth", "system")

    def test_basic(self):
        """The default: five columns of fixed width under a header."""
        expected = """\
Name                           Type   Ver Auth    AppPath
Disk                           PROD     1 NONE    /disk
Disk                           DEV      0 SYSTEM  example.com:/tools/disk
"""
        self.prints(expected, "app", "list")
        self.prints(expected, "app", "list", "all", "-f", "basic")

    def test_internal(self):
        """Staging twins are listed when asked for; a star marks an app that they are ahead of."""
        self.run_cli("app", "reload", "/disk")
        self.prints(
            """\
Name                           Type   Ver Auth    AppPath
Disk                           PROD*    1 NONE    /disk
Disk                           STG      2 NONE    /disk_cl_stage
""",
            *("app", "list", "--internal", "/*"),
        )

    def test_csv(self):
        """Eleven columns without a header; what needs quotes has them."""
        source = str(self.source)
        self.prints(
            f"Disk,{PROD},PROD,1,NONE,main,/disk,{source},,main,0123456789abcdef0123456789\n",
            *("app", "list", "--format=csv", "/disk"),
        )

    def test_json(self):
        """One array of the API's objects; no apps are an empty one."""
        one, two = self.apps()
        self.assertEqual((one["id"], one["path"], one["staged_changes"]), (PROD, "/disk", False))
        self.assertEqual(two["domain"], "example.com")
        text = self.run_cli("app", "list", "-f", "json").stdout
        self.assertTrue(text.startswith('[\n  {\n    "id": "app_prd_'), text)
        self.assertEqual(self.run_cli("app", "list", "-f", "json", "/none*").stdout, "[]\n")

    def test_jsonl(self):
        """An object a line, compact; or pretty with an empty line after each."""
        lines = self.run_cli("app", "list", "-f", "jsonl").stdout.splitlines()
        self.assertEqual([json.loads(line)["path"] for line in lines], ["/disk", "/tools/disk"])
        pretty = self.run_cli("app", "list", "-f", "jsonl_pretty").stdout
        one, two, rest = pretty.split("\n}\n\n")
        self.assertTrue(one.startswith('{\n  "id"'))
        self.assertEqual(json.loads(two + "}")["path"], "/tools/disk")
        self.assertEqual(rest, "")

    def test_takes_the_default_format_from_the_configuration(self):
        """``client.default_format`` holds where no format is given."""
        self.write_config('[client]\ndefault_format = "csv"\n')
        self.assertTrue(self.run_cli("app", "list").stdout.startswith("Disk,app_prd_"))

    def test_refuses_other_formats(self):
        """A format that does not exist is refused with those that do, before anything is asked."""
        self.targets.clear()
        self.fails(
            'error: invalid format "xml": valid options are table, basic, csv, json, jsonl, '
            "jsonl_pretty\nrun 'clace app list --help' for usage\n",
            *("app", "list", "--format", "xml"),
            status=2,
        )
        self.assertEqual(self.targets, [])

    def test_prints_nothing_that_drives_a_terminal(self):
        """An app may give itself any name; escape sequences in it are spelled out."""
        (app, *_), self.administration._apps = list(self.administration._apps.values()), {}
        named = type(app.metadata)("\x1b[2J\u202ered\nPayroll", app.metadata.version_metadata)
        self.administration._apps[app.id] = type(app)(
            id=app.id, path=app.path, metadata=named, settings=app.settings
        )
        for form in ("basic", "table", "csv", "json", "jsonl"):
            text = self.run_cli("app", "list", "-f", form).stdout
            self.assertNotIn("\x1b", text)
            self.assertNotIn("\u202e", text)
        for form in ("basic", "table"):
            lines = self.run_cli("app", "list", "-f", form).stdout.splitlines()
            self.assertEqual(len(lines), 2)
            self.assertIn("\\x1b[2J\\u202ered\\nPayroll", lines[1])


class ApproveTests(AppCase):
    def test_prints_what_was_approved(self):
        """Each app with what is approved now, and the counts."""
        self.demand(FETCHES)
        self.create()
        self.prints(
            f"App permissions have been approved /disk_cl_stage - {STAGING}\n"
            f"{FETCHES_TEXT}"
            "1 app(s) audited, 1 app(s) approved, 0 app(s) promoted.\n",
            *("app", "approve", "/disk"),
        )
        self.prints(
            f"No approval required. /disk_cl_stage - {STAGING}\n"
            "Promoted apps: /disk\n"
            "1 app(s) audited, 0 app(s) approved, 1 app(s) promoted.\n"
            f"Would change:\n  ~ /disk version 1 to 2\n{GAINS}" + DRY_RUN,
            *("app", "approve", "-p", "/disk", "--dry-run"),
        )

    def test_prints_what_is_approved_no_longer(self):
        """What an app stopped asking for is told by whatever made it so."""
        self.demand(FETCHES)
        self.create("/disk", "--approve")
        self.demand(Demands())
        lost = FETCHES_TEXT
        self.prints(
            f"Reloaded apps: /disk_cl_stage\nNo longer approved /disk_cl_stage - {STAGING}\n{lost}"
            "1 app(s) reloaded, 0 app(s) skipped, 0 app(s) approved, 0 app(s) promoted.\n",
            *("app", "reload", "/disk"),
        )
        self.prints(
            f"Promoting /disk\nNo longer approved /disk - {PROD}\n{lost}1 app(s) promoted.\n",
            *("app", "promote", "/disk"),
        )

    def test_forges_no_line(self):
        """What an app asks for is a line each, whatever is in it."""
        forged = Permission("fs.in", "list", ("/etc\n    fs.in.list [/harmless",))
        self.demand(Demands(("fs.in",), (forged,)))
        lines = self.create().splitlines()
        self.assertIn("    fs.in.list [/etc\\n    fs.in.list [/harmless]", lines)

    def test_counts_nothing(self):
        """A glob that no app matches is no error, and is told on stderr by every command."""
        self.create()
        for arguments in (
            ("app", "list"),
            ("app", "approve"),
            ("app", "reload"),
            ("app", "promote"),
            ("app", "delete"),
            ("app", "update-settings", "auth", "none"),
            ("app", "update-metadata", "conf", "sandbox.max_waiting=2"),
            ("param", "update", "size", "1"),
            ("account", "link", "http.in", "work"),
        ):
            result = self.run_cli(*arguments, "/x*")
            self.assertEqual(
                (result.stderr, result.exit_code), ("warning: no app matches /x*\n", 0)
            )
            self.fails("error: app not found: /typo\n", *arguments, "/typo")
            refused = self.run_cli(*arguments, "/typo[")
            self.assertIn("error: invalid path glob /typo[", refused.stderr)
            self.assertEqual(refused.exit_code, 1)


class ReloadTests(AppCase):
    def test_prints_what_was_reloaded(self):
        """Apps by what happened to them, and the counts."""
        self.create()
        self.prints(
            "Reloaded apps: /disk_cl_stage\n"
            "1 app(s) reloaded, 0 app(s) skipped, 0 app(s) approved, 0 app(s) promoted.\n",
            *("app", "reload", "all"),
        )
        self.demand(FETCHES)
        self.fails(
            "error: app /disk needs approval. New:\n"
            "    plugin exec.in\n"
            "    plugin http.in\n"
            "    exec.in.run [ls -l] READ\n"
            "    http.in.post [] WRITE secrets=a,b;c\n"
            "    http.in.get []\n"
            "  to approve it: clace app reload --approve /disk\n",
            *("app", "reload", "all"),
        )
        self.prints(
            "Reloaded apps: /disk_cl_stage\n"
            "Approved apps:\n"
            f"App permissions have been approved /disk_cl_stage - {STAGING}\n"
            f"{FETCHES_TEXT}"
            "Promoted apps: /disk\n"
            "1 app(s) reloaded, 0 app(s) skipped, 1 app(s) approved, 1 app(s) promoted.\n"
            f"Would change:\n  ~ /disk_cl_stage version 2 to 3\n{GAINS}"
            f"  ~ /disk version 1 to 3\n{GAINS}" + DRY_RUN,
            *("app", "reload", "--approve", "--promote", "--dry-run", "all"),
        )

    def test_sends_every_flag(self):
        """Flags become the options of the operation."""
        seen = []

        async def spy(query):
            seen.append(query)
            return await type(self.administration)().reload_apps(query)

        self.administration.reload_apps = spy
        self.run_cli("app", "reload", "/x", "-f", "-b", "next", "-c", "ab12", "-g", "key")
        (query,) = seen
        self.assertEqual(
            (query.app_path_glob, query.force_reload, query.approve), ("/x", True, False)
        )
        self.assertEqual((query.branch, query.commit, query.git_auth), ("next", "ab12", "key"))


class PromoteTests(AppCase):
    def test_prints_what_was_promoted(self):
        """Each app that came to serve something else, and the count."""
        self.create()
        self.run_cli("app", "reload", "all")
        self.prints(
            "Promoting /disk\n1 app(s) promoted.\nWould change:\n  ~ /disk version 1 to 2\n"
            + DRY_RUN,
            *("app", "promote", "all", "--dry-run"),
        )
        self.prints("Promoting /disk\n1 app(s) promoted.\n", "app", "promote", "all")
        self.prints("0 app(s) promoted.\n", "app", "promote", "all")


class DeleteTests(AppCase):
    def test_prints_what_was_deleted(self):
        """Each app with its id, and the count."""
        self.create()
        expected = f"Deleting /disk - {PROD}\n1 app(s) deleted.\n"
        would = "Would change:\n  - /disk_cl_stage version 1\n  - /disk version 1\n"
        self.prints(expected + would + DRY_RUN, "app", "delete", "--dry-run", "/disk")
        self.prints(expected, "app", "delete", "--yes", "/disk")
        self.assertEqual(self.apps(), [])

    def test_asks_at_a_terminal(self):
        """The apps are shown and a yes is wanted; anything else deletes nothing, status 1."""
        self.create()
        self.terminal = True
        for typed in ("n\n", "\n", ""):
            result = self.run_cli("app", "delete", "/disk", typed=typed)
            self.assertTrue(result.stderr.startswith("  /disk\nDelete 1 app(s), with "))
            self.assertEqual((result.stdout, result.exit_code), ("", 1))
        self.assertEqual(len(self.apps()), 1)
        result = self.run_cli("app", "delete", "/disk", typed="y\n")
        self.assertEqual(result.stdout, f"Deleting /disk - {PROD}\n1 app(s) deleted.\n")
        self.assertEqual((self.apps(), result.exit_code), ([], 0))

    def test_wants_the_word_for_all(self):
        """All apps go only if that is typed out; a yes by habit is not enough."""
        self.create()
        self.terminal = True
        for glob in ("all", "*:**"):
            result = self.run_cli("app", "delete", glob, typed="y\n")
            self.assertIn('Type "all" to go on: ', result.stderr)
            self.assertTrue(result.stderr.endswith("error: nothing was deleted\n"))
            self.assertEqual((len(self.apps()), result.exit_code), (1, 1))
        result = self.run_cli("app", "delete", "all", typed="all\n")
        self.assertEqual((self.apps(), result.exit_code), ([], 0))

    def test_asks_only_where_there_is_a_reason(self):
        """A dry run, ``--yes`` and a glob of no apps ask nothing."""
        self.create()
        self.terminal = True
        dry = self.run_cli("app", "delete", "--dry-run", "all")
        self.assertEqual((dry.stderr, dry.exit_code, len(self.apps())), ("", 0, 1))
        none = self.run_cli("app", "delete", "/none/**")
        self.assertEqual((none.stdout, none.exit_code), ("0 app(s) deleted.\n", 0))
        self.assertNotIn("Delete", none.stderr)
        self.prints(f"Deleting /disk - {PROD}\n1 app(s) deleted.\n", "app", "delete", "-y", "all")

    def test_tells_scripts_that_it_did_not_ask(self):
        """Without a terminal it deletes as in 2025, and a line on stderr says what was left out."""
        self.create()
        result = self.run_cli("app", "delete", "all")
        self.assertEqual(result.stdout, f"Deleting /disk - {PROD}\n1 app(s) deleted.\n")
        self.assertTrue(result.stderr.startswith("not asked: standard input is not a terminal"))
        self.assertEqual(self.apps(), [])

    def test_wants_a_glob(self):
        """Deleting all apps has to be said."""
        result = self.run_cli("app", "delete")
        self.assertIn("error: Missing argument 'GLOB'.", result.stderr)
        self.assertEqual(result.exit_code, 2)
