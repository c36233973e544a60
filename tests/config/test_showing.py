from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config import Location
from clace.config.loading import interpret
from clace.config.showing import HIDDEN, effective


def shown(table, environ=None):
    """What is shown, by dotted place."""
    config = interpret(table, Location(Path("/h"), Path("/h/x.toml")), environ or {}, {})
    return {".".join(each.at): (each.value, str(each.origin)) for each in effective(config)}


class EffectiveTests(SynchronousTestCase):
    def test_says_where_from(self):
        """Each value comes with the file, variable or default it is from."""
        found = shown({"http": {"port": 1}}, {"CL_HTTP_HOST": "::1"})
        self.assertEqual(found["http.port"], (1, "/h/x.toml"))
        self.assertEqual(found["http.host"], ("::1", "CL_HTTP_HOST"))
        self.assertEqual(found["https.port"], (25223, "default"))

    def test_sections_of_any_name(self):
        """Named sections, blocks and free keys are shown too."""
        found = shown(
            {
                "git_auth": {"a": {"user_id": "u", "key_file_path": "k"}},
                "listen": [{"endpoint": "tcp:1"}],
                "node_config": {"x": [1]},
            }
        )
        self.assertEqual(found["git_auth.a.user_id"], ("u", "/h/x.toml"))
        self.assertEqual(found["git_auth.a.key_file_path"], ("/h/k", "/h/x.toml"))
        self.assertEqual(found["listen.1.endpoint"], ("tcp:1", "/h/x.toml"))
        self.assertEqual(found["listen.1.serve"], ("apps", "default"))
        self.assertEqual(found["node_config.x"], ([1], "/h/x.toml"))

    def test_plugins(self):
        """Accounts and the plugins of packages are shown under their names."""
        found = shown(
            {
                "plugins": {"enabled": ["a.in"]},
                "plugin": {
                    "http.in#work": {"allow_hosts": ["b"]},
                    "a.in": {"key": 1, "password": "hunter2"},
                },
            }
        )
        self.assertEqual(found["plugin.http.in#work.allow_hosts"], (["b"], "/h/x.toml"))
        self.assertEqual(found["plugin.a.in.key"], (1, "/h/x.toml"))
        self.assertEqual(found["plugin.a.in.password"][0], HIDDEN)

    def test_hides_secrets(self):
        """No secret is shown, wherever it stands; that one is empty may be seen."""
        table = {
            "client": {"admin_password": "hunter2"},
            "security": {"admin_password_bcrypt": "$2b$10$" + "h" * 53},
            "git_auth": {"a": {"password": "hunter2"}},
            "node_config": {"api_token": "hunter2", "deep": [{"my_password": ["hunter2"]}]},
        }
        found = shown(table)
        self.assertNotIn("hunter2", str(found))
        self.assertNotIn("h" * 53, str(found))
        self.assertEqual(found["client.admin_password"][0], HIDDEN)
        self.assertEqual(shown({})["client.admin_password"][0], "")
