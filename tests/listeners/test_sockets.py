"""Tests for ``clace.listeners.sockets``; the sockets are real, in folders of the test's own."""

import errno
import os
import socket
import tempfile
from pathlib import Path
from shutil import rmtree

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ListenError
from clace.listeners.sockets import UnixSocket
from clace.model.endpoint_strings import parse


class SocketTestCase(SynchronousTestCase):
    def setUp(self):
        # Trial's own temporary folders are too deep for the 107 bytes of a socket's path.
        self.folder = Path(tempfile.mkdtemp(prefix="clace-"))
        self.addCleanup(rmtree, self.folder)
        self.path = self.folder / "clace.sock"

    def described(self, options=":mode=600"):
        return UnixSocket.described(parse(f"unix:{self.path}{options}"))

    def bind(self, *, alive):
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.path))
        if alive:
            server.listen()
            self.addCleanup(server.close)
        else:
            server.close()

    def assert_refused(self, words, check):
        self.assertIn(words, str(self.assertRaises(ListenError, check)))


class DescribedTests(SocketTestCase):
    def test_too_long(self):
        """A path that no socket can have is refused with its length."""
        self.path = self.folder / ("ü" * 50)
        self.assert_refused("bytes; more than 107", self.described)

    def test_longest(self):
        """A path as long as can be is taken, and can be bound."""
        self.path = self.folder / ("a" * (107 - len(str(self.folder)) - 1))
        self.bind(alive=True)
        self.assert_refused("another server", self.described().check_free)

    def test_no_path(self):
        """A socket without a path is refused."""
        self.assert_refused("needs a path", lambda: UnixSocket.described(parse("unix:")))


class FolderTests(SocketTestCase):
    def test_made_private(self):
        """The folder is made when there is none, for the owner alone."""
        self.path = self.folder / "run" / "clace.sock"
        self.described().make_folder()
        self.assertEqual(self.path.parent.stat().st_mode & 0o777, 0o700)

    def test_open_to_others(self):
        """A folder that others can enter is refused, unchanged, with what to do about it."""
        self.folder.chmod(0o755)
        self.assert_refused(f"chmod 700 {self.folder}", self.described().make_folder)
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o755)

    def test_owned_by_another(self):
        """A folder of another user is refused: they could put their own socket there."""
        os.chown(self.folder, 65534, -1)
        self.assert_refused("belongs to user id 65534", self.described().make_folder)

    if os.geteuid() != 0:
        test_owned_by_another.skip = "only root can give a folder away"


class FreeTests(SocketTestCase):
    def test_nothing_there(self):
        """A place where nothing is, is free."""
        self.described().check_free()

    def test_live_server(self):
        """A socket that is answered belongs to a running server."""
        self.bind(alive=True)
        self.assert_refused("another server already running", self.described().check_free)

    def test_live_server_with_a_full_queue(self):
        """A server too busy to answer is running all the same."""
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        server.bind(str(self.path))
        server.listen(0)
        waiting = socket.socket(socket.AF_UNIX)
        self.addCleanup(waiting.close)
        waiting.connect(str(self.path))
        self.assert_refused("another server already running", self.described().check_free)

    def test_not_a_socket(self):
        """A file is never taken for a dead socket."""
        self.path.write_text("precious")
        self.assert_refused("not a socket", self.described().check_free)
        self.assert_refused("not a socket", self.described().claimed().__enter__)
        self.assertEqual(self.path.read_text(), "precious")

    def test_socket_of_another_kind(self):
        """A socket that cannot even be asked is not ours to replace."""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.bind(str(self.path))
        error = self.assertRaises(OSError, self.described().check_free)
        self.assertEqual(error.errno, errno.EPROTOTYPE)

    def test_link(self):
        """Nor is a link to one."""
        self.path.symlink_to(self.folder / "elsewhere.sock")
        self.assert_refused("not a socket", self.described().check_free)


class ClaimedTests(SocketTestCase):
    def test_removes_a_dead_socket(self):
        """What a killed server left is gone inside."""
        self.bind(alive=False)
        with self.described().claimed():
            self.assertFalse(self.path.exists())

    def test_one_at_a_time(self):
        """Two servers that start at once do not take each other's socket away."""
        with self.described().claimed():
            self.assert_refused("being started", self.described().claimed().__enter__)
        with self.described().claimed():
            pass

    def test_fault_inside(self):
        """What fails inside is not taken for a second server."""
        with self.assertRaises(BlockingIOError), self.described().claimed():
            raise BlockingIOError

    def test_no_folder(self):
        """A folder that is not there is an error of the system, with its name."""
        self.path = self.folder / "nowhere" / "clace.sock"
        error = self.assertRaises(FileNotFoundError, self.described().claimed().__enter__)
        self.assertEqual(error.filename, str(self.path.parent))
