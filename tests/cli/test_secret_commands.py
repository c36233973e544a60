"""Tests for ``clace.cli.secret_commands``."""

import json
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.secrets import SecretCreated
from clace.cli import reports
from tests.support.command_line import CommandLineCase

READING = "Reading secret value from stdin...\n"


class SecretTests(CommandLineCase, SynchronousTestCase):
    def create(self, *arguments, name="a", typed=None):
        result = self.run_cli("secret", "create", "--name", name, *arguments, typed=typed)
        self.assertEqual(result.exit_code, 0, result.stderr)
        return result

    def revealed(self, name="a"):
        result = self.run_cli("secret", "show", "--reveal", name)
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        return result.stdout_bytes

    def file(self, content):
        path = Path(self.mktemp()).absolute()
        path.write_bytes(content)
        return path

    def test_creates(self):
        """It says how the secret is named, and what the permission of an app needs for it."""
        self.prints(
            'Secret created: a\nUse in app params/config as: {{secret_from "db" "a"}}\n'
            'A permission that may use it has: secrets = [["from:db", "a"]]\n',
            *("secret", "create", "-n", "a", "-v", "hunter2", "-d", "mine"),
        )
        self.assertEqual(self.revealed(), b"hunter2")

    def test_creates_by_prefix(self):
        """Without a name there is one made of the prefix."""
        result = self.run_cli("secret", "create", "--value", "1", "db")
        self.assertIn("Secret created: db_", result.stdout)

    def test_updates(self):
        """What exists is replaced only if that is meant."""
        self.create("--value", "1")
        self.fails(
            "error: secret a already exists, use the update option to overwrite\n",
            *("secret", "create", "--name", "a", "--value", "2"),
        )
        result = self.create("--value", "2", "--update")
        self.assertEqual(result.stdout.splitlines()[0], "Secret updated: a")
        self.assertEqual(self.revealed(), b"2")

    def test_from_stdin(self):
        """Typed or piped, with its last line break cut off, which few mean."""
        for typed, value in [("hunter2\n", b"hunter2"), ("a\n\n", b"a\n"), (b"\xff\n", b"\xff\n")]:
            result = self.create("--update", typed=typed)
            self.assertEqual(result.stderr, READING)
            self.assertEqual(self.revealed(), value)

    def test_from_a_file(self):
        """A file is taken as it is, text or not, and it is known which one it was."""
        for content in (b"text\n", b"\x00\xff"):
            path = self.file(content)
            self.create("--update", "--file", str(path))
            self.assertEqual(self.revealed(), content)
            shown = json.loads(self.run_cli("secret", "show", "a").stdout)
            self.assertEqual(shown["source_file"], str(path))

    def test_refuses(self):
        """Two values, a file that is not there, and no value at all are told."""
        result = self.run_cli("secret", "create", "--value", "1", "--file", "x")
        self.assertIn("cannot specify both --value and --file", result.stderr)
        self.fails(
            "error: cannot read /none: No such file or directory\n",
            *("secret", "create", "--file", "/none"),
        )
        self.fails(
            f"{READING}error: the value of a secret cannot be empty\n",
            *("secret", "create"),
            typed="",
        )

    def test_shows(self):
        """What is known of a secret is JSON, without its value."""
        self.create("--value", "hunter2", "--description", "mine")
        shown = json.loads(self.run_cli("secret", "show", "a").stdout)
        self.assertEqual(
            {**shown, "update_time": ""},
            {
                "name": "a",
                "key_id": "memory",
                "created_by": "admin",
                "create_time": "2026-11-23T00:00:00Z",
                "update_time": "",
                "description": "mine",
                "source_file": "",
            },
        )
        self.fails("error: secret x: there is no such secret\n", "secret", "show", "x")

    def test_lists(self):
        """Names and what they are for; GLOB chooses by name."""
        self.create("--value", "1", "--description", "mine", name="app_a")
        self.create("--value", "1", name="b")
        head = f"{'Name':<40} Description\n"
        self.prints(f"{head}{'app_a':<40} mine\nb\n", "secret", "list")
        self.prints(f"{head}b\n", "secret", "list", "[!a]*")
        result = self.run_cli("secret", "list", "typo")
        self.assertEqual(
            (result.stderr, result.exit_code), ("warning: no secret matches typo\n", 0)
        )
        self.fails(
            'error: invalid format "x": valid options are table, basic, csv, json, jsonl,'
            " jsonl_pretty\nrun 'clace secret list --help' for usage\n",
            *("secret", "list", "--format", "x"),
            status=2,
        )

    def test_deletes(self):
        """A deleted secret is gone."""
        self.create("--value", "1")
        self.prints("Secret deleted: a\n", "secret", "delete", "--yes", "a")
        told = "error: secret a: there is no such secret\n"
        self.fails(told, "secret", "delete", "--yes", "a")

    def test_asks_before_it_deletes(self):
        """At a terminal a yes is wanted; a script is told that nobody was asked."""
        self.create("--value", "1")
        self.terminal = True
        result = self.run_cli("secret", "delete", "a", typed="n\n")
        self.assertIn("Delete the secret a?", result.stderr)
        self.assertEqual((result.stdout, result.exit_code), ("", 1))
        self.assertEqual(self.revealed(), b"1")
        self.terminal = False
        result = self.run_cli("secret", "delete", "a")
        self.assertEqual((result.stdout, result.exit_code), ("Secret deleted: a\n", 0))
        self.assertTrue(result.stderr.startswith("not asked: "))

    def test_entry_of_the_default_provider(self):
        """A secret that is named without its provider has an entry without one."""
        result = SecretCreated("a", "db", '{{secret "a"}}', updated=True)
        told = list(reports.secret_created(result))
        self.assertEqual(told[-1], 'A permission that may use it has: secrets = [["a"]]')
        self.assertEqual(told[0], "Secret updated: a")

    def test_rekeys(self):
        """It says how many were sealed anew."""
        self.create("--value", "1")
        self.prints("Secrets re-encrypted: 0 rekeyed, 1 skipped\n", "secret", "rekey")

    def test_other_providers(self):
        """Only the provider that can be written is managed here."""
        for command in (("list",), ("show", "a"), ("delete", "-y", "a"), ("rekey",)):
            self.fails(
                "error: secret provider env is not managed here, only db is\n",
                *("secret", *command, "--provider", "env"),
            )
