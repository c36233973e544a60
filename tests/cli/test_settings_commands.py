"""``clace app update-settings`` and ``update-metadata``, ``clace param``."""

from __future__ import annotations

import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.entries import toml_text
from clace.model.app import Demands
from tests.cli.test_app_commands import DRY_RUN, PROD, STAGING, AppCase
from tests.operations.house import House, app_star
from tests.support.command_line import CommandLineCase


class UpdateCase(AppCase):
    def setUp(self):
        super().setUp()
        self.create()

    def told(self, *arguments):
        result = self.run_cli(*arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout


class CreateTests(AppCase):
    def setUp(self):
        super().setUp()
        self.administration.params = ("a", "b")

    def test_values(self):
        """Params and settings come with the creation; what is said with --conf-str is quoted."""
        self.create(
            "/disk",
            *("--param", "a=1=2", "-p", "b=", "-p", "a=3"),
            *("--conf", "cors.max_age=5", "--conf-str", 'cors.allow_origin=a"b'),
            *("--app-config", "audit.redact_url=true"),
        )
        (app,) = self.apps()
        self.assertEqual(app["metadata"]["param_values"], {"a": "3", "b": ""})
        self.assertEqual(
            app["metadata"]["appconfig"],
            {
                "cors.max_age": "5",
                "audit.redact_url": "true",
                "cors.allow_origin": '"a\\"b"',
            },
        )

    def test_no_values(self):
        """What has no equals sign, or no name, is refused before the server is asked."""
        for flag, text, told in (
            ("--param", "a", "invalid param format: a; expected NAME=VALUE"),
            ("--param", "=a", "invalid param format: =a; expected NAME=VALUE"),
            ("--conf", "a", "invalid app config format: a; expected NAME=VALUE"),
            ("--conf-str", "a", "invalid app config format: a; expected NAME=VALUE"),
        ):
            result = self.run_cli("app", "create", flag, text, str(self.source), "/x")
            self.assertTrue(result.stderr.startswith(f"error: {told}\n"), result.stderr)
            self.assertEqual(result.exit_code, 2)
        self.assertEqual(self.targets, [])


class ParamTests(UpdateCase):
    def test_update(self):
        """Each app that was updated is told, and how many."""
        self.assertEqual(
            self.told("param", "update", "size", "5", "all"),
            "Updated app /disk_cl_stage\n1 app(s) updated, 0 app(s) promoted.\n",
        )
        self.assertEqual(
            self.told("param", "update", "--promote", "size", "6", "all"),
            "Updated app /disk_cl_stage\nPromoted apps: /disk\n"
            "1 app(s) updated, 1 app(s) promoted.\n",
        )
        dry = self.told("param", "update", "--dry-run", "size", "-", "all")
        self.assertTrue(dry.endswith(DRY_RUN))

    def test_list(self):
        """The values of one app are listed by name, or that there are none."""
        self.told("param", "update", "size", "5", "all")
        self.told("param", "update", "color", "red", "all")
        self.assertEqual(
            self.told("param", "list", "/disk"),
            f"No param values for app /disk : {PROD}\n"
            "Its params and their defaults: clace app show /disk\n",
        )
        self.assertEqual(
            self.told("param", "list", "/disk_cl_stage"),
            f"Param values for app /disk_cl_stage : {STAGING}\n  color: red\n  size: 5\n",
        )


class MetadataTests(UpdateCase):
    def test_conf(self):
        """Settings are set and removed; the command has a second name."""
        self.assertEqual(
            self.told("app", "update-metadata", "conf", "sandbox.max_waiting=2", "/disk"),
            "Updated /disk_cl_stage\n1 app(s) updated, 0 app(s) promoted.\n",
        )
        self.assertEqual(
            self.told(
                "app", "update-metadata", "app-config", "-p", "sandbox.max_waiting=-", "/disk"
            ),
            "Updated /disk_cl_stage\nPromoted apps: /disk\n1 app(s) updated, 1 app(s) promoted.\n",
        )
        dry = self.told(
            "app", "update_metadata", "conf", "--dry-run", "sandbox.max_waiting=3", "all"
        )
        self.assertTrue(dry.endswith(DRY_RUN))

    def test_refused(self):
        """What is no setting is refused, by the command or by the server."""
        for entry, told, status in (
            ("sandbox", "invalid app config format: sandbox; expected NAME=VALUE", 2),
            ("a=1", "app config a: no such key", 1),
        ):
            result = self.run_cli("app", "update-metadata", "conf", entry, "all")
            self.assertTrue(result.stderr.startswith(f"error: {told}\n"), result.stderr)
            self.assertEqual(result.exit_code, status)


class SettingsTests(UpdateCase):
    def settings(self):
        return self.apps()[0]["settings"]

    def test_each(self):
        """Every setting can be changed; the app and its twin are told."""
        for name, value, key, after in (
            ("stage-write-access", "false", "stage_write_access", False),
            ("stage-write-access", "T", "stage_write_access", True),
            ("preview-write-access", "0", "preview_write_access", False),
            ("auth", "none", "authn_type", "none"),
            ("git-auth", "ours", "git_auth_name", "ours"),
            ("git-auth", "-", "git_auth_name", ""),
        ):
            self.assertEqual(
                self.told("app", "update-settings", name, value, "all"),
                "Updating /disk\nUpdating /disk_cl_stage\n2 app(s) updated.\n",
            )
            self.assertEqual(self.settings()[key], after)

    def test_dry(self):
        """A dry run changes nothing."""
        dry = self.told("app", "update-settings", "auth", "--dry-run", "none", "all")
        self.assertTrue(dry.endswith(DRY_RUN))
        self.assertEqual(self.settings()["authn_type"], "default")

    def test_refused(self):
        """A value that the setting does not take is an error."""
        result = self.run_cli("app", "update-settings", "stage-write-access", "maybe", "all")
        self.assertIn('expected "true" or "false", not "maybe"', result.stderr)
        self.assertEqual(result.exit_code, 2)


class TomlTextTests(SynchronousTestCase):
    @given(st.text())
    def test_any(self, text):
        """Every text reads back as itself."""
        self.assertEqual(tomllib.loads(f"a = {toml_text(text)}")["a"], text)


class LoginTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        house = House()
        self.administration = house.administration
        house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        self.successResultOf(house.create("/disk", "/src"))

    def settings(self):
        return json.loads(self.run_cli("app", "list", "--format", "json").stdout)[0]["settings"]

    def test_staged(self):
        """Who may use an app and its login for git are staged; the names of 2026 do the same."""
        done = "Updated /disk_cl_stage\n1 app(s) updated, 0 app(s) promoted.\n"
        for name, value in (("auth", "none"), ("git-auth", "ours")):
            self.prints(done, "app", "update", name, value, "/disk")
        self.assertEqual(self.settings()["authn_type"], "default")
        result = self.run_cli("app", "update-metadata", "auth", "--promote", "system", "/disk")
        self.assertIn("Promoted apps: /disk\n", result.stdout)
        settings = self.settings()
        self.assertEqual((settings["authn_type"], settings["git_auth_name"]), ("system", "ours"))
        result = self.run_cli("app", "settings", "stage-write-access", "false", "/disk")
        self.assertIn("Updating /disk\n", result.stdout)
