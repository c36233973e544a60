from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config import Config, Location, load
from clace.errors import ConfigError
from tests.config.support import HOME, LoadCase


class FileTests(LoadCase):
    def test_unreadable(self):
        """A file that is missing, a folder, too large or no TOML is refused by name."""
        folder = Path(self.mktemp())
        folder.mkdir()
        for file, reason in (
            (folder, "Is a directory"),
            (Path("/no/file"), "No such file"),
            (Path("a\0b"), "null byte"),
        ):
            error = self.assertRaises(ConfigError, load, Location(HOME, file), {})
            self.assertTrue(error.message.startswith(f"{file}: cannot be read: "), error.message)
            self.assertIn(reason, error.message)
        for text, reason in (
            (b"a = 1\nb = \xff", "expected UTF-8, which line 2 is not"),
            ("a = ", "not TOML: "),
            ("a = " + "[" * 5000, "not TOML: "),
            ("#" * 1_048_577, "at most"),
            ("a = " + "9" * 5000, "not TOML: "),
        ):
            self.assertIn(reason, self.problems(text)[0])

    def test_byte_order_mark(self):
        """A file that an editor began with a byte order mark is read."""
        file = Path(self.mktemp())
        file.write_bytes(b"\xef\xbb\xbfhttp.port = 8123")
        self.assertEqual(load(Location(HOME, file), {}).http.port, 8123)

    def test_too_deep(self):
        """Tables in tables without end are refused, wherever they stand."""
        for key in ("node_config", "app_config.container", "x", "http.port"):
            deep = ".".join([key, *["a"] * 3000])
            self.assertEqual(
                self.problems(f"{deep} = 1"), ["expected at most 32 tables in one another"]
            )

    def test_together(self):
        """Values that are right alone and wrong together are refused."""
        self.assertEqual(
            self.problems(
                'http.redirect_to_https = true\nhttps.port = -1\nsecurity.default_git_auth = "x"'
            ),
            [
                "[security] default_git_auth: there is no section [git_auth.x]",
                "[http] redirect_to_https: expected HTTPS to be on, its port is -1",
            ],
        )

    def test_one_way_over_ssh(self):
        """An entry for git has a key's file, a key or an agent; a key may have several lines."""
        two = "[git_auth.a]\nkey_file_path = '/k'\nprivate_key = 'k'\nagent_socket = '/a'"
        only = "there is key_file_path already, and only one of them"
        self.assertEqual(
            self.problems(two),
            [f"[git_auth.a] private_key: {only}", f"[git_auth.a] agent_socket: {only}"],
        )
        self.load("git_auth.a.private_key = '''\nPEM\nx\n'''")

    def test_no_password_for_an_agent(self):
        """The password of an entry with an agent would open nothing, and is refused."""
        self.assertEqual(
            self.problems("[git_auth.a]\nagent_socket = '/a'\npassword = 'p'"),
            ["[git_auth.a] password: an agent opens its keys itself, and needs none"],
        )

    def test_users_apart(self):
        """Programs of apps never get the number of a host's user."""
        self.assertEqual(
            self.problems("sandbox.program_uid_base = 2099999999\nsandbox.program_uid_count = 2"),
            [
                (
                    "[sandbox] program_uid_base: its users 2099999999 to 2100000000 are also those "
                    "of hosts; the nearest that are apart begin at 2100010000"
                )
            ],
        )
        self.assertEqual(self.warnings("sandbox.program_uid_base = 2100010000"), [])
        self.assertEqual(self.warnings("sandbox.program_uid_base = 1\nsandbox.uid_count = 0"), [])

    def test_no_file(self):
        """A home without a file is told, not refused."""
        self.assertEqual(
            load(Location(HOME), {}).warnings,
            ("/h: no clace.toml here, every key has its default",),
        )

    def test_exposed_secrets(self):
        """A plain secret in a file that others can read is told, without the secret."""
        text = "client.admin_password = 'hunter2'\ngit_auth.a.password = 'hunter2'\n"
        self.assertEqual(self.warnings(text), [])
        found = self.warnings(text, mode=0o640)
        self.assertEqual(
            [line.split(": ")[0] for line in found],
            ["[client] admin_password", "[git_auth.a] password"],
        )
        self.assertNotIn("hunter2", str(found))

    def test_exposed_hash(self):
        """A password's hash is a secret, for others could guess at it at their leisure."""
        hashed = "$2b$04$" + "a" * 53
        text = f'security.admin_password_bcrypt = "{hashed}"\n'
        self.assertEqual(self.warnings(text, mode=0o600), [])
        for mode in (0o644, 0o640, 0o604):
            (found,) = self.warnings(text, mode=mode)
            self.assertIn("[security] admin_password_bcrypt: a secret in a file", found)
            self.assertNotIn(hashed, found)

    def test_exposed_in_other_keys(self):
        """Databases with a password and free keys whose names tell are secrets as well."""
        text = (
            "[node_config]\napi_token = 'hunter2'\nreports = '/r'\n"
            "[plugin.'store.in']\ndb_connection = 'postgresql://me:hunter2@h/d'\n"
            "[plugin.'store.in#two']\ndb_connection = 'postgresql://me@h/d'\n"
        )
        self.assertEqual(self.warnings(text), [])
        found = self.warnings(text, mode=0o644)
        self.assertEqual(
            {line.split(": ")[0] for line in found},
            {"[node_config] api_token", '[plugin."store.in"] db_connection'},
        )
        self.assertNotIn("hunter2", str(found))

    def test_exposed_files(self):
        """Files of secrets and keys of git logins that the settings name are looked at too."""
        file = Path(self.mktemp()).absolute()
        file.write_text("a = 1")
        text = f"[secret.prop]\nfile_name = '{file}'\n[git_auth.a]\nkey_file_path = '{file}'\n"
        file.chmod(0o600)
        self.assertEqual(self.warnings(text), [])
        file.chmod(0o644)
        self.assertEqual(
            self.warnings(text),
            [
                f"[secret.prop] file_name: others can read {file}; chmod 600 it",
                f"[git_auth.a] key_file_path: others can read {file}; chmod 600 it",
            ],
        )

    def test_secret_from_elsewhere(self):
        """A password from the environment does not make the file's mode a matter."""
        self.assertEqual(self.warnings("", {"CL_ADMIN_PASSWORD": "x"}, mode=0o644), [])


class TotalityTests(SynchronousTestCase):
    def attempt(self, text):
        file = Path("total.toml").absolute()
        file.write_bytes(text)
        try:
            config = load(Location(HOME, file), {})
        except ConfigError as error:
            self.assertTrue(all(line.startswith(f"{file}: ") for line in error.message.split("\n")))
        else:
            self.assertIsInstance(config, Config)

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, content):
        """Any file loads or is refused as a ConfigError that names it, line by line."""
        self.attempt(content)
