"""Tests for ``clace.gotemplate.sprig.encoding``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates


def rendered(source):
    return compile_templates({"t": source}).render("t", None)


class RandomTests(SynchronousTestCase):
    def test_alphabets(self):
        """Random text is as long as asked, of the characters asked for, and new each time."""
        for name, pattern in (
            ("randAlphaNum", r"\A[0-9A-Za-z]{40}\Z"),
            ("randAlpha", r"\A[A-Za-z]{40}\Z"),
            ("randNumeric", r"\A[0-9]{40}\Z"),
        ):
            source = f"{{{{{name} 40}}}}"
            self.assertRegex(rendered(source), pattern)
            self.assertNotEqual(rendered(source), rendered(source))

    def test_secrets(self):
        """What AES seals with a password, the password opens; twice sealed is not the same."""
        self.assertEqual(rendered('{{encryptAES "k" "x" | decryptAES "k"}}'), "x")
        source = '{{encryptAES "k" "x"}}'
        self.assertNotEqual(rendered(source), rendered(source))
