"""The output of a running program, without the program."""

from io import BytesIO

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.outputs import JSON, LINES, SHAPES
from clace.plugins.builtin.exec.running import ExecCall, ProgramBounds
from clace.plugins.kit.definition import CallFailed, Output
from clace.plugins.kit.lines import MAX_LINE
from tests.support.threads import at_once


class FakePipe:
    def __init__(self, *chunks):
        self.chunks = [*chunks]

    async def read(self):
        return self.chunks.pop(0) if self.chunks else b""


class FakeProgram:
    def __init__(self, *chunks, ended="", errors=None):
        self.output = FakePipe(*chunks)
        self.errors = None if errors is None else FakePipe(errors)
        self.ended = Deferred()
        self.kills = 0
        if ended is not None:
            self.ended.callback(ended)

    async def exit_text(self):
        return await self.ended

    def kill(self):
        self.kills += 1
        if not self.ended.called:
            self.ended.callback("signal: killed")


class RunningTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()

    def running(self, *chunks, partial=False, **kwargs):
        self.program = FakeProgram(*chunks, **kwargs)
        bounds = ProgramBounds(seconds=10, output_bytes=20, value_bytes=15)
        return ExecCall(self.program, self.clock, bounds, partial=partial)

    def failure(self, work):
        return self.failureResultOf(work, CallFailed).value.message

    def test_whole(self):
        """The output is handed on as it is, with what it is to be taken apart into."""
        for shape in SHAPES:
            output = self.running(b"a\nb", b"c\nd").whole(shape)
            self.assertEqual(self.successResultOf(output), Output(b"a\nbc\nd", shape))

    def test_long_line(self):
        """A line that is too long is an error, but not in a document."""
        for shape in SHAPES:
            self.running(b"a\n", b"b" * (MAX_LINE + 1))
            bounds = ProgramBounds(value_bytes=2 * MAX_LINE)
            work = ExecCall(self.program, self.clock, bounds, partial=False).whole(shape)
            if shape == JSON:
                self.successResultOf(work)
            else:
                self.assertEqual(self.failure(work), f"a line is longer than {MAX_LINE} bytes")

    def test_copy(self):
        """The output can be written to a file as it is."""
        file = BytesIO()
        self.successResultOf(self.running(b"\xff", b"\n").copy(file, at_once))
        self.assertEqual(file.getvalue(), b"\xff\n")

    def test_exit(self):
        """A program that fails is an error with its exit status and what it complained of."""
        self.assertEqual(
            self.failure(self.running(b"a\n", ended="exit status 3").whole(LINES)), "exit status 3"
        )
        work = self.running(b"a\n", ended="exit status 3", errors=b"no luck\n").whole(LINES)
        self.assertEqual(self.failure(work), "exit status 3: no luck")

    def test_partial(self):
        """With some output a failure may be none; without any it is one."""
        output = self.running(b"a\n", ended="exit status 3", partial=True).whole(LINES)
        self.assertEqual(self.successResultOf(output).data, b"a\n")
        work = self.running(ended="exit status 3", partial=True).whole(LINES)
        self.assertEqual(self.failure(work), "exit status 3")

    def test_too_much(self):
        """Output over the limit is an error, never a part that looks whole."""
        for partial in (False, True):
            work = self.running(b"a" * 10, b"a" * 10, partial=partial).whole(LINES)
            told = (
                "the output is over the limit of 15 bytes for a value: take stream or stdout_file"
            )
            self.assertEqual(self.failure(work), told)
            work = self.running(b"a" * 15, b"a" * 15, partial=partial).copy(BytesIO(), at_once)
            self.assertEqual(self.failure(work), "the output is over the limit of 20 bytes")
            file = BytesIO()
            self.successResultOf(self.running(b"a" * 10, b"a" * 10).copy(file, at_once))
            self.assertEqual(len(file.getvalue()), 20)

    def test_deadline(self):
        """A program that runs too long is ended, and the error says so."""
        work = Deferred.fromCoroutine(self.running(b"a\n", ended=None, partial=True).whole(LINES))
        self.clock.advance(9)
        self.assertNoResult(work)
        self.clock.advance(1)
        self.assertEqual(self.failure(work), "the program was ended after 10 seconds")

    def test_close(self):
        """Closing ends the program and leaves no timer."""
        running = self.running(ended=None)
        running.close()
        running.close()
        self.assertGreater(self.program.kills, 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_items(self):
        """A stream has the lines as they come, then the end."""
        items = self.running(b"a\nb", b"c\nd").items(documents=False)
        batches = [self.successResultOf(items.next()) for _ in range(4)]
        self.assertEqual(batches, [(("a",), True), (("bc",), True), (("d",), True), ((), False)])

    def test_items_of_documents(self):
        """A stream can have the document of each line."""
        items = self.running(b'{"a": 1}\n').items(documents=True)
        self.assertEqual(self.successResultOf(items.next()), (({"a": 1},), True))

    def test_failing_items(self):
        """A program that fails after its last line fails the stream there."""
        items = self.running(b"a\n", ended="exit status 3").items(documents=False)
        self.successResultOf(items.next())
        self.assertEqual(self.failure(items.next()), "exit status 3")

    def test_partial_items(self):
        """With some output a failing program may end a stream quietly."""
        items = self.running(b"a\n", ended="exit status 3", partial=True).items(documents=False)
        self.successResultOf(items.next())
        self.assertEqual(self.successResultOf(items.next()), ((), False))
