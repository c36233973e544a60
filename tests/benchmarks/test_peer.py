"""Two servers compared: what is measured, in which order, and what is refused."""

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.contenders import filled
from benchmarks.peer import compared, selected, told
from benchmarks.ratios import Sample
from benchmarks.rows import ROWS, NotMeasured


class WrittenRow:
    """A row that writes down what is done with it."""

    def __init__(self, answers=None, fails=""):
        self.done = []
        self.answers = answers or {}
        self.fails = fails

    def prepare(self, server):
        self.done.append(("prepare", server))

    def answer(self, server):
        return self.answers.get(server, "same")

    def measure(self, server):
        if self.fails:
            raise NotMeasured(self.fails)
        self.done.append(("measure", server))
        return Sample(100, 1, 2, 30 if server == "ours" else 60)


class ComparedTests(SynchronousTestCase):
    def test_rounds_are_interleaved(self):
        """Both are measured in turns, as the machine may be busy; the first time warms."""
        row = WrittenRow()
        found = compared(row, "ours", "theirs", 5)
        measured = [server for what, server in row.done if what == "measure"]
        self.assertEqual(measured, ["ours", "theirs"] * 6)
        self.assertEqual((len(found.ours), found.cpu.middle), (5, 0.5))

    def test_different_answers_are_not_measured(self):
        """A row whose answers differ says so, with both, and has no figures."""
        row = WrittenRow({"theirs": "something else"})
        (line,) = told("page", row, "ours", "theirs", 5)
        self.assertIn("the answers differ: 'same' and 'something else'", line)
        self.assertNotIn(("measure", "ours"), row.done)

    def test_refusals_are_told(self):
        """A server that refuses under load makes no row look quick."""
        (line,) = told("page", WrittenRow(fails="of 9 requests 9"), "ours", "theirs", 5)
        self.assertIn("not measured: of 9 requests 9", line)


class SelectedTests(SynchronousTestCase):
    def test_rows_by_their_beginnings(self):
        """Rows are chosen by how they begin, and come in the order of the table."""
        self.assertEqual(selected(["health", "404"]), ["404", "health"])
        self.assertEqual(selected([""]), list(ROWS))
        self.assertEqual(selected(["nothing"]), [])


class FilledTests(SynchronousTestCase):
    def test_placeholders(self):
        """Names in braces get their values, in any word; other braces stay."""
        values = {"home": "/a b", "port": 21100}
        self.assertEqual(
            filled("env HOME_OF='{home}' other --at=127.0.0.1:{port} '{x}'", values),
            ("env", "HOME_OF=/a b", "other", "--at=127.0.0.1:21100", "{x}"),
        )
