"""Apps as code, with real servers: applied, changed by hand, exported, applied elsewhere."""

from tests.system.cases import DaemonTestCase

APP = """
def handler(req):
    return "size " + param.size

app = ace.app("Lunch", routes=[ace.api("/", type=ace.TEXT)])
"""
NOTES = """
load("store.in", "store")

def handler(req):
    store.insert(table.note, doc.note(text="x"))
    return str(store.count(table.note, {}).value)

app = ace.app("Notes", routes=[ace.api("/add", type=ace.TEXT)], permissions=[
    ace.permission("store.in", "insert"), ace.permission("store.in", "count")])
"""
NOTE = 'type("note", fields=[field("text", STRING)])\n'
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

    def test_staging_on_its_own_host(self):
        """With stage_at = "domain" staging is tried on stage.localhost, and production stays."""
        source = self.source({"app.star": APP, "params.star": PARAMS})
        daemon = self.make_daemon('[system]\nstage_at = "domain"\n').start()
        daemon.must("app", "create", "--auth", "none", str(source), "/a")
        daemon.must("param", "update", "size", "7", "/a")
        staged = daemon.get("/a", login=None, headers={"Host": "stage.localhost"})
        self.assertEqual((staged.status, staged.body), (200, "size 7"))
        self.assertEqual(daemon.get("/a", login=None).body, "size 1")
        self.assertEqual(daemon.get("/a_cl_stage", login=None).status, 404)
        daemon.must("app", "promote", "/a")
        self.assertEqual(daemon.get("/a", login=None).body, "size 7")

    def test_pruned_app_comes_back(self):
        """An app that is pruned is gone; declared again within the week it has its entries."""
        notes = self.source({"app.star": NOTES, "schema.star": NOTE})
        one = self.source({"app.star": APP, "params.star": PARAMS})
        both = f'app("/notes", "{notes}", auth="none")\napp("/a", "{one}", auth="none")\n'
        folder = self.source({"apps.ace": both})
        daemon, file = self.make_daemon().start(), str(folder / "apps.ace")
        daemon.must("apply", "--approve", file)
        self.assertEqual(daemon.get("/notes/add", login=None).body, "1")
        (folder / "apps.ace").write_text(f'app("/a", "{one}", auth="none")\n')
        self.assertIn("add --yes", daemon.refused("apply", "--prune", file))
        self.assertIn("- /notes\n", daemon.cli("plan", "--prune", file).stdout)
        self.assertIn("Pruned apps: /notes\n", daemon.must("apply", "--prune", "--yes", file))
        self.assertEqual(daemon.get("/notes/add", login=None).status, 404)
        (folder / "apps.ace").write_text(both)
        daemon.must("apply", "--approve", file)
        self.assertEqual(daemon.get("/notes/add", login=None).body, "2")
