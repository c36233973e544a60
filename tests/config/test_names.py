from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from clace.config import Location, known_names, load, node_values
from clace.config.names import Names, Refused
from tests.config.support import HOME, LoadCase

NAMES = Names(HOME, {"HOME": "/u"})


class NamesTests(LoadCase):
    def test_home_is_expanded(self):
        """$CL_HOME stands for home in paths and databases."""
        config = load(Location(HOME), {})
        self.assertEqual(config.socket, HOME / "run/clace.sock")
        self.assertEqual(config.https.cert_location, HOME / "config/certificates")
        self.assertEqual(config.metadata.db_connection, "sqlite:/h/metadata/clace_metadata.db")

    def test_node_values(self):
        """Values for apps get the allowed names only, and longer names are left alone."""
        config = self.load(
            'system.allowed_env = ["A", "CL_HOME"]\n[node_config]\n'
            'x = ["$A $B ${A} $AB $CL_HOME"]\ny = 1'
        )
        self.assertEqual(
            node_values(config, {"A": "a", "B": "b"}), {"x": ["a $B a $AB /h"], "y": 1}
        )

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

    @given(st.text(max_size=12))
    def test_expansion(self, text):
        """Any text expands or is refused; one without a dollar sign stays as it is."""
        try:
            expanded = NAMES.expand(text)
        except Refused:
            self.assertIn("$", text)
        else:
            self.assertTrue("$" in text or expanded == text)

    def test_home_of_openrun(self):
        """$OPENRUN_HOME is home in every place where $CL_HOME is."""
        config = self.load(
            'server_uri = "$OPENRUN_HOME/run/x.sock"\n'
            'system.allowed_env = ["OPENRUN_HOME"]\n'
            'https.cert_location = "${OPENRUN_HOME}/c"\n'
            'metadata.db_connection = "sqlite:$OPENRUN_HOME/m.db"\n'
            'node_config.x = "$OPENRUN_HOME"',
            {"OPENRUN_HOME": "/elsewhere"},
        )
        self.assertEqual(config.server_uri, "/h/run/x.sock")
        self.assertEqual(config.https.cert_location, HOME / "c")
        self.assertEqual(config.metadata.db_connection, "sqlite:/h/m.db")
        self.assertEqual(node_values(config, {"OPENRUN_HOME": "/elsewhere"}), {"x": "/h"})
        self.assertEqual(known_names(config, {"A": "a"})["OPENRUN_HOME"], "/h")
