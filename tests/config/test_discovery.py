import shutil
import tempfile
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config.discovery import Location, NoHome, find
from clace.errors import ConfigError


class FindTests(SynchronousTestCase):
    def setUp(self):
        # not mktemp: where the checkout lies must not matter to what is found under it
        self.root = Path(tempfile.mkdtemp(prefix="root"))
        self.addCleanup(shutil.rmtree, self.root)
        self.home = self.root / "home"
        self.home.mkdir()

    def find(self, config_file=None, program=None, **environ):
        return find(config_file, environ, program=program, root=self.root)

    def place(self, path):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        return file

    def test_flag_before_variable(self):
        """The option wins over CL_CONFIG_FILE, and home is the folder of the file."""
        found = self.find("/a/x.toml", CL_CONFIG_FILE="/b/y.toml")
        self.assertEqual(found, Location(Path("/a"), Path("/a/x.toml")))

    def test_variable_before_home(self):
        """CL_CONFIG_FILE wins over the file at home; CL_HOME stays home."""
        self.place("home/clace.toml")
        found = self.find(CL_CONFIG_FILE="/b/y.toml", CL_HOME=str(self.home))
        self.assertEqual(found, Location(self.home, Path("/b/y.toml")))

    def test_file_at_home(self):
        """With CL_HOME alone its clace.toml is read."""
        file = self.place("home/clace.toml")
        self.assertEqual(self.find(CL_HOME=str(self.home)), Location(self.home, file))

    def test_home_without_file(self):
        """A home without a file runs on the defaults."""
        self.assertEqual(self.find(CL_HOME=str(self.home)), Location(self.home))

    def test_dangling_link_is_not_passed_over(self):
        """A link to nowhere is a file that cannot be read, not a missing one."""
        (self.home / "clace.toml").symlink_to("nowhere")
        self.assertEqual(self.find(CL_HOME=str(self.home)).file, self.home / "clace.toml")

    def test_home_must_exist(self):
        """A CL_HOME that is no folder is refused by name."""
        error = self.assertRaises(ConfigError, self.find, CL_HOME="/no/such/home")
        self.assertIn("CL_HOME: expected an existing folder, got /no/such/home", error.message)

    def test_home_is_absolute(self):
        """A relative path is made absolute at once, for a daemon changes its folder."""
        self.assertEqual(self.find("x.toml").home, Path.cwd())

    def test_program_folder(self):
        """The folder of an installation is home if it has a file and is named for us."""
        file = self.place("clace-1/clace.toml")
        program = self.place("clace-1/bin/clace")
        self.assertEqual(self.find(program=program), Location(file.parent, file))

    def test_foreign_program_folder(self):
        """A clace.toml in a folder that is not named for us is not read."""
        self.place("other/clace.toml")
        self.assertRaises(NoHome, self.find, program=self.place("other/bin/x"))

    def test_usual_places(self):
        """The places of packages are looked at last, and have their own home."""
        file = self.place("usr/local/etc/clace.toml")
        self.assertEqual(self.find(), Location(self.root / "usr/local/var/clace", file))

    def test_nothing(self):
        """With nothing said and nothing found, the text is that of 2025."""
        error = self.assertRaises(NoHome, self.find)
        self.assertEqual(error.message, "unable to find CL_HOME or config file")

    def test_openrun_home(self):
        """The home and the file of OpenRun are found; ours go first where both are there."""
        foreign = self.place("home/openrun.toml")
        self.assertEqual(self.find(OPENRUN_HOME=str(self.home)), Location(self.home, foreign))
        ours = self.place("home/clace.toml")
        self.assertEqual(self.find(OPENRUN_HOME=str(self.home)), Location(self.home, ours))
        other = self.root / "other"
        other.mkdir()
        found = self.find(CL_HOME=str(other), OPENRUN_HOME=str(self.home))
        self.assertEqual(found, Location(other))

    def test_openrun_home_must_exist(self):
        """An OPENRUN_HOME that is no folder is refused by that name."""
        error = self.assertRaises(ConfigError, self.find, OPENRUN_HOME="/no/such/home")
        self.assertIn("OPENRUN_HOME: expected an existing folder", error.message)
