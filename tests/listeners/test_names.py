"""Tests for ``clace.listeners.names``."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.listeners.names import file_stems, server_name

# Text made of what path tricks are made of comes up more often than chance would have it.
NASTY = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["..", ".", "/", "\\", "%", "a", "::1", "127.0.0.1", "\0", "\n", "-", "_", "K"]
        )
    ).map("".join),
)


class ServerNameTests(SynchronousTestCase):
    def test_is_lower_case(self):
        """Case does not matter to DNS, so it does not to files."""
        self.assertEqual(server_name(b"Tools.Example.COM"), "tools.example.com")

    def test_drops_the_root(self):
        """A name with the dot of the root is the same name."""
        self.assertEqual(server_name("tools.example.com."), "tools.example.com")

    def test_addresses(self):
        """Addresses come back in their shortest form."""
        self.assertEqual(server_name("127.0.0.1"), "127.0.0.1")
        self.assertEqual(server_name("0:0:0:0:0:0:0:1"), "::1")

    def test_refuses_what_is_no_name(self):
        """What could not be a host is ``None``, above all what would be a path."""
        for sent in (
            None,
            b"",
            ".",
            "..",
            "a..b",
            "../etc/passwd",
            "a/b",
            "a\\b",
            "a\0b",
            "a\n",
            "-a.example",
            "a-.example",
            "*.example.com",
            "_.example.com",
            "fe80::1%../../etc",
            "\u212aelvin.example",
            "a" * 64,
            "aa." * 85,
            b"\xff",
        ):
            self.assertIdentical(server_name(sent), None, sent)

    @given(NASTY)
    def test_never_leaves_the_folder(self, sent):
        """Whatever is sent, the files looked for lie in the folder and nowhere else."""
        name = server_name(sent)
        folder = Path("/certificates")
        for stem in file_stems(name) if name else ():
            for path in (folder / f"{stem}.crt", folder / f"{stem}.key"):
                self.assertEqual(path.parent, folder)
                self.assertEqual(Path(path.as_posix()).name, path.name)
                self.assertNotIn("\0", str(path))
                self.assertFalse(path.name.startswith("."))

    @given(st.binary())
    def test_takes_any_bytes(self, sent):
        """No bytes from the network make it fail."""
        name = server_name(sent)
        self.assertEqual(name, server_name(name))


class FileStemsTests(SynchronousTestCase):
    def test_one_level_of_wildcard(self):
        """The name itself comes before the wildcard of its parent."""
        self.assertEqual(file_stems("a.example.com"), ("a.example.com", "_.example.com"))

    def test_no_wildcards_for_addresses(self):
        """Addresses have no parents, nor have names of one label."""
        self.assertEqual(file_stems("10.0.0.1"), ("10.0.0.1",))
        self.assertEqual(file_stems("localhost"), ("localhost",))
