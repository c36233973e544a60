import json
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.config import Location
from clace.config.loading import interpret
from clace.config.schema import keys
from clace.config.showing import effective
from clace.errors import ConfigError
from tests.config.support import HOME, LoadCase

LINE = re.compile(r"/h/x\.toml: [^\n]")
HASH = "$2b$10$" + "a" * 53


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
            '[plugin."exce.in"]': '[plugin."exce.in"]: no such section; did you mean "exec.in"?'
            "; a plugin of a package has to be named in [plugins] enabled",
            '[plugin."abc.in#a"]': '[plugin."abc.in#a"]: no such section'
            "; a plugin of a package has to be named in [plugins] enabled",
            '[plugin."http.in#a"]\nallow_host = []': '[plugin."http.in#a"] allow_host: no such'
            ' key; did you mean "allow_hosts"?',
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
            "[[listen]]\nendpoint = 'tpc:80'": '[[listen]] #1 endpoint: "tpc:80": unknown endpoint'
            ' type "tpc"; did you mean "tcp"?',
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
            "[bindings.a]\nkey = 'x'\n[bindings.b]": ["[bindings.a]", "[bindings.b]"],
            "[telemetry]\nenabled = true": ["[telemetry]"],
            '[plugin."proxy.in"]\nx = 1': ['[plugin."proxy.in"]'],
            '[plugin."proxy.in#work"]\nx = 1': ['[plugin."proxy.in#work"]'],
            '[plugin."fs.in#work"]\ndb_connection = "x"': ['[plugin."fs.in#work"] db_connection'],
            "[[permissions.allow]]\nplugin = 'x'": ["[permissions]"],
            "[app_config]\ncontainer.deploy_health_attempts = 3": [
                "[app_config] container.deploy_health_attempts"
            ],
            "[app_config.kubernetes]": ["[app_config] kubernetes"],
            "[app_config]\nproxy.disable_compression = true": [
                "[app_config] proxy.disable_compression"
            ],
            "[app_config]\nstar_base = 'x'": ["[app_config] star_base"],
        }
        for text, places in cases.items():
            self.assertEqual(self.warnings(text), [place + known for place in places])


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
