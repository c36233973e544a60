"""Fields that are made when they are first read."""

from twisted.trial.unittest import SynchronousTestCase

from clace.host.lazy import LazyFields


class LazyTests(SynchronousTestCase):
    def setUp(self):
        self.asked = []

        def maker(name):
            def make(source):
                self.asked.append(name)
                return [source, name]

            return make

        self.fields = LazyFields({name: maker(name) for name in ("a", "b", "c")}, "s", {"c": 1})

    def test_made_once(self):
        """A field is made when it is read, and what was made stays."""
        self.fields["a"].append("mine")
        self.assertEqual(self.fields["a"], ["s", "a", "mine"])
        self.assertEqual((self.asked, list(self.fields.made)), (["a"], ["c", "a"]))

    def test_is_a_mapping_of_all(self):
        """All fields are in it, in their order, though none was read."""
        self.assertEqual((list(self.fields), len(self.fields)), (["a", "b", "c"], 3))
        self.assertTrue("b" in self.fields and "d" not in self.fields)
        self.assertEqual(self.asked, [])
        self.assertEqual(dict(self.fields), {"a": ["s", "a"], "b": ["s", "b"], "c": 1})
        self.assertRaises(KeyError, lambda: self.fields["d"])
