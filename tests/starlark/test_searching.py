"""Searching from the end and trimming, also where CPython's own ways would take hours."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.starlark import Module, compile_file

WORDS = st.lists(st.sampled_from("ab"), min_size=1, max_size=8).map("".join)


def value(expression):
    """What an expression is worth to a program."""
    return Module(compile_file("app.star", f"x = {expression}\n"))["x"]


class SearchTests(SynchronousTestCase):
    @given(WORDS, WORDS, st.integers(-1, 3))
    def test_long(self, word, other, times):
        """Long texts are searched, parted and split from the end as short ones are."""
        text = f"{word * 9000}{other}{word * 200}"
        by = f"{other}{word * 200}"
        given = f"({word!r} * 9000 + {by!r})"
        self.assertEqual(value(f"{given}.rfind({by!r})"), text.rfind(by))
        self.assertEqual(value(f"{given}.rpartition({by!r})"), text.rpartition(by))
        self.assertEqual(value(f"{given}.rsplit({by!r}, {times})"), text.rsplit(by, times))

    def test_not_found(self):
        """What is not there is not found, at once."""
        text, by = '("a" * 4000000)', '("ab" + "a" * 2000000)'
        self.assertEqual(value(f"{text}.rfind({by})"), -1)
        self.assertEqual(value(f"len({text}.rpartition({by})[2])"), 4000000)
        self.assertEqual(value(f"len({text}.rsplit({by}))"), 1)

    @given(st.text("abcé", max_size=20))
    def test_trims(self, text):
        """Few and many characters are trimmed alike."""
        many = "".join(map(chr, range(0x100, 0x200)))
        for name in ("strip", "lstrip", "rstrip"):
            expected = getattr(text, name)("aé")
            self.assertEqual(value(f"{text!r}.{name}('aé')"), expected)
            self.assertEqual(value(f"{text!r}.{name}('aé{many}')"), expected)

    def test_trims_long_texts(self):
        """The characters to trim may be very many."""
        self.assertEqual(value('("a" * 4000000).strip("b" * 2000000 + "a")'), "")

    def test_sorts_long_texts(self):
        """Long texts and large numbers are sorted as short ones are."""
        found = value('[x[-1] for x in sorted(["a" * 3000000 + y for y in ("c", "b")] * 20)]')
        self.assertEqual(found, ["b"] * 20 + ["c"] * 20)
        self.assertEqual(value("sorted([3, 1 << 500, 2])"), [2, 3, 1 << 500])
