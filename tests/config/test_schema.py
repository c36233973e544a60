from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config.names import Names
from clace.config.schema import keys, plain


class SchemaTests(SynchronousTestCase):
    def test_keys_with_a_place(self):
        """Keys of sections are listed with their place; those of named sections have none."""
        places = [key.at for key in keys()]
        self.assertIn(("plugin", "http.in", "allow_hosts"), places)
        self.assertIn(("app_config", "fs", "file_access"), places)
        self.assertEqual([at for at in places if at[0] in {"git_auth", "listen"}], [])

    def test_defaults_are_taken(self):
        """Each default is a value that its own rule takes, and reads as itself again."""
        names = Names(Path("/h"), {})
        for key in keys():
            value = key.rule.parse(key.default, names)
            self.assertEqual(key.rule.parse(plain(value), names), value, key.at)

    def test_every_key_says_what_it_takes(self):
        """No limit that there is not is told."""
        for key in keys():
            self.assertTrue(key.rule.expected, key.at)
            self.assertNotIn("None", key.rule.expected, key.at)
