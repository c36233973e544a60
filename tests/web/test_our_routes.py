"""The table of our own routes: every route has a row, and every row a route."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.catalogue import OPERATIONS
from clace.web.our_routes import (
    PREFIX,
    PREFIXES,
    ROUTES,
    Cookies,
    Hosts,
    Origins,
)
from clace.web.route_search import FoundRoute, WrongMethod, find_route
from clace.web.webhooks import WebhookSteps
from tests.web.login.flow_case import APP, LOGIN
from tests.web.login.people_case import PeopleCase

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


class TableTests(SynchronousTestCase):
    def test_rows_are_whole(self):
        """Each row says who may call; one that changes something has a rule about origins."""
        for route in ROUTES:
            self.assertTrue(route.path.startswith(PREFIXES), route)
            self.assertTrue(route.callers, route)
            if UNSAFE & {*route.methods} and route.path != "/_clace/health":
                self.assertIsNot(route.origins, Origins.SAFE, route)
            if route.cookies is Cookies.SESSIONS and UNSAFE & {*route.methods}:
                self.assertIs(route.origins, Origins.SAME, route)
            self.assertEqual(
                bool(route.form or route.body),
                "POST" in route.methods and bool(route.serves) and route.serves != "admin",
                route,
            )

    def test_no_row_twice(self):
        """A path and method have one row."""
        pairs = [(route.path, method) for route in ROUTES for method in route.methods]
        self.assertEqual(len(pairs), len(set(pairs)))

    def test_passwords_only_on_the_login_host(self):
        """What takes a password, a code or a passkey, or enrols one, is on the host where no app
        can be; on any host are the ways to and from it, providers, and signing out.
        """
        elsewhere = {
            *("sign_in_page", "complete", "arrive", "sign_out_page", "sign_out", "sign_out_of"),
            *("ended_elsewhere", "single_sign_out", "metadata", "identity_keys"),
            *("webhook", "webhook_status", "", "admin"),
        }
        for route in ROUTES:
            self.assertEqual(route.hosts is Hosts.LOGIN, route.serves not in elsewhere, route)

    def test_admin_operations_have_no_other_row(self):
        """No path of an admin operation is another row's: all of them refuse browsers."""
        (admin,) = [route for route in ROUTES if route.serves == "admin"]
        self.assertIs(admin.origins, Origins.NO_BROWSERS)
        for operation in OPERATIONS:
            path = PREFIX.rstrip("/") + re.sub(r"\{\w+\}", "x", operation.path)
            self.assertTrue(path.startswith(admin.path), path)
            self.assertIn(operation.method, admin.methods)
            self.assertIsNone(find_route(path, operation.method), path)

    def test_found(self):
        """A path is found with its segment; another method of it is told from another path."""
        found = find_route("/_clace/auth/github/callback", "GET")
        self.assertIsInstance(found, FoundRoute)
        self.assertEqual((found.route.serves, found.way), ("arrive", "github"))
        self.assertEqual(find_route("/_clace/auth/login/complete", "GET").route.serves, "complete")
        self.assertEqual(find_route("/_clace/logout", "PUT"), WrongMethod(("GET", "HEAD", "POST")))
        for path in ("/_clace/auth//callback", "/_clace/auth/a/b/callback", "/_clace/logout/"):
            self.assertIsNone(find_route(path, "POST"), path)

    @given(st.sampled_from(PREFIXES), st.text(max_size=40), st.sampled_from(["GET", "POST", "PUT"]))
    def test_any_path(self, prefix, rest, method):
        """No path makes it fail, and a segment is one segment."""
        found = find_route(prefix + rest, method)
        if isinstance(found, FoundRoute):
            self.assertNotIn("/", found.way)

    def test_documented(self):
        """The page on sign-in names each path."""
        page = Path(__file__).parents[2] / "docs" / "security" / "routes.md"
        text = page.read_text("utf-8")
        for route in ROUTES:
            self.assertIn(f"`{route.path}`", text)


class ServedRouteTests(PeopleCase):
    def test_every_row_is_served(self):
        """Each row of the table has a step that answers, and each step a row."""
        named = {route.serves for route in ROUTES} - {"", "admin"}
        webhooks = WebhookSteps(*[None] * 6).steps()
        self.assertEqual(named, {*self.steps, *webhooks})

    def test_without_a_row(self):
        """Nothing below our prefix is there without a row, on any host."""
        for host in (APP, LOGIN):
            for path in ("/_clace/", "/_clace/auth", "/_clace/auth/x/y/z", "/_clace/new"):
                self.assertEqual(self.browser.get(host + path).status, 404, host + path)

    def test_methods(self):
        """A method that no row has is refused as such."""
        self.assertEqual(self.browser.post(f"{APP}/_clace/auth/login", {}).status, 405)
        self.assertEqual(self.browser.get(f"{APP}/_clace/sso/saml_corp/acs").status, 405)
        self.assertEqual(self.browser.get(f"{APP}/_clace/logout/system").status, 405)

    def test_login_host_alone(self):
        """Rows for the login host are there and nowhere else."""
        for route in ROUTES:
            if route.hosts is Hosts.LOGIN:
                path = route.path.replace("{way}", "system")
                for method in set(route.methods) - {"HEAD"}:
                    ask = self.browser.get if method == "GET" else self.browser.post
                    arguments = () if method == "GET" else ({"state": "x"},)
                    self.assertEqual(ask(APP + path, *arguments).status, 404, path)
                    there = ask(LOGIN + path, *arguments).status
                    if route.cookies is Cookies.SESSION:
                        self.assertEqual(there, 303 if method == "GET" else 401, path)
                    else:  # those of a sign-in that has not begun say so
                        self.assertIn(there, {200, 410}, path)

    def test_same_origin(self):
        """Rows that say so refuse what pages of other sites send."""
        rows = [route for route in ROUTES if route.origins is Origins.SAME]
        self.assertGreater(len(rows), 2)
        for route in rows:
            host = LOGIN if route.hosts is Hosts.LOGIN else APP
            url = host + route.path.replace("{way}", "system")
            for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
                self.assertEqual(self.browser.post(url, {}, **headers).status, 403, url)

    def test_forms(self):
        """A body that is too large, or no form, is refused."""
        url = f"{APP}/_clace/logout"
        self.assertEqual(self.browser.post(url, {"redirect": "a" * 20_000}).status, 413)
        kind = {"Content-Type": "text/plain"}
        self.assertEqual(self.browser.post(url, {"redirect": "/"}, **kind).status, 400)
        many = {f"a{number}": "" for number in range(101)}
        self.assertEqual(self.browser.post(url, many).status, 400)
