"""The sections of configuration that the pages on providers of sign-ins tell to paste."""

import re
import tomllib
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PAGES = Path(__file__).parents[2] / "docs" / "sign-in"
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
PROVIDER = re.compile(r'secret_from "(\w+)"')


class PastedTests(SynchronousTestCase):
    def test_secrets_have_their_provider(self):
        """A section that names a secret brings the provider that knows it, or no server starts."""
        seen = 0
        for page in sorted(PAGES.glob("*.md")):
            for (text,) in (found.groups() for found in BLOCK.finditer(page.read_text("utf-8"))):
                wanted = set(PROVIDER.findall(text))
                there = tomllib.loads(text).get("secret", {})
                self.assertEqual(wanted - there.keys(), set(), page.name)
                seen += len(wanted)
        self.assertGreaterEqual(seen, 10)
