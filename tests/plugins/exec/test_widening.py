"""Keyword arguments that would do more than a permission says."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import PluginRefused
from clace.model.app import ArgumentConstraint, Permission
from clace.plugins.builtin.exec.widening import check_widening

PATH = "/usr/bin:/bin"
NAMES = st.text("ABCDLPT_", min_size=1, max_size=6)


def allowed(arguments, env=(), cwd=""):
    grants = [Permission("exec.in", "run", tuple(one)) for one in arguments]
    try:
        check_widening(grants, env, cwd, PATH)
    except PluginRefused:
        return False
    return True


class WideningTests(SynchronousTestCase):
    def test_unconstrained(self):
        """An app that may run anything may set anything."""
        self.assertTrue(allowed([()], ["LD_PRELOAD=/tmp/x.so"], "/tmp"))

    def test_environment(self):
        """A permission for a program is none for code that its environment brings in."""
        for entry in ("LD_PRELOAD=/tmp/x.so", "BASH_ENV=x", "KUBECONFIG=x", "PATH=/tmp"):
            self.assertFalse(allowed([("ls",)], [entry]))
            self.assertFalse(allowed([("ls", "[]")], [entry]))

    def test_no_piece_of_a_secret(self):
        """A refusal repeats nothing: a secret may stand where names of variables do."""
        grants = [Permission("exec.in", "run", ("ls",))]
        with self.assertRaisesRegex(PluginRefused, "only COLUMNS") as caught:
            check_widening(grants, ["aGVsbG8gd29ybGQ="], "", PATH)
        self.assertNotIn("aGVsbG8", caught.exception.message)

    def test_harmless(self):
        """Language, time zone, terminal and the server's own search path are free."""
        for entry in ("LANG=C", "LC_ALL=C", "TZ=UTC", "TERM=dumb", "PATH=/bin", f"PATH={PATH}"):
            self.assertTrue(allowed([("ls", "[]")], [entry]))

    def test_paths_of_locales(self):
        """A locale or time zone is the name of one, not a file of the app's choice."""
        for value in (
            "Europe/Berlin",
            ":Europe/Berlin",
            "EST5EDT,M3.2.0/2,M11.1.0",
            "de:en_GB",
            "",
        ):
            for name in ("TZ", "LANGUAGE", "LC_TIME"):
                self.assertTrue(allowed([("ls",)], [f"{name}={value}"]), value)
        for value in (
            "/etc/shadow",
            ":/etc/shadow",
            "../x",
            "a/../../x",
            ":../x",
            "de:/tmp",
            "de:..",
        ):
            for name in ("TZ", "LANGUAGE", "LC_TIME", "LANG", "TERM"):
                self.assertFalse(allowed([("ls",)], [f"{name}={value}"]), value)
        self.assertTrue(allowed([("ls", "[]", "regex:.*")], ["TZ=:/etc/zone"]))

    def test_empty_path_entry(self):
        """An empty entry of a search path is the current directory, which is not the server's."""
        self.assertFalse(allowed([("ls",)], ["PATH=/bin:"]))
        self.assertFalse(allowed([("ls",)], ["PATH="]))

    def test_covered(self):
        """A permission that names the environment itself allows it."""
        self.assertTrue(allowed([("ls", "[]", '["A=b"]')], ["A=b"]))

    def test_by_name(self):
        """A program that is named by its parameter is one too, and so is what goes with it."""
        program = ArgumentConstraint("path", "ls")
        for kwargs, env, cwd, expected in (
            ((program,), ["LD_PRELOAD=x"], "", False),
            ((program, ArgumentConstraint("env", '["A=b"]')), ["A=b"], "", True),
            ((program, ArgumentConstraint("args", "[]")), [], "/srv", False),
            (
                (program, ArgumentConstraint("args", "[]"), ArgumentConstraint("cwd", "/srv")),
                [],
                "/srv",
                True,
            ),
        ):
            grants = [Permission("exec.in", "run", kwargs=kwargs)]
            try:
                check_widening(grants, env, cwd, PATH)
            except PluginRefused:
                self.assertFalse(expected)
            else:
                self.assertTrue(expected)

    def test_directory(self):
        """A permission for a program with its arguments is none for every directory."""
        self.assertFalse(allowed([("git", '["status"]')], cwd="/srv"))
        self.assertTrue(allowed([("git",)], cwd="/srv"))

    def test_any_grant(self):
        """It is enough that one of the permissions allows it."""
        self.assertTrue(allowed([("ls",), ()], ["A=b"]))

    @given(NAMES, st.text(max_size=5))
    def test_names(self, name, value):
        """Beside the search path only listed names are free, whatever the value."""
        free = name.startswith("LC_") or (name == "PATH" and value in PATH.split(":"))
        self.assertEqual(allowed([("ls",)], [f"{name}={value}"]), free)
