"""``clace password`` prints lines for clace.toml, and the password itself only where it must."""

from __future__ import annotations

import tomllib

import bcrypt
from twisted.trial.unittest import SynchronousTestCase

from clace.config import Location, load
from clace.config.shipped import shipped_text
from tests.support.command_line import CommandLineCase


class PasswordTests(CommandLineCase, SynchronousTestCase):
    def hashed(self, result):
        """The hash in lines that can be appended to a configuration."""
        comment, _, rest = result.stdout.partition("\n")
        self.assertEqual(comment, "# Auto generated password hash, add to clace.toml")
        self.assertTrue(rest.startswith('[security]\nadmin_password_bcrypt = "$2b$10$'), rest)
        return tomllib.loads(result.stdout)["security"]["admin_password_bcrypt"].encode()

    def test_makes_one_up(self):
        """By default, and with ``--random``: the password to stderr, its hash to stdout."""
        for flags in ((), ("--random",)):
            result = self.run_cli("password", *flags)
            label, _, made_up = result.stderr.strip().partition(": ")
            self.assertEqual(label, "Generated password is")
            self.assertEqual(result.stderr, f"Generated password is: {made_up}\n\n")
            self.assertEqual(len(made_up), 16)
            self.assertNotIn(made_up, result.stdout)
            self.assertTrue(bcrypt.checkpw(made_up.encode(), self.hashed(result)))

    def test_takes_a_value(self):
        """A value that is given is hashed, and not repeated."""
        result = self.run_cli("password", "--value", "sésame")
        self.assertEqual(result.stderr, "")
        self.assertTrue(bcrypt.checkpw("sésame".encode(), self.hashed(result)))

    def test_asks_twice(self):
        """The prompts are on stderr, what is typed is shown nowhere, spaces around it go."""
        result = self.run_cli("password", "--prompt", typed=" sesame \nsesame\n")
        self.assertEqual(result.stderr, "Enter password: \nConfirm password: \n")
        self.assertTrue(bcrypt.checkpw(b"sesame", self.hashed(result)))

    def test_refuses_two_that_differ(self):
        """A typing mistake makes no hash."""
        result = self.run_cli("password", "-p", typed="sesame\nseesame\n")
        self.assertTrue(result.stderr.endswith("error: passwords do not match\n"))
        self.assertEqual((result.stdout, result.exit_code), ("", 1))

    def test_input_that_ends(self):
        """An input that ends, as of a script, is no interrupt."""
        for typed in ("", "sesame\n"):
            result = self.run_cli("password", "-p", typed=typed)
            self.assertEqual(result.exit_code, 1)
            told = "error: standard input has ended, and a password was asked for\n"
            self.assertTrue(result.stderr.endswith(told), result.stderr)

    def test_refuses_an_empty_one(self):
        """Nothing is no password, typed or given."""
        self.fails("error: must specify a password value\n", "password", "--value", "")
        result = self.run_cli("password", "-p", typed="\n\n")
        self.assertTrue(result.stderr.endswith("error: must specify a password value\n"))

    def test_refuses_one_that_bcrypt_would_cut(self):
        """A password over 72 bytes could be entered in several ways; it is refused."""
        result = self.run_cli("password", "--value", "x" * 73)
        self.assertIn("at most 72 bytes", result.stderr)
        self.assertEqual(result.exit_code, 1)

    def test_takes_one_way_at_a_time(self):
        """Flags that contradict each other are named, the first two."""
        for flags, text in (
            (("-r", "-p"), "--random and --prompt"),
            (("-r", "-v", "x"), "--random and --value"),
            (("-p", "-v", ""), "--prompt and --value"),
            (("-r", "-p", "-v", "x"), "--random and --prompt"),
        ):
            told = f"error: cannot specify both {text}\nrun 'clace password --help' for usage\n"
            self.fails(told, "password", *flags, status=2)

    def test_needs_no_configuration(self):
        """It works before there is any, and with one that is wrong."""
        self.environ = {}
        self.assertEqual(self.run_cli("password", "-v", "x").exit_code, 0)
        self.environ = {"CL_HOME": "/no/such/folder"}
        self.assertEqual(self.run_cli("password", "-v", "x").exit_code, 0)


class SaveTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.file = self.home / "clace.toml"

    def saved(self, *flags):
        """The saved hash, and the password that belongs to it."""
        result = self.run_cli("password", "--save", *flags)
        self.assertEqual(result.exit_code, 0, result.stderr)
        told = f"Saved in {self.file}; a running server takes it over on SIGHUP\n"
        self.assertEqual(result.stdout, told)
        made_up = result.stderr.strip().rpartition(": ")[2]
        config = load(Location(self.home, self.file), {})
        return config.security.admin_password_bcrypt.encode(), made_up.encode()

    def test_changes_the_key_alone(self):
        """Comments, order and spaces of the file stay; only the hash is another one."""
        for text in (
            shipped_text(),
            "# mine\n[security] # who\nadmin_password_bcrypt = '' # the hash\n\n[http]\nport=1\n",
            'security.admin_password_bcrypt = ""\r\n[http]\r\nport=0x10\r\n',
        ):
            self.file.write_bytes(text.encode())
            hashed, made_up = self.saved()
            self.assertTrue(bcrypt.checkpw(made_up, hashed))
            before, after = text.splitlines(), self.file.read_bytes().decode().splitlines()
            changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
            self.assertEqual(len(changed), 1)
            self.assertIn(f'admin_password_bcrypt = "{hashed.decode()}"', changed[0][1])

    def test_adds_the_key(self):
        """A file without the section or the key gets it; an empty home gets a file, mode 0600."""
        for text in (None, "", "[http]\nport = 1\n\n[[listen]]\nendpoint = 'tcp:1'\n"):
            self.file.unlink(missing_ok=True)
            if text is not None:
                self.file.write_text(text, "utf-8")
                self.file.chmod(0o600)
            hashed, _ = self.saved("--value", "sesame")
            self.assertTrue(bcrypt.checkpw(b"sesame", hashed))
            self.assertTrue(self.file.read_text("utf-8").startswith(text or ""))
            self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_follows_links_and_keeps_modes(self):
        """A link stays one; the group keeps its access, all others lose theirs."""
        real = self.home / "real.toml"
        real.write_text("# mine\n", "utf-8")
        real.chmod(0o644)
        self.file.symlink_to("real.toml")
        self.saved()
        self.assertTrue(self.file.is_symlink())
        self.assertEqual(real.stat().st_mode & 0o777, 0o640)

    def test_refuses_what_it_cannot_keep(self):
        """A file that is no TOML, or where the key cannot stand, stays; no password is made."""
        for content, told in (
            (b"[http\n", "cannot be set"),
            (b"security = 1\n", "security is no table"),
            (b"\xff\n", "can't decode"),
        ):
            self.file.write_bytes(content)
            result = self.run_cli("password", "--save")
            self.assertTrue(result.stderr.startswith(f"error: {self.file}: "), result.stderr)
            self.assertIn(told, result.stderr)
            self.assertEqual((result.stdout, result.exit_code), ("", 1))
            self.assertNotIn("Generated", result.stderr)
            self.assertEqual(self.file.read_bytes(), content)

    def test_needs_a_place(self):
        """Without a home there is nothing to save in."""
        self.environ = {}
        result = self.run_cli("password", "--save")
        self.assertEqual(result.exit_code, 1)
        self.assertIn("unable to find CL_HOME", result.stderr)
