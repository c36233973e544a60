"""What tests of the configuration share."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config import Config, Location, load
from clace.errors import ConfigError

HOME = Path("/h")


def written(test, text, mode=0o600):
    """A file with the text."""
    file = Path(test.mktemp()).absolute()
    content = text if isinstance(text, bytes) else text.encode()
    file.write_bytes(content)
    file.chmod(mode)
    return file


class LoadCase(SynchronousTestCase):
    """Loads texts as if they were the file at home."""

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
