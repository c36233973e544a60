"""A key of a file changed in place."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config.editing import with_value
from clace.config.writing import write_toml
from clace.errors import ConfigError

AT = ("security", "admin_password_bcrypt")
NAMES = st.sampled_from(("security", "http", "admin_password_bcrypt", "port", "a b"))
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text("a\"'#\\= é", max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


class EditingTests(SynchronousTestCase):
    def test_keeps_the_rest(self):
        """Everything but the value stays as it was written, to the byte."""
        text = "# a\n[ security ]  # b\nadmin_password_bcrypt   = 'old'   # c\n[http]\nport=0x1F\n"
        self.assertEqual(with_value(text, AT, "new"), text.replace("'old'", '"new"'))

    def test_refuses_a_section_that_is_no_table(self):
        """A value where the section should be is not overwritten."""
        error = self.assertRaises(ConfigError, with_value, "security = 1", AT, "x")
        self.assertIn("[security] admin_password_bcrypt cannot be set", error.message)

    @given(st.dictionaries(NAMES, VALUES, max_size=4))
    def test_changes_nothing_else(self, values):
        """Any file either gets the value and keeps all others, or is refused."""
        try:
            text = write_toml(values)
            edited = with_value(text, AT, "new")
        except ConfigError:
            return
        read = tomllib.loads(edited)
        self.assertEqual(read["security"].pop("admin_password_bcrypt"), "new")
        values.setdefault("security", {}).pop("admin_password_bcrypt", None)
        self.assertEqual(read, values)

    @given(st.text(max_size=40))
    def test_any_text(self, text):
        """Text that is no TOML is refused with nothing but a ``ConfigError``."""
        try:
            edited = with_value(text, AT, "new")
        except ConfigError:
            return
        self.assertEqual(tomllib.loads(edited)["security"]["admin_password_bcrypt"], "new")
