"""Failures of the system in words."""

from twisted.trial.unittest import SynchronousTestCase

from clace.os_errors import os_reason


class OSReasonTests(SynchronousTestCase):
    def test_words(self):
        """The file and the reason are told, without the number and the quotes of Python."""
        for error, told in (
            (OSError(13, "Permission denied", "/x"), "/x: Permission denied"),
            (OSError(28, "No space left on device"), "No space left on device"),
            (OSError("closed"), "closed"),
            (OSError(), ""),
            (ValueError("embedded null byte"), "embedded null byte"),
        ):
            self.assertEqual(os_reason(error), told)
