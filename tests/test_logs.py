import json
from io import StringIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import ILogObserver, Logger, LogLevel, LogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.logs import ConsoleLog, JSONLines, LogOptions, make_logs, record_of

WHEN = 1795474271.5


def event(**fields):
    """An event as Twisted's logger makes them."""
    return {
        "log_time": WHEN,
        "log_level": LogLevel.info,
        "log_namespace": "clace.x",
        "log_format": "hello",
    } | fields


def failure(message="boom"):
    """A failure with a traceback."""
    try:
        int(message)
    except ValueError:
        return Failure()


class RecordTests(SynchronousTestCase):
    def test_fields(self):
        """A record has level, time, caller and message, and the plain fields."""
        record = record_of(
            event(
                log_format="Reloaded {path}",
                path="/x",
                count=2,
                file=Path("/a"),
                who=None,
                names=("a", "b"),
                thing=object(),
                log_source=object(),
                isError=0,
                system="-",
            )
        )
        self.assertEqual(
            record,
            {
                "level": "info",
                "time": "2026-11-23T22:51:11.500Z",
                "caller": "clace.x",
                "message": "Reloaded /x",
                "path": "/x",
                "count": 2,
                "file": "/a",
                "who": None,
                "names": ["a", "b"],
            },
        )

    def test_failure(self):
        """A failure brings its error and traceback, and is an error, not the end."""
        record = record_of(event(log_failure=failure(), log_level=LogLevel.critical))
        self.assertEqual(
            (record["level"], record["error"]),
            ("error", "ValueError: invalid literal for int() with base 10: 'boom'"),
        )
        self.assertIn("Traceback (most recent call last)", record["traceback"])

    def test_secrets(self):
        """A field whose name tells of a secret is hidden, in the message too."""
        names = (
            "password",
            "admin_password",
            "client_secret",
            "api_token",
            "Authorization",
            "set_cookie",
            "credentials",
            "private_key",
        )
        for name in names:
            record = record_of(event(log_format="it is {" + name + "}", **{name: "hunter2"}))
            self.assertNotIn("hunter2", str(record))
            self.assertEqual(record["message"], "it is <redacted>")

    def test_flattened_secrets(self):
        """An event that Twisted already formatted for another observer hides them as well."""
        observed = []
        publisher = LogPublisher(observed.append)
        Logger("x", observer=publisher).info("{password}", password="hunter2")
        observed[0]["log_flattened"] = {"password!s:": "hunter2"}
        self.assertNotIn("hunter2", str(record_of(observed[0])))

    @given(
        st.dictionaries(
            st.text(st.characters(), max_size=8),
            st.one_of(
                st.text(st.characters(), max_size=8),
                st.integers(),
                st.floats(),
                st.none(),
                st.binary(max_size=4),
                st.lists(st.text(st.characters(), max_size=3)),
            ),
        ),
        st.text(st.characters(), max_size=20),
    )
    def test_any_event(self, fields, form):
        """Whatever is logged comes out as one line of JSON."""
        lines = []
        JSONLines(lines.append)(fields | event(log_format=form))
        self.assertEqual(lines[0].count(b"\n"), 1)
        self.assertEqual(json.loads(lines[0])["caller"], "clace.x")


class ObserverTests(SynchronousTestCase):
    def test_interface(self):
        """Both are observers of Twisted's logger."""
        verifyObject(ILogObserver, JSONLines(id))
        verifyObject(ILogObserver, ConsoleLog(StringIO()))

    def test_full_disk(self):
        """Lines that cannot be written are counted in the next that can, and raise nothing."""
        lines, full = [], [True]

        def write(line):
            if full:
                raise OSError(28, "No space left on device")
            lines.append(json.loads(line))

        observer = JSONLines(write)
        for _ in range(3):
            observer(event())
        full.clear()
        observer(event())
        observer(event())
        self.assertEqual([line.get("lost_before") for line in lines], [3, None])

    def test_console(self):
        """The console has a readable line, and the traceback below it."""
        stream = StringIO()
        ConsoleLog(stream)(event(log_level=LogLevel.warn))
        self.assertEqual(stream.getvalue(), "2026-11-23T22:51:11.500Z warn  clace.x hello\n")
        ConsoleLog(stream)(event(log_failure=failure()))
        self.assertIn("\nTraceback (most recent", stream.getvalue())

    def test_console_is_harmless(self):
        """What an app or a client wrote cannot move the cursor of who reads it."""
        stream = StringIO()
        ConsoleLog(stream)(event(log_format="{x}", x="a\x1b[2Jb\rc\x9bd\x08"))
        self.assertIn("a\\x1b[2Jb\\rc\\x9bd\\x08\n", stream.getvalue())

    def test_console_keeps_lines_apart(self):
        """A message of several lines does not look like several events."""
        stream = StringIO()
        ConsoleLog(stream)(event(log_format="{x}", x="a\n2026-11-23T00:00:00.000Z info x faked"))
        _, second = stream.getvalue().splitlines()
        self.assertEqual(second, "  2026-11-23T00:00:00.000Z info x faked")

    def test_file_is_harmless(self):
        """The file has control characters as escapes of JSON, which read back as they were."""
        written = []
        JSONLines(written.append)(event(log_format="{x}", x="a\x1b]0;x\x07\x7f\x9b\u202e"))
        self.assertTrue(written[0].decode().removesuffix("\n").isprintable())
        self.assertEqual(json.loads(written[0])["message"], "a\x1b]0;x\x07\x7f\x9b\u202e")


class LogsTests(SynchronousTestCase):
    def setUp(self):
        self.folder = Path(self.mktemp())
        self.stderr = StringIO()
        self.publisher = LogPublisher()
        self.log = Logger("clace.test", observer=self.publisher)

    def logs(self, **options):
        return make_logs(LogOptions(folder=self.folder, **options), self.publisher, self.stderr)

    def lines(self):
        text = (self.folder / "clace.json").read_text("utf-8")
        return [json.loads(line)["message"] for line in text.splitlines()]

    def test_only_while_it_runs(self):
        """What is said before the start and after the stop is not heard."""
        logs = self.logs()
        self.log.info("before")
        logs.startService()
        self.log.info("meanwhile")
        logs.stopService()
        self.log.info("after")
        self.assertEqual(self.lines(), ["meanwhile"])
        self.assertEqual(self.stderr.getvalue(), "")

    def test_refuses_to_start_without_its_file(self):
        """A log that cannot be written is told in one line, rather than left out in silence."""
        self.folder.write_text("no folder")
        logs = self.logs()
        ended = self.assertRaises(SystemExit, logs.startService)
        self.assertEqual(ended.code, self.stderr.getvalue().rstrip())
        self.assertRegex(self.stderr.getvalue(), r"^error: cannot start: .*: file exists\n$")

    def test_levels(self):
        """What is less important than the level is left out; TRACE leaves out nothing."""
        for level, expected in (
            ("ERROR", ["e"]),
            ("WARN", ["w", "e"]),
            ("INFO", ["i", "w", "e"]),
            ("DEBUG", ["d", "i", "w", "e"]),
            ("TRACE", ["d", "i", "w", "e"]),
        ):
            self.folder = Path(self.mktemp())
            logs = self.logs(level=level)
            logs.startService()
            for say in (self.log.debug, self.log.info, self.log.warn, self.log.error):
                say(say.__name__[0])
            logs.stopService()
            self.assertEqual(self.lines(), expected)

    def test_console_only(self):
        """With the file off nothing is written to the folder."""
        logs = self.logs(file=False, console=True)
        logs.startService()
        self.log.info("hello")
        logs.stopService()
        self.assertIn("clace.test hello\n", self.stderr.getvalue())
        self.assertFalse(self.folder.exists())

    def test_rotation(self):
        """The file is put aside when it is full."""
        logs = self.logs(max_bytes=150, backups=1)
        logs.startService()
        for number in range(4):
            self.log.info("line {number}", number=number)
        logs.stopService()
        self.assertEqual(self.lines(), ["line 3"])
        self.assertTrue((self.folder / "clace.json.1").exists())
