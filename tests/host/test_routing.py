"""What fragments inherit, and where they are."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.definition import AppDefinition, RouteDefinition
from clace.host.requests.routing import HandlerTarget, build_router


class RoutingTests(SynchronousTestCase):
    def target(self, path, method="GET", *, fragments=(), page="/page", **definition):
        route = RouteDefinition(
            kind="html", path=page, handler=3, partial="part", fragments=fragments
        )
        router = build_router(AppDefinition(name="A", routes=(route,), **definition))
        return router.find(method, path).target

    def fragment(self, path, **more):
        return RouteDefinition(**{"kind": "fragment", "path": path, **more})

    def test_default_page(self):
        """A page without a template has the generated one, or the app's own index."""
        self.assertEqual(self.target("/page").full, "index_gen.go.html")
        self.assertEqual(self.target("/page", custom_layout=True).full, "index.go.html")

    def test_paths(self):
        """A fragment is below its page, or at it."""
        for path, expected in (
            ("more", "/page/more"),
            ("/more/", "/page/more"),
            ("{id}", "/page/7"),
        ):
            self.assertIsNotNone(self.target(expected, fragments=(self.fragment(path),)))
        at_page = self.fragment("", method="POST")
        self.assertIsNotNone(self.target("/page", "POST", fragments=(at_page,)))
        below_root = self.fragment("more")
        self.assertIsNotNone(self.target("/more", fragments=(below_root,), page="/"))

    def test_inherits(self):
        """Handler and block come from the page unless the fragment has its own."""
        inherited = self.target("/page/x", fragments=(self.fragment("x"),))
        self.assertEqual(
            inherited,
            HandlerTarget(
                route="/page/x",
                written="x",
                handler=3,
                type="HTML",
                full="index_gen.go.html",
                partial="part",
            ),
        )
        own = self.target("/page/x", fragments=(self.fragment("x", handler=5, partial="own"),))
        self.assertEqual((own.handler, own.partial), (5, "own"))

    def test_api_below_a_page(self):
        """An API may be a fragment."""
        api = self.fragment("x", kind="api", type="text")
        self.assertEqual(self.target("/page/x", fragments=(api,)).type, "TEXT")
