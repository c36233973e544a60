"""Which route a path means."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.router import BadPattern, PatternRouter, RoutePattern

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/{}*"), min_size=1, max_size=6)


def routed(*patterns):
    """A router in which each pattern leads to itself."""
    router = PatternRouter()
    for pattern in patterns:
        router.add(pattern, "GET", pattern)
    return router


class RouterTests(SynchronousTestCase):
    def test_static_before_parameter_before_wildcard(self):
        """The more particular route is taken, in whatever order they are declared."""
        router = routed("/*", "/a/{id}", "/a/{id:[0-9]+}", "/a/b", "/a/*")
        found = {
            path: router.find("GET", path).target
            for path in ("/a/b", "/a/7", "/a/x", "/a/x/y", "/z", "/")
        }
        self.assertEqual(
            found,
            {
                "/a/b": "/a/b",
                "/a/7": "/a/{id:[0-9]+}",
                "/a/x": "/a/{id}",
                "/a/x/y": "/a/*",
                "/z": "/*",
                "/": "/*",
            },
        )

    def test_parameters(self):
        """Values are told by their names, the rest of a path as ``*``."""
        router = routed("/a/{one}/{two}.csv", "/f/*")
        self.assertEqual(router.find("GET", "/a/x/y.csv").parameters, {"one": "x", "two": "y"})
        self.assertEqual(router.find("GET", "/f/x/y").parameters, {"*": "x/y"})

    def test_parameter_is_one_filled_segment(self):
        """A parameter is neither empty nor more than one segment."""
        router = routed("/a/{id}")
        for path in ("/a/", "/a", "/a/b/c", "/a/b/"):
            self.assertIsNone(router.find("GET", path).target)

    def test_expression_is_of_the_whole_value(self):
        """A regular expression must fit a value from end to end, anchored or not."""
        router = routed("/a/{id:^[0-9]{2,3}$}", "/b/{id:x|yz}")
        fits = {
            path: bool(router.find("GET", path).target)
            for path in ("/a/12", "/a/1234", "/a/12\n", "/b/x", "/b/yz", "/b/xz")
        }
        self.assertEqual(
            fits,
            {
                "/a/12": True,
                "/a/1234": False,
                "/a/12\n": False,
                "/b/x": True,
                "/b/yz": True,
                "/b/xz": False,
            },
        )

    def test_methods(self):
        """A path known with other methods only has them told, an unknown one has none."""
        router = routed("/a", "/b/{id}")
        router.add("/a", "POST", "posted")
        self.assertEqual(router.find("POST", "/a").target, "posted")
        self.assertEqual(router.find("PUT", "/a").allowed, ("GET", "HEAD", "POST"))
        self.assertEqual(router.find("PUT", "/b/1").allowed, ("GET", "HEAD"))
        self.assertEqual(router.find("PUT", "/c").allowed, ())

    def test_head(self):
        """HEAD leads where GET does, unless it has a target of its own."""
        router = routed("/a", "/b/{id}")
        router.add("/own", "GET", "got")
        router.add("/own", "HEAD", "headed")
        router.add("/posts", "POST", "posted")
        self.assertEqual(router.find("HEAD", "/b/1"), router.find("GET", "/b/1"))
        self.assertEqual(router.find("HEAD", "/own").target, "headed")
        self.assertIsNone(router.find("HEAD", "/posts").target)
        self.assertEqual(router.find("HEAD", "/posts").allowed, ("POST",))

    def test_loosely(self):
        """Read loosely, a parameter's expression is not tried, nor even read."""
        router = PatternRouter(loosely=True)
        router.add("/a/{id:(a+)+[}/x", "GET", "got")
        self.assertEqual(router.find("GET", "/a/" + "a" * 5000 + "/x").target, "got")
        self.assertIsNone(router.find("GET", "/a/b/c/x").target)

    def test_method_decides_between_routes(self):
        """A less particular route answers for a method that the other does not have."""
        router = routed("/a/b")
        router.add("/a/{id}", "POST", "posted")
        self.assertEqual(router.find("POST", "/a/b").target, "posted")

    def test_later_replaces_earlier(self):
        """The same pattern and method declared again counts instead."""
        router = routed("/a")
        router.add("/a", "GET", "again")
        self.assertEqual(router.find("GET", "/a").target, "again")

    def test_refuses_what_is_no_pattern(self):
        """What cannot be a route is refused with the text in it."""
        for text in ("a", "/a*b", "/{id", "/{id:[}", "/{a}/{a}", "/{a}{b}", ""):
            error = self.assertRaises(BadPattern, RoutePattern, text)
            self.assertIn(text, str(error))

    @given(st.text(max_size=20), st.text(max_size=20))
    def test_any_text(self, pattern, path):
        """Whatever is declared is refused or can be asked."""
        try:
            found = RoutePattern("/" + pattern).match("/" + path)
        except BadPattern:
            return
        self.assertTrue(found is None or isinstance(found, dict))

    @given(
        st.lists(st.tuples(NAMES, st.booleans()), min_size=1, max_size=5, unique=True), st.data()
    )
    def test_finds_what_it_was_made_from(self, segments, data):
        """A path put together from a pattern leads back to it with its values."""
        pattern, path, expected = "", "", {}
        for index, (name, is_parameter) in enumerate(segments):
            value = data.draw(NAMES) if is_parameter else name
            pattern += f"/{{p{index}}}" if is_parameter else f"/{name}"
            path += f"/{value}"
            if is_parameter:
                expected[f"p{index}"] = value
        self.assertEqual(RoutePattern(pattern).match(path), expected)
