import tomllib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config.writing import write_toml
from clace.errors import ConfigError

scalars = st.one_of(st.text(max_size=6), st.integers(), st.booleans(), st.none(), st.floats())
tables = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=5,
    ),
    max_size=4,
)


class WriteTests(SynchronousTestCase):
    def test_sections(self):
        """Sections are written as TOML tables."""
        self.assertEqual(
            write_toml({"http": {"port": 0, "host": "::1"}}), '[http]\nport = 0\nhost = "::1"\n'
        )

    @given(tables)
    def test_never_changes_a_value(self, values):
        """What is written reads back as it was, or is refused."""
        try:
            text = write_toml(values)
        except ConfigError:
            return
        self.assertEqual(tomllib.loads(text), values)

    def test_refuses_what_would_be_lost(self):
        """Values that the writer drops, garbles or stumbles over are refused."""
        for value in (None, "\x01", "\\x41", [1, "x", {"b": 1}], object()):
            self.assertRaises(ConfigError, write_toml, {"a": value})
