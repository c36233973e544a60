"""Tests for ``clace.gotemplate.escaping.attributes``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate.escaping.attributes import AttrType, attribute_type


class AttributeTests(SynchronousTestCase):
    def test_kinds(self):
        """Known names have their kind, prefixes do not hide it, and hints of URLs are URLs."""
        table = {
            "href": AttrType.URL,
            "data-href": AttrType.URL,
            "svg:href": AttrType.URL,
            "xmlns:x": AttrType.URL,
            "my-image-src": AttrType.URL,
            "onclick": AttrType.JS,
            "data-onclick": AttrType.JS,
            "style": AttrType.CSS,
            "srcset": AttrType.SRCSET,
            "srcdoc": AttrType.HTML,
            "type": AttrType.UNSAFE,
            "title": AttrType.PLAIN,
            "whatever": AttrType.PLAIN,
        }
        self.assertEqual({name: attribute_type(name) for name in table}, table)
