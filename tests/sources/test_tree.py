import hashlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import SourceError
from clace.interfaces import IFiles
from clace.sources.tree import SourceTree


class TreeTests(SynchronousTestCase):
    """Files in memory."""

    @given(st.dictionaries(st.text(), st.binary()))
    def test_has_what_it_was_given(self, contents):
        """Every file is there with its size and hash, and nothing else."""
        tree = SourceTree(contents)
        verifyObject(IFiles, tree)
        self.assertEqual(set(tree.refs), set(contents))
        for name, ref in tree.refs.items():
            content = self.successResultOf(tree.read(name))
            self.assertEqual(content, contents[name])
            self.assertEqual((ref.name, ref.size), (name, len(content)))
            self.assertEqual(ref.sha256, hashlib.sha256(content).hexdigest())
            self.assertEqual(tree.encodings(name), ())

    def test_does_not_change(self):
        """What happens to the given mapping does not reach it, and its list is read-only."""
        contents = {"a": b"1"}
        tree = SourceTree(contents)
        contents["a"] = contents["b"] = b"2"
        self.assertEqual(self.successResultOf(tree.read("a")), b"1")
        self.assertNotIn("b", tree.refs)
        with self.assertRaises(TypeError):
            tree.refs["b"] = None

    def test_refuses_what_it_does_not_have(self):
        """Another name is refused, compressed or not."""
        tree = SourceTree({})
        for refused in (tree.read("a"), tree.read_encoded("a", "br")):
            self.failureResultOf(refused, SourceError)
