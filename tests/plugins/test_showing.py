"""Tests for ``clace.plugins.kit.showing``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.model.secret_text import SecretReference
from clace.plugins.gate.redactor import Redactor
from clace.plugins.kit.showing import quoted, shown

SHOWN = '{{secret "k"}}'


class ShowingTests(SynchronousTestCase):
    def test_short(self):
        """A short text is shown as it is, or so that all of it can be seen."""
        self.assertEqual(shown("a\nb"), "a\nb")
        self.assertEqual(quoted('a\n"é'), '"a\\n\\"é"')

    @given(st.text(min_size=4, max_size=40), st.integers(0, 250))
    def test_no_piece(self, secret, before):
        """Wherever it stands, a secret is hidden in what is shown, or not shown at all."""
        hidden = Redactor()
        hidden.add({SecretReference("", ("k",), SHOWN): secret})
        for show in (shown, quoted):
            without = hidden.text(show("." * before + secret)).replace(SHOWN, "")
            self.assertIn(without.strip('."'), {"", "(too long to be shown)"})
