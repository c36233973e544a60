"""Tests for ``clace.gotemplate.sprig.dicts``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates


class DictTests(SynchronousTestCase):
    def test_keys_and_values_agree(self):
        """Go has keys in any order; ours are sorted, and values follow them."""
        templates = compile_templates({"t": "{{keys .}}{{values .}}"})
        self.assertEqual(templates.render("t", {"b": 2, "a": 1}), "[a b][1 2]")

    def test_merges_are_bounded(self):
        """Dictionaries that hold one another are not merged for ever."""
        source = '{{$d := dict}}{{$_ := set $d "d" $d}}{{merge $d $d | len}}'
        with self.assertRaises(Exception) as caught:
            compile_templates({"t": source}).render("t", None)
        self.assertIn("nested too deeply", str(caught.exception))
