"""What a client says of the form and part of a file it wants."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.encodings import ENCODINGS, IDENTITY
from clace.model.wishes import ClientWishes

CODINGS = (*ENCODINGS, IDENTITY, "*", "deflate")
QUALITIES = st.integers(0, 1000).map(lambda thousandths: thousandths / 1000)
OFFERS = st.dictionaries(st.sampled_from(CODINGS), QUALITIES, max_size=6)
SPACE = st.sampled_from(["", " ", "\t"])


class AcceptEncodingTests(SynchronousTestCase):
    def accepted(self, header):
        return ClientWishes(accept_encoding=header).encodings

    def test_examples(self):
        """Codings are in the order of their qualities, and equal ones in that of their use."""
        for header, accepted in (
            ("", (IDENTITY,)),
            ("gzip", ("gzip", IDENTITY)),
            ("gzip, br", ("br", "gzip", IDENTITY)),
            ("gzip;q=0.9, br;q=0.8, *;q=0", ("gzip", "br")),
            ("*", (*ENCODINGS, IDENTITY)),
            ("identity", (IDENTITY,)),
            ("identity;q=0", ()),
            ("gzip;q=1.0, identity; q=0.5, *;q=0", ("gzip", IDENTITY)),
        ):
            self.assertEqual(self.accepted(header), accepted, header)

    def test_malformed(self):
        """A coding whose quality cannot be read is not used; the others are."""
        for quality in ("", "2", "-1", "1.5", "0.1234", "nan", "inf", "\u0661", "1e0", "0,5"):
            self.assertEqual(self.accepted(f"br;q={quality}, gzip")[0], "gzip", quality)

    @given(OFFERS, SPACE, SPACE)
    def test_honours_qualities(self, offers, before, after):
        """Nothing that is refused is used, and nothing is put before what the client likes more."""
        separator, equals = f"{before},{after}", f"{before};{after}q="
        header = separator.join(
            f"{coding}{equals}{quality:.3f}" for coding, quality in offers.items()
        )
        accepted = self.accepted(header)
        liked = [
            offers.get(coding, offers.get("*", 0.0)) for coding in accepted if coding != IDENTITY
        ]
        self.assertEqual(liked, sorted(liked, reverse=True))
        self.assertNotIn(0.0, liked)
        refused = {coding for coding in CODINGS if offers.get(coding, 1.0) == 0.0}
        self.assertEqual(refused & set(accepted), set())

    @given(st.text())
    def test_any_text(self, header):
        """Any text is read, and names nothing that we do not have."""
        self.assertLessEqual(set(self.accepted(header)), {*ENCODINGS, IDENTITY})


class IfNoneMatchTests(SynchronousTestCase):
    @given(st.lists(st.text(st.characters(codec="ascii", exclude_characters='"')), max_size=5))
    def test_lists(self, tags):
        """A tag is known if it is in the list, weak or not, and not for being a part of one."""
        listed = ", ".join(f'W/"{tag}"' for tag in tags)
        self.assertFalse(ClientWishes(if_none_match=listed).knows('"ours'))
        self.assertFalse(ClientWishes(if_none_match=listed).knows('"of nobody"'))
        with_ours = f'{listed}, "ours"' if tags else 'W/"ours"'
        self.assertTrue(ClientWishes(if_none_match=with_ours).knows('"ours"'))

    def test_any(self):
        """A star knows every tag; no header knows none."""
        self.assertTrue(ClientWishes(if_none_match=" * ").knows('"a"'))
        for header in ("", "a", '"a', '"aa"', "**"):
            self.assertFalse(ClientWishes(if_none_match=header).knows('"a"'), header)


class RangeTests(SynchronousTestCase):
    @given(st.text(max_size=20), st.integers(0, 100))
    def test_any_text(self, text, size):
        """A part is inside the whole and has a byte at least, whatever was asked for."""
        for header in (text, f"bytes={text}"):
            try:
                part = ClientWishes(range=header).part(size)
            except ValueError:
                continue
            if part is not None:
                self.assertTrue(0 <= part.start < part.stop <= size)

    @given(st.integers(1, 50), st.integers(1, 50))
    def test_the_last_bytes(self, count, size):
        """So many of the last bytes, or all if there are fewer."""
        part = ClientWishes(range=f"bytes=-{count}").part(size)
        self.assertEqual(part, slice(max(0, size - count), size))
