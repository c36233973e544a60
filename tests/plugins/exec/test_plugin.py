"""``exec.run`` through the gate, with real programs."""

import os
from pathlib import Path

from msgspec.structs import replace
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from clace.errors import BadRequest, PluginRefused
from clace.interfaces import Caller, PluginAnswer
from clace.model.app import Permission
from clace.outputs import SHAPES, MalformedOutput, taken_apart
from clace.plugins.builtin.exec.plugin import ExecFunctions, ExecSettings
from clace.plugins.builtin.exec.running import ProgramBounds
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.temp_files import TempFiles
from tests.support.plugin_contract import app, call
from tests.support.programs import starter

SETTINGS = ExecSettings(search_path="/usr/bin:/bin")


class FullDisk(TempFiles):
    async def create(self, path):
        return await deferToThread(open, "/dev/full", "wb")


class ExecTests(TestCase):
    timeout = 30

    def setUp(self):
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.files = TempFiles(str(self.folder), reactor, os.urandom, deferToThread)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.files.stop()))
        self.starter = starter(self)
        self.begin()

    def begin(self, *arguments, settings=SETTINGS):
        self.exec = ExecFunctions(reactor, self.starter, settings, self.files, deferToThread)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.exec.stop()))
        its_app = app(Permission("exec.in", "run", arguments), loads=("exec.in",))
        self.scope = PluginGate([self.exec.plugin]).begin(Caller(app=its_app))

    def made(self):
        """Path, text and mode of the temporary files there are."""
        return [
            (str(file.resolve()), file.read_text(), file.stat().st_mode & 0o777)
            for file in self.folder.iterdir()
        ]

    async def run_it(self, *args, **kwargs):
        """The answer of a call, as the app has it."""
        answer = await self.scope.call(call("run", *args, plugin="exec.in", **kwargs))
        if answer.shape not in SHAPES:
            return answer
        try:
            return replace(answer, value=taken_apart(answer.value, answer.shape))
        except MalformedOutput as error:
            return PluginAnswer(error=str(error), error_code=1)

    async def sh(self, script, **kwargs):
        return await self.run_it("sh", ["-c", script], **kwargs)

    async def test_lines(self):
        """The value is the lines, those of the errors among them if wanted."""
        self.assertEqual((await self.sh("echo a; echo b >&2")).value, ["a", "b"])
        answer = await self.sh("echo a; echo b >&2", include_stderr=False)
        self.assertEqual(answer.value, ["a"])

    async def test_failures(self):
        """What went wrong is an error that the app may handle."""
        for script, kwargs, error in (
            ("exit 3", {}, "exit status 3"),
            ("echo no >&2; exit 3", {"include_stderr": False}, "exit status 3: no"),
            ("exit 3", {"process_partial": True}, "exit status 3"),
            ("echo {", {"parse": "json"}, "error parsing the output as JSON"),
            ("", {"parse": "xml"}, "unsupported format: xml"),
            ("", {"parse": "json", "stream": True}, "not supported for JSON output"),
            ("", {"stdout_file": True, "stream": True}, "cannot be combined"),
            ("", {"cwd": "/no-such-place"}, 'chdir "/no-such-place"'),
        ):
            answer = await self.sh(script, **kwargs)
            self.assertIn(error, answer.error)
            self.assertIsNone(answer.value)
        self.assertEqual((await self.sh("echo a; exit 3", process_partial=True)).value, ["a"])

    async def test_not_found(self):
        """A program that is not there has the exit status that a shell gives for it."""
        answer = await self.run_it("no-such-program")
        self.assertEqual(
            (answer.error, answer.error_code),
            ('exec: "no-such-program": executable file not found in $PATH', 127),
        )

    async def test_environment(self):
        """The environment is what is given; what is no assignment is refused."""
        self.assertEqual((await self.run_it("env", [], ["A=b", "C="])).value, ["A=b", "C="])
        self.assertEqual((await self.run_it("env")).value, [])
        for entry in ("A", "=b", ""):
            with self.assertRaises(BadRequest):
                await self.run_it("env", env=[entry])

    async def test_parse(self):
        """The output can be one document or one in each line."""
        self.assertEqual((await self.sh("echo '{\"a\": 1}'", parse="json")).value, [{"a": 1}])
        answer = await self.sh("echo 1; echo 2", parse="jsonlines")
        self.assertEqual(answer.value, [1, 2])

    async def test_widening(self):
        """A permission for a program is not one for its environment."""
        self.begin("env")
        with self.assertRaises(PluginRefused):
            await self.run_it("env", env=["LD_PRELOAD=/tmp/x.so"])
        self.assertEqual((await self.run_it("env", env=["TZ=UTC"])).value, ["TZ=UTC"])

    async def test_file(self):
        """The output can be in a file, which goes with the request."""
        path = (await self.sh("echo a", stdout_file=True)).value
        self.assertEqual(self.made(), [(path, "a\n", 0o600)])
        self.assertEqual(await self.scope.end(), ())
        self.assertEqual(self.made(), [])

    async def test_failed_file(self):
        """No file stays of a program that failed."""
        self.assertEqual((await self.sh("exit 3", stdout_file=True)).error, "exit status 3")
        await self.scope.end()
        self.assertEqual(self.made(), [])

    async def test_no_place_for_file(self):
        """A file that cannot be written is an error for the app."""
        self.folder.rename(self.folder.with_suffix(".gone"))
        self.assertIn("No such file", (await self.sh("echo a", stdout_file=True)).error)

    async def test_full_disk(self):
        """A disk that fills up while the output is written is an error for the app."""
        self.files = FullDisk(str(self.folder), reactor, os.urandom, deferToThread)
        self.begin()
        answer = await self.sh("yes | head -c 1000000", stdout_file=True)
        self.assertIn("No space left", answer.error)

    async def test_stream(self):
        """A stream has all lines; a program is read only as fast as the app takes them."""
        stream = (await self.run_it("seq", ["1", "200000"], stream=True)).stream
        found, more = [], True
        while more:
            items, more = await self.scope.next(stream)
            found += items
        self.assertEqual(found, [str(number) for number in range(1, 200001)])
        self.assertEqual(await self.scope.end(), ())

    async def test_endless_stream(self):
        """A program that never ends is ended with the request, and named as left open."""
        stream = (await self.run_it("yes", stream=True)).stream
        items, more = await self.scope.next(stream)
        self.assertEqual(set(items), {"y"})
        self.assertTrue(more)
        self.assertEqual(await self.scope.end(), ("exec.in:run_stream",))
        await self.exec.stop()

    async def test_end(self):
        """The end of a request ends the program that it waits for."""
        running = Deferred.fromCoroutine(self.sh("echo a; sleep 1000"))
        while not self.exec._programs._running:
            await deferToThread(lambda: None)
        await self.scope.end()
        with self.assertRaises(PluginRefused):
            await running
        await self.exec.stop()

    async def test_deadline(self):
        """A program that runs too long is ended with all it started."""
        self.begin(settings=ExecSettings(search_path="/bin", bounds=ProgramBounds(seconds=0.1)))
        answer = await self.sh("sleep 1000 & sleep 1000")
        self.assertEqual(answer.error, "the program was ended after 0.1 seconds")

    async def test_too_much(self):
        """A program that puts out too much is ended."""
        bounds = ProgramBounds(value_bytes=1_000_000)
        self.begin(settings=ExecSettings(search_path="/usr/bin:/bin", bounds=bounds))
        self.assertIn("over the limit of 1000000", (await self.run_it("yes")).error)

    async def test_long_line(self):
        """A line may be longer than 64 KiB, though not endless."""
        answer = await self.sh("head -c 1000000 /dev/zero | tr '\\0' a")
        self.assertEqual([len(line) for line in answer.value], [1_000_000])
        answer = await self.sh("head -c 2000000 /dev/zero | tr '\\0' a")
        self.assertIn("longer than", answer.error)
