"""Which server a command line means: flags, then the environment, then the file."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.command_line import CommandLineCase

SKIPPED = "warning: the server's certificate is not verified (--skip_cert_check)\n"
IN_FILE = """\
server_uri = "https://file:1"
admin_user = "fred"
[client]
admin_password = "in file"
skip_cert_check = true
ca_file = "$CL_HOME/ca.pem"
"""


class TargetTests(CommandLineCase, SynchronousTestCase):
    def target(self, *flags, warns=""):
        result = self.run_cli("server", "status", *flags)
        self.assertEqual((result.exit_code, result.stderr), (0, warns))
        return self.targets.pop()

    def test_is_the_socket_at_home(self):
        """With nothing said, the server is this home's."""
        target = self.target()
        self.assertEqual(target.uri, str(self.home / "run/clace.sock"))
        self.assertTrue(target.is_socket)
        self.assertEqual((target.user, target.password), ("admin", ""))
        self.assertFalse(target.skip_cert_check)

    def test_is_what_the_file_says(self):
        """The file of home, or of the global option."""
        self.write_config(IN_FILE)
        target = self.target(warns=SKIPPED)
        self.assertEqual((target.uri, target.user), ("https://file:1", "fred"))
        self.assertEqual((target.password, target.is_socket), ("in file", False))
        self.assertEqual(target.ca_file, self.home / "ca.pem")
        other = self.home / "other.toml"
        other.write_text('server_uri = "/other"', "utf-8")
        for option in ("--config_file", "--config-file", "-c"):
            self.run_cli(option, str(other), "server", "status")
            self.assertEqual(self.targets.pop().uri, "/other")

    def test_password_from_a_provider(self):
        """A password that names a secret is looked up, if the server is one that asks for it."""
        reference = '{{secret_from "env" "PASSWORD"}}'
        text = f"[client]\nadmin_password = '{reference}'\n[secret.env]"
        self.write_config(f'server_uri = "https://file:1"\n{text}')
        self.assertEqual(self.target().password, f"revealed {reference}")
        self.write_config(text)
        self.assertEqual(self.target().password, reference)

    def test_is_what_the_environment_says(self):
        """The environment comes before the file."""
        self.write_config(IN_FILE)
        self.environ |= {
            "CL_SERVER_URI": "https://env",
            "CL_ADMIN_USER": "eve",
            "CL_ADMIN_PASSWORD": "in env",
            "CL_SKIP_CERT_CHECK": "false",
        }
        target = self.target()
        self.assertEqual((target.uri, target.user), ("https://env", "eve"))
        self.assertEqual((target.password, target.skip_cert_check), ("in env", False))

    def test_is_what_the_flags_say(self):
        """Flags come first; hyphens and underscores, short and long are the same."""
        self.write_config(IN_FILE)
        self.environ |= {"CL_SERVER_URI": "https://env", "CL_SKIP_CERT_CHECK": "true"}
        for flags in (
            ("--server_uri", "https://f", "--admin_user=u", "--admin_password", "p"),
            ("--server-uri", "https://f", "--admin-user=u", "--admin-password", "p"),
            ("-s", "https://f", "-u", "u", "-w", "p"),
        ):
            target = self.target(*flags, warns=SKIPPED)
            self.assertEqual((target.uri, target.user, target.password), ("https://f", "u", "p"))

    def test_takes_the_switch_in_every_form(self):
        """``--skip_cert_check`` alone or with a value; whatever it says, it is warned of."""
        self.environ["CL_SERVER_URI"] = "https://h"
        for flag in ("-k", "--skip_cert_check", "--skip-cert-check=true", "--skip_cert_check=1"):
            self.assertTrue(self.target(flag, warns=SKIPPED).skip_cert_check)
        self.environ["CL_SKIP_CERT_CHECK"] = "true"
        for flag in ("--skip_cert_check=false", "--no-skip-cert-check", "-k=0"):
            self.assertFalse(self.target(flag).skip_cert_check)
        self.fails(
            'error: --skip-cert-check is "true" or "false", not "maybe"\n'
            "run 'clace server status --help' for usage\n",
            *("server", "status", "--skip_cert_check=maybe"),
            status=2,
        )

    def test_warns_of_nothing_without_tls(self):
        """A socket has no certificate to skip."""
        self.assertTrue(self.target("-k").skip_cert_check)

    def test_warns_of_a_password_in_the_clear(self):
        """Over plain HTTP to another machine the password can be read on the way."""
        for host in ("localhost", "127.0.0.1:25222", "[::1]:25222"):
            self.target("-s", f"http://{host}", "-w", "p")
        warning = "warning: the password goes to tools.example.com unencrypted; use https\n"
        self.target("-s", "http://tools.example.com", "-w", "p", warns=warning)

    def test_warns_of_a_token_in_the_clear(self):
        """A token is as good as a password, and goes in its place."""
        self.environ["CL_TOKEN"] = "clace_t"
        warning = "warning: the token goes to tools.example.com unencrypted; use https\n"
        target = self.target("-s", "http://tools.example.com", warns=warning)
        self.assertEqual(target.token, "clace_t")

    def test_acts_as_a_user(self):
        """Every command for a server can be given for another user."""
        self.assertEqual(self.target("--as", "builtin:jo").as_user, "builtin:jo")
        self.assertEqual(self.target().as_user, "")

    def test_acts_as_nobody(self):
        """An empty name, as of a variable that is not set, is refused: it is no administrator."""
        for name in ("", " "):
            self.fails(
                "error: --as is empty, expected the id of a user\n"
                "run 'clace server status --help' for usage\n",
                *("server", "status", "--as", name),
                status=2,
            )

    def test_needs_no_home_for_a_named_server(self):
        """Whoever names the server can do so from anywhere; else home is missed."""
        self.environ = {}
        self.assertEqual(self.target("-s", "https://h").uri, "https://h")
        self.environ = {"CL_SERVER_URI": "https://h"}
        self.assertEqual(self.target().uri, "https://h")
        self.environ = {}
        self.fails("error: unable to find CL_HOME or config file\n", "server", "status")

    def test_tells_what_is_wrong_with_the_configuration(self):
        """A file that cannot be used is a line, not a guess."""
        self.fails(
            "error: /no/such.toml: cannot be read: No such file or directory\n",
            *("-c", "/no/such.toml", "app", "list"),
        )
        self.assertEqual(self.targets, [])
        self.assertFalse(Path("/no").exists())
