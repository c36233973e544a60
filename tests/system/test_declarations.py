"""Apps as code, with real servers: applied, changed by hand, exported, applied elsewhere."""

from tests.system.cases import DaemonTestCase

APP = """
def handler(req):
    return "size " + param.size

app = ace.app("Lunch", routes=[ace.api("/", type=ace.TEXT)])
"""
PARAMS = 'param("size", default="1")\n'
FILE = """
app("/a", "{0}", auth="none")
app("/b/c", "{0}", params={{"size": "2"}})
"""
SAME = "0 app(s) changed since they were applied, 0 app(s) in no file.\n"


class DeclarationTests(DaemonTestCase):
    def test_state_as_code(self):
        """A change by hand is a drift; the export of a server makes another with that export."""
        source = self.source({"app.star": APP, "params.star": PARAMS})
        folder = self.source({"apps.ace": FILE.format(source)})
        first, file = self.make_daemon().start(), str(folder / "apps.ace")
        planned = first.cli("plan", file)
        self.assertEqual(planned.returncode, 10)
        self.assertIn("    + param size: 2\n2 app(s) to create", planned.stdout)
        first.must("apply", file)
        first.must("plan", file)
        self.assertEqual(first.must("plan", "--server"), SAME)
        first.must("param", "update", "--promote", "size", "9", "/b/c")
        drift = first.cli("plan", "--server", "/b/**")
        self.assertEqual(drift.returncode, 10)
        self.assertEqual(drift.stdout.splitlines()[:2], ["~ /b/c", "    ~ param size: 2 to 9"])
        exported, copy = first.must("export"), folder / "copy.ace"
        first.must("export", "--output", str(copy))
        self.assertEqual(copy.read_text(), exported)
        other = self.make_daemon().start()
        other.must("apply", str(copy))
        self.assertEqual(other.must("export"), exported)
        self.assertEqual(other.get("/b/c").body, "size 9")
        printed = first.must("pretty-print", file)
        self.assertTrue(exported.endswith(printed.replace('"2"', '"9"')))
