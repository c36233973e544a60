from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.backups import BackupPiece
from clace.backups.sealing import derived_key
from clace.errors import StoreError
from tests.backups.home import BackedUpHome
from tests.support.command_line import CommandLineCase
from tests.support.memory_backups import PIECES

PASSPHRASE = "a passphrase of a test"


class BackupCase(CommandLineCase, SynchronousTestCase):
    def setUp(self):
        super().setUp()
        self.file = self.home / "a.backup"
        self.key = self.home / "key"
        self.key.write_text(f"{PASSPHRASE}\n")
        self.key.chmod(0o600)


class CreateTests(BackupCase):
    def create(self, *arguments, **options):
        return self.run_cli("backup", "create", *arguments, str(self.file), **options)

    def test_key_file(self):
        """The file has the server's bytes and is its owner's; the passphrase stays here, and a key
        made of it is sent.
        """
        result = self.create("--key", str(self.key))
        self.assertEqual(result.exit_code, 0, result.output)
        self.assertEqual(result.stdout, f"Wrote {self.file}, 0.0 MB.\n")
        self.assertEqual(self.file.read_bytes(), b"a whole backup")
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        (wish,) = self.administration.backups.wishes
        key = wish.body.key
        self.assertEqual(key.key, derived_key(PASSPHRASE.encode(), key.derivation))
        self.assertNotIn(str(key.key), repr(wish))

    def test_passphrase(self):
        """On a terminal the passphrase is asked for, twice, and a short one is refused."""
        self.terminal = True
        result = self.create(typed=f"{PASSPHRASE}\n{PASSPHRASE}\n")
        self.assertEqual(result.exit_code, 0, result.output)
        self.file.unlink()
        for typed in (f"{PASSPHRASE}\nanother passphrase\n", "short\nshort\n"):
            self.assertEqual(self.create(typed=typed).exit_code, 1)
        self.assertEqual(len(self.administration.backups.wishes), 1)

    def test_no_terminal(self):
        """A script that names no key is refused: it would wait for ever, or lose the secrets."""
        self.fails(
            "error: expected --key FILE, or --no-secrets; without a terminal nobody can be asked\n"
            "run 'clace backup create --help' for usage\n",
            *("backup", "create", str(self.file)),
            status=2,
        )

    def test_no_secrets(self):
        """Without secrets no key is sent, and the operator is warned."""
        result = self.create("--no-secrets")
        self.assertIn("warning: the backup has no secrets", result.stderr)
        self.assertIsNone(self.administration.backups.wishes[0].body.key)
        both = self.create("--no-secrets", "--key", str(self.key))
        self.assertEqual(both.exit_code, 1)

    def test_no_folders(self):
        """Folders of fs.in are left out on demand."""
        self.create("--no-secrets", "--no-folders")
        self.assertFalse(self.administration.backups.wishes[0].body.folders)

    def test_steps(self):
        """Each step is told on stderr with its duration."""
        self.assertIn("all of it: 0.0 s\n", self.create("--no-secrets").stderr)

    def test_existing_file(self):
        """A file that is there is not replaced, and the server is not asked."""
        self.file.write_text("mine")
        self.assertEqual(self.create("--no-secrets").exit_code, 1)
        self.assertEqual(self.file.read_text(), "mine")
        self.assertEqual(self.administration.backups.wishes, [])

    def test_bad_key_files(self):
        """A key file that others can read, is too short or is missing is refused in words."""
        self.key.chmod(0o644)
        self.assertIn("chmod 600", self.create("--key", str(self.key)).stderr)
        self.key.chmod(0o600)
        self.key.write_text("short")
        self.assertIn("expected 12 to", self.create("--key", str(self.key)).stderr)
        self.assertIn("cannot be read", self.create("--key", str(self.home / "no")).stderr)
        self.assertFalse(self.file.exists())

    def test_cut(self):
        """A backup that ends early leaves no file under its name, nor beside it."""
        self.administration.backups.given = PIECES[:-1]
        before = set(self.home.iterdir())
        result = self.create("--no-secrets")
        self.assertIn("the server ended before the backup did", result.stderr)
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(set(self.home.iterdir()), before)

    def test_failure(self):
        """An error of the server in the middle is told, and leaves no file."""

        def failing():
            yield PIECES[0]
            yield BackupPiece(content=b"half")
            raise StoreError("the disk is gone")

        before = set(self.home.iterdir())
        self.administration.backups.pieces = lambda wish: sent(failing())
        result = self.create("--no-secrets")
        self.assertEqual((result.stderr, result.exit_code), ("error: the disk is gone\n", 1))
        self.assertEqual(set(self.home.iterdir()), before)

    def test_too_little_space(self):
        """A disk that is too full is told before anything is written."""
        self.administration.backups.given = (BackupPiece(size=1 << 62), *PIECES[1:])
        before = set(self.home.iterdir())
        result = self.create("--no-secrets")
        self.assertIn("the backup may need", result.stderr)
        self.assertIn("nothing was written", result.stderr)
        self.assertEqual((result.exit_code, set(self.home.iterdir())), (1, before))

    def test_dry_run(self):
        """A dry run needs no key, tells the sizes, and writes nothing."""
        result = self.create("--dry-run")
        self.assertIn("dry-run mode", result.stdout)
        self.assertIn("at most", result.stdout)
        self.assertTrue(self.administration.backups.wishes[0].dry_run)
        self.assertFalse(self.file.exists())


async def sent(pieces):
    for piece in pieces:
        yield piece


class RestoreTests(BackupCase):
    def setUp(self):
        super().setUp()
        self.world = BackedUpHome(self.home / "world")
        self.file = self.world.backup()
        self.new = self.home / "new"
        self.environ = {"CL_HOME": str(self.new)}

    def test_verify(self):
        """Verifying tells how many files it has, and what opens or is missing."""
        result = self.run_cli("backup", "verify", "--key", str(self.key), str(self.file))
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        self.assertIn("The backup is whole: 5 file(s)", result.stdout)
        self.assertIn("6 secret(s) open with the key.", result.stdout)
        result = self.run_cli("backup", "verify", "--no-secrets", str(self.file))
        self.assertIn("Missing without the key:\n  clace.toml: client.admin", result.stdout)

    def test_damaged(self):
        """A damaged backup is told on stderr, and the status is 1."""
        self.file.write_bytes(self.file.read_bytes()[:-9])
        result = self.run_cli("backup", "verify", "--no-secrets", str(self.file))
        self.assertEqual((result.stdout, result.exit_code), ("", 1))
        self.assertIn("error: not a whole backup", result.stderr)

    def test_restore(self):
        """A backup is restored into CL_HOME, or where --home says."""
        command = ("backup", "restore", "--key", str(self.key), str(self.file))
        result = self.run_cli(*command)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        self.assertIn(f"Restored 5 file(s) into {self.new}.", result.stdout)
        self.assertTrue((self.new / "clace.toml").exists())
        other = self.home / "other"
        self.assertEqual(self.run_cli(*command, "--home", str(other)).exit_code, 0)
        self.assertTrue((other / "clace.toml").exists())
        self.assertIn("is not empty", self.run_cli(*command).stderr)

    def test_running_server(self):
        """A home where a server runs is refused."""
        self.gone_at = 1.0
        result = self.run_cli("backup", "restore", "--no-secrets", str(self.file))
        self.assertIn("a server is running", result.stderr)
        self.assertFalse(self.new.exists())

    def test_no_home(self):
        """Without a home nothing is guessed."""
        self.environ = {}
        result = self.run_cli("backup", "restore", "--no-secrets", str(self.file))
        self.assertIn("set CL_HOME", result.stderr)
