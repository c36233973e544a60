"""``clace fmt``: printed, written or only looked at."""

from twisted.trial.unittest import SynchronousTestCase

from tests.support.command_line import CommandLineCase

UGLY = "app( path='/a' ,\n  source = '/s') # mine"
NEAT = 'app(path="/a",\n    source="/s")  # mine\n'


class FmtTests(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.ugly, self.neat = self.home / "a.ace", self.home / "b.ace"
        self.ugly.write_text(UGLY)
        self.neat.write_text(NEAT)

    def test_prints(self):
        """One file is printed as it should be, and stays; so is standard input."""
        self.prints(NEAT, "fmt", str(self.ugly))
        self.assertEqual(self.ugly.read_text(), UGLY)
        self.prints(NEAT, "fmt", "-", typed=UGLY)
        self.assertEqual(self.targets, [])

    def test_checks(self):
        """Files that would change are named, with a status of their own; none is written."""
        both = str(self.neat), str(self.ugly)
        result = self.run_cli("fmt", "--check", *both)
        self.assertEqual((result.exit_code, result.stdout), (1, f"{self.ugly}\n"))
        self.assertEqual(self.ugly.read_text(), UGLY)
        self.prints("", "fmt", "--check", str(self.neat))

    def test_writes(self):
        """Files are written anew, and those that changed are named."""
        self.prints(f"{self.ugly}\n", "fmt", "-w", str(self.neat), str(self.ugly))
        self.assertEqual(self.ugly.read_text(), NEAT)
        self.prints("", "fmt", "-w", str(self.neat), str(self.ugly))

    def test_failures(self):
        """What is no program, no text or no file is told with its name, and stays."""
        self.ugly.write_text("app(")
        self.fails(f"error: {self.ugly}:1:5: got end of file, want ')'\n", "fmt", str(self.ugly))
        self.neat.write_bytes(b"\xff")
        self.fails(f"error: {self.neat} is not UTF-8\n", "fmt", str(self.neat))
        missing = str(self.home / "c.ace")
        self.fails(f"error: cannot read {missing}: No such file or directory\n", "fmt", missing)

    def test_options(self):
        """Options that exclude each other are no command."""
        for options in (("-w", "--check", "x"), ("x", "y"), ("-w", "-"), ("-", "x")):
            self.assertEqual(self.run_cli("fmt", *options).exit_code, 2, options)
