"""``--format``: every command prints the values that the server answered."""

from __future__ import annotations

import json

import click

from clace.cli.main import clace
from tests.cli.test_app_commands import PROD, RUNS, STAGING, AppCase

SILENT = {
    *("completion", "server start", "server stop", "password", "config default"),
    *("version cat", "app exec", "app logs", "export", "fmt", "pretty-print"),
}


def leaves(group, context, path=()):
    """The commands below a group, each under its whole name."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, context, (*path, name))
        else:
            yield " ".join((*path, name)), command


class ResultFormatTests(AppCase):
    def json(self, *arguments, form="json"):
        result = self.run_cli(*arguments, "--format", form)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return json.loads(result.stdout)

    def test_every_command_has_it(self):
        """Each command that prints a result takes ``--format json``."""
        for name, command in leaves(clace, click.Context(clace)):
            options = {name for option in command.params for name in option.opts}
            self.assertEqual("--format" in options, name not in SILENT, name)

    def test_created(self):
        """A creation is the API's answer: address, URLs, and what it asks for."""
        self.demand(RUNS)
        made = self.json("app", "create", "--dry-run", str(self.source), "/disk")
        self.assertEqual((made["dry_run"], made["http_url"]), (True, "http://localhost:25222/disk"))
        self.assertEqual(made["app_path_domain"], {"Path": "/disk", "Domain": ""})
        self.assertEqual(made["approve_results"][0]["new_loads"], ["exec.in"])

    def test_changed(self):
        """So are reloads, approvals, promotions, updates and deletions; the notice of a dry run is
        a value in them, not a line behind.
        """
        self.create()
        stage = {"Path": "/disk_cl_stage", "Domain": ""}
        self.assertEqual(self.json("app", "reload", "/disk")["reload_results"], [stage])
        approved = self.json("app", "approve", "/disk")
        self.assertEqual(approved["staged_update_results"][0]["needs_approval"], False)
        promoted = self.json("app", "promote", "--dry-run", "/disk")
        self.assertEqual((promoted["dry_run"], len(promoted["promote_results"])), (True, 1))
        updated = self.json("app", "update-settings", "auth", "none", "/disk")
        self.assertEqual(updated["update_results"][1], stage)
        conf = ("app", "update-metadata", "conf", "sandbox.max_waiting=2", "/disk")
        self.assertEqual(self.json(*conf)["staged_update_results"], [stage])
        self.assertEqual(self.json("app", "delete", "-y", "/disk")["app_info"][0]["Id"], PROD)

    def test_on_one_line(self):
        """``jsonl`` is one line, for logs and loops; ``jsonl_pretty`` is for people."""
        for form, lines in (("jsonl", 1), ("jsonl_pretty", 9)):
            result = self.run_cli("server", "status", "--format", form)
            self.assertEqual(len(result.stdout.splitlines()), lines)
            self.assertEqual(json.loads(result.stdout)["status"], "ok")

    def test_status(self):
        """The status has the process, the version and the counts of limits."""
        status = self.json("server", "status")
        self.assertEqual(set(status), {"status", "pid", "version", "limits"})

    def test_version(self):
        """The version and the build, by name."""
        found = self.json("version")
        self.prints(f"Clace version {found['version']} build {found['build']}\n", "version")

    def test_params(self):
        """Params are rows of a name and a value, in every format of lists."""
        self.administration.params = ("a", "b")
        self.create("/disk", "--param", "b=2", "--param", 'a="1"')
        rows = [{"name": "a", "value": '"1"'}, {"name": "b", "value": "2"}]
        self.assertEqual(self.json("param", "list", "/disk"), rows)
        self.prints('a,"""1"""\nb,2\n', "param", "list", "/disk", "--format", "csv")
        table = f'{"Name":<30} Value\n{"a":<30} "1"\n{"b":<30} 2\n'
        self.prints(table, "param", "list", "/disk", "-f", "table")
        self.write_config('[client]\ndefault_format = "csv"\n')
        self.prints('a,"""1"""\nb,2\n', "param", "list", "/disk")
        updated = self.json("param", "update", "a", "3", "/disk")
        self.assertEqual(updated["staged_update_results"][0]["Path"], "/disk_cl_stage")

    def test_accounts(self):
        """Links of accounts are the API's objects, one a line in ``jsonl``."""
        self.create()
        self.json("account", "link", "http.in", "work", "/disk")
        link = {"plugin": "http.in", "account_name": "work"}
        self.assertEqual(self.json("account", "list", "/disk_cl_stage", form="jsonl"), link)
        self.assertEqual(self.json("account", "list", "/disk"), [])
        self.prints(
            f"Account links for app /disk_cl_stage : {STAGING}\n  http.in: work\n",
            *("account", "list", "/disk_cl_stage"),
        )

    def test_secrets(self):
        """A secret that was stored, shown, deleted; its value only where that was asked for."""
        made = self.json("secret", "create", "--name", "a", "--value", "hunter2")
        self.assertEqual(made["secret_ref"], '{{secret_from "db" "a"}}')
        self.assertNotIn("value", self.json("secret", "show", "a"))
        self.assertEqual(self.json("secret", "show", "--reveal", "a")["value"], "hunter2")
        self.assertEqual(self.json("secret", "rekey"), {"rekeyed": 0, "skipped": 1})
        self.assertEqual(self.json("secret", "delete", "-y", "a"), {"name": "a"})

    def test_refuses_other_formats(self):
        """A format that the command has not is told with those it has, and status 2."""
        for name, known in (
            (("server", "status"), "basic, json, jsonl, jsonl_pretty"),
            (("doctor",), "table, json"),
            (("config", "show"), "text, json"),
        ):
            result = self.run_cli(*name, "--format", "csv")
            told = f'error: invalid format "csv": valid options are {known}\n'
            self.assertTrue(result.stderr.startswith(told), result.stderr)
            self.assertEqual(result.exit_code, 2)
        self.assertEqual(self.targets, [])
