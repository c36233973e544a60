import tomllib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config.places import dotted, place_text


class PlaceTests(SynchronousTestCase):
    def test_as_people_write_them(self):
        """A place reads as the header and key that stand in a file."""
        cases = {
            ("server_uri",): "server_uri",
            ("http", "port"): "[http] port",
            ("app_config", "fs", "file_access"): "[app_config] fs.file_access",
            ("git_auth", "a", "user_id"): "[git_auth.a] user_id",
            ("plugin", "http.in", "allow_hosts"): '[plugin."http.in"] allow_hosts',
            ("plugin", "http.in"): '[plugin."http.in"]',
            ("listen", "2", "serve"): "[[listen]] #2 serve",
        }
        for at, expected in cases.items():
            self.assertEqual(place_text(at), expected)

    @given(st.lists(st.text(alphabet=st.characters(max_codepoint=0xD7FF), max_size=4), min_size=1))
    def test_keys_are_toml(self, steps):
        """A dotted key is the TOML key that it names, on one line."""
        text = dotted(tuple(steps))
        self.assertNotIn("\n", text)
        value = tomllib.loads(f"{text} = 1")
        for step in steps:
            value = value[step]
        self.assertEqual(value, 1)
