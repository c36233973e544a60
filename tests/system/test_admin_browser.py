"""What the page of an app can do with the admin API, in the browser of the administrator."""

import json
from urllib.parse import quote

from tests.support.browser import Browser, missing
from tests.support.daemon import PASSWORD
from tests.system.cases import DaemonTestCase

NAME = "apps.test"
APP = {
    "app.star": """
app = ace.app("evil", custom_layout = True, routes = [ace.html("/")])

def handler(req):
    return {}
""",
    "index.go.html": "<h1>evil</h1>",
}
ASK = """
const [requests, done] = arguments;
Promise.all(requests.map(async ([path, options]) => {
    try {
        const answer = await fetch(path, options);
        return [answer.status, await answer.text()];
    } catch (error) { return [0, String(error)]; }
})).then(done);
"""


class AdminBrowserTests(DaemonTestCase):
    if missing():
        skip = missing()

    def test_the_page_of_an_app(self):
        """Signed in as the administrator and of the same origin, a page gets nothing done and reads
        nothing: not with forms, not with JSON, not where browsers tell less of a request.
        """
        daemon = self.make_daemon(
            f'[system]\ndefault_domain = "{NAME}"\n[security]\nadmin_over_tcp = true\n'
            "disable_login_form = true\n"
        ).start()
        folder = self.source(APP)
        daemon.install(folder, "/")
        created = json.dumps({"path": "/made", "source_url": str(folder)})
        create = "/_clace/app?approve=true"
        requests = [
            [create, {"method": "POST", "body": created}],
            [create, {"method": "POST", "body": created, "mode": "no-cors"}],
            [
                create,
                {
                    "method": "POST",
                    "body": created,
                    "headers": {"Content-Type": "application/json"},
                },
            ],
            ["/_clace/apps", {}],
            ["/_clace/apps", {"referrerPolicy": "no-referrer", "cache": "no-store"}],
            ["/_clace/apps", {"referrerPolicy": "no-referrer", "headers": {"Accept-Language": ""}}],
        ]
        with Browser(daemon.certificate, name=NAME) as browser:
            # To a browser the last of these is no secure place: it sends no Sec-Fetch there.
            for origin in (
                f"https://localhost:{daemon.ports['https']}/",
                f"http://127.0.0.1:{daemon.ports['http']}/",
                f"http://{NAME}:{daemon.ports['http']}/",
            ):
                browser.open(origin.replace("//", f"//admin:{quote(PASSWORD)}@", 1))
                browser.open(origin)
                self.assertEqual(browser.find("h1").text, "evil")
                answers = browser.driver.execute_async_script(ASK, requests)
                self.assertEqual([status for status, _ in answers], [403] * 6, (origin, answers))
                self.assertNotIn("app_prd_", str(answers))
        self.assertNotIn("/made", daemon.must("app", "list"))
