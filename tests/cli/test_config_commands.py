import json
import os
import stat
import tomllib
from pathlib import Path
from types import SimpleNamespace

from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.config_commands import config
from clace.cli.main import plugin_problems
from clace.config.shipped import shipped_text


class ConfigCommandTests(SynchronousTestCase):
    def setUp(self):
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir()
        self.file = self.home / "clace.toml"

    def run_command(self, *arguments, config_file=None, **environ):
        outside = SimpleNamespace(
            environ={"CL_HOME": str(self.home)} | environ,
            config_file=config_file,
            program=None,
            plugin_problems=plugin_problems,
        )
        return CliRunner().invoke(config, arguments, obj=outside)

    def test_check_good(self):
        """A file that is right is said to be, with its notices on stderr."""
        self.file.write_text("profile_mode = 'cpu'\n")
        result = self.run_command("check")
        self.assertEqual((result.exit_code, result.stdout), (0, f"{self.file}: ok\n"))
        self.assertTrue(result.stderr.startswith(f"warning: {self.file}: profile_mode: known"))

    def test_check_exposed(self):
        """A hash that others can read is warned of; the file can be used all the same."""
        hashed = "$2b$04$" + "a" * 53
        self.file.write_text(f'[security]\nadmin_password_bcrypt = "{hashed}"\n')
        told = f"warning: {self.file}: [security] admin_password_bcrypt: a secret in a file"
        for mode, warned in ((0o600, False), (0o644, True)):
            self.file.chmod(mode)
            result = self.run_command("check")
            self.assertEqual((result.exit_code, result.stdout), (0, f"{self.file}: ok\n"))
            self.assertEqual(result.stderr.startswith(told), warned, result.stderr)

    def test_check_bad(self):
        """Every problem is a line on stderr, and the command fails."""
        self.file.write_text("[http]\nport = 'x'\nprot = 1\n")
        result = self.run_command("check", str(self.file))
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        self.assertEqual(len(result.stderr.splitlines()), 2)

    def test_check_files(self):
        """A certificate or key that is missing, or no file, is a problem, each with its place."""
        there = self.home / "there.pem"
        there.touch()
        self.file.write_text(
            f"""
            [client]
            ca_file = "/nowhere/server.pem"
            [python]
            ca_file = "/nowhere/index.pem"
            [system]
            git_config = "/nowhere/gitconfig"
            [client_auth.cert_staff]
            ca_cert_file = "{there}"
            crl_file = "/nowhere/crl.pem"
            [secret.prop]
            file_name = "{self.home}"
            [[listen]]
            endpoint = "ssl:443:privateKey={there}:certKey=/nowhere/a.crt"
            serve = "apps"
            """
        )
        result = self.run_command("check")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        missing = "No such file or directory"
        for told in (
            f"[client] ca_file: cannot read /nowhere/server.pem: {missing}",
            f"[python] ca_file: cannot read /nowhere/index.pem: {missing}",
            f"[system] git_config: cannot read /nowhere/gitconfig: {missing}",
            f"[client_auth.cert_staff] crl_file: cannot read /nowhere/crl.pem: {missing}",
            f"[secret.prop] file_name: cannot read {self.home}: Is a directory",
            f"[[listen]] #1 endpoint: cannot read /nowhere/a.crt: {missing}",
        ):
            self.assertIn(f"{self.file}: {told}\n", result.stderr)
        self.assertEqual(result.stderr.count("cannot read"), 6)

    def test_check_places(self):
        """So is a program, a socket or a folder that the server could not use; folders that it
        makes may be missing.
        """
        file = self.home / "file"
        file.touch()
        self.file.write_text(
            f"""
            [system]
            container_command = "/nowhere/podman"
            [git_auth.main]
            user_id = "git"
            agent_socket = "{file}"
            [python]
            find_links = ["/nowhere/wheels", "{self.home}", "https://wheels.example.com/"]
            [https]
            cert_location = "{file}/certificates"
            [metadata]
            db_connection = "sqlite:{self.home}"
            audit_db_connection = "sqlite:{self.home}/new/audit.db"
            [plugin."store.in#two"]
            db_connection = "sqlite:{file}/store.db"
            [[listen]]
            endpoint = "unix:{file}/apps.sock"
            serve = "apps"
            [[listen]]
            endpoint = "clace-tls:{file}/tls:haproxy:tcp:8443"
            serve = "apps"
            """
        )
        result = self.run_command("check")
        self.assertEqual((result.exit_code, result.stdout), (1, ""))
        told = (
            "[system] container_command: there is no program /nowhere/podman",
            f"[git_auth.main] agent_socket: there is no socket {file}",
            "[python] find_links: there is no folder /nowhere/wheels",
            f"[https] cert_location: {file}/certificates cannot be made: {file} is no folder",
            f'[plugin."store.in#two"] db_connection: {file} is no folder',
            f"[[listen]] #1 endpoint: {file} is no folder",
            f"[[listen]] #2 endpoint: {file}/tls cannot be made: {file} is no folder",
            f"[metadata] db_connection: {self.home} is a folder, and no database",
        )
        self.assertEqual(result.stderr, "".join(f"{self.file}: {each}\n" for each in told))

    def test_check_programs(self):
        """A program is looked for in the folders of PATH; "auto" and no engine are no problem."""
        for command, status in (("env", 0), ("auto", 0), ("", 0), ("no-such-engine", 1)):
            self.file.write_text(f'[system]\ncontainer_command = "{command}"\n')
            self.assertEqual(self.run_command("check").exit_code, status)

    def test_check_plugins(self):
        """A plugin of a package that is not installed is a problem, as it is at the start."""
        self.file.write_text('[plugins]\nenabled = ["missing.in"]\n')
        result = self.run_command("check")
        self.assertEqual(result.exit_code, 1)
        told = "[plugins] enabled: no installed package has a plugin missing.in"
        self.assertEqual(result.stderr, f"{self.file}: {told}\n")

    def test_check_allowed_folders(self):
        """Folders that apps may use are warned of if they are named and missing."""
        self.file.write_text(
            f"""
            [security]
            allowed_mounts = ["/nowhere/mounts", "{self.home}"]
            [app_config]
            fs.file_access = ["/nowhere/reports"]
            """
        )
        result = self.run_command("check")
        self.assertEqual(result.exit_code, 0)
        for told in (
            "[security] allowed_mounts: there is no folder /nowhere/mounts",
            "[app_config] fs.file_access: there is no folder /nowhere/reports",
        ):
            self.assertIn(f"warning: {self.file}: {told}\n", result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 2)

    def test_check_json(self):
        """The same for scripts: problems and warnings by name, and the same status."""
        self.file.write_text("profile_mode = 'cpu'\n")
        result = self.run_command("check", "--format", "json")
        found = json.loads(result.stdout)
        self.assertEqual(
            (found["file"], found["ok"], found["problems"]), (str(self.file), True, [])
        )
        self.assertEqual(len(found["warnings"]), 1)
        self.file.write_text("[http]\nport = 'x'\nprot = 1\n")
        result = self.run_command("check", "--format", "json")
        self.assertEqual(len(json.loads(result.stdout)["problems"]), 2)
        self.assertEqual((result.exit_code, result.stderr), (1, ""))

    def test_check_missing(self):
        """A file that is named and not there is no success."""
        result = self.run_command("check", "/no/clace.toml")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(
            result.stderr, "/no/clace.toml: cannot be read: No such file or directory\n"
        )

    def test_check_uses_root_option(self):
        """Without an argument the root command's --config-file is checked."""
        self.file.write_text("x = 1")
        result = self.run_command("check", config_file=str(self.file), CL_HOME="")
        self.assertIn(f"{self.file}: x: no such key", result.stderr)

    def test_check_without_file(self):
        """A home without a file is checked as the defaults that hold there."""
        result = self.run_command("check")
        self.assertEqual((result.exit_code, result.stdout), (0, "defaults: ok\n"))

    def test_show_text(self):
        """Shown values read as TOML, each with its origin, secrets hidden."""
        self.file.write_text(
            "client.admin_password = 'hunter2'\n[node_config]\nx = {a = [1]}\n"
            "[[listen]]\nendpoint = 'tcp:1'\n[[listen]]\nendpoint = 'tcp:2'\n"
        )
        result = self.run_command("show", CL_HTTP_PORT="7")
        self.assertEqual(result.exit_code, 0, result.stderr)
        self.assertIn("port = 7  # CL_HTTP_PORT\n", result.stdout)
        self.assertIn(f'admin_password = "<redacted>"  # {self.file}\n', result.stdout)
        self.assertNotIn("hunter2", result.stdout)
        values = tomllib.loads(result.stdout.replace("x = {", "y = 1 #"))
        self.assertEqual([each["endpoint"] for each in values["listen"]], ["tcp:1", "tcp:2"])

    def test_show_json(self):
        """The same as JSON, with dotted keys."""
        result = self.run_command("show", "--format", "json")
        rows = {row["key"]: row for row in json.loads(result.stdout)}
        self.assertEqual(
            rows["https.port"], {"key": "https.port", "value": 25223, "origin": "default"}
        )

    def test_init(self):
        """A file that is not there is written: every key documented, closed to others."""
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        result = self.run_command("init")
        self.assertEqual((result.exit_code, result.stdout), (0, f"Wrote {self.file}\n"))
        self.assertEqual(self.file.read_text(), shipped_text())
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual([each.name for each in self.home.iterdir()], ["clace.toml"])
        self.assertEqual(self.run_command("check").stdout, f"{self.file}: ok\n")

    def test_init_keeps_what_is_there(self):
        """A file, or a link to nowhere, in its place stays, and the command fails with a hint."""
        self.file.write_text("# mine\n")
        result = self.run_command("init")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("there is a file already", str(result.exception))
        self.assertEqual(self.file.read_text(), "# mine\n")
        self.file.unlink()
        self.file.symlink_to("nowhere")
        self.assertEqual(self.run_command("init").exit_code, 1)
        self.assertFalse((self.home / "nowhere").exists())

    def test_init_elsewhere(self):
        """The file can be named, by argument, root option or variable; its folder has to exist."""
        other = self.home / "other.toml"
        self.assertEqual(self.run_command("init", str(other)).stdout, f"Wrote {other}\n")
        third = self.home / "third.toml"
        made = self.run_command("init", "--format", "json", CL_CONFIG_FILE=str(third))
        self.assertEqual(json.loads(made.stdout), {"file": str(third)})
        result = self.run_command("init", str(self.home / "no" / "clace.toml"))
        self.assertIn("cannot be written: No such file or directory", str(result.exception))

    def test_default(self):
        """The shipped file is printed as it is."""
        self.assertEqual(self.run_command("default").stdout, shipped_text())
