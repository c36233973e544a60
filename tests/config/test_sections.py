from pathlib import Path

from clace.config import Location, load
from clace.config.sections import Listen
from tests.config.support import LoadCase, written


class ValueTests(LoadCase):
    def test_url_has_no_socket(self):
        """With an URL there is no admin socket."""
        config = self.load('server_uri = "https://x.example:25223/"')
        self.assertEqual((config.server_uri, config.socket), ("https://x.example:25223", None))

    def test_urls_refused(self):
        """An URL may hold no password, path, query or port that is none."""
        for url in (
            "http://u:p@h",
            "http://h/x",
            "http://h?x",
            "http://h:0",
            "ftp://h",
            "HTTPS://h",
            "http://h:x",
            "http://",
            "http://[::1",
        ):
            self.assertIn("server_uri: expected", self.problems(f'server_uri = "{url}"')[0])

    def test_names_of_two_eras(self):
        """unsafe_admin_over_tcp is admin_over_tcp, and both may be given if they agree."""
        for text in (
            "unsafe_admin_over_tcp = true",
            "admin_over_tcp = true",
            "admin_over_tcp = true\nunsafe_admin_over_tcp = true",
        ):
            self.assertTrue(self.load(f"[security]\n{text}").security.admin_over_tcp)
        self.assertEqual(
            self.problems("[security]\nadmin_over_tcp = true\nunsafe_admin_over_tcp = false")[0],
            "[security] admin_over_tcp: says otherwise than unsafe_admin_over_tcp, its other name",
        )

    def test_lenient_values(self):
        """Era 25's texts for numbers and booleans, empty auth type and lower-case levels hold."""
        config = self.load(
            '[app_config]\ncors.max_age = "12"\ncors.allow_credentials = "true"\n'
            'security.headers_level = 7\n[security]\napp_default_auth_type = ""\n'
            '[logging]\nlevel = "debug"'
        )
        self.assertEqual(config.app_config.cors.max_age, 12)
        self.assertTrue(config.app_config.cors.allow_credentials)
        self.assertEqual(config.app_config.security.headers_level, 5)
        self.assertEqual(config.security.app_default_auth_type, "system")
        self.assertEqual(config.logging.level, "DEBUG")

    def test_dotted_and_nested_app_config(self):
        """Dotted keys and nested tables of [app_config] are the same."""
        dotted = self.load('[app_config]\nfs.file_access = ["/a"]').app_config
        self.assertEqual(self.load('[app_config.fs]\nfile_access = ["/a"]').app_config, dotted)
        self.assertEqual(dotted.fs.file_access, (Path("/a"),))

    def test_listeners(self):
        """Each [[listen]] block is a listener; home in it is escaped as endpoints want it."""
        config = load(
            Location(
                Path("/a:b"),
                written(
                    self,
                    '[[listen]]\nendpoint="unix:$CL_HOME/x:mode=600"\n'
                    'serve="admin"\n[[listen]]\nendpoint="tcp:1"',
                ),
            ),
            {},
        )
        self.assertEqual(
            config.listen,
            (Listen(endpoint="unix:/a\\:b/x:mode=600", serve="admin"), Listen(endpoint="tcp:1")),
        )

    def test_plugins(self):
        """Sections of plugins have the plugin's name."""
        config = self.load('[plugin."http.in"]\nallow_hosts = ["10.0.0.0/8"]\n[plugin."exec.in"]')
        self.assertEqual(config.plugin.http.allow_hosts, ("10.0.0.0/8",))

    def test_accounts(self):
        """An account of a plugin has a section of its own, checked like the plugin's."""
        config = self.load('[plugin."http.in#work"]\nallow_hosts = ["a"]\n[plugin."exec.in#b#c"]')
        self.assertEqual(config.plugin.http_accounts["work"].allow_hosts, ("a",))
        self.assertEqual(list(config.plugin.exec_accounts), ["b#c"])
        self.assertEqual(config.plugin.http.allow_hosts, ())

    def test_plugins_of_packages(self):
        """A plugin that is enabled has sections with whatever keys it knows."""
        text = (
            '[plugins]\nenabled = ["greet.in", "others.in"]\n[plugin."greet.in"]\nname = "x"\n'
            '[plugin."greet.in#loud"]\n[plugin."others.in".deep]\na = [1]'
        )
        config = self.load(text)
        self.assertEqual(config.plugins.enabled, ("greet.in", "others.in"))
        self.assertEqual(
            config.plugin.others,
            {"greet.in": {"name": "x"}, "greet.in#loud": {}, "others.in": {"deep": {"a": [1]}}},
        )

    def test_wrong_plugins_of_packages(self):
        """What is no list of names of plugins is told, and what is no value either."""
        for text, problem in (
            ("enabled = 3", "[plugins] enabled: expected an array, each the name of a plugin"),
            (
                'enabled = ["greet"]',
                "[plugins] enabled: expected an array, each the name of a plugin",
            ),
            (
                'enabled = ["a.in"]\n[plugin."a.in"]\nx = 1979-05-27',
                '[plugin."a.in"] x: expected text, number, boolean, array or table',
            ),
            ('enabled = ["a.in"]\n[plugin]\n"a.in" = 3', '[plugin."a.in"]: expected a table'),
        ):
            (found,) = self.problems(f"[plugins]\n{text}")
            self.assertTrue(found.startswith(problem), found)
