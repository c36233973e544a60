"""What shells are told of unfinished command lines."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.completing import app_paths
from clace.cli.completion_command import ColonBashComplete
from clace.cli.main import clace
from clace.errors import ServerUnreachable
from tests.cli.test_app_commands import AppCase
from tests.support.administration_contract import Refusing

FORMATS = ["plain,json", "plain,jsonl", "plain,jsonl_pretty"]
BREAKS = "\"'><=;|&(:"


class CompletionTests(AppCase):
    def completed(self, line, breaks=BREAKS):
        """What bash is told of a line with the cursor at its end."""
        env = {
            "_CLACE_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": "1",
            "COMP_WORDBREAKS": breaks,
        }
        result = self.run_cli(env=env)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout.split()

    def test_commands_and_options(self):
        """Commands at every level and options are completed as click knows them."""
        self.assertEqual(
            self.completed("clace ap"), ["plain,app", "plain,app-webhook", "plain,apply"]
        )
        self.assertIn("plain,reload", self.completed("clace app "))
        self.assertEqual(self.completed("clace app reload --pro"), ["plain,--promote"])
        self.assertEqual(self.completed("clace app list --format js"), FORMATS)

    def test_app_paths(self):
        """Where an app is meant, those of the server are completed."""
        self.create("/disk")
        self.create("/dash")
        self.create("tools.example.com:/disk")
        for command in (
            "app reload",
            "app show",
            "app delete --yes",
            "param list",
            "app list",
            "app approve",
        ):
            self.assertEqual(self.completed(f"clace {command} /da"), ["plain,/dash"])
        self.assertEqual(len(self.completed("clace app promote ")), 3)
        self.assertEqual(
            self.completed("clace app reload /disk_cl_"),
            ["plain,/disk_cl_stage"],
        )
        self.assertEqual(self.completed("clace app update-settings auth none /da"), ["plain,/dash"])

    def test_domains(self):
        """bash ends a word at a colon and keeps what is before it; else the whole is told."""
        self.create("tools.example.com:/disk")
        line = "clace app reload tools.example.com:/d"
        self.assertEqual(self.completed(line), ["plain,/disk"])
        self.assertEqual(self.completed(line, " "), ["plain,tools.example.com:/disk"])
        self.assertEqual(self.completed("clace app reload to"), ["plain,tools.example.com:/disk"])

    def test_asks_the_server_that_is_named(self):
        """The options of the line, and its configuration file, say which server is asked."""
        self.create()
        self.completed("clace app reload --server-uri https://h -w secret /")
        self.assertEqual((self.targets[-1].uri, self.targets[-1].password), ("https://h", "secret"))
        other = self.home / "other.toml"
        other.write_text('server_uri = "/other"', "utf-8")
        self.completed(f"clace -c {other} app reload /")
        self.assertEqual(self.targets[-1].uri, "/other")

    def test_says_nothing_of_a_server_that_cannot_be_asked(self):
        """A server that is down, or a configuration that is wrong, completes nothing in silence."""
        self.administration = Refusing(ServerUnreachable("no"))
        self.assertEqual(self.completed("clace app reload /"), [])
        self.write_config("[http")
        self.assertEqual(self.completed("clace app reload /"), [])

    def test_leaves_out_what_a_shell_could_run(self):
        """A path with characters that a shell takes for orders is not put on its line."""
        self.create("/a;b")
        self.create("/a$(b)")
        self.assertEqual(self.completed("clace app reload /a"), [])

    def test_files_and_folders(self):
        """Where a file or folder is meant, the shell looks for it."""
        self.assertEqual(self.completed("clace app create ./ex"), ["dir,./ex"])
        self.assertEqual(self.completed("clace secret create --file x"), ["file,x"])
        self.assertEqual(self.completed("clace --config-file /etc/c"), ["file,/etc/c"])

    def test_prints_scripts(self):
        """There is a script for each of three shells, and a refusal for others."""
        for shell in ("bash", "zsh", "fish"):
            result = self.run_cli("completion", shell)
            self.assertEqual((result.stderr, result.exit_code), ("", 0))
            self.assertIn(f"_CLACE_COMPLETE={shell}_complete", result.stdout)
        result = self.run_cli("completion", "tcsh")
        self.assertEqual((result.stdout, result.exit_code), ("", 2))
        self.assertIn("'bash', 'zsh', 'fish'", result.stderr)

    def test_reads_options_of_the_client(self):
        """Every argument that is an app's path or glob of apps is completed."""
        found = set()

        def walk(command, path):
            for name in sorted(getattr(command, "commands", {})) + sorted(
                getattr(command, "_lazy", {})
            ):
                walk(command.get_command(None, name), (*path, name))
            for each in command.params:
                if each.name in {"glob", "path"} and each._custom_shell_complete is app_paths:
                    found.add(" ".join(path))

        walk(clace, ())
        self.assertGreaterEqual(len(found), 14, found)
        self.assertNotIn("app create", found)


class LineTests(SynchronousTestCase):
    @given(st.text(max_size=30))
    def test_any_line(self, line):
        """Any line is read, and nothing typed is lost but quotes and spaces."""
        self.patch(os, "environ", {"COMP_WORDS": "clace " + line, "COMP_CWORD": "1"})
        words, typed = ColonBashComplete(clace, {}, "clace", "X").get_completion_args()
        kept = set("".join(words) + typed)
        self.assertLessEqual(kept, set(line))
