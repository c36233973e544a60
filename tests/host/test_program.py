"""The Starlark of an app, loaded."""

import gc

from twisted.trial.unittest import SynchronousTestCase

from clace.host.app import HostedApp
from clace.host.faults import AppFault
from clace.model.app import Demands, Permission
from clace.wire import LoadApp
from tests.support.hosted import EXEC, body, hosted, star

APP = 'app = ace.app("A", routes = [ace.api("/")])\n'


class LoadTests(SynchronousTestCase):
    def assert_refused(self, expected, texts, **load):
        fault = self.assertRaises(AppFault, hosted, texts, **load)
        self.assertEqual(fault.located(), expected)

    def test_no_app(self):
        """A source without an app says what to add."""
        self.assert_refused(
            "app.star:1:1: app not defined, check app.star, add 'app = ace.app(...)'",
            {"app.star": "x = 1"},
        )
        self.assert_refused(
            "app.star:2:1: app not of type ace.app in app.star", {"app.star": "\napp = 1"}
        )
        self.assert_refused("app.star:1:1: error reading app.star file: no such file", {})

    def test_syntax_error(self):
        """A file that cannot be read is named with line and column."""
        fault = self.assertRaises(AppFault, star, "x = 1\ny = = 2\n" + APP)
        self.assertIn("app.star:2:5: got '=', want primary expression", fault.located())

    def test_not_utf8(self):
        """A file that is no text is named."""
        load = LoadApp(sources={"app.star": b"\xff"})
        fault = self.assertRaises(AppFault, HostedApp, load, lambda _: None)
        self.assertEqual(fault.located(), "app.star:1:1: the file is not UTF-8")

    def test_failing_top_level(self):
        """What fails while loading is told at the place of the app's own text."""
        text = 'load("exec.in", "exec")\nx = [1][0].value or [y for y in None]\n' + APP
        fault = self.assertRaises(AppFault, star, text)
        self.assertEqual(
            fault.located(),
            "app.star:2:11: int has no .value field or method",
        )

    def test_load(self):
        """A file can load another, and use what it binds."""
        texts = {
            "app.star": 'load("lib/greet.star", "greet", say = "other")\n'
            "def handler(req):\n    return greet() + say\n" + APP,
            "lib/greet.star": 'def greet():\n    return "hi "\nother = "there"\n',
        }
        self.assertEqual(body(hosted(texts)), '"hi there"\n')

    def test_routes_of_another_file(self):
        """Routes and handlers may come from another file."""
        texts = {
            "app.star": 'load("routes.star", "routes")\napp = ace.app("A", routes = routes)',
            "routes.star": 'def h(req):\n    return 1\nroutes = [ace.api("/", handler = h)]',
        }
        self.assertEqual(body(hosted(texts)), "1\n")

    def test_file_as_struct(self):
        """A file can be loaded as a struct of its public names."""
        texts = {
            "app.star": 'load("greet.star", "greet")\n'
            "def handler(req):\n    return [greet.word, dir(greet)]\n" + APP,
            "greet.star": 'word = "hi"\n_hidden = 1\n',
        }
        self.assertEqual(body(hosted(texts)), '["hi",["word"]]\n')

    def test_own_name_wins(self):
        """A file's own name is not hidden by its struct."""
        texts = {
            "app.star": 'load("greet.star", "greet")\ndef handler(req):\n    return greet\n' + APP,
            "greet.star": 'greet = "own"\n',
        }
        self.assertEqual(body(hosted(texts)), '"own"\n')

    def test_missing_file(self):
        """A file that is not there is told at the load that asks for it."""
        self.assert_refused(
            "lib.star:2:1: cannot load other.star: file does not exist",
            {
                "app.star": 'load("lib.star", "x")\n' + APP,
                "lib.star": '\nload("other.star", "x")\n',
            },
        )

    def test_missing_name(self):
        """A name that the other file does not bind is refused."""
        fault = self.assertRaises(
            AppFault, hosted, {"app.star": 'load("lib.star", "x")\n' + APP, "lib.star": "y = 1"}
        )
        self.assertIn("app.star:1:", fault.located())

    def test_private_name(self):
        """Names that begin with an underscore stay in their file."""
        texts = {"app.star": 'load("lib.star", "_x")\n' + APP, "lib.star": "_x = 1"}
        self.assertRaises(AppFault, hosted, texts)

    def test_cycle(self):
        """Files that load each other are refused."""
        self.assert_refused(
            "b.star:1:1: cycle in starlark load graph during load of a.star",
            {
                "app.star": 'load("a.star", "x")\n' + APP,
                "a.star": 'load("b.star", "x")\n',
                "b.star": 'load("a.star", "x")\n',
            },
        )
        self.assert_refused(
            "a.star:1:1: cycle in starlark load graph during load of app.star",
            {"app.star": 'load("a.star", "x")\n' + APP, "a.star": 'load("app.star", "app")\n'},
        )

    def test_loaded_once(self):
        """A file that two others load is run once."""
        texts = {
            "app.star": 'load("a.star", "x")\nload("b.star", "y")\n' + APP,
            "a.star": 'load("c.star", "z")\nx = z\n',
            "b.star": 'load("c.star", "z")\ny = z\n',
            "c.star": 'print("once")\nz = 1\n',
        }
        said = []
        HostedApp(LoadApp(sources={n: t.encode() for n, t in texts.items()}), said.append)
        self.assertEqual(said, ["once"])

    def test_unknown_plugin(self):
        """A plugin that there is not is refused, as is any other name."""
        for name in ("sql.in", "ace", "../x"):
            self.assert_refused(
                f"app.star:1:1: module {name} not found",
                {"app.star": f'load("{name}", "x")\n' + APP},
            )

    def test_plugin_of_another_server(self):
        """A plugin that this server does not have is refused with the reason, or the nearest."""
        for name, told in (
            ("openrun_admin.in", ": apps do not administer this server, the clace command does"),
            ("build.in#a", ": apps are not built by this server"),
            ("exec.im", ", did you mean exec.in?"),
        ):
            self.assert_refused(
                f"app.star:1:1: module {name} not found{told}",
                {"app.star": f'load("{name}", "x")\n' + APP},
            )

    def test_unapproved_plugin(self):
        """A plugin that was not approved is refused, also under an account's name."""
        for name in ("exec.in", "exec.in#other"):
            self.assert_refused(
                f"app.star:1:1: app /test is not permitted to load plugin {name}."
                " Audit the app and approve permissions",
                {"app.star": f'load("{name}", "exec")\n' + APP},
                loads=("exec.in#mine",),
            )

    def test_call_while_loading(self):
        """Plugins cannot be called before there is a request."""
        fault = self.assertRaises(AppFault, star, 'load("exec.in", "exec")\nexec.run("x")\n' + APP)
        self.assertEqual(
            fault.located(), "app.star:2:9: plugins cannot be called while the app loads"
        )

    def test_too_slow(self):
        """Loading has its time."""
        fault = self.assertRaises(
            AppFault, star, "x = [y for y in range(1 << 30)]\n" + APP, load_seconds=0.05
        )
        self.assertIn("loading took longer than 0.05 seconds", fault.message)

    def test_frozen_globals(self):
        """A handler cannot change what other requests see."""
        app = star("seen = []\ndef handler(req):\n    seen.append(1)\n" + APP)
        self.assertRaises(AppFault, body, app)

    def test_frozen_in_other_files(self):
        """What a file without functions declares stays as it is, too."""
        texts = {
            "app.star": 'load("data.star", "seen")\n'
            "def handler(req):\n    seen.append(1)\n    return seen\n" + APP,
            "data.star": "seen = []\n",
        }
        app = hosted(texts)
        gc.collect()
        fault = self.assertRaises(AppFault, body, app)
        self.assertIn("append: cannot append to frozen list", fault.message)

    def test_settings_of_the_server(self):
        """A handler that changes a list of the server's settings has a copy of its own."""
        text = "def handler(req):\n    found = ace.config('hosts', [])\n"
        text += "    found.append('b')\n    found[0]['n'] = 2\n    return found\n"
        app = star(text + APP, node_config={"hosts": [{"n": 1}]})
        self.assertEqual([body(app), body(app)], ['[{"n":2},"b"]\n'] * 2)


class AuditTests(SynchronousTestCase):
    def demands(self, text, **more):
        texts = {"app.star": text, **more.pop("texts", {})}
        return hosted(texts, inert=True, loads=(), **more).loaded.demands

    def test_collects(self):
        """Loads of plugins, nested ones too, and permissions, each once."""
        text = """
load("exec.in", "exec")
load("lib.star", "x")
ran = exec.run("rm", "-rf", "/")
app = ace.app("A", permissions = [
    ace.permission("exec.in", "run", ["ls", 1], "WRITE", [["a", "b"]]),
    ace.permission("exec.in", "run", ["ls", 1], "WRITE", [["a", "b"]]),
    ace.permission("exec.in", "list"),
])
"""
        texts = {"lib.star": 'load("exec.in#acct", "exec")\nx = exec.LIMIT\n'}
        self.assertEqual(
            self.demands(text, texts=texts),
            Demands(
                ("exec.in", "exec.in#acct"),
                (
                    Permission("exec.in", "run", ("ls", "1"), is_read=False, secrets=(("a", "b"),)),
                    Permission("exec.in", "list"),
                ),
            ),
        )

    def test_constants_are_real(self):
        """The constants of a plugin have their values in an audit."""
        text = (
            'load("exec.in", "exec")\n'
            'app = ace.app("A", permissions = [ace.permission("exec.in", exec.NAME)])'
        )
        self.assertEqual(self.demands(text).permissions[0].method, EXEC.constants["NAME"])
