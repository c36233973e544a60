from clace.config import Origin
from tests.config.support import LoadCase


class PrecedenceTests(LoadCase):
    def test_order(self):
        """A flag wins over the environment, that over the file, that over the default."""
        at = ("http", "port")
        said = [
            ("", {}, {}, 25222, None),
            ("http.port = 1", {}, {}, 1, "file"),
            ("http.port = 1", {"CL_HTTP_PORT": "2"}, {}, 2, "environment"),
            ("http.port = 1", {"CL_HTTP_PORT": "2"}, {"http.port": "3"}, 3, "flag"),
            ("http.port = 1", {"CL_HTTP_PORT": ""}, {"http.port": None}, 1, "file"),
        ]
        for text, environ, flags, port, kind in said:
            config = self.load(text, environ, flags)
            self.assertEqual(config.http.port, port)
            self.assertEqual(getattr(config.origins.get(at), "kind", None), kind)

    def test_origin_names(self):
        """An origin names the variable or the flag."""
        config = self.load("", {"CL_LOGGING_CONSOLE": "1"}, {"client.skip_cert_check": True})
        self.assertTrue(config.logging.console)
        self.assertTrue(config.client.skip_cert_check)
        self.assertEqual(
            {"/".join(at): origin for at, origin in config.origins.items()},
            {
                "logging/console": Origin("environment", "CL_LOGGING_CONSOLE"),
                "client/skip_cert_check": Origin("flag", "--skip_cert_check"),
            },
        )

    def test_refusals_name_their_source(self):
        """A bad variable or flag is told by its name; the file's value is judged all the same."""
        found = self.problems(
            "http.port = 'y'",
            {"CL_HTTP_PORT": "x"},
            {"http.port": "70000", "logging.console": "maybe"},
        )
        self.assertEqual(
            found,
            [
                '[http] port: expected an integer from -1 to 65535, got "y"',
                'CL_HTTP_PORT: expected an integer from -1 to 65535, got "x"',
                '--http.port: expected an integer from -1 to 65535, got "70000"',
                '--logging.console: expected true or false, got "maybe"',
            ],
        )

    def test_misspelt_variable(self):
        """A variable that is almost one of ours is told; any other is not ours to judge."""
        self.assertEqual(
            self.warnings("", {"CL_HTTP_PROT": "1", "CL_INCLUDE": "x", "CL_HOME": "/h"}),
            ["CL_HTTP_PROT: nothing reads this variable; did you mean CL_HTTP_PORT?"],
        )

    def test_any_key(self):
        """A flag may set any key that has a place; one that is none is refused."""
        config = self.load(
            "[git_auth.a]", flags={"sandbox.max_waiting": "2", "git_auth.a.user_id": "u"}
        )
        self.assertEqual((config.sandbox.max_waiting, config.git_auth["a"].user_id), (2, "u"))
        self.assertEqual(
            self.problems("", flags={"http.prot": "1", "git_auth.b.user_id": "u", "http": "1"}),
            [
                "--http.prot: no such key; did you mean http.port?",
                "--git_auth.b.user_id: no such key",
                "--http: no such key; did you mean http.port?",
            ],
        )
