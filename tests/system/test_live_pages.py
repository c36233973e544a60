"""The page of a dev app in a browser, while its author edits the folder."""

from tests.support.browser import Browser, missing
from tests.system.cases import DaemonTestCase

APP = """
def handler(req):
    return {}

app = ace.app("Live", custom_layout = True, routes = [ace.html("/")])
"""
PAGE = """<!DOCTYPE html>
<html lang="en">
  <head><title>Live</title>{{ template "clace_gen_import" . }}</head>
  <body><h1>one</h1></body>
</html>
"""
# The connection for events is open, so that none is missed.
LISTENS = """
const inside = document.getElementById("cl_reload_listener")["htmx-internal-data"];
return Boolean(inside && inside.sseEventSource && inside.sseEventSource.readyState === 1);
"""


class LivePageTests(DaemonTestCase):
    if missing():
        skip = missing()

    def test_reloads(self):
        """A page that is open is loaded again when a file was saved, each time."""
        daemon = self.make_daemon().start()
        folder = self.source({"app.star": APP, "index.go.html": PAGE})
        daemon.install(folder, "/live", auth="none", dev=True)
        with Browser(daemon.certificate) as browser:
            browser.open(f"https://localhost:{daemon.ports['https']}/live")
            self.assertEqual(browser.texts("h1"), ["one"])
            for text in ("two", "three"):
                browser.until(lambda: browser.run(LISTENS), "the page does not listen")
                (folder / "index.go.html").write_text(PAGE.replace("one", text))
                browser.until(
                    lambda text=text: browser.texts("h1") == [text], f"{text} is not shown"
                )
