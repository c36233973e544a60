import json
import re
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from twisted.trial.unittest import SynchronousTestCase

from clace.config import Config, Location, Origin, effective, load, node_values, shipped_text
from clace.config.loading import interpret
from clace.config.schema import keys
from clace.config.sections import Listen
from clace.errors import ConfigError

HOME = Path("/h")
LINE = re.compile(r"/h/x\.toml: [^\n]")
HASH = "$2b$10$" + "a" * 53


def written(test, text, mode=0o600):
    """A file with the text."""
    file = Path(test.mktemp()).absolute()
    content = text if isinstance(text, bytes) else text.encode()
    file.write_bytes(content)
    file.chmod(mode)
    return file


class LoadCase(SynchronousTestCase):
    def load(self, text, environ=None, flags=None, mode=0o600) -> Config:
        self.file = written(self, text, mode)
        return load(Location(HOME, self.file), environ or {}, flags)

    def problems(self, text, environ=None, flags=None):
        """What is wrong, a line each, without the file's name."""
        error = self.assertRaises(ConfigError, self.load, text, environ, flags)
        return [line.removeprefix(f"{self.file}: ") for line in error.message.split("\n")]

    def warnings(self, text, environ=None, mode=0o600):
        found = self.load(text, environ, mode=mode).warnings
        return [line.removeprefix(f"{self.file}: ") for line in found]


class ShippedFileTests(LoadCase):
    def test_is_the_defaults(self):
        """Every value of the shipped file is the default, and nothing in it is complained about."""
        shipped = self.load(shipped_text())
        self.assertEqual(shipped.warnings, ())
        defaults = load(Location(HOME), {})
        self.assertEqual(
            structs.replace(shipped, file=None, origins={}, warnings=()),
            structs.replace(defaults, warnings=()),
        )

    def test_has_every_key(self):
        """No key is left out of the shipped file."""
        shipped = tomllib.loads(shipped_text())
        for key in keys():
            value = shipped
            for step in key.at:
                self.assertIn(step, value, key.at)
                value = value[step]

    def test_is_the_documented_one(self):
        """What the package ships is what the repository documents."""
        documented = Path(__file__).parents[2] / "etc" / "clace.toml"
        self.assertEqual(shipped_text(), documented.read_text("utf-8"))

    def test_commented_examples_hold(self):
        """The examples in comments are right once the comment signs are taken away."""
        text = "\n".join(
            line.removeprefix("# ")
            if line.startswith(
                (
                    "# [",
                    "# endpoint",
                    "# serve",
                    "# user_id",
                    "# key_file",
                    "# password",
                    "# report",
                )
            )
            else line
            for line in shipped_text().split("\n")
        )
        config = self.load(text, {"HOME": "/u"})
        self.assertEqual(config.listen, (Listen(endpoint="systemd:domain=INET:index=0"),))
        self.assertEqual(config.git_auth["example"].key_file_path, Path("/u/.ssh/id_ed25519"))
        self.assertEqual(dict(config.node_config), {"report_folder": "$HOME/reports"})


class ValueTests(LoadCase):
    def test_home_is_expanded(self):
        """$CL_HOME stands for home in paths and databases."""
        config = load(Location(HOME), {})
        self.assertEqual(config.socket, HOME / "run/clace.sock")
        self.assertEqual(config.https.cert_location, HOME / "config/certificates")
        self.assertEqual(config.metadata.db_connection, "sqlite:/h/metadata/clace_metadata.db")

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
                    '[[listen]]\nendpoint="unix:$CL_HOME/x"\n'
                    'serve="admin"\n[[listen]]\nendpoint="tcp:1"',
                ),
            ),
            {},
        )
        self.assertEqual(
            config.listen,
            (Listen(endpoint="unix:/a\\:b/x", serve="admin"), Listen(endpoint="tcp:1")),
        )

    def test_node_values(self):
        """Values for apps get the allowed names only, and longer names are left alone."""
        config = self.load(
            'system.allowed_env = ["A", "CL_HOME"]\n[node_config]\n'
            'x = ["$A $B ${A} $AB $CL_HOME"]\ny = 1'
        )
        self.assertEqual(
            node_values(config, {"A": "a", "B": "b"}), {"x": ["a $B a $AB /h"], "y": 1}
        )

    def test_plugins(self):
        """Sections of plugins have the plugin's name."""
        config = self.load('[plugin."http.in"]\nallow_hosts = ["10.0.0.0/8"]\n[plugin."exec.in"]')
        self.assertEqual(config.plugin.http.allow_hosts, ("10.0.0.0/8",))


class RefusalTests(LoadCase):
    def test_names_file_key_and_expectation(self):
        """A refusal says where, what was expected and what was there."""
        error = self.assertRaises(ConfigError, self.load, '[http]\nport = "x"')
        self.assertEqual(
            error.message,
            f'{self.file}: [http] port: expected an integer from -1 to 65535, got "x"',
        )

    def test_all_at_once(self):
        """Every problem is told, one a line."""
        self.assertEqual(
            self.problems("admin_user = 1\n[http]\nport = 65536\n[logging]\nlevel = 'loud'"),
            [
                "admin_user: expected a text, got 1",
                "[http] port: expected an integer from -1 to 65535, got 65536",
                '[logging] level: expected one of ERROR, WARN, INFO, DEBUG, TRACE, got "loud"',
            ],
        )

    def test_nearest_key(self):
        """A misspelling is answered with the nearest key, section or place."""
        cases = {
            "[http]\nprot = 1": '[http] prot: no such key; did you mean "port"?',
            "[https]\nPort = 1": '[https] Port: no such key; did you mean "port"?',
            "[htpp]\nport = 1": '[htpp]: no such section; did you mean "http"?',
            "[system]\nnode_pat = ''": '[system] node_pat: no such key; did you mean "node_path"?',
            "port = 1": "port: no such key; did you mean [http] port?",
            "zzz = 1": "zzz: no such key",
            '[plugin."exce.in"]': '[plugin."exce.in"]: no such section; did you mean "exec.in"?',
            '[git_auth.a]\nuser = ""': '[git_auth.a] user: no such key; did you mean "user_id"?',
        }
        for text, problem in cases.items():
            self.assertEqual(self.problems(text), [problem])

    def test_wrong_shapes(self):
        """A value in place of a table, or the other way round, is told as such."""
        cases = {
            "http = 3": "http: expected a table, got 3",
            "git_auth.x = 3": "[git_auth.x]: expected a table, got 3",
            "listen = {}": "listen: expected blocks that begin with [[listen]], got a table",
            "listen = [1]": "listen: expected blocks that begin with [[listen]], got an array",
            "[[listen]]": "[[listen]] #1 endpoint: missing; expected an endpoint string such as"
            " tcp:8080",
            "http.port = {}": "[http] port: expected an integer from -1 to 65535, got a table",
            "http.port = true": "[http] port: expected an integer from -1 to 65535, got true",
            "http.port = 1.5": "[http] port: expected an integer from -1 to 65535, got 1.5",
            "node_config.a = {b = 1979-05-27}": "[node_config] a: expected text, number, boolean,"
            " array or table, got a table",
        }
        for text, problem in cases.items():
            self.assertEqual(self.problems(text), [problem])

    def test_secrets_are_not_repeated(self):
        """A refused hash, password or database does not appear in the refusal."""
        text = (
            '[security]\nadmin_password_bcrypt = "hunter2"\n[client]\n'
            'admin_password = "hunter2\\n"\n[metadata]\ndb_connection = "postgresql://u:hunter2@h"'
        )
        self.assertEqual(len(self.problems(text)), 3)
        self.assertNotIn("hunter2", str(self.problems(text)))

    def test_control_characters(self):
        """No text that ends in a header, path or log holds a control character."""
        for key in (
            "server_uri",
            "http.host",
            "app_config.cors.allow_origin",
            "https.cert_location",
        ):
            self.assertEqual(len(self.problems(f'{key} = "a\\u0000b"')), 1)

    def test_unusable_names(self):
        """A $NAME that is not usable or not set is told; $$ is a dollar sign."""
        self.assertIn(
            "$CLHOME cannot be used here, only $CL_HOME",
            self.problems('https.cert_location = "$CLHOME/x"')[0],
        )
        self.assertEqual(
            self.problems('https.cert_location = "$HOME/x"'),
            ["[https] cert_location: $HOME is not set in the environment"],
        )
        config = self.load('https.cert_location = "/a$$b/${CL_HOME}"')
        self.assertEqual(config.https.cert_location, Path("/a$b/h"))

    def test_together(self):
        """Values that are right alone and wrong together are refused."""
        self.assertEqual(
            self.problems(
                'http.redirect_to_https = true\nhttps.port = -1\nsecurity.default_git_auth = "x"'
            ),
            [
                "[security] default_git_auth: there is no section [git_auth.x]",
                "[http] redirect_to_https: expected HTTPS to be on, its port is -1",
            ],
        )

    def test_unreadable(self):
        """A file that is missing, a folder, too large or no TOML is refused by name."""
        folder = Path(self.mktemp())
        folder.mkdir()
        for file, reason in (
            (folder, "Is a directory"),
            (Path("/no/file"), "No such file"),
            (Path("a\0b"), "null byte"),
        ):
            error = self.assertRaises(ConfigError, load, Location(HOME, file), {})
            self.assertTrue(error.message.startswith(f"{file}: cannot be read: "), error.message)
            self.assertIn(reason, error.message)
        for text, reason in (
            (b"a = \xff", "expected UTF-8, byte 4"),
            ("a = ", "not TOML: "),
            ("a = " + "[" * 5000, "not TOML: "),
            ("#" * 1_048_577, "at most"),
            ("a = " + "9" * 5000, "not TOML: "),
        ):
            self.assertIn(reason, self.problems(text)[0])

    def test_too_deep(self):
        """Tables in tables without end are refused, wherever they stand."""
        for key in ("node_config", "app_config.container", "x", "http.port"):
            deep = ".".join([key, *["a"] * 3000])
            self.assertEqual(
                self.problems(f"{deep} = 1"), ["expected at most 32 tables in one another"]
            )

    def test_huge_number(self):
        """A number that Python would not even print is refused like any other."""
        self.assertIn("a number over 64 bits", self.problems("http.port = 0x" + "f" * 9000)[0])


class NoticeTests(LoadCase):
    def test_other_eras(self):
        """A key or section that another era knows is a notice that names it."""
        known = ": known, but this version does nothing with it"
        cases = {
            "profile_mode = 'cpu'": ["profile_mode"],
            "[https]\nservice_email = 'a@b'": ["[https] service_email"],
            "[auth.github]\nkey = 'x'\n[auth.google]": ["[auth.github]", "[auth.google]"],
            "[telemetry]\nenabled = true": ["[telemetry]"],
            "[secret.vault]": ["[secret.vault]"],
            '[plugin."store.in"]\nx = 1': ['[plugin."store.in"]'],
            '[plugin."http.in#work"]\nx = 1': ['[plugin."http.in#work"]'],
            "[[permissions.allow]]\nplugin = 'x'": ["[permissions]"],
            "[app_config]\ncontainer.health_url = '/'": ["[app_config] container.health_url"],
            "[app_config.proxy]": ["[app_config] proxy"],
            "[app_config]\nfs.retain_versions = 2": ["[app_config] fs.retain_versions"],
            "[git_auth.a]\nprivate_key = 'x'": ["[git_auth.a] private_key"],
        }
        for text, places in cases.items():
            self.assertEqual(self.warnings(text), [place + known for place in places])

    def test_no_file(self):
        """A home without a file is told, not refused."""
        self.assertEqual(
            load(Location(HOME), {}).warnings,
            ("/h: no clace.toml here, every key has its default",),
        )

    def test_exposed_secrets(self):
        """A plain secret in a file that others can read is told, without the secret."""
        text = "client.admin_password = 'hunter2'\ngit_auth.a.password = 'hunter2'\n"
        self.assertEqual(self.warnings(text), [])
        found = self.warnings(text, mode=0o640)
        self.assertEqual(
            [line.split(": ")[0] for line in found],
            ["[client] admin_password", "[git_auth.a] password"],
        )
        self.assertNotIn("hunter2", str(found))

    def test_secret_from_elsewhere(self):
        """A password from the environment does not make the file's mode a matter."""
        self.assertEqual(self.warnings("", {"CL_ADMIN_PASSWORD": "x"}, mode=0o644), [])

    def test_misspelt_variable(self):
        """A variable that is almost one of ours is told; any other is not ours to judge."""
        self.assertEqual(
            self.warnings("", {"CL_HTTP_PROT": "1", "CL_INCLUDE": "x", "CL_HOME": "/h"}),
            ["CL_HTTP_PROT: nothing reads this variable; did you mean CL_HTTP_PORT?"],
        )


class PrecedenceTests(LoadCase):
    def test_order(self):
        """A flag wins over the environment, that over the file, that over the default."""
        at = ("http", "port")
        said = [
            ("", {}, {}, 25222, None),
            ("http.port = 1", {}, {}, 1, "file"),
            ("http.port = 1", {"CL_HTTP_PORT": "2"}, {}, 2, "environment"),
            ("http.port = 1", {"CL_HTTP_PORT": "2"}, {"http.port": "3"}, 3, "flag"),
            ("http.port = 1", {"CL_HTTP_PORT": ""}, {"http.port": None}, 1, "file"),
        ]
        for text, environ, flags, port, kind in said:
            config = self.load(text, environ, flags)
            self.assertEqual(config.http.port, port)
            self.assertEqual(getattr(config.origins.get(at), "kind", None), kind)

    def test_origin_names(self):
        """An origin names the variable or the flag."""
        config = self.load("", {"CL_LOGGING_CONSOLE": "1"}, {"client.skip_cert_check": True})
        self.assertTrue(config.logging.console)
        self.assertTrue(config.client.skip_cert_check)
        self.assertEqual(
            {"/".join(at): origin for at, origin in config.origins.items()},
            {
                "logging/console": Origin("environment", "CL_LOGGING_CONSOLE"),
                "client/skip_cert_check": Origin("flag", "--skip_cert_check"),
            },
        )

    def test_refusals_name_their_source(self):
        """A bad variable or flag is told by its name; the file's value is judged all the same."""
        found = self.problems(
            "http.port = 'y'",
            {"CL_HTTP_PORT": "x"},
            {"http.port": "70000", "logging.console": "maybe"},
        )
        self.assertEqual(
            found,
            [
                '[http] port: expected an integer from -1 to 65535, got "y"',
                'CL_HTTP_PORT: expected an integer from -1 to 65535, got "x"',
                '--http.port: expected an integer from -1 to 65535, got "70000"',
                '--logging.console: expected true or false, got "maybe"',
            ],
        )


scalars = st.one_of(
    st.text(max_size=8),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.sampled_from(["$CL_HOME/x", "$X", "http://a", "sqlite:x", "1", HASH]),
)
names = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        sorted(
            {step for key in keys() for step in key.at}
            | {
                "listen",
                "git_auth",
                "endpoint",
                "serve",
                "node_config",
                "auth",
                "user_id",
                "unsafe_admin_over_tcp",
            }
        )
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=4)),
    max_leaves=8,
)
shaped = st.fixed_dictionaries(
    {},
    optional={
        key.at[0]: st.dictionaries(
            st.sampled_from([k.at[1] for k in keys() if k.at[0] == key.at[0]]), values, max_size=3
        )
        for key in keys()
        if len(key.at) > 1
    },
)


class TotalityTests(SynchronousTestCase):
    def attempt(self, text):
        file = Path("total.toml").absolute()
        file.write_bytes(text)
        try:
            config = load(Location(HOME, file), {})
        except ConfigError as error:
            self.assertTrue(all(line.startswith(f"{file}: ") for line in error.message.split("\n")))
        else:
            self.assertIsInstance(config, Config)

    @settings(deadline=None)
    @given(st.binary(max_size=200))
    def test_any_bytes(self, content):
        """Any file loads or is refused as a ConfigError that names it, line by line."""
        self.attempt(content)

    @settings(deadline=None)
    @given(st.one_of(shaped, st.dictionaries(names, values, max_size=4)))
    def test_any_tables(self, table):
        """Whatever TOML can say, it loads and can be shown, or is refused as a ConfigError."""
        try:
            config = interpret(table, Location(HOME, Path("/h/x.toml")), {}, {})
        except ConfigError as error:
            self.assertTrue(all(map(LINE.match, error.message.split("\n"))), error.message)
        else:
            json.dumps([shown.value for shown in effective(config)], allow_nan=False)
